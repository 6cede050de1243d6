package raft

import (
	"context"
	"sync"
	"sync/atomic"
)

// Result is an applied command.
type Result struct {
	Index, Term uint64
	// Value is what FSM.Apply returned for it on this server.
	Value any
}

// Propose appends a command to the log, if this server is the leader, and
// waits until it is applied here. The command is copied.
//
// An error says that this is not known to have happened. After ErrNotLeader,
// ErrTooLarge and ErrSuperseded it has not and will not; after all others,
// those of ctx included, the command may still be committed and applied, so
// that a client that repeats it needs to be told from a new one by the FSM.
func (n *Node) Propose(ctx context.Context, command []byte) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	p, err := n.propose(command)
	if err != nil {
		return Result{}, err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		if n.proposals.forget(p) {
			return Result{}, ctx.Err()
		}
		<-p.done // it was just settled
	}
	if p.err != nil {
		return Result{}, p.err
	}
	return Result{Index: p.index, Term: p.term, Value: p.value}, nil
}

// propose starts a command and registers its proposal before the applier can
// come to it.
func (n *Node) propose(command []byte) (*proposal, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	started, step, err := n.start(command)
	if err != nil {
		return nil, err
	}
	p := &proposal{index: started.Index, term: started.Term, done: make(chan struct{})}
	n.proposals.add(p)
	n.advanceLater(step)
	return p, nil
}

// proposal is a Propose call that waits.
type proposal struct {
	index, term uint64
	done        chan struct{} // closed when settled; value and err are set then
	value       any
	err         error
}

// proposals are a node's waiting Propose calls. Each is settled once, by what
// comes to stand at its index, or by what makes that uncertain.
type proposals struct {
	count atomic.Int64 // len(byIndex), to be read without the lock
	mu    sync.Mutex   // may be taken with Node.mu held, never the other way
	// Of two leaders of this server's at one index, the earlier was settled
	// when the later term began.
	byIndex map[uint64]*proposal
}

func (ps *proposals) add(p *proposal) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.byIndex == nil {
		ps.byIndex = map[uint64]*proposal{}
	}
	ps.byIndex[p.index] = p
	ps.count.Store(int64(len(ps.byIndex)))
}

// settle removes p and wakes its caller. mu is held.
func (ps *proposals) settle(p *proposal, value any, err error) {
	delete(ps.byIndex, p.index)
	ps.count.Store(int64(len(ps.byIndex)))
	p.value, p.err = value, err
	close(p.done)
}

// forget removes p, unless it was settled.
func (ps *proposals) forget(p *proposal) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.byIndex[p.index] != p {
		return false
	}
	ps.settle(p, nil, context.Canceled)
	return true
}

// applied settles the proposal at index by what was applied there.
func (ps *proposals) applied(index, term uint64, value any) {
	if ps.count.Load() == 0 {
		return
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	switch p := ps.byIndex[index]; {
	case p == nil:
	case p.term == term:
		ps.settle(p, value, nil)
	default:
		ps.settle(p, nil, ErrSuperseded)
	}
}

// overtake settles what lies within a snapshot that was installed.
func (ps *proposals) overtake(index uint64) {
	ps.settleIf(func(p *proposal) bool { return p.index <= index }, ErrOvertaken)
}

// observe settles the proposals of earlier terms. Node.mu is held.
func (ps *proposals) observe(n *Node) {
	if ps.count.Load() == 0 {
		return
	}
	n.look()
	ps.settleIf(func(p *proposal) bool { return p.term < n.last.Term }, ErrLeadershipLost)
}

// end settles all proposals of a node that has ended.
func (ps *proposals) end(err error) {
	ps.settleIf(func(*proposal) bool { return true }, err)
}

func (ps *proposals) settleIf(condition func(*proposal) bool, err error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range ps.byIndex {
		if condition(p) {
			ps.settle(p, nil, err)
		}
	}
}
