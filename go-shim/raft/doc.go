// Package raft replicates a service's state machine with Raft. The algorithm
// is Pontoon's core; this package gives it a clock, storage, a network and a
// state machine, all of which are interfaces of a few methods.
//
//	node, err := raft.New(raft.Config{ID: 1, Voters: []uint64{1, 2, 3}}, fsm, storage, transport)
//	...
//	result, err := node.Propose(ctx, command) // committed and applied here
//
// Commands go in through Propose, which waits, or Start, which does not; they
// come out through the FSM of every server. Requests that the Transport of
// another server has sent are given to Handle, whose result goes back as the
// reply. Now and then the service calls Snapshot, so that the log stays short.
// The example is a whole cluster; packages storage and transport have what it
// needs, in memory.
//
// # Guarantees
//
// A reply and a vote leave only after everything they promise is durable; a
// leader's entries may leave earlier, and it counts itself only when its own
// write is done (Raft thesis, §10.2.1). The FSM sees committed entries only,
// each once, in order, and not before they are durable on this server. A node
// whose storage failed, or in which an invariant of Raft was violated, dies
// and stays dead: Done is closed, Err says why, and nothing more is sent.
//
// # Errors
//
// Errors are compared with errors.Is. For each that Propose returns it is
// documented whether the command may still be committed.
//
// # Goroutines
//
// A node has one goroutine of its own, the applier, which alone calls the FSM.
// Everything else is done by whoever calls: the goroutine of a Handle, of a
// transport's reply or of the timer takes the node's lock, tells the core what
// happened, and, if nobody is at it yet, becomes the flusher. It takes the
// core's batches of work one after the other and does them without the lock:
// early requests, storage, votes and replies. What others tell the core
// meanwhile is the next batch, so that one write serves many. The goroutine of
// a Start or Propose has better things to do and starts one for the flushing;
// so does a flusher that has served two batches. While many commands are under
// way the flusher lets other goroutines run before it takes a batch, because
// clients that have just been answered are about to come back. There is no
// other goroutine: one timer, set with time.AfterFunc, is armed to what the
// core waits for.
//
// The node's lock is held for microseconds only, and never while storage, the
// transport or the FSM is called. Nothing of the package runs, and no timer or
// channel of it exists, outside of a node's life, and all waiting is done on
// channels, timers and locks of Go: a cluster can be tested in the virtual
// time of testing/synctest, as this package's own tests do.
package raft
