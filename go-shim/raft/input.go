package raft

import (
	"errors"
	"fmt"

	"pontoon.dev/go-shim/internal/core"
)

// Role is a server's role in its term.
type Role uint32

// The roles, §5.1.
const (
	Follower  = Role(core.Follower)
	Candidate = Role(core.Candidate)
	Leader    = Role(core.Leader)
)

// String is the role's name.
func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case Candidate:
		return "candidate"
	case Leader:
		return "leader"
	}
	return fmt.Sprintf("Role(%d)", uint32(r))
}

// State is a server, seen from outside. After the node has ended it is what it
// was then, as a follower.
type State struct {
	ID, Term uint64
	Role     Role
	// Leader is the leader of Term, if HasLeader.
	HasLeader bool
	Leader    uint64
	// CommitIndex is the highest index known to be committed, AppliedIndex the
	// highest handed to the FSM, LastIndex that of the log's last entry.
	CommitIndex, AppliedIndex, LastIndex uint64
	// SnapshotIndex is the last index that the snapshot replaces; 0 without one.
	SnapshotIndex uint64
	// StateBytes is the size of the state that storage was given last.
	StateBytes uint64
}

// State describes the server.
func (n *Node) State() State {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state()
}

// state is State with mu held.
func (n *Node) state() State {
	if n.err == nil {
		n.look()
	}
	s := &n.last
	state := State{
		ID:            s.ID,
		Term:          s.Term,
		Role:          Role(s.Role),
		HasLeader:     s.HasLeader,
		Leader:        s.Leader,
		CommitIndex:   s.CommitIndex,
		AppliedIndex:  s.DeliveredIndex,
		LastIndex:     s.LastIndex,
		SnapshotIndex: s.SnapshotIndex,
		StateBytes:    s.StateBytes,
	}
	if n.err != nil {
		state.Role, state.HasLeader, state.Leader = Follower, false, 0
	}
	return state
}

// Start appends a command to the log, if this server is the leader, and does
// not wait for more: the command is committed when the FSM is given an entry
// with this index and this term. If another term's entry comes at the index,
// the command is lost. The command is copied.
//
// Otherwise the command was not taken: the error is a *NotLeaderError,
// ErrTooLarge, ErrClosed, or why the node died, and term is the current term.
func (n *Node) Start(command []byte) (index, term uint64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	started, step, err := n.start(command)
	if err != nil {
		return 0, n.last.Term, err
	}
	n.advanceLater(step)
	return started.Index, started.Term, nil
}

// start is Start without the work that follows from it. mu is held.
func (n *Node) start(command []byte) (core.Started, core.Step, error) {
	if n.err != nil {
		return core.Started{}, core.Step{}, n.err
	}
	started, step, err := n.core.Start(n.now(), command)
	switch {
	case err == nil:
		n.stats.Started++
		n.crowd = max(n.crowd, started.Index-n.applying)
	case err == core.ErrNotLeader:
		n.look()
		hint := &NotLeaderError{Term: n.last.Term}
		// A leader that is cut off refuses too, and must not point at itself.
		if n.last.HasLeader && n.last.Leader != n.last.ID {
			hint.Known, hint.Leader = true, n.last.Leader
		}
		err = hint
	case errors.Is(err, core.ErrTooLarge):
		n.look()
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
	default:
		n.die(err)
		err = n.err
	}
	return started, step, err
}

// Snapshot hands over the service's state after the entry at index, so that
// the log up to it can be dropped. The index must have been applied and lie
// after the last snapshot's, else it is ErrOutOfRange. The data is copied; it
// may not yet be durable when Snapshot returns, and need not be.
func (n *Node) Snapshot(index uint64, data []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return n.err
	}
	step, err := n.core.Snapshot(n.now(), index, data)
	switch {
	case err == nil:
		n.advance(step, nil)
		return nil
	case err == core.ErrOutOfRange:
		n.look()
		return fmt.Errorf("%w: index %d, the last snapshot is at %d, applied is up to %d", ErrOutOfRange, index, n.last.SnapshotIndex, n.last.DeliveredIndex)
	case errors.Is(err, core.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	n.die(err)
	return n.err
}

// answer is the reply to one request, and the Handle call that waits for it.
type answer struct {
	ready bool
	reply []byte
	err   error
	gate  chan struct{} // closed when ready; nil if nobody waits yet
}

// Handle takes a request that another server's transport has sent, and returns
// the reply, which has to go back there. It waits until what the reply says is
// durable. ErrBadRequest means that the request was none; the other errors are
// ErrClosed or why the node died. Then there is no reply. The request is not
// kept, the reply belongs to the caller.
func (n *Node) Handle(request []byte) (reply []byte, err error) {
	a, err := n.handle(request)
	if err != nil {
		return nil, err
	}
	if a.gate != nil {
		<-a.gate
	}
	return a.reply, a.err
}

// handle takes a request; the answer is ready or has a gate.
func (n *Node) handle(request []byte) (*answer, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return nil, n.err
	}
	n.tickets++
	step, err := n.core.Receive(n.now(), n.tickets, request)
	if err != nil {
		if fatal(err) {
			n.die(err)
			return nil, n.err
		}
		return nil, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	n.stats.Received++
	a := &answer{}
	n.waiting[n.tickets] = a
	n.advance(step, nil)
	if !a.ready && !n.flushing {
		n.refuse()
	}
	if !a.ready {
		a.gate = make(chan struct{})
	}
	return a, nil
}

// answer gives a waiting Handle call its reply. mu is held.
func (n *Node) answer(ticket uint64, reply []byte, err error) {
	a := n.waiting[ticket]
	if a == nil {
		return
	}
	delete(n.waiting, ticket)
	a.ready, a.reply, a.err = true, reply, err
	if a.gate != nil {
		close(a.gate)
	}
}

// refuse answers whatever still waits although the core has nothing to do: a
// request leaves a reply in the core's next batch, so these were none. mu is held.
func (n *Node) refuse() {
	for ticket := range n.waiting {
		n.answer(ticket, nil, fmt.Errorf("%w: it is a reply", ErrBadRequest))
	}
}

// answered takes what the transport knows of a request that it was given.
func (n *Node) answered(to, ticket uint64, reply []byte, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return
	}
	now := n.now()
	if err == nil {
		step, refused := n.core.Receive(now, 0, reply)
		if refused == nil || fatal(refused) {
			n.advance(step, refused)
			return
		}
	}
	n.stats.Undelivered++
	n.advance(n.core.Undelivered(now, to, ticket))
}
