// Package replica puts a replicated state machine with client sessions
// (package rsm) on a Raft node (package raft).
//
//	r, err := replica.Start(replica.Config{
//		Raft:    raft.Config{ID: 1, Voters: []uint64{1, 2, 3}},
//		RSM:     rsm.Config{MaxStateBytes: 1 << 20},
//		Machine: machine, Storage: storage, Transport: transport,
//	})
//	...
//	answer, err := r.Submit(ctx, command)
//
// An error of Submit and its like that is an rsm.ErrRefused wraps the node's:
// errors.As with a *raft.NotLeaderError tells which server to ask instead.
//
// Goroutines: those of the node, whose applier calls the machine.
package replica

import (
	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/rsm"
)

// Config says how a replica is set up. Raft, Machine, Storage and Transport are
// needed.
type Config struct {
	Raft      raft.Config
	RSM       rsm.Config
	Machine   rsm.Machine
	Storage   raft.Storage
	Transport raft.Transport
}

// Replica is one server: a node and the replica that lives on it.
type Replica struct {
	*rsm.RSM
	// Node is for the transport's requests, and for its state.
	Node *raft.Node
}

// Start starts a server: a new one if the storage is empty, else the one that
// it kept. The errors are those of raft.New and rsm.New. A stored snapshot that
// the machine refuses ends the node with raft.ErrRestore.
func Start(config Config) (*Replica, error) {
	l := &log{ready: make(chan struct{})}
	r, err := rsm.New(l, config.Machine, config.RSM)
	if err != nil {
		return nil, err
	}
	config.Raft.NoSnapshotRestoreOnStart = false
	l.node, err = raft.New(config.Raft, fsm{r}, config.Storage, config.Transport)
	if err != nil {
		return nil, err
	}
	close(l.ready)
	return &Replica{RSM: r, Node: l.node}, nil
}

// Close ends the replica and its node, and waits for the node's goroutines. It
// returns why the node had died, if it had. It may be called again, but not by
// the machine.
func (r *Replica) Close() error {
	r.Stop()
	return r.Node.Close()
}

// fsm feeds the RSM from the node.
type fsm struct{ rsm *rsm.RSM }

// Apply implements raft.FSM. An entry that is none of the RSM's is skipped.
func (f fsm) Apply(entry raft.Entry) any { return f.rsm.Apply(entry.Index, entry.Command) }

// Restore implements raft.FSM.
func (f fsm) Restore(snapshot raft.Snapshot) error {
	return f.rsm.Restore(snapshot.Index, snapshot.Data)
}

// Stopped implements raft.Stopper: a node that dies takes its waiters along.
func (f fsm) Stopped() { f.rsm.Stop() }

// log is the node as an rsm.Log. The node's applier may come before New has
// returned the node; New does not wait for it.
type log struct {
	ready chan struct{}
	node  *raft.Node
}

func (l *log) Start(command []byte) (index, term uint64, err error) {
	<-l.ready
	return l.node.Start(command)
}

func (l *log) State() (term uint64, leader bool) {
	<-l.ready
	state := l.node.State()
	return state.Term, state.Role == raft.Leader
}

func (l *log) StateBytes() int {
	<-l.ready
	return int(l.node.State().StateBytes)
}

// Snapshot ignores the node's refusal: the node has died or was stopped.
func (l *log) Snapshot(index uint64, data []byte) {
	<-l.ready
	_ = l.node.Snapshot(index, data)
}
