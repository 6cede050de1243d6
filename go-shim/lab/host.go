package lab

import (
	"errors"
	"fmt"
	"sync"

	"pontoon.dev/go-shim/raft"
)

// host gives a raft.Node what it needs of the lab: its transport, its storage
// and its state machine.
type host struct {
	call      func(server int, method string, args []byte, reply *[]byte) bool
	deliver   func(m ApplyMsg, done <-chan struct{}) bool
	closed    func()
	persister Persister
	save      saveFunc
	codec     codec

	once    sync.Once
	done    chan struct{} // closed when killed
	stopped chan struct{} // closed when nothing is or will be delivered
}

func newHost(o Options) (*host, error) {
	switch {
	case o.Persister == nil:
		return nil, errors.New("Options.Persister is nil")
	case o.Call == nil || o.Deliver == nil:
		return nil, errors.New("Options.Call or Options.Deliver is nil")
	case o.Me < 0 || o.Me >= o.Servers:
		return nil, fmt.Errorf("Options.Me is %d, it must be from 0 to Servers-1 (%d)", o.Me, o.Servers-1)
	}
	save, err := saveWith(o.Persister, o.CopyOnSave)
	if err != nil {
		return nil, err
	}
	if o.KeepSnapshot {
		save = keepSnapshot(save)
	}
	return &host{
		call:      o.Call,
		deliver:   o.Deliver,
		closed:    o.Closed,
		persister: o.Persister,
		save:      save,
		codec:     newCodec(o.NewEncoder, o.NewDecoder),
		done:      make(chan struct{}),
		stopped:   make(chan struct{}),
	}, nil
}

func (h *host) kill() { h.once.Do(func() { close(h.done) }) }

func (h *host) killed() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

var errNoReply = errors.New("no reply")

// Send implements raft.Transport.
func (h *host) Send(to uint64, request []byte, done func([]byte, error)) {
	go h.rpc(int(to), request, done)
}

// rpc is the goroutine of one request: a Call can take seconds.
func (h *host) rpc(to int, request []byte, done func([]byte, error)) {
	if h.killed() {
		return
	}
	var reply []byte
	if !h.call(to, step, request, &reply) || len(reply) == 0 {
		done(nil, errNoReply)
		return
	}
	done(reply, nil)
}

// Load implements raft.Storage.
func (h *host) Load() (state, snapshot []byte, err error) {
	state, snapshot = resolveKept(h.persister.ReadRaftState(), h.persister.ReadSnapshot())
	return resolveSteps(state, snapshot), snapshot, nil
}

// Save implements raft.Storage.
func (h *host) Save(state, snapshot []byte, snapshotChanged bool) error {
	h.save(state, snapshot, snapshotChanged)
	return nil
}

// Apply implements raft.FSM.
func (h *host) Apply(entry raft.Entry) any {
	command, err := h.codec.decode(entry.Command)
	if err != nil {
		panic(fmt.Sprintf("pontoon: the command at index %d cannot be decoded: %v: register the types of all commands, with labgob.Register or gob.Register, before the servers start", entry.Index, err))
	}
	h.hand(ApplyMsg{CommandValid: true, Command: command, CommandIndex: int(entry.Index)})
	return nil
}

// Restore implements raft.FSM.
func (h *host) Restore(snapshot raft.Snapshot) error {
	h.hand(ApplyMsg{
		SnapshotValid: true,
		Snapshot:      snapshot.Data,
		SnapshotTerm:  int(snapshot.Term),
		SnapshotIndex: int(snapshot.Index),
	})
	return nil
}

// hand delivers unless the server was killed: a select with done and a
// waiting receiver both ready could take either.
func (h *host) hand(m ApplyMsg) {
	if !h.killed() {
		h.deliver(m, h.done)
	}
}

// Stopped implements raft.Stopper.
func (h *host) Stopped() {
	defer close(h.stopped)
	if h.closed != nil {
		h.closed()
	}
}
