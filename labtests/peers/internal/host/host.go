// Package host is the half that the adapters of all Rafts have in common: how
// they meet the lab. It delivers, calls, encodes commands, keeps the persistent
// state as bytes, and maps the log's indexes to those of the lab.
package host

import (
	"errors"
	"fmt"
	"sync"

	"pontoon.dev/go-shim/lab"
)

// Host is one server's side of the lab. Its methods may be called from any
// goroutine.
type Host struct {
	lab.Options
	Commands lab.Commands
	Save     func(state, snapshot []byte, changed bool) // of the persister

	once    sync.Once
	done    chan struct{} // closed when killed
	stopped chan struct{} // closed when nothing is or will be delivered

	mu    sync.Mutex
	queue []Item
	wake  chan struct{} // has room for one
}

// Item is something to deliver: a command, or the service's snapshot.
type Item struct {
	Index    int    // the lab's
	Command  []byte // as Commands encodes it
	Snapshot []byte // if IsSnapshot
	Term     int    // of a snapshot

	IsSnapshot bool
}

// New fails if an option is missing or unusable. Deliver begins to deliver.
func New(o lab.Options) (*Host, error) {
	switch {
	case o.Persister == nil:
		return nil, errors.New("Options.Persister is nil")
	case o.Call == nil || o.Deliver == nil:
		return nil, errors.New("Options.Call or Options.Deliver is nil")
	case o.Me < 0 || o.Me >= o.Servers:
		return nil, fmt.Errorf("Options.Me is %d, it must be from 0 to Servers-1 (%d)", o.Me, o.Servers-1)
	case o.KeepSnapshot:
		return nil, errors.New("this Raft cannot run behind the harness of 2021, which loses snapshots: use a tree of 2022 to 2025")
	}
	save, err := lab.NewSaver(o)
	if err != nil {
		return nil, err
	}
	return &Host{
		Options: o, Commands: lab.NewCommands(o), Save: save,
		done: make(chan struct{}), stopped: make(chan struct{}), wake: make(chan struct{}, 1),
	}, nil
}

// Done is closed when the server was killed.
func (h *Host) Done() <-chan struct{} { return h.done }

// Killed tells whether the server was killed.
func (h *Host) Killed() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// Kill ends calls and deliveries. When it returns there are none.
func (h *Host) Kill() {
	h.once.Do(func() { close(h.done) })
	<-h.stopped
}

// RPC sends a request to a server and waits for the answer, which can take
// seconds. It returns false if there was none. An empty answer is one.
func (h *Host) RPC(server int, request []byte) (reply []byte, ok bool) {
	if h.Killed() {
		return nil, false
	}
	ok = h.Call(server, "Raft.Step", request, &reply)
	return reply, ok && !h.Killed()
}

// Encode encodes a command, behind the bytes of prefix. It panics with a hint
// if that cannot be done, as Pontoon does.
func (h *Host) Encode(prefix []byte, command interface{}) []byte {
	encoded, err := h.Commands.Encode(command)
	if err != nil {
		panic(fmt.Sprintf("Start: %v: commands of type %T have to be registered, with labgob.Register or gob.Register", err, command))
	}
	if len(prefix) == 0 {
		return encoded
	}
	return append(prefix, encoded...)
}

// Push puts items into the queue of what is to be delivered.
func (h *Host) Push(items ...Item) {
	if len(items) == 0 {
		return
	}
	h.mu.Lock()
	h.queue = append(h.queue, items...)
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run delivers what is pushed, until Kill. It is a goroutine of its own, so
// that a slow service does not hold up the Raft. Everything up to delivered has
// been delivered in an earlier life, by way of the persister's snapshot.
func (h *Host) Run(delivered int) {
	defer func() {
		defer close(h.stopped)
		if h.Closed != nil {
			h.Closed()
		}
	}()
	var items []Item
	for {
		select {
		case <-h.wake:
		case <-h.done:
			return
		}
		h.mu.Lock()
		items, h.queue = h.queue, items[:0]
		h.mu.Unlock()
		for i := range items {
			if h.Killed() || !h.hand(items[i], &delivered) {
				return
			}
			items[i] = Item{}
		}
	}
}

// hand delivers an item, unless that would go back: a Raft may install a
// snapshot that is older than what it has applied.
func (h *Host) hand(item Item, delivered *int) bool {
	if item.Index <= *delivered {
		return true
	}
	*delivered = item.Index
	if item.IsSnapshot {
		return h.Deliver(lab.ApplyMsg{
			SnapshotValid: true, Snapshot: item.Snapshot, SnapshotIndex: item.Index, SnapshotTerm: item.Term,
		}, h.done)
	}
	command, err := h.Commands.Decode(item.Command)
	if err != nil {
		panic(fmt.Sprintf("the command at index %d cannot be decoded: %v: register the types of all commands, with labgob.Register or gob.Register, before the servers start", item.Index, err))
	}
	return h.Deliver(lab.ApplyMsg{CommandValid: true, Command: command, CommandIndex: item.Index}, h.done)
}
