// Package rsm replicates a deterministic state machine over a Raft log, with
// client sessions: a command that a client repeats, because it does not know
// what became of it, is executed once (Raft thesis, §6.3).
//
//	machine := &counter{}                               // Apply, Snapshot, Restore
//	replica, err := replica.Start(replica.Config{...})  // over package raft; or New, over any Log
//	client, err := replica.Open(ctx)                    // a session
//	answer, err := replica.SubmitOnce(ctx, client, 1, command)
//	answer, err = replica.Submit(ctx, query)            // outside of any session
//
// Package replica puts an RSM on a raft.Node. Over another log, whoever
// receives its committed entries hands them to Apply and its snapshots to
// Restore, from one goroutine.
//
// # Sessions
//
// The table of sessions is part of the replicated state and of its snapshots:
// for each client the serial number of its latest command, and the answer to
// it. A client numbers its commands upwards and has one outstanding at a time;
// it repeats a command under the number it had. Reads need no session: a read
// that is executed twice is linearizable as long as each answer is that of an
// execution after the call began, which Submit guarantees.
//
// A session begins with an entry of its own, whose index is the client's
// number. That is why numbers are short, never used twice, and need no
// randomness, and why a command of an unknown client can be refused for
// certain instead of being executed a second time.
//
// Memory is bounded: there are at most Config.MaxSessions sessions; opening
// one more ends the one whose latest command is the oldest in the log. The log
// alone decides on it, so that all servers agree, whatever their clocks and
// configurations say: the bound stands in the entry that opens the session.
//
// # Go values
//
// Values is an RSM whose requests and answers are Go values instead of bytes,
// for a ValueMachine. It has no sessions.
//
// # Encoding
//
// Commands and snapshots are varints and bytes: outside of what the service
// itself puts in, a command of a session takes two to four bytes, another one
// six.
//
// # Goroutines and locks
//
// None of its own but, while calls wait, a timer's that looks for a new term
// now and then. The lock of an RSM is held while Log.Start runs, so that an
// entry cannot be applied before somebody waits for it, and while
// Log.State runs; never while the machine works, and never while anything
// waits. Log.Snapshot and Log.StateBytes are called from Apply without it.
package rsm
