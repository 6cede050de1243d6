package raft

// Storage keeps what must survive a crash: two byte strings that belong
// together. Package storage has one in memory.
type Storage interface {
	// Load returns what the last successful Save was given, or empty slices if
	// there was none. New calls it once.
	Load() (state, snapshot []byte, err error)
	// Save makes both durable before it returns, atomically: after a crash,
	// Load finds either both of them or both of the Save before. snapshot is
	// always whole, and equal to the last Save's if snapshotChanged is false.
	//
	// The slices are valid during the call only, and not to be written to.
	// Calls do not overlap. The node's lock is not held: Save may take its time,
	// and what comes in meanwhile shares the next Save. An error ends the node;
	// it is never retried, for after a failed write nobody knows what a crash
	// would leave.
	Save(state, snapshot []byte, snapshotChanged bool) error
}
