// Package rsm replicates a service by a log, with the tests that judge it. This
// file is the part to write; what stands here compiles and does nothing.
package rsm

import (
	"6.5840/kvsrv1/rpc"
	"6.5840/labrpc"
	raft "6.5840/raft1"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// Op is an entry of the log.
type Op struct {
	// Your fields here. All are capitalised, or gob would drop them.
}

// StateMachine is a service. Its methods are called by one goroutine, in the
// order of the log.
type StateMachine interface {
	DoOp(req any) any
	Snapshot() []byte
	Restore(snapshot []byte)
}

// RSM is one server's replica of a service.
type RSM struct {
	me           int
	rf           raftapi.Raft
	applyCh      chan raftapi.ApplyMsg
	maxraftstate int // take a snapshot when the Raft state grows to that many bytes; -1: never
	sm           StateMachine

	// Your fields here.
}

// MakeRSM starts the replica of the server servers[me], with what persister kept
// from before a crash, if anything. It must return soon.
func MakeRSM(servers []*labrpc.ClientEnd, me int, persister *tester.Persister, maxraftstate int, sm StateMachine) *RSM {
	rsm := &RSM{me: me, maxraftstate: maxraftstate, applyCh: make(chan raftapi.ApplyMsg), sm: sm}
	rsm.rf = raft.Make(servers, me, persister, rsm.applyCh)

	// Your initialisation here. Raft closes applyCh when it was killed, and
	// nothing else tells the replica that it is not needed any more.

	return rsm
}

// Raft is the server's peer.
func (rsm *RSM) Raft() raftapi.Raft { return rsm.rf }

// Submit has a request executed by all replicas. It returns rpc.OK and what DoOp
// has answered here, or rpc.ErrWrongLeader if the caller should ask another
// server: this one does not lead, or has lost the lead before it knew.
func (rsm *RSM) Submit(req any) (rpc.Err, any) {
	// Your code here.
	return rpc.ErrWrongLeader, nil
}
