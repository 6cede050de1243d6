package rsm

import (
	"encoding/binary"
	"fmt"
)

// entryOverhead is about what a log keeps of an entry beside the command.
const entryOverhead = 8

// Apply executes a committed entry. Indexes ascend; one that was applied
// before, or that a snapshot covers, is ignored, and one may be missing, if the
// log has entries of its own. The command belongs to the RSM from now on. The
// only error is ErrCommand.
//
// The snapshot that an entry makes necessary is taken before Apply returns.
func (r *RSM) Apply(index uint64, entry []byte) error {
	if index <= r.applied.Load() || r.isStopped() {
		return nil
	}
	c, err := decode(entry)
	var answer []byte
	var outcome error
	var execute bool
	switch {
	case err != nil:
		// No waiter's command is like this one.
		c = command{kind: ^kind(0)}
	case c.kind == plain:
		answer, c.value, err = r.execute(c.body)
		if err != nil {
			c = command{kind: ^kind(0)}
		}
	case c.kind == once:
		execute, answer, outcome = r.sessions.look(c.id, c.serial)
		if execute {
			answer = r.machine.Apply(c.body)
		}
	case c.kind == open:
		answer = binary.AppendUvarint(nil, index)
	}
	r.mu.Lock()
	switch {
	case c.kind == open:
		r.sessions.open(index, c.arg)
	case c.kind == end:
		r.sessions.drop(c.arg)
	case c.kind == once && execute:
		r.sessions.record(c.id, c.serial, answer)
	}
	r.applied.Store(index)
	r.waiters.applied(index, c, answer, outcome)
	r.mu.Unlock()
	r.grown += len(entry) + entryOverhead
	r.compact(index)
	if err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	return nil
}

// execute makes the machine execute a plain command.
func (r *RSM) execute(body []byte) (answer []byte, value any, err error) {
	if m, ok := r.machine.(*valueMachine); ok {
		value, err = m.execute(body)
		return nil, value, err
	}
	return r.machine.Apply(body), nil, nil
}

func (r *RSM) isStopped() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// compact makes a snapshot if the log has grown to half of what it may: what
// is appended until it takes effect needs the rest. A snapshot that would free
// little, or that was made a moment ago, can wait.
func (r *RSM) compact(index uint64) {
	limit := r.config.MaxStateBytes
	if limit <= 0 || r.grown < limit/8 || r.log.StateBytes() < limit/2 {
		return
	}
	r.log.Snapshot(index, r.snapshot(index))
	r.grown = 0
}

// snapshot encodes the state after index. The applying goroutine alone changes
// it, so it needs no lock.
func (r *RSM) snapshot(index uint64) []byte {
	machine := r.machine.Snapshot()
	head := r.sessions.appendSnapshot(make([]byte, 0, 64+len(machine)), index)
	return append(head, machine...)
}

// Restore replaces the whole state by a snapshot: the one in stable storage,
// before anything else, or one that the log delivers because this server has
// fallen behind. index is the last entry that it covers, 0 if that is not
// known. One that is not ahead of what was applied is ignored. The data is not
// kept. The error is ErrSnapshot or ErrVersion.
func (r *RSM) Restore(index uint64, data []byte) error {
	table, covers, rest, err := readSnapshot(data)
	if err != nil {
		return err
	}
	if index != 0 && index != covers {
		return fmt.Errorf("%w: it is of index %d, not of %d", ErrSnapshot, covers, index)
	}
	if covers <= r.applied.Load() || r.isStopped() {
		return nil
	}
	if err := r.machine.Restore(rest); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	r.grown = 0
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions = table
	r.applied.Store(covers)
	r.waiters.upTo(covers, func(w *waiter) {
		if w.command.kind == once {
			if execute, answer, err := table.look(w.command.id, w.command.serial); !execute && err == nil {
				r.waiters.settle(w, answer, nil)
			}
		}
		r.waiters.settle(w, nil, ErrOvertaken)
	})
	return nil
}
