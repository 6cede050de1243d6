// Package etcd puts go.etcd.io/raft/v3 behind the lab's interface, as package
// lab of pontoon.dev/go-shim puts Pontoon there, so that the two can be compared.
//
// It drives a raft.RawNode with the settings that etcd itself ships: a heartbeat
// every 100 ms, elections after 1 to 2 s without one, up to 256 messages in flight
// to a follower and 512 KiB in one. PreVote and CheckQuorum are off, which is the
// library's default (etcd's server switches both on).
//
// # Storage
//
// The log is in a raft.MemoryStorage, and hard state and entries go into the
// lab's Persister, once for each Ready that demands it: all that was proposed
// while the last save was under way is saved at once. A leader sends before it
// saves, as etcd's server does.
//
// # Messages
//
// A request has all messages of a Ready to one server, and its reply those that
// the server has for the sender when it has dealt with them: etcd's messages need
// no answer, but the labs count RPCs. One request at a time is under way to each
// server as long as it is answered within 20 ms, which keeps messages in order,
// as etcd's streams do.
//
// # Indexes
//
// The empty entry of a new leader has no index in the lab. The servers are in the
// initial configuration, so there are no entries about it.
package etcd
