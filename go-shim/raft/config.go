package raft

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"pontoon.dev/go-shim/internal/core"
	"pontoon.dev/go-shim/trace"
)

// Profile chooses Raft's extensions and the default timing. Safety is the same
// in both.
type Profile int

const (
	// ProfileService is for services: a leader opens its term with a no-op
	// entry, so that entries of older terms commit without waiting for a
	// command (§8). An index can therefore be taken by something that is not a
	// command. Default timing: elections after 1–2 s, heartbeats every 100 ms.
	ProfileService Profile = iota
	// ProfileLab is for hosts that need the first command at index 1 and no
	// index without a command; see package lab.
	ProfileLab
)

// Config says how a server is set up. The zero value of everything but Voters
// is useful; durations are whole milliseconds.
type Config struct {
	// ID is this server. It is never used again for another one.
	ID uint64
	// Voters are all servers of the cluster, this one included.
	Voters []uint64
	// Profile chooses between Raft for services and for course labs.
	Profile Profile
	// Seed is the seed of the random election timeouts. 0 draws one.
	Seed uint64

	// Election timeouts are uniform in [ElectionTimeoutMin, ElectionTimeoutMax).
	// Give both or none.
	ElectionTimeoutMin, ElectionTimeoutMax time.Duration
	// HeartbeatInterval is the longest that a follower does not hear from a
	// live leader, delays of the network aside.
	HeartbeatInterval time.Duration
	// CoalesceDelay is how long entries may be held back, while an earlier
	// AppendEntries is unanswered, so that a burst shares messages and writes.
	CoalesceDelay time.Duration

	// MaxInflight is the number of AppendEntries with entries that may be
	// unanswered at once, per follower.
	MaxInflight int
	// MaxAppendBytes bounds the entries of one AppendEntries; a larger single
	// entry still goes.
	MaxAppendBytes int
	// SnapshotChunkBytes bounds the piece of a snapshot in one InstallSnapshot.
	SnapshotChunkBytes int

	// NoSnapshotRestoreOnStart leaves FSM.Restore uncalled for the snapshot
	// that New loads from storage, for a service that has loaded it itself.
	NoSnapshotRestoreOnStart bool

	// Trace, if not nil, records what happens inside of the node: timeouts,
	// votes, changes of role and log, commits, what was made durable and what
	// the FSM was given. Servers are numbered from 0, in ascending order of
	// Voters. It may be shared by the nodes of a process, and is not closed.
	// The cost is a few percent of a commit's; nil costs nothing.
	Trace *trace.Recorder

	// Logger is told when the node dies of an error. nil is slog.Default().
	Logger *slog.Logger
}

// Validate tells what is wrong with the configuration. The error is an
// ErrConfig.
func (c Config) Validate() error {
	config, err := c.core()
	if err != nil {
		return err
	}
	// The core knows the defaults, and so it alone can judge.
	node, err := core.Make(config, nil, nil, 0)
	if err != nil {
		return makeError(err)
	}
	node.Free()
	return nil
}

// core translates for package core.
func (c Config) core() (core.Config, error) {
	var errs []error
	milliseconds := func(name string, d time.Duration) uint64 {
		switch {
		case d < 0:
			errs = append(errs, fmt.Errorf("%w: %s is negative (%v)", ErrConfig, name, d))
		case d%time.Millisecond != 0:
			errs = append(errs, fmt.Errorf("%w: %s (%v) is not a whole number of milliseconds", ErrConfig, name, d))
		}
		return uint64(d / time.Millisecond)
	}
	count := func(name string, n int) int {
		if n < 0 || int64(n) > 1<<31 {
			errs = append(errs, fmt.Errorf("%w: %s is %d, it must be between 0, the default, and 2^31", ErrConfig, name, n))
		}
		return n
	}
	if c.Profile != ProfileService && c.Profile != ProfileLab {
		errs = append(errs, fmt.Errorf("%w: Profile is %d, which is neither ProfileService nor ProfileLab", ErrConfig, c.Profile))
	}
	if (c.ElectionTimeoutMin == 0) != (c.ElectionTimeoutMax == 0) {
		errs = append(errs, fmt.Errorf("%w: give both ElectionTimeoutMin and ElectionTimeoutMax or none", ErrConfig))
	}
	config := core.Config{
		ID:                   c.ID,
		Voters:               c.Voters,
		Seed:                 c.Seed,
		Service:              c.Profile == ProfileService,
		MaxInflight:          uint32(count("MaxInflight", c.MaxInflight)),
		ElectionTimeoutMSMin: milliseconds("ElectionTimeoutMin", c.ElectionTimeoutMin),
		ElectionTimeoutMSMax: milliseconds("ElectionTimeoutMax", c.ElectionTimeoutMax),
		HeartbeatIntervalMS:  milliseconds("HeartbeatInterval", c.HeartbeatInterval),
		CoalesceMS:           milliseconds("CoalesceDelay", c.CoalesceDelay),
		MaxAppendBytes:       uint(count("MaxAppendBytes", c.MaxAppendBytes)),
		SnapshotChunkBytes:   uint(count("SnapshotChunkBytes", c.SnapshotChunkBytes)),
	}
	if c.Trace != nil {
		config.TraceEvents = coreEvents
	}
	for config.Seed == 0 {
		config.Seed = rand.Uint64()
	}
	return config, errors.Join(errs...)
}
