package raft

import "6.5840/labrpc"

// ApplyMsg tells the service about one committed command or one snapshot.
type ApplyMsg struct {
	CommandValid bool
	Command      interface{}
	CommandIndex int

	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}

// Make starts a peer with what persister kept from before a crash.
func Make(peers []*labrpc.ClientEnd, me int, persister *Persister, applyCh chan ApplyMsg) *Raft {
	return makeRaft(peers, me, storage{persister}, applyCh)
}

// storage hides the names that saving had over the years.
type storage struct{ persister *Persister }

func (s storage) read() (state, snapshot []byte) {
	return s.persister.ReadRaftState(), s.persister.ReadSnapshot()
}

func (s storage) save(state, snapshot []byte) {
	switch p := interface{}(s.persister).(type) {
	case interface{ Save(state, snapshot []byte) }: // 2023 and later
		p.Save(state, snapshot)
	case interface {
		SaveStateAndSnapshot(state, snapshot []byte)
		SaveRaftState(state []byte)
	}: // 2018 to 2022
		if snapshot == nil {
			p.SaveRaftState(state)
		} else {
			p.SaveStateAndSnapshot(state, snapshot)
		}
	default:
		panic("textbook raft: this Persister has no known way to save")
	}
}

func closeApply(chan ApplyMsg) {}
