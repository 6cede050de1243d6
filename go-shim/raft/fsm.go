package raft

// FSM is the service's state machine. The node calls it from one goroutine,
// one call at a time, holding no lock: an FSM may call any method of the node
// but Close, and the node goes on replicating while it works.
type FSM interface {
	// Apply applies a committed entry. Indexes ascend, and each is applied once
	// in a node's life; after a restart they begin again after the last
	// snapshot. All servers apply the same entries in the same order, so Apply
	// depends on nothing but the state and the entry. What it returns is
	// handed to the Propose that waits for the entry, if there is one.
	Apply(entry Entry) any
	// Restore replaces the whole state by a snapshot, at the start of a node or
	// when this server has fallen so far behind that the leader no longer has
	// the entries. An error ends the node.
	Restore(snapshot Snapshot) error
}

// Stopper is an FSM that wants to know when its node has stopped using it:
// Stopped is the last call it gets, from the same goroutine.
type Stopper interface {
	Stopped()
}

// Entry is a committed command.
type Entry struct {
	Index, Term uint64
	// Command is what was given to Start or Propose; nil if that was empty. It
	// belongs to the FSM.
	Command []byte
}

// Snapshot is the service's state after all entries up to Index.
type Snapshot struct {
	Index, Term uint64
	// Data is what some server's service gave to Node.Snapshot; nil if that
	// was empty. It belongs to the FSM.
	Data []byte
}
