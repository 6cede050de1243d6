package sample

import (
	"slices"
	"time"

	"pontoon.dev/go-shim/trace"
)

// replicate sends to everybody what they lack, or a heartbeat, and moves the
// commit index when a majority has it.
func (c *cluster) replicate(at time.Duration, s int) {
	v := c.servers[s]
	have := []uint64{v.last()}
	when := []time.Duration{at}
	for p := range c.servers {
		if p == s {
			continue
		}
		if c.servers[p].last() < v.base {
			c.install(at, s, p)
			continue
		}
		agreed := c.agreed(s, p)
		m := trace.Message{Type: trace.AppendEntries, Method: "Raft.AppendEntries", Term: v.term, Index: agreed,
			LogTerm: v.termAt(agreed), Entries: int(v.last() - agreed), EntriesTerm: v.termAt(v.last()), Commit: v.commit}
		back, ok := c.call(at, s, p, m, func(there time.Duration) trace.Message { return c.take(there, s, p, agreed) })
		if ok {
			have, when = append(have, c.servers[p].last()), append(when, back)
		}
	}
	slices.Sort(have)
	slices.Sort(when)
	if need := len(c.servers) / 2; len(have) > need {
		c.commit(when[need], s, have[len(have)-1-need])
	}
}

func (c *cluster) agreed(a, b int) uint64 {
	x, y := c.servers[a], c.servers[b]
	i := max(x.base, y.base)
	for i < min(x.last(), y.last()) && x.termAt(i+1) == y.termAt(i+1) {
		i++
	}
	return i
}

// take is what p does with an AppendEntries of s that follows on agreed.
func (c *cluster) take(at time.Duration, s, p int, agreed uint64) trace.Message {
	v, w := c.servers[s], c.servers[p]
	if w.term > v.term {
		return trace.Message{Term: w.term}
	}
	c.role(at, p, trace.Follower, v.term)
	c.put(at, trace.Event{Kind: trace.TimerReset, Server: p, Peer: s})
	if w.last() > agreed {
		c.put(at, trace.Event{Kind: trace.Truncate, Server: p, Peer: s, Term: v.term, Index: agreed + 1, Last: w.last(), LogTerm: w.termAt(agreed + 1)})
		w.log = w.log[:agreed-w.base]
	}
	if n := v.last(); n > agreed {
		w.log = append(w.log, v.log[agreed-v.base:]...)
		c.put(at, trace.Event{Kind: trace.Append, Server: p, Peer: s, Term: v.term, LogTerm: v.termAt(n), Index: agreed + 1, Last: n, Digest: digest(v.log[len(v.log)-1].text)})
		c.put(at, trace.Event{Kind: trace.Persist, Server: p, Peer: trace.None, Term: v.term, Index: n, LogTerm: v.termAt(n)})
	}
	c.commit(at, p, min(v.commit, w.last()))
	return trace.Message{Term: v.term, OK: true, Index: w.last()}
}

func (c *cluster) commit(at time.Duration, s int, to uint64) {
	v := c.servers[s]
	if to <= v.commit {
		return
	}
	c.put(at, trace.Event{Kind: trace.Commit, Server: s, Peer: trace.None, Role: v.role, Last: v.commit, Index: to, LogTerm: v.termAt(to)})
	for i := v.commit + 1; i <= to; i++ {
		text := v.log[i-v.base-1].text
		c.put(at, trace.Event{Kind: trace.Apply, Server: s, Peer: trace.None, Index: i, LogTerm: v.termAt(i), Digest: digest(text)})
		c.put(at, trace.Event{Kind: trace.Receive, Server: s, Peer: trace.None, Index: i, Text: text, Digest: digest(text)})
	}
	v.commit = to
}

func (c *cluster) snapshot(at time.Duration, s int, through uint64) {
	v := c.servers[s]
	term := v.termAt(through)
	v.log, v.base = slices.Clone(v.log[through-v.base:]), through
	c.put(at, trace.Event{Kind: trace.Snapshot, Server: s, Peer: trace.None, Index: through, LogTerm: term})
}

func (c *cluster) install(at time.Duration, s, p int) {
	v, w := c.servers[s], c.servers[p]
	m := trace.Message{Type: trace.InstallSnapshot, Method: "Raft.InstallSnapshot", Term: v.term, Index: v.base, LogTerm: v.term}
	c.call(at, s, p, m, func(there time.Duration) trace.Message {
		c.role(there, p, trace.Follower, v.term)
		w.log, w.base, w.commit = nil, v.base, v.base
		c.put(there, trace.Event{Kind: trace.Install, Server: p, Peer: s, Index: v.base, LogTerm: v.term})
		c.put(there, trace.Event{Kind: trace.Receive, Server: p, Peer: trace.None, Flag: true, Index: v.base, Text: "(a snapshot)"})
		return trace.Message{Term: v.term, OK: true, Index: v.base}
	})
}
