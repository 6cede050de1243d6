//go:build cgo

package core

// #include "pontoon.h"
import "C"

import "unsafe"

// Work takes the next batch; ErrNoWork if there is nothing to do,
// ErrWorkOutstanding if the last one is not done.
func (n *Node) Work(nowMS uint64) (*Work, error) {
	if status := C.pontoon_work(n.handle, C.uint64_t(nowMS), &n.work); status != C.PONTOON_OK {
		return nil, n.failure(status)
	}
	w := &n.work
	early, messages := int(w.early_len), int(w.messages_len)
	n.messages = appendMessages(n.messages[:0], w.early, early)
	n.messages = appendMessages(n.messages, w.messages, messages)
	n.batch = Work{
		Sequence:        uint64(w.sequence),
		Early:           n.messages[:early:early],
		Persist:         w.persist != 0,
		SnapshotChanged: w.snapshot_changed != 0,
		State:           viewOf(w.state),
		Snapshot:        viewOf(w.snapshot),
		Messages:        n.messages[early:],
	}
	return &n.batch, nil
}

// WorkDone tells that the batch is durable and its messages are on their way,
// and ends its views.
func (n *Node) WorkDone(nowMS, sequence uint64) (Step, error) {
	n.dropWork()
	return n.result(C.pontoon_work_done(n.handle, C.uint64_t(nowMS), C.uint64_t(sequence), &n.step))
}

// WorkFailed tells that the batch could not be made durable, and ends its
// views and the node: everything else is ErrStorage from now on.
func (n *Node) WorkFailed(sequence uint64) error {
	n.dropWork()
	return n.failure(C.pontoon_work_failed(n.handle, C.uint64_t(sequence)))
}

// dropWork forgets the views, so that no address of memory that is not Go's
// stays behind where the collector looks.
func (n *Node) dropWork() {
	clear(n.messages)
	n.batch = Work{}
	n.work = C.PontoonWork{struct_size: n.work.struct_size}
}

// Apply takes what the state machine is to do next, not much more than
// maxBytes of it; ErrNoWork if there is nothing.
func (n *Node) Apply(maxBytes int) (*Apply, error) {
	if status := C.pontoon_apply(n.handle, C.size_t(maxBytes), &n.apply); status != C.PONTOON_OK {
		return nil, n.failure(status)
	}
	a := &n.apply
	n.entries = n.entries[:0]
	views := unsafe.Slice(a.entries, int(a.entries_len))
	for i := range views {
		e := &views[i]
		n.entries = append(n.entries, Entry{
			Index: uint64(e.index),
			Term:  uint64(e.term),
			Noop:  e.kind == C.PONTOON_ENTRY_NOOP,
			Data:  viewOf(e.data),
		})
	}
	n.applying = Apply{
		Entries:       n.entries,
		HasSnapshot:   a.has_snapshot != 0,
		SnapshotIndex: uint64(a.snapshot_index),
		SnapshotTerm:  uint64(a.snapshot_term),
		Snapshot:      viewOf(a.snapshot),
	}
	return &n.applying, nil
}

// ApplyDone ends the views of the last Apply.
func (n *Node) ApplyDone() {
	clear(n.entries)
	n.applying = Apply{}
	n.apply = C.PontoonApply{struct_size: n.apply.struct_size}
}

func appendMessages(to []Message, from *C.PontoonMessage, count int) []Message {
	views := unsafe.Slice(from, count)
	for i := range views {
		m := &views[i]
		to = append(to, Message{
			To:      uint64(m.to),
			Ticket:  uint64(m.ticket),
			IsReply: m.is_reply != 0,
			Data:    viewOf(m.data),
		})
	}
	return to
}

// viewOf is the library's memory as a slice: empty or with its own capacity
// only, so that an append copies.
func viewOf(b C.PontoonBytes) []byte {
	if b.len == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(b.data), int(b.len))
}
