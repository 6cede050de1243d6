//go:build go1.25

package raft

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/internal/core"
)

// fake is a machine in plain Go: the race detector sees everything that the
// loop does with it, and a test can make it say what it likes. Commands are
// committed as soon as they are durable. What breaks a rule of package core's
// panics.
type fake struct {
	*testing.T
	inside atomic.Bool // a caller is inside: calls must not overlap
	freed  bool

	state    core.State
	deadline uint64
	fail     error // what every input returns

	sequence          uint64
	outstanding       bool
	early, messages   []core.Message // of the next batch
	log               []core.Entry
	stable, delivered int // of log
	install           *core.Apply
	endless           bool         // there is always work
	events            []core.Event // what it tells after the next input

	// views are what the batches handed out last showed. They end with the
	// batch: whoever still reads them then reads x.
	workViews, applyViews [][]byte
}

func spoil(views *[][]byte) {
	for _, view := range *views {
		for i := range view {
			view[i] = 'x'
		}
	}
	*views = nil
}

func (f *fake) enter() func() {
	if !f.inside.CompareAndSwap(false, true) {
		panic("overlapping calls of the core")
	}
	if f.freed {
		panic("the core is used after Free")
	}
	return func() { f.inside.Store(false) }
}

func (f *fake) step() (core.Step, error) {
	if f.fail != nil {
		return core.Step{}, f.fail
	}
	dirty := len(f.early)+len(f.messages) > 0 || f.stable < len(f.log) || f.endless
	return core.Step{
		DeadlineMS: f.deadline,
		Work:       !f.outstanding && dirty,
		Apply:      f.install != nil || f.delivered < f.stable,
		Events:     len(f.events) > 0,
	}, nil
}

func (f *fake) Events() ([]core.Event, error) {
	defer f.enter()()
	events := f.events
	f.events = nil
	return events, nil
}

func (f *fake) Start(nowMS uint64, command []byte) (core.Started, core.Step, error) {
	defer f.enter()()
	if f.state.Role != core.Leader && f.fail == nil {
		return core.Started{}, core.Step{}, core.ErrNotLeader
	}
	index := uint64(len(f.log) + 1)
	f.log = append(f.log, core.Entry{Index: index, Term: f.state.Term, Data: append([]byte(nil), command...)})
	step, err := f.step()
	return core.Started{Index: index, Term: f.state.Term}, step, err
}

func (f *fake) State() (core.State, error) {
	defer f.enter()()
	return f.state, nil
}

func (f *fake) Snapshot(nowMS, index uint64, data []byte) (core.Step, error) {
	defer f.enter()()
	return f.step()
}

func (f *fake) Tick(nowMS uint64) (core.Step, error) {
	defer f.enter()()
	if nowMS < f.deadline {
		panic("an early tick")
	}
	f.deadline = nowMS + 100
	return f.step()
}

// Receive answers "request" with "reply"; "reply" and "term" are replies, the
// latter one of a newer term; everything else is refused.
func (f *fake) Receive(nowMS, ticket uint64, message []byte) (core.Step, error) {
	defer f.enter()()
	switch string(message) {
	case "request":
		f.messages = append(f.messages, core.Message{To: 2, Ticket: ticket, IsReply: true, Data: []byte("reply")})
	case "reply":
	case "term":
		f.state.Term++
	default:
		return core.Step{}, &core.Error{Status: core.ErrDecode, Text: "damaged"}
	}
	return f.step()
}

func (f *fake) Undelivered(nowMS, to, ticket uint64) (core.Step, error) {
	defer f.enter()()
	return f.step()
}

func (f *fake) Work(nowMS uint64) (*core.Work, error) {
	defer f.enter()()
	if f.outstanding {
		panic("Work before WorkDone")
	}
	if step, err := f.step(); err != nil || !step.Work {
		return nil, errors.Join(err, core.ErrNoWork)
	}
	f.outstanding = true
	f.sequence++
	w := &core.Work{
		Sequence: f.sequence,
		Early:    f.early,
		Persist:  true,
		State:    fmt.Append(nil, len(f.log)),
		Messages: f.messages,
	}
	f.early, f.messages = nil, nil
	for _, m := range append(w.Early[:len(w.Early):len(w.Early)], w.Messages...) {
		f.workViews = append(f.workViews, m.Data)
	}
	f.workViews = append(f.workViews, w.State)
	return w, nil
}

func (f *fake) WorkDone(nowMS, sequence uint64) (core.Step, error) {
	defer f.enter()()
	if !f.outstanding || sequence != f.sequence {
		panic("WorkDone without its Work")
	}
	spoil(&f.workViews)
	f.outstanding = false
	f.stable = len(f.log)
	return f.step()
}

func (f *fake) WorkFailed(sequence uint64) error {
	defer f.enter()()
	f.fail = core.ErrStorage
	return nil
}

func (f *fake) Apply(maxBytes int) (*core.Apply, error) {
	defer f.enter()()
	if a := f.install; a != nil {
		f.install = nil
		f.applyViews = append(f.applyViews, a.Snapshot)
		return a, nil
	}
	if f.delivered >= f.stable {
		return nil, core.ErrNoWork
	}
	a := &core.Apply{Entries: append([]core.Entry(nil), f.log[f.delivered:f.stable]...)}
	f.delivered = f.stable
	for i := range a.Entries {
		a.Entries[i].Data = append([]byte(nil), a.Entries[i].Data...)
		f.applyViews = append(f.applyViews, a.Entries[i].Data)
	}
	return a, nil
}

func (f *fake) ApplyDone() {
	defer f.enter()()
	spoil(&f.applyViews)
}

func (f *fake) Free() {
	f.enter()()
	f.freed = true
}

// host is storage, transport and FSM of a node on a fake. A nil function does
// nothing.
type host struct {
	save    func(state []byte) error
	send    func(to uint64, request []byte, done func([]byte, error))
	apply   func(entry Entry) any
	restore func(snapshot Snapshot) error
}

func (h *host) Load() (state, snapshot []byte, err error) { return nil, nil, nil }

func (h *host) Save(state, snapshot []byte, snapshotChanged bool) error {
	if h.save == nil {
		return nil
	}
	return h.save(state)
}

func (h *host) Send(to uint64, request []byte, done func([]byte, error)) {
	if h.send != nil {
		h.send(to, request, done)
	}
}

func (h *host) Apply(entry Entry) any {
	if h.apply == nil {
		return nil
	}
	return h.apply(entry)
}

func (h *host) Restore(snapshot Snapshot) error {
	if h.restore == nil {
		return nil
	}
	return h.restore(snapshot)
}

// onFake runs f with a node on a fake that leads term 1, in virtual time.
func onFake(t *testing.T, f func(n *Node, machine *fake, h *host)) {
	synctest.Test(t, func(t *testing.T) {
		machine := &fake{T: t, deadline: 100}
		machine.state.Role, machine.state.Term = core.Leader, 1
		h := &host{}
		n := newNode(h, h, h, machine)
		go n.apply(nil)
		f(n, machine, h)
		n.Close()
		if !machine.freed {
			t.Error("the core is not freed")
		}
		time.Sleep(time.Hour) // a timer that still runs would panic on the freed core
	})
}

// with changes the fake as an input would.
func (n *Node) with(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	n.advance(n.core.(*fake).step())
}
