package kv

import (
	"fmt"

	"pontoon.dev/go-shim/rsm"
	"pontoon.dev/go-shim/rsm/labrsm"
)

// Peer is what a lab's *raft.Raft can do.
type Peer = labrsm.Peer

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
	r, err := rsm.New(labrsm.Log(o.Peer, o.StateBytes), o.Machine, rsm.Config{MaxStateBytes: o.MaxRaftState})
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
