// Package labrsm puts package rsm on the Raft of a lab, Pontoon's or another
// one, and stands in for the replicated-state-machine layer that students write
// since 2025. It imports nothing of any lab: an adapter in the lab's own package
// hands on what arrives on applyCh.
package labrsm

import (
	"context"
	"errors"
	"fmt"

	"pontoon.dev/go-shim/rsm"
)

// Peer is what a lab's Raft can do in all years. lab.Raft encodes a command
// that is a []byte as it is, and so a command costs no more than package rsm
// makes of it.
type Peer interface {
	Start(command interface{}) (index int, term int, leader bool)
	GetState() (term int, leader bool)
	Snapshot(index int, snapshot []byte)
}

// Log is a lab's Raft as an rsm.Log. stateBytes is the size of what it has
// persisted, without the snapshot.
func Log(peer Peer, stateBytes func() int) rsm.Log { return peerLog{peer, stateBytes} }

type peerLog struct {
	peer       Peer
	stateBytes func() int
}

var errNotLeader = errors.New("not the leader")

func (l peerLog) Start(command []byte) (index, term uint64, err error) {
	i, t, leader := l.peer.Start(command)
	if !leader {
		return 0, 0, errNotLeader
	}
	return uint64(i), uint64(t), nil
}

func (l peerLog) State() (term uint64, leader bool) {
	t, leader := l.peer.GetState()
	return uint64(t), leader
}

func (l peerLog) StateBytes() int { return l.stateBytes() }

func (l peerLog) Snapshot(index uint64, data []byte) { l.peer.Snapshot(int(index), data) }

// Options is what a lab's replica is made of.
type Options struct {
	Peer    Peer
	Machine rsm.ValueMachine
	// StateBytes is the persister's RaftStateSize; Snapshot its ReadSnapshot,
	// from before the Raft was made.
	StateBytes func() int
	Snapshot   []byte
	// MaxRaftState is the lab's maxraftstate: a limit in bytes, or -1.
	MaxRaftState int
}

// RSM is a replica in a lab. Command and Install are called from one goroutine,
// everything else from any.
type RSM struct{ values *rsm.Values }

// New makes a replica. It panics, for the labs' functions have no other way to
// say so, if the snapshot is not one of this package's.
func New(o Options) *RSM {
	v, err := rsm.NewValues(Log(o.Peer, o.StateBytes), o.Machine, rsm.Config{MaxStateBytes: o.MaxRaftState})
	if err == nil && len(o.Snapshot) > 0 {
		err = v.Restore(0, o.Snapshot)
	}
	if err != nil {
		panic(fmt.Sprintf("pontoon: the replicated state machine cannot start from what its persister holds: %v", err))
	}
	return &RSM{v}
}

// Submit replicates a request, waits until it was executed here, and returns
// DoOp's answer. Otherwise ok is false: this server does not lead, or no longer,
// or is shut down, and whether the request will be executed is not known. While
// the server is the leader of a minority, Submit waits. It panics if the type of
// the request was not registered, as the labs' Raft would.
func (r *RSM) Submit(request any) (answer any, ok bool) {
	answer, err := r.values.Submit(context.Background(), request)
	if errors.Is(err, rsm.ErrValue) {
		panic(fmt.Sprintf("pontoon: Submit: %v: types of requests have to be registered with labgob.Register", err))
	}
	return answer, err == nil
}

// Command executes a command that was delivered. What is none of this
// package's is skipped, by every server. It panics if it does not know the type
// of a request that others may know: to go on would be to diverge.
func (r *RSM) Command(index int, command interface{}) {
	entry, _ := command.([]byte)
	if err := r.values.Apply(uint64(index), entry); errors.Is(err, rsm.ErrValue) {
		panic(fmt.Sprintf("pontoon: a request cannot be executed: %v: types of requests have to be registered with labgob.Register before the servers start", err))
	}
}

// Install switches to a snapshot that was delivered. It panics if that is none
// of this package's: the server could only go on with a wrong state.
func (r *RSM) Install(index int, snapshot []byte) {
	if err := r.values.Restore(uint64(index), snapshot); err != nil {
		panic(fmt.Sprintf("pontoon: the replicated state machine was given a snapshot that it cannot install: %v", err))
	}
}

// Stop ends all waiting calls of Submit, and makes later ones fail. It waits for
// nothing and may be called again.
func (r *RSM) Stop() { r.values.Stop() }
