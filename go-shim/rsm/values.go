package rsm

import (
	"context"
	"fmt"
)

// ValueMachine is a state machine whose commands and answers are Go values. It
// is called as a Machine is.
type ValueMachine interface {
	// DoOp executes a committed request. On the server where it was submitted
	// the answer goes to the submitter as it is; elsewhere it is dropped.
	DoOp(request any) (answer any)
	// Snapshot returns the whole state, Restore replaces it by such a one.
	Snapshot() []byte
	Restore(snapshot []byte)
}

// Values is a replica of a ValueMachine, without client sessions: a request is
// executed each time that it is committed. Requests are encoded by
// encoding/gob, and their types have to be registered with it. The first
// request of a type carries gob's description of it, which becomes a part of
// the replicated state; later ones are short.
type Values struct {
	rsm     *RSM
	machine *valueMachine
}

// NewValues is New for a ValueMachine. Config.MaxSessions has no meaning.
func NewValues(log Log, machine ValueMachine, config Config) (*Values, error) {
	if machine == nil {
		return nil, fmt.Errorf("%w: Log or Machine is nil", ErrConfig)
	}
	m := &valueMachine{machine: machine, types: newTypes()}
	r, err := New(log, m, config)
	if err != nil {
		return nil, err
	}
	return &Values{r, m}, nil
}

// Submit replicates a request and waits until it was executed here; the answer
// is DoOp's. The errors are those of RSM.Submit, or ErrValue.
func (v *Values) Submit(ctx context.Context, request any) (answer any, err error) {
	body, err := v.machine.types.encode(request)
	if err != nil {
		return nil, err
	}
	w, err := v.rsm.run(ctx, command{kind: plain, id: newTag(), body: body})
	if err != nil {
		return nil, err
	}
	return w.command.value, nil
}

// Apply is RSM.Apply. Its error is ErrCommand or, if this server does not know
// the request's type, ErrValue: other servers may have executed it.
func (v *Values) Apply(index uint64, entry []byte) error { return v.rsm.Apply(index, entry) }

// Restore is RSM.Restore.
func (v *Values) Restore(index uint64, data []byte) error { return v.rsm.Restore(index, data) }

// Stop is RSM.Stop.
func (v *Values) Stop() { v.rsm.Stop() }

// Done is closed by Stop.
func (v *Values) Done() <-chan struct{} { return v.rsm.Done() }

// valueMachine is a ValueMachine as a Machine. Its plain commands go through
// execute.
type valueMachine struct {
	machine ValueMachine
	types   *types
}

func (m *valueMachine) execute(body []byte) (any, error) {
	request, err := m.types.decode(body)
	if err != nil {
		return nil, err
	}
	return m.machine.DoOp(request), nil
}

// Apply is for commands of sessions, which Values has none of.
func (m *valueMachine) Apply([]byte) []byte { return nil }

func (m *valueMachine) Snapshot() []byte {
	return append(m.types.appendSnapshot(nil), m.machine.Snapshot()...)
}

func (m *valueMachine) Restore(snapshot []byte) error {
	rest, err := m.types.restore(snapshot)
	if err != nil {
		return err
	}
	m.machine.Restore(append([]byte(nil), rest...))
	return nil
}
