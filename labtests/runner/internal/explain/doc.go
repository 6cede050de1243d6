// Package explain reads a trace and names the first rule of Raft that was
// broken in it.
//
// A rule is a function that looks at each event with what is known of the
// cluster just before it: a model rebuilt from the events so far. What a node
// tells of itself (votes, entries, commit indexes) is held against the rules
// directly. Of a Raft that tells nothing, only what it says in messages and
// what the test saw of it counts. A rule that cannot be decided from what was
// recorded is silent: no finding is a guess, but those marked as a suspicion.
//
// To read it, in this order: finding.go, clean.go (which events count),
// model.go, take.go and inside.go (the cluster), message.go, watch.go, then any
// of the rules, in files rule_*.go, and the suspicions, in files note_*.go.
package explain
