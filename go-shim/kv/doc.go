// Package kv is a replicated key/value service: two state machines for package
// rsm, a server and a client. It needs nothing of the network but a way to
// carry bytes to a numbered server and back.
//
// Strings maps keys to strings, with Get, Put and Append; Versions maps keys to
// values with versions, and Put is conditional on the version.
//
// # In a lab
//
// The key/value service of MIT's distributed systems labs is a few lines over
// this package, in the lab's own package: labrun writes them for each year. The
// lab's Raft, Pontoon's or another one, is used through the methods that all
// years have (Peer).
//
// # Exactly once
//
// Writes go through a session that the client opens with its first one. A
// write is repeated under its number until its answer is known, and so it is
// executed once and the answer is certain. Reads go through the log too,
// outside of the session: each attempt is a new read.
//
// # Goroutines
//
// None of its own but for the RSM's timer. A request is served by the goroutine
// that brings it, which waits for the entry to be applied.
package kv
