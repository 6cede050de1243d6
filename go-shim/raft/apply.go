package raft

import (
	"bytes"
	"fmt"

	"pontoon.dev/go-shim/internal/core"
)

// applyBytes bounds what the applier takes from the core at once.
const applyBytes = 64 << 10

// apply is the applier: the goroutine that calls the FSM.
func (n *Node) apply(restore *Snapshot) {
	if restore != nil {
		n.restore(*restore)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.err == nil {
		batch, err := n.core.Apply(applyBytes)
		if err != nil && err != core.ErrNoWork {
			n.die(err)
			break
		}
		n.idle = err != nil
		if err == nil {
			n.applying = lastIndex(batch)
			n.tell()
			n.tracer.apply(batch)
		}
		n.mu.Unlock()
		if err != nil {
			<-n.wake
		} else {
			n.deliver(batch)
		}
		n.mu.Lock()
		n.core.ApplyDone()
	}
	id, cause := n.last.ID, n.err
	n.mu.Unlock()
	if cause != ErrClosed {
		n.logger.Error("raft: node died", "id", id, "error", cause)
	}
	if stopper, ok := n.fsm.(Stopper); ok {
		stopper.Stopped()
	}
	n.mu.Lock()
	n.leave()
}

// lastIndex is the last index that a batch brings the FSM to.
func lastIndex(batch *core.Apply) uint64 {
	if batch.HasSnapshot {
		return batch.SnapshotIndex
	}
	return batch.Entries[len(batch.Entries)-1].Index
}

// wakeApplier wakes the applier if it waits. mu is held.
func (n *Node) wakeApplier() {
	if n.idle {
		n.idle = false
		n.wake <- struct{}{}
	}
}

// deliver gives a batch to the FSM. mu is not held: the core keeps the batch
// as it is until the applier, which is also a user of the core, asks for more.
func (n *Node) deliver(batch *core.Apply) {
	if batch.HasSnapshot {
		n.restore(Snapshot{Index: batch.SnapshotIndex, Term: batch.SnapshotTerm, Data: clone(batch.Snapshot)})
		n.proposals.overtake(batch.SnapshotIndex)
		return
	}
	for i := range batch.Entries {
		entry := &batch.Entries[i]
		if n.ended() {
			return
		}
		var value any
		if !entry.Noop {
			value = n.fsm.Apply(Entry{Index: entry.Index, Term: entry.Term, Command: clone(entry.Data)})
		}
		n.proposals.applied(entry.Index, entry.Term, value)
	}
}

// restore gives a snapshot to the FSM.
func (n *Node) restore(snapshot Snapshot) {
	if n.ended() {
		return
	}
	if err := n.fsm.Restore(snapshot); err != nil {
		n.mu.Lock()
		n.end(fmt.Errorf("%w: %w", ErrRestore, err))
		n.mu.Unlock()
	}
}

// ended tells whether done is closed.
func (n *Node) ended() bool {
	select {
	case <-n.done:
		return true
	default:
		return false
	}
}

// clone copies what the library owns; nil if it is empty.
func clone(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}
