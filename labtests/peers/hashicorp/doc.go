// Package hashicorp puts github.com/hashicorp/raft behind the lab's interface,
// as package lab of pontoon.dev/go-shim puts Pontoon there, so that the two can be
// compared.
//
// It runs a raft.Raft with that package's defaults: heartbeat and election
// timeouts of 1 s, a leader's lease of 500 ms, 64 entries in one AppendEntries,
// PreVote. Three settings differ. No log is left behind a snapshot, for the labs
// limit the size of the state; the service alone decides when there is one; and
// BatchApplyCh is on, with which its leader saves up to 64 proposals at once.
//
// # Storage
//
// Log, stable and snapshot store are in memory, and each change of one of them is
// saved to the lab's Persister before it counts.
//
// # Transport
//
// AppendEntries is not pipelined: that needs a connection that keeps messages in
// order, and labrpc's do not. Messages are encoded as hashicorp's network
// transport encodes them, in msgpack.
//
// # Indexes
//
// raft.Apply tells an index only when it is done. Start predicts it: the
// proposals of this server reach the leader's loop in order, and nothing else is
// appended in its term but the first, empty entry, before which Start says that
// this server does not lead. The predicted index and the term go into the entry.
// Should an entry end up elsewhere, because the leader lost its term and won
// another while the proposal was queued, then every server sees so from the entry
// alone and takes it for an empty one: no command appears where Start did not
// say. Empty entries and those about the configuration have no index in the lab.
//
// # Snapshots
//
// hashicorp's snapshots are of everything applied, and the service's of what it
// had received when it took one, which is a little less. So a snapshot has the
// service's in it and the commands after that.
package hashicorp
