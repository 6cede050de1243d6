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
package trace
