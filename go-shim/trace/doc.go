// Package trace is a compact record of what a cluster did: timers, votes,
// entries, commits, crashes, and what the network did to each message.
//
// An Event is recorded by whoever sees it happen: a node of package raft or lab
// what goes on inside of it, a lab's harness what it does to the servers and
// what it receives, labrpc each message's fate. Every process writes a file of
// its own; reading a directory merges them. Program labrun explains and draws
// a trace.
//
// Times are those of the process's clock: in virtual time, virtual ones.
//
// With $PONTOON_TRACE set to a directory, Default is a Recorder of a file in
// it, PID.trace; otherwise it is nil, and so is the cost. The file is a sparse
// one in memory (on Linux and macOS; elsewhere it is written to), so that
// nothing has to be flushed: os.Exit, log.Fatal, a panic and SIGKILL leave all
// that was recorded. Recording stops at a limit of size, which the trace says.
//
// Read takes files as they come: what breaks the format is an error with its
// place, never a panic, and memory is bounded.
//
// # Goroutines
//
// None. A Recorder holds a mutex for the time of an encoding.
package trace
