package raft

import (
	"errors"
	"fmt"

	"pontoon.dev/go-shim/internal/core"
)

// What New and Validate return, for errors.Is.
var (
	// ErrConfig: the configuration makes no sense.
	ErrConfig = errors.New("raft: bad configuration")
	// ErrCorrupt: what Storage.Load returned is damaged or contradicts itself.
	ErrCorrupt = errors.New("raft: stored state is damaged")
	// ErrVersion: what Storage.Load returned was written by a later version.
	ErrVersion = errors.New("raft: stored state is of a later version")
)

// What the methods of Node return, for errors.Is. For a command, each says
// whether it may still be committed and applied.
var (
	// ErrNotLeader: this server is not the leader, or is one that has lately not
	// heard from a majority. The command was not taken. errors.As with a
	// *NotLeaderError tells who is the leader.
	ErrNotLeader = errors.New("raft: not the leader")
	// ErrSuperseded: another entry was committed at the command's index. The
	// command was not and will not be committed.
	ErrSuperseded = errors.New("raft: another leader's entry took the command's place")
	// ErrLeadershipLost: a newer term began while the command was not yet
	// applied. It may still be committed.
	ErrLeadershipLost = errors.New("raft: lost leadership before the command was applied")
	// ErrOvertaken: a snapshot from another leader replaced the entries around
	// the command's index. The command may be part of it.
	ErrOvertaken = errors.New("raft: a snapshot overtook the command")
	// ErrClosed: the node was closed. A command that waited may still be
	// committed.
	ErrClosed = errors.New("raft: node is closed")
	// ErrTooLarge: the command exceeds 32 MiB and was not taken.
	ErrTooLarge = errors.New("raft: too large")
	// ErrOutOfRange: a snapshot's index was not yet applied, or lies within
	// the last snapshot. Nothing changed.
	ErrOutOfRange = errors.New("raft: snapshot index out of range")
	// ErrBadRequest: Handle was given bytes that are no request to this server
	// from another voter. Nothing changed.
	ErrBadRequest = errors.New("raft: bad request")
)

// What a dead node's methods and Err return, for errors.Is. A command that
// waited may still be committed.
var (
	// ErrStorage: Storage.Save failed. The node cannot know what a restart
	// would find, and never tries again; make a new one with New.
	ErrStorage = errors.New("raft: writing to storage failed")
	// ErrRestore: FSM.Restore failed.
	ErrRestore = errors.New("raft: restoring a snapshot failed")
	// ErrInvariant: an invariant of Raft was violated, by a bug of Pontoon or
	// because a server lost or shared its storage.
	ErrInvariant = errors.New("raft: invariant violated")
)

// NotLeaderError is the ErrNotLeader of a refused command.
type NotLeaderError struct {
	// Term is the current term.
	Term uint64
	// Leader is the server to ask instead, if Known.
	Leader uint64
	Known  bool
}

// Error names the leader, if it is known.
func (e *NotLeaderError) Error() string {
	if !e.Known {
		return ErrNotLeader.Error() + ", and none is known"
	}
	return fmt.Sprintf("%v: ask server %d", ErrNotLeader, e.Leader)
}

// Is makes errors.Is(e, ErrNotLeader) true.
func (e *NotLeaderError) Is(target error) bool { return target == ErrNotLeader }

// makeError translates the failure of core.Make.
func makeError(err error) error {
	switch {
	case errors.Is(err, core.ErrDecode):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, core.ErrVersion):
		return fmt.Errorf("%w: %w", ErrVersion, err)
	case errors.Is(err, core.ErrConfig), errors.Is(err, core.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return fmt.Errorf("raft: %w", err)
}

// fatal tells the failures that end a node from refusals of one input.
func fatal(err error) bool {
	var status core.Status
	if !errors.As(err, &status) {
		return true
	}
	switch status {
	case core.ErrDecode, core.ErrVersion, core.ErrTooLarge, core.ErrNotLeader, core.ErrUnknownPeer, core.ErrOutOfRange, core.ErrNoWork:
		return false
	}
	return true
}
