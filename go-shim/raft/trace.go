package raft

import (
	"slices"
	"time"

	"pontoon.dev/go-shim/internal/core"
	"pontoon.dev/go-shim/trace"
)

// coreEvents is how many events the core keeps until they are taken, which is
// after every input: more than one message can cause.
const coreEvents = 1 << 17

// tracer records what happens inside of a node. Its methods do nothing on nil.
type tracer struct {
	recorder *trace.Recorder
	voters   []uint64 // ascending: a server's number is its place here
	server   int
	events   []trace.Event
}

// newTracer is nil if the configuration wants no trace.
func newTracer(config *Config) *tracer {
	if config.Trace == nil {
		return nil
	}
	t := &tracer{recorder: config.Trace, voters: slices.Clone(config.Voters)}
	slices.Sort(t.voters)
	t.server = t.number(config.ID)
	return t
}

func (t *tracer) number(id uint64) int { return slices.Index(t.voters, id) }

// made records the node's start, from the state that storage kept.
func (t *tracer) made(s *core.State) {
	if t == nil {
		return
	}
	t.recorder.Record(&trace.Event{
		Kind: trace.Make, Server: t.server, Peer: trace.None, Flag: true,
		Term: s.Term, Index: s.LastIndex, LogTerm: s.LastTerm, Last: s.SnapshotIndex,
	})
}

// take records what the core tells. The node's lock is held, so that it stands
// in the trace before everything that follows from it; it happened at a time
// that the node knows, because asking for the time is dear.
func (t *tracer) take(machine machine, at time.Time) {
	if t == nil {
		return
	}
	events, err := machine.Events()
	if err != nil {
		return // the next input says so, too
	}
	t.events = t.events[:0]
	for i := range events {
		e := &events[i]
		peer := trace.None
		if e.HasPeer {
			peer = t.number(e.Peer)
		}
		t.events = append(t.events, trace.Event{
			Kind: trace.Timeout + trace.Kind(e.Kind-1), Server: t.server, Peer: peer, Role: trace.Role(e.Role),
			Term: e.Term, Index: e.Index, LogTerm: e.LogTerm, Last: e.Last, Digest: e.Digest,
		})
	}
	t.recorder.RecordAt(at, t.events)
}

// apply records the entries of a batch that the applier has taken. The node's
// lock is held: an Install that overtakes them comes after them.
func (t *tracer) apply(batch *core.Apply) {
	if t == nil || batch.HasSnapshot {
		return
	}
	t.events = t.events[:0]
	for i := range batch.Entries {
		e := &batch.Entries[i]
		t.events = append(t.events, trace.Event{
			Kind: trace.Apply, Server: t.server, Peer: trace.None, Index: e.Index, LogTerm: e.Term, Digest: trace.Digest(e.Data),
		})
	}
	t.recorder.RecordAll(t.events)
}

// died records why the node ended, if not because it was told to.
func (t *tracer) died(err error) {
	if t == nil || err == ErrClosed {
		return
	}
	t.recorder.Record(&trace.Event{Kind: trace.Failure, Server: t.server, Peer: trace.None, Text: err.Error()})
}

// Describe tells what is in a message, a request or a reply, that some node has
// given to its Transport or returned from Handle; false if it is none.
func Describe(message []byte) (m trace.Message, reply, ok bool) {
	info, err := core.Describe(message)
	if err != nil {
		return trace.Message{}, false, false
	}
	return trace.Message{
		Type: trace.Type(info.Kind), Known: true, Term: info.Term, Index: info.Index, LogTerm: info.LogTerm,
		Entries: int(info.Entries), EntriesTerm: info.EntriesTerm, Commit: info.Commit, OK: info.OK,
	}, info.IsReply, true
}
