package explain

import (
	"strings"

	"pontoon.dev/go-shim/trace"
)

// call is a request and what became of it. Indices are of its events in the
// trace, -1 for those that were not seen.
type call struct {
	from, to                         int
	sent, handled, replied, returned int
	fromLife, toLife                 int // toLife is the one that handled it; 0: it had ended
	request, reply                   *trace.Message
	arrived                          bool // the answer did
	// What the receiver was known to be when it began to handle the request.
	shown   uint64 // the highest term it had been seen in
	shownAt int
	alone   bool // no other request that may change its log was being handled
	tail    position
	changes int
}

// position is an entry's place and term.
type position struct{ term, index uint64 }

// less compares logs that end there (§5.4.1).
func (p position) less(q position) bool {
	return p.term < q.term || p.term == q.term && p.index < q.index
}

// absurd is beyond every term and index of a test: a negative number that
// somebody stored in an unsigned field, or damage.
const absurd = 1 << 40

// plain reports whether what m says of itself can be taken at its word.
func plain(m *trace.Message) bool {
	if m == nil || !m.Known || m.Type == trace.Other {
		return false
	}
	if m.Term >= absurd || m.Index >= absurd || m.LogTerm >= absurd || m.Commit >= absurd || m.EntriesTerm >= absurd || m.Entries < 0 {
		return false
	}
	// A trial vote follows other rules, whatever its RPC is called.
	return !strings.Contains(strings.ToLower(m.Text+m.Method), "prevote")
}

// covered is how far the entries of an AppendEntries, or a snapshot, reach.
func covered(m *trace.Message) uint64 {
	if m.Type == trace.InstallSnapshot {
		return m.Index
	}
	return m.Index + uint64(m.Entries)
}

// answered reports whether both sides of a call can be read.
func (k *call) answered() bool {
	return plain(k.request) && k.reply != nil && k.reply.Known && k.reply.Term < absurd
}

// firm reports whether the one that answered was alive all the time. What a
// server says while it is being killed may arrive, too.
func (k *call) firm() bool { return k.toLife > 0 }

// granted reports whether the call brought a vote.
func (k *call) granted() bool {
	return k.answered() && k.request.Type == trace.RequestVote && k.reply.OK
}

// acknowledged is up to where the call says that the receiver's log agrees with
// the sender's, 0 if it does not say.
func (k *call) acknowledged() uint64 {
	if !k.answered() {
		return 0
	}
	switch k.request.Type {
	case trace.AppendEntries:
		if k.reply.OK {
			return max(covered(k.request), k.reply.Index)
		}
	case trace.InstallSnapshot:
		if k.reply.Term <= k.request.Term {
			return k.request.Index
		}
	}
	return 0
}

// silent reports whether a handler left no answer at all: its server ended
// meanwhile.
func silent(m *trace.Message) bool { return m.Text == "" && m.Bytes == 0 }

// fromLeader reports whether m is a leader's request.
func fromLeader(m *trace.Message) bool {
	return plain(m) && (m.Type == trace.AppendEntries || m.Type == trace.InstallSnapshot) && m.Term > 0
}
