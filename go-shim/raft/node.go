package raft

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pontoon.dev/go-shim/internal/core"
)

// machine is a Raft core. Callers hold the node's lock.
type machine interface {
	Start(nowMS uint64, command []byte) (core.Started, core.Step, error)
	State() (core.State, error)
	Snapshot(nowMS, index uint64, data []byte) (core.Step, error)
	Tick(nowMS uint64) (core.Step, error)
	Receive(nowMS, ticket uint64, message []byte) (core.Step, error)
	Undelivered(nowMS, to, ticket uint64) (core.Step, error)
	Work(nowMS uint64) (*core.Work, error)
	WorkDone(nowMS, sequence uint64) (core.Step, error)
	WorkFailed(sequence uint64) error
	Apply(maxBytes int) (*core.Apply, error)
	ApplyDone()
	Events() ([]core.Event, error)
	Free()
}

// Node is one server of a cluster. Its methods may be called from any
// goroutine.
type Node struct {
	fsm       FSM
	storage   Storage
	transport Transport
	logger    *slog.Logger
	tracer    *tracer
	started   time.Time
	done      chan struct{} // closed when the node has ended
	gone      chan struct{} // closed when nothing of the node runs any more

	// mu guards the core and the fields below. It is never held while anything
	// waits: not during Save, Send, or a call of the FSM.
	mu       sync.Mutex
	core     machine
	err      error         // why the node ended; nil while it runs
	last     core.State    // as of the latest look
	users    int           // who still needs the core; the last one frees it
	ready    bool          // the core has work
	flushing bool          // some goroutine does the core's work
	clock    time.Duration // at the latest input, since started
	untold   bool          // the core has events
	deadline uint64        // when the core wants a tick
	armed    uint64        // when the timer fires
	timer    *time.Timer
	crowd    uint64             // most commands under way at once, halved with each batch
	applying uint64             // last index that the applier was given
	tickets  uint64             // numbers incoming requests
	waiting  map[uint64]*answer // their Handle calls, by ticket
	stats    Counters

	// wake has room for one token, sent when the applier is idle.
	wake chan struct{}
	idle bool

	// sending is held while the transport is called, so that Stop can wait for
	// the end of that. mu is not locked while it is held.
	sending sync.Mutex

	proposals proposals
}

// New starts a server: a new one if storage is empty, else the one that it
// kept. Validate explains errors of the configuration. Nothing of the node
// runs if there is an error.
func New(config Config, fsm FSM, storage Storage, transport Transport) (*Node, error) {
	if fsm == nil || storage == nil || transport == nil {
		return nil, fmt.Errorf("%w: FSM, Storage or Transport is nil", ErrConfig)
	}
	c, err := config.core()
	if err != nil {
		return nil, err
	}
	state, snapshot, err := storage.Load()
	if err != nil {
		return nil, fmt.Errorf("raft: loading from storage: %w", err)
	}
	machine, err := core.Make(c, state, snapshot, 0)
	if err != nil {
		return nil, makeError(err)
	}
	n := newNode(fsm, storage, transport, machine)
	if config.Logger != nil {
		n.logger = config.Logger
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.look()
	n.tracer = newTracer(&config)
	n.tracer.made(&n.last)
	var restore *Snapshot
	if n.last.SnapshotIndex > 0 && !config.NoSnapshotRestoreOnStart {
		restore = &Snapshot{Index: n.last.SnapshotIndex, Term: n.last.SnapshotTerm, Data: clone(snapshot)}
	}
	n.advance(machine.Tick(n.now()))
	go n.apply(restore)
	return n, nil
}

// newNode wires a node up; the users are the node itself and its applier.
func newNode(fsm FSM, storage Storage, transport Transport, machine machine) *Node {
	return &Node{
		fsm:       fsm,
		storage:   storage,
		transport: transport,
		logger:    slog.Default(),
		started:   time.Now(),
		done:      make(chan struct{}),
		gone:      make(chan struct{}),
		core:      machine,
		users:     2,
		armed:     core.NoDeadline,
		waiting:   map[uint64]*answer{},
		wake:      make(chan struct{}, 1),
	}
}

// Stop ends the node without waiting for what is under way in storage and the
// FSM. When it returns no Send is running or will be made, every call that
// waited returns ErrClosed, and so does every later one. It may be called
// again, and by the FSM.
func (n *Node) Stop() {
	n.mu.Lock()
	n.end(ErrClosed)
	n.mu.Unlock()
	// Who sends from now on sees that the node has ended.
	n.sending.Lock()
	defer n.sending.Unlock()
}

// Close ends the node and waits for its goroutines, so also for a Save and a
// call of the FSM under way. It returns why the node had died, if it had. It
// may be called again, but not by the FSM.
func (n *Node) Close() error {
	n.Stop()
	<-n.gone
	return n.Err()
}

// Done is closed when the node has ended, by Stop, Close or an error.
func (n *Node) Done() <-chan struct{} { return n.done }

// Err tells why the node died: nil while it runs, and after Stop and Close.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == ErrClosed {
		return nil
	}
	return n.err
}

// end ends the node, once. mu is held.
func (n *Node) end(err error) {
	if n.err != nil {
		return
	}
	n.look()
	n.tell()
	n.err = err
	close(n.done) // first: whoever is told the error below finds it closed
	n.tracer.died(err)
	if n.timer != nil {
		n.timer.Stop()
	}
	for ticket := range n.waiting {
		n.answer(ticket, nil, err)
	}
	n.wakeApplier()
	n.proposals.end(err)
	n.leave()
}

// leave tells that one user of the core is done with it. mu is held.
func (n *Node) leave() {
	n.users--
	if n.users == 0 {
		n.core.Free()
		close(n.gone)
	}
}

// look refreshes last. mu is held and the node has not ended.
func (n *Node) look() {
	if state, err := n.core.State(); err == nil {
		n.last = state
	}
}

// now is the core's clock, in milliseconds. mu is held.
func (n *Node) now() uint64 {
	n.clock = time.Since(n.started)
	return uint64(n.clock / time.Millisecond)
}
