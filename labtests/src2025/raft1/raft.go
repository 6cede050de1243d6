// Package raft is one peer of a replicated log, with the tests that judge it.
// This file is the part to write; what stands here compiles and does nothing.
//
//	rf := Make(peers, me, persister, applyCh)  start a peer
//	rf.Start(command)                          ask for agreement on a command
//	rf.GetState()                              current term, and whether leader
//	rf.Snapshot(index, bytes)                  the service has saved all up to index
//	ApplyMsg on applyCh                        what a peer reports to its service
package raft

import (
	"sync"
	"sync/atomic"

	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// Raft is one peer.
type Raft struct {
	mu        sync.Mutex          // guards the peer's state
	peers     []*labrpc.ClientEnd // ends to all peers, this one included
	persister *tester.Persister
	me        int   // index of this peer in peers
	dead      int32 // atomic; set by Kill

	// Your state here: Figure 2 of the Raft paper lists it.
}

// GetState returns the current term and whether this peer believes to lead it.
func (rf *Raft) GetState() (int, bool) {
	// Your code here (3A).
	return 0, false
}

// Start asks for agreement on command and returns at once: the index command
// will have if it is ever committed, the current term, and whether this peer
// is the leader. If it is not, nothing has been started.
func (rf *Raft) Start(command interface{}) (int, int, bool) {
	// Your code here (3B).
	return -1, -1, false
}

// Snapshot says that the service has saved everything up to and including
// index in snapshot. The log may drop these entries, and must keep snapshot.
func (rf *Raft) Snapshot(index int, snapshot []byte) {
	// Your code here (3D).
}

// PersistBytes returns the size of the saved Raft state in bytes.
func (rf *Raft) PersistBytes() int {
	return rf.persister.RaftStateSize()
}

// RequestVoteArgs is an example of RPC arguments. All fields are capitalised,
// or gob would drop them.
type RequestVoteArgs struct {
	// Your fields here (3A).
}

// RequestVoteReply is an example of an RPC reply.
type RequestVoteReply struct {
	// Your fields here (3A).
}

// RequestVote is an example of an RPC handler: exported, two arguments, the
// second a pointer that carries the answer, and no result.
func (rf *Raft) RequestVote(args *RequestVoteArgs, reply *RequestVoteReply) {
	// Your code here (3A).
}

// sendRequestVote is an example of a call. It blocks until the call has
// succeeded or failed, which may take seconds when the peer cannot be reached,
// so hold no lock and run it in its own goroutine.
func (rf *Raft) sendRequestVote(server int, args *RequestVoteArgs, reply *RequestVoteReply) bool {
	return rf.peers[server].Call("Raft.RequestVote", args, reply)
}

// Kill tells the peer that it is not needed any more. Its goroutines should
// end soon, and must send nothing to other peers from now on, whose ends may
// work again. The one that sends on applyCh closes it when it ends. Kill does
// not wait for any of that.
func (rf *Raft) Kill() {
	atomic.StoreInt32(&rf.dead, 1)
}

func (rf *Raft) killed() bool {
	return atomic.LoadInt32(&rf.dead) == 1
}

// Make starts the peer peers[me], with the state that persister kept from
// before a crash, if any. It must return soon: applyCh is unbuffered and its
// receiver starts only after that.
func Make(peers []*labrpc.ClientEnd, me int, persister *tester.Persister, applyCh chan raftapi.ApplyMsg) raftapi.Raft {
	rf := &Raft{peers: peers, persister: persister, me: me}

	// Your initialisation here (3A, 3B, 3C), and goroutines for what must
	// happen without being asked, such as elections.

	return rf
}
