package lab

import "io"

// ApplyMsg is what a server delivers: a committed command, or a snapshot that
// replaces everything up to SnapshotIndex.
type ApplyMsg struct {
	CommandValid bool
	Command      interface{}
	CommandIndex int

	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}

// Persister is what every year's persister can do. Saving goes by whichever of
// these sets of methods it has, the first that matches:
//
//	Save(state, snapshot []byte)
//	SaveStateAndSnapshot(state, snapshot []byte) and SaveRaftState(state []byte)
//	SaveSnapshot(snapshot []byte) and SaveRaftState(state []byte)
//
// The snapshot slot only ever holds the service's own bytes.
type Persister interface {
	ReadRaftState() []byte
	ReadSnapshot() []byte
	RaftStateSize() int
}

// Encoder is a gob encoder or a wrapper of one.
type Encoder interface {
	Encode(value interface{}) error
}

// Decoder is a gob decoder or a wrapper of one.
type Decoder interface {
	Decode(value interface{}) error
}

// Options is what a server needs of its lab.
type Options struct {
	// Servers is the size of the cluster, Me this server's number in it, from 0.
	Servers, Me int
	// Persister is the server's stable storage, and not another server's.
	Persister Persister

	// Call makes an RPC: peers[server].Call(method, args, reply). It is called
	// from a goroutine of its own each time, and may block as it likes.
	Call func(server int, method string, args []byte, reply *[]byte) bool

	// Deliver hands m to the service and returns true, or returns false once
	// done is closed and m was not handed over:
	//
	//	select {
	//	case applyCh <- m:
	//		return true
	//	case <-done:
	//		return false
	//	}
	//
	// Calls come one at a time, none before Make was called and none after
	// Kill returned. No lock is held: the receiver may call any method.
	Deliver func(m ApplyMsg, done <-chan struct{}) bool

	// Closed, if not nil, is called once after the last Deliver, from the same
	// goroutine. The place for close(applyCh), where a year wants that.
	Closed func()

	// NewEncoder and NewDecoder make the codec of commands that are neither of a
	// plain type nor a struct of such. nil stands for encoding/gob.
	NewEncoder func(io.Writer) Encoder
	NewDecoder func(io.Reader) Decoder

	// CopyOnSave is for persisters that keep the slices they are given, as
	// those of 2018 and 2020 do: each save gets fresh memory.
	CopyOnSave bool

	// KeepSnapshot saves a snapshot of up to 64 bytes within the state too, for
	// the harness of early 2021, whose crashes lose what is in the persister's
	// snapshot slot. Make takes it from there if the slot is empty. A longer
	// snapshot that is lost stays lost: Make panics, and says so.
	KeepSnapshot bool
}
