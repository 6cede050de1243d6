package raft

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"pontoon.dev/go-shim/internal/core"
)

// flushRounds is how many batches a caller's goroutine works through before it
// hands over: its own is in the first or, if it came while another was being
// done, in the second.
const flushRounds = 2

// advance notes what the core waits for after an input, and does its work in
// this goroutine unless another one is at it. mu is held, and is released
// meanwhile.
func (n *Node) advance(step core.Step, err error) {
	if err != nil {
		n.die(err)
		return
	}
	n.stepped(step)
	n.tell()
	n.proposals.observe(n)
	if n.ready && !n.flushing {
		n.enter()
		if step.Apply {
			n.yield()
		}
		n.flush(flushRounds)
	}
}

// advanceLater is advance for callers with better things to do. What they add
// until the new goroutine runs shares its batch.
func (n *Node) advanceLater(step core.Step) {
	n.stepped(step)
	if n.ready && !n.flushing {
		n.enter()
		go n.flushOn()
	}
}

// stepped notes what the core waits for. mu is held.
func (n *Node) stepped(step core.Step) {
	n.untold = step.Events
	n.ready = step.Work
	n.deadline = step.DeadlineMS
	if step.Apply {
		n.wakeApplier()
	}
	n.arm()
}

// tell records what the core has to tell, before anything that follows from it
// leaves the node. mu is held.
func (n *Node) tell() {
	if n.untold {
		n.untold = false
		n.tracer.take(n.core, n.started.Add(n.clock))
	}
}

// enter makes the caller the flusher, or somebody that it starts.
func (n *Node) enter() {
	n.flushing = true
	n.users++
}

// flushOn is the goroutine that goes on where a caller stopped.
func (n *Node) flushOn() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.yield()
	n.flush(math.MaxInt)
}

// yield lets other goroutines run before a batch is taken, if several commands
// were under way lately: clients whose commands have just been committed are
// about to come back with the next ones, which then share the batch. With one
// client it would only cost time. mu is held, and released meanwhile.
func (n *Node) yield() {
	if n.crowd > 1 {
		n.mu.Unlock()
		runtime.Gosched()
		n.mu.Lock()
	}
}

// flush does the core's work, batch after batch. mu is held; it is released
// meanwhile, and what comes in then makes up the next batch.
func (n *Node) flush(rounds int) {
	for ; n.ready && n.err == nil; rounds-- {
		if rounds == 0 {
			go n.flushOn()
			return
		}
		n.round()
	}
	n.flushing = false
	if n.err == nil {
		n.refuse()
		n.arm()
	}
	n.leave()
}

// reply is an answer on its way to its Handle call.
type reply struct {
	ticket uint64
	data   []byte
}

// round does one batch. mu is held, and released in between.
func (n *Node) round() {
	n.ready = false
	n.crowd /= 2
	work, err := n.core.Work(n.now())
	if err == core.ErrNoWork {
		return
	}
	if err != nil {
		n.die(err)
		return
	}
	n.tell()
	replies, err := n.work(work)
	n.stats.Batches++
	if n.err != nil {
		return
	}
	if err != nil {
		n.core.WorkFailed(work.Sequence)
		n.end(fmt.Errorf("%w: %w", ErrStorage, err))
		return
	}
	if work.Persist {
		n.stats.Saves++
	}
	step, err := n.core.WorkDone(n.now(), work.Sequence)
	if err != nil {
		n.die(err)
		return
	}
	n.untold = step.Events
	if len(replies) > 0 {
		n.tell()
		step.Events = false
	}
	// First, so that a trace has what is durable before the answers that tell it.
	n.stepped(step)
	for _, r := range replies {
		n.answer(r.ticket, r.data, nil)
	}
}

// work does what a batch says: early requests, storage, then everything that
// has to wait for storage. mu is held, and released meanwhile.
func (n *Node) work(work *core.Work) (replies []reply, err error) {
	n.mu.Unlock()
	returned := false
	defer func() {
		n.mu.Lock()
		if !returned {
			// Whoever recovers from a panic of the storage or the transport
			// must not find a node that waits for ever.
			n.end(fmt.Errorf("%w: it panicked", ErrStorage))
			n.flushing = false
			n.leave()
		}
	}()
	n.send(work.Early)
	if work.Persist {
		err = n.storage.Save(work.State, work.Snapshot, work.SnapshotChanged)
	}
	if err == nil {
		n.send(work.Messages)
		replies = copyReplies(work.Messages)
	}
	returned = true
	return replies, err
}

// send gives the requests among messages to the transport, each with memory of
// its own: they outlive the batch. mu is not held.
func (n *Node) send(messages []core.Message) {
	if len(messages) == 0 {
		return
	}
	n.sending.Lock()
	defer n.sending.Unlock()
	for i := range messages {
		if n.ended() {
			return
		}
		if messages[i].IsReply {
			continue
		}
		to, ticket := messages[i].To, messages[i].Ticket
		n.transport.Send(to, clone(messages[i].Data), func(reply []byte, err error) {
			n.answered(to, ticket, reply, err)
		})
	}
}

// copyReplies copies the replies among messages.
func copyReplies(messages []core.Message) []reply {
	var replies []reply
	for i := range messages {
		if messages[i].IsReply {
			replies = append(replies, reply{messages[i].Ticket, clone(messages[i].Data)})
		}
	}
	return replies
}

// die ends the node for a failure of its core.
func (n *Node) die(err error) {
	n.end(fmt.Errorf("%w: %w", ErrInvariant, err))
}

// arm sees to it that the timer fires at the core's deadline, or earlier. Most
// inputs only put the deadline off, and cost no timer operation. Who flushes
// arms at the end: while a batch is not done a tick can do nothing. mu is held.
func (n *Node) arm() {
	if n.flushing || n.deadline >= n.armed {
		return
	}
	n.armed = n.deadline
	wait := time.Duration(n.deadline)*time.Millisecond - time.Since(n.started)
	if n.timer == nil {
		n.timer = time.AfterFunc(wait, n.tick)
	} else {
		n.timer.Reset(wait)
	}
}

// tick is the timer's goroutine.
func (n *Node) tick() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return
	}
	n.armed = core.NoDeadline
	now := n.now()
	if now < n.deadline {
		n.arm()
		return
	}
	n.stats.Ticks++
	step, err := n.core.Tick(now)
	if err == nil && !step.Work {
		step.DeadlineMS = max(step.DeadlineMS, now+1)
	}
	n.advance(step, err)
}
