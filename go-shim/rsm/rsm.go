package rsm

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Machine is the service's state machine. The RSM calls it from the goroutine
// that calls Apply and Restore, one call at a time.
type Machine interface {
	// Apply executes a committed command and returns the answer for its client.
	// It depends on nothing but the state and the command. The command may be
	// kept, but not changed; the answer is kept by the RSM.
	Apply(command []byte) []byte
	// Snapshot returns the whole state.
	Snapshot() []byte
	// Restore replaces the state by what Snapshot has returned on some server.
	// If it fails, nothing has changed. The snapshot is not to be kept.
	Restore(snapshot []byte) error
}

// Log is a replicated log of one server: a raft.Node, or the Raft of a lab. Its
// methods are called from any goroutine, and must not wait for a delivery.
type Log interface {
	// Start appends a command if this server is the leader, and returns where:
	// if it is ever committed, then at index. An error says that it was not
	// taken. The command is not changed afterwards.
	Start(command []byte) (index, term uint64, err error)
	// State is the current term, and whether this server leads it.
	State() (term uint64, leader bool)
	// StateBytes is the size of what the log keeps in stable storage, without
	// the snapshot. It may lag.
	StateBytes() int
	// Snapshot says that data stands for all entries up to index. An index that
	// the log cannot use is ignored.
	Snapshot(index uint64, data []byte)
}

// Config says how an RSM is set up. The zero value is useful.
type Config struct {
	// MaxStateBytes is how large Log.StateBytes may become before a snapshot
	// must have been made; they are made at half of it, for snapshots take
	// effect later and other entries arrive meanwhile. 0 or less: never.
	MaxStateBytes int
	// MaxSessions is how many sessions there may be at once; 0 is 10,000. Each
	// takes some 200 bytes and the latest answer.
	MaxSessions int
}

// DefaultMaxSessions is the meaning of 0 in Config.MaxSessions.
const DefaultMaxSessions = 10000

// Validate tells what is wrong with the configuration. The error is an
// ErrConfig.
func (c Config) Validate() error {
	if c.MaxSessions < 0 {
		return fmt.Errorf("%w: MaxSessions is %d, it must be at least 1, or 0 for the default", ErrConfig, c.MaxSessions)
	}
	return nil
}

// pollInterval is how often a new term is looked for while calls wait: an
// election takes longer.
const pollInterval = 20 * time.Millisecond

// RSM is one server's replica. Apply and Restore are called from one
// goroutine; everything else may be called from any.
type RSM struct {
	log     Log
	machine Machine
	config  Config

	// Only the applying goroutine uses what is here.
	grown int // bytes of entries applied since the last snapshot

	applied atomic.Uint64

	mu       sync.Mutex
	stopped  bool
	sessions *sessions
	waiters  waiters
	timer    *time.Timer
	armed    bool
	done     chan struct{}
}

// New makes the replica of a log, from which nothing was delivered yet. If a
// snapshot was stored, Restore comes first.
func New(log Log, machine Machine, config Config) (*RSM, error) {
	if log == nil || machine == nil {
		return nil, fmt.Errorf("%w: Log or Machine is nil", ErrConfig)
	}
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if config.MaxSessions == 0 {
		config.MaxSessions = DefaultMaxSessions
	}
	return &RSM{log: log, machine: machine, config: config, sessions: newSessions(), done: make(chan struct{})}, nil
}

// Stop ends all waiting calls with ErrStopped, and refuses later ones. It waits
// for nothing, and may be called again. The log is the caller's to stop;
// entries that it still delivers are ignored.
func (r *RSM) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.waiters.fail(ErrStopped, func(*waiter) bool { return true })
	close(r.done)
}

// Done is closed by Stop.
func (r *RSM) Done() <-chan struct{} { return r.done }

// Stats are figures about a replica.
type Stats struct {
	// AppliedIndex is the last entry that was applied, or that a snapshot covers.
	AppliedIndex uint64
	// Sessions is the number of sessions, Waiting that of the calls that wait.
	Sessions, Waiting int
}

// Stats returns the replica's figures.
func (r *RSM) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{AppliedIndex: r.applied.Load(), Sessions: r.sessions.recent.Len(), Waiting: r.waiters.live}
}

// poll is the timer's goroutine: it looks for step-downs and new terms, which a
// log does not announce.
func (r *RSM) poll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed = false
	if r.stopped || r.waiters.live == 0 {
		return
	}
	// With the lock held: a waiter that is in the queue became leader of its
	// term before this look.
	term, leader := r.log.State()
	r.waiters.fail(ErrLeadershipLost, func(w *waiter) bool {
		return w.term < term || w.term == term && !leader
	})
	r.arm()
}

// arm starts the timer if calls wait. mu is held.
func (r *RSM) arm() {
	if r.armed || r.waiters.live == 0 {
		return
	}
	r.armed = true
	if r.timer == nil {
		r.timer = time.AfterFunc(pollInterval, r.poll)
	} else {
		r.timer.Reset(pollInterval)
	}
}
