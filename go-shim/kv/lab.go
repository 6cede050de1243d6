package kv

import (
	"errors"
	"fmt"

	"pontoon.dev/go-shim/rsm"
)

// Peer is what a lab's *raft.Raft can do. lab.Raft encodes a command that is a
// []byte as it is, and so a command costs no more than package rsm makes of it.
type Peer interface {
	Start(command interface{}) (index int, term int, leader bool)
	GetState() (term int, leader bool)
	Snapshot(index int, snapshot []byte)
}

// LabOptions is what a lab's server is made of.
type LabOptions struct {
	Peer    Peer
	Machine rsm.Machine
	// StateBytes is the persister's RaftStateSize, Snapshot its ReadSnapshot.
	StateBytes func() int
	Snapshot   []byte
	// MaxRaftState is the lab's maxraftstate: a limit in bytes, or -1.
	MaxRaftState int
}

// LabServer is a server in a lab. The lab's own server has a goroutine that
// hands on to Command and Install what arrives on applyCh, until Done.
type LabServer struct {
	server *Server
	rsm    *rsm.RSM
}

// NewLabServer makes a server. It panics, for the labs' functions have no other
// way to say so, if the snapshot is not one of this package's.
func NewLabServer(o LabOptions) *LabServer {
	r, err := rsm.New(peerLog{o.Peer, o.StateBytes}, o.Machine, rsm.Config{MaxStateBytes: o.MaxRaftState})
	if err == nil && len(o.Snapshot) > 0 {
		err = r.Restore(0, o.Snapshot)
	}
	if err != nil {
		panic(fmt.Sprintf("pontoon: the key/value server cannot start from what its persister holds: %v", err))
	}
	return &LabServer{NewServer(r, 0), r}
}

// Handle is the one RPC.
func (s *LabServer) Handle(request []byte, reply *[]byte) { *reply = s.server.Handle(request) }

// Command executes a command that was delivered. Commands that are none of this
// package's are skipped, by every server.
func (s *LabServer) Command(index int, command interface{}) {
	entry, _ := command.([]byte)
	_ = s.rsm.Apply(uint64(index), entry)
}

// Install switches to a snapshot that was delivered. It panics if that is none
// of this package's: the server could only go on with a wrong state.
func (s *LabServer) Install(index int, snapshot []byte) {
	if err := s.rsm.Restore(uint64(index), snapshot); err != nil {
		panic(fmt.Sprintf("pontoon: the key/value server was given a snapshot that it cannot install: %v", err))
	}
}

// Kill ends the server: requests that wait return, later ones are refused. It
// waits for nothing and may be called again.
func (s *LabServer) Kill() { s.rsm.Stop() }

// Done is closed by Kill.
func (s *LabServer) Done() <-chan struct{} { return s.rsm.Done() }

// peerLog is a lab's Raft as an rsm.Log.
type peerLog struct {
	peer       Peer
	stateBytes func() int
}

var errNotLeader = errors.New("kv: not the leader")

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
