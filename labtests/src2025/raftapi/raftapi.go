// Package raftapi is what the services above a Raft and the Raft know of each
// other.
package raftapi

// Raft is one peer of a replicated log.
type Raft interface {
	// Start asks for agreement on command and returns at once: the index command
	// will have if it is ever committed, the current term, and whether this peer
	// is the leader. If it is not, nothing has been started.
	Start(command interface{}) (int, int, bool)

	// GetState returns the current term and whether this peer believes to lead it.
	GetState() (int, bool)

	// Snapshot says that the service has saved everything up to and including
	// index in snapshot. The log may drop these entries, and must keep snapshot.
	Snapshot(index int, snapshot []byte)

	// PersistBytes returns the size of the saved Raft state in bytes.
	PersistBytes() int

	// Kill tells the peer that it is not needed any more. It sends nothing after
	// that, neither to other peers nor on its applyCh, which it closes soon. Kill
	// does not wait for that.
	Kill()
}

// ApplyMsg tells the service about one committed command or one snapshot to
// continue from. Exactly one of CommandValid and SnapshotValid is true.
type ApplyMsg struct {
	CommandValid bool
	Command      interface{}
	CommandIndex int // 1 for the first command, then without gaps

	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}
