package raft

import (
	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// ApplyMsg is the harness's.
type ApplyMsg = raftapi.ApplyMsg

// Make starts a peer with what persister kept from before a crash.
func Make(peers []*labrpc.ClientEnd, me int, persister *tester.Persister, applyCh chan ApplyMsg) raftapi.Raft {
	return makeRaft(peers, me, storage{persister}, applyCh)
}

// PersistBytes returns the size of the saved state in bytes.
func (rf *Raft) PersistBytes() int { return rf.store.persister.RaftStateSize() }

type storage struct{ persister *tester.Persister }

func (s storage) read() (state, snapshot []byte) {
	return s.persister.ReadRaftState(), s.persister.ReadSnapshot()
}

func (s storage) save(state, snapshot []byte) { s.persister.Save(state, snapshot) }

// closeApply tells the service that nothing more will come.
func closeApply(applyCh chan ApplyMsg) { close(applyCh) }
