package tester

import "sync"

// Persister stands in for a server's disk: it holds the Raft state and the
// snapshot across a restart. The zero Persister is empty and ready for use.
// Every method may be called from any goroutine and copies what passes through
// it, so neither side can change the other's bytes.
type Persister struct {
	mu        sync.Mutex
	raftstate []byte
	snapshot  []byte
}

// MakePersister returns an empty Persister.
func MakePersister() *Persister {
	return &Persister{}
}

// clone copies orig. The copy of nil is empty, not nil.
func clone(orig []byte) []byte {
	return append([]byte{}, orig...)
}

// Copy returns a Persister with the present content and a future of its own.
func (ps *Persister) Copy() *Persister {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	// The slices may be shared: they are replaced, never written to.
	return &Persister{raftstate: ps.raftstate, snapshot: ps.snapshot}
}

// Save replaces Raft state and snapshot in one step. Either may be nil, which
// erases what was there.
func (ps *Persister) Save(raftstate []byte, snapshot []byte) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.raftstate = clone(raftstate)
	ps.snapshot = clone(snapshot)
}

// ReadRaftState returns the saved Raft state, empty if there is none.
func (ps *Persister) ReadRaftState() []byte {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return clone(ps.raftstate)
}

// RaftStateSize returns the length of the saved Raft state in bytes.
func (ps *Persister) RaftStateSize() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.raftstate)
}

// ReadSnapshot returns the saved snapshot, empty if there is none.
func (ps *Persister) ReadSnapshot() []byte {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return clone(ps.snapshot)
}

// SnapshotSize returns the length of the saved snapshot in bytes.
func (ps *Persister) SnapshotSize() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.snapshot)
}
