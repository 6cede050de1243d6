// Package sample makes traces of runs that never were, for the tests of what
// draws traces and for looking at it.
package sample

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"pontoon.dev/go-shim/trace"
)

const ms = time.Millisecond

type entry struct {
	term uint64
	text string
}

// server is what is known of one: its log begins after base.
type server struct {
	up     bool
	role   trace.Role
	term   uint64
	base   uint64
	log    []entry
	commit uint64
}

func (s *server) last() uint64 { return s.base + uint64(len(s.log)) }

func (s *server) termAt(i uint64) uint64 {
	if i <= s.base || i > s.last() {
		return 0
	}
	return s.log[i-s.base-1].term
}

// cluster writes what its script makes the servers do. It is no Raft: the
// script says who wins and what is lost.
type cluster struct {
	rng     *rand.Rand
	servers []*server
	cut     [][]bool
	events  []trace.Event
	calls   uint64
	foreign bool // no server tells of itself
	loss    float64
}

func newCluster(n int, seed uint64, foreign bool) *cluster {
	c := &cluster{rng: rand.New(rand.NewPCG(seed, 1)), foreign: foreign}
	for range n {
		c.servers = append(c.servers, &server{})
		c.cut = append(c.cut, make([]bool, n))
	}
	return c
}

func (c *cluster) put(at time.Duration, e trace.Event) {
	if e.Kind >= trace.Timeout && c.foreign {
		return
	}
	e.At = at
	c.events = append(c.events, e)
}

// trace is what was written, in order of time.
func (c *cluster) trace() *trace.Trace {
	slices.SortStableFunc(c.events, func(a, b trace.Event) int { return int(a.At - b.At) })
	return &trace.Trace{Events: c.events}
}

func (c *cluster) delay() time.Duration {
	return time.Duration(300+c.rng.IntN(7000)) * time.Microsecond
}

func (c *cluster) begin(at time.Duration, s int) {
	v := c.servers[s]
	v.up, v.role, v.commit = true, trace.Follower, v.base
	c.put(at, trace.Event{Kind: trace.Make, Server: s, Peer: trace.None, Term: v.term, Index: v.last(), LogTerm: v.termAt(v.last()), Last: v.base})
}

func (c *cluster) crash(at time.Duration, s int) {
	c.servers[s].up = false
	c.put(at, trace.Event{Kind: trace.Kill, Server: s, Peer: trace.None})
}

// split leaves only the ways within groups.
func (c *cluster) split(at time.Duration, groups ...[]int) {
	group := make([]int, len(c.servers))
	for g, members := range groups {
		for _, s := range members {
			group[s] = g
		}
	}
	for a := range c.servers {
		for b := range c.servers {
			if cut := group[a] != group[b]; a != b && cut != c.cut[a][b] {
				c.cut[a][b] = cut
				c.put(at, trace.Event{Kind: trace.Link, Server: a, Peer: b, Flag: !cut})
			}
		}
	}
}

func (c *cluster) role(at time.Duration, s int, r trace.Role, term uint64) {
	v := c.servers[s]
	if v.role == r && v.term == term {
		return
	}
	v.role, v.term = r, term
	c.put(at, trace.Event{Kind: trace.RoleChange, Server: s, Peer: trace.None, Role: r, Term: term})
}

// call sends m from a to b. The handler, if the request gets there, returns the
// answer; call returns when that is back, and whether it is.
func (c *cluster) call(at time.Duration, a, b int, m trace.Message, handle func(at time.Duration) trace.Message) (time.Duration, bool) {
	c.calls++
	m.ID, m.Known, m.Bytes = c.calls, true, 60+24*m.Entries
	id := &trace.Message{ID: c.calls}
	c.put(at, trace.Event{Kind: trace.Send, Server: a, Peer: b, Message: &m})
	there := at + c.delay()
	back := there + 200*time.Microsecond + c.delay()
	if why := c.loses(a, b); why != "" {
		c.put(there, trace.Event{Kind: trace.Lost, Server: a, Peer: b, Text: why, Message: id})
		c.put(at+40*ms, trace.Event{Kind: trace.Return, Server: a, Peer: b, Message: id})
		return at, false
	}
	c.put(there, trace.Event{Kind: trace.Handle, Server: a, Peer: b, Message: id})
	answer := handle(there)
	answer.ID, answer.Known, answer.Bytes = m.ID, true, 32
	answer.Type, answer.Method = m.Type, m.Method
	c.put(there+200*time.Microsecond, trace.Event{Kind: trace.Reply, Server: a, Peer: b, Message: &answer})
	if why := c.loses(b, a); why != "" {
		c.put(back, trace.Event{Kind: trace.Lost, Server: a, Peer: b, Flag: true, Text: why, Message: id})
		c.put(back, trace.Event{Kind: trace.Return, Server: a, Peer: b, Message: id})
		return at, false
	}
	c.put(back, trace.Event{Kind: trace.Return, Server: a, Peer: b, Flag: true, Message: id})
	return back, true
}

func (c *cluster) loses(from, to int) string {
	switch {
	case c.cut[from][to]:
		return "the way is cut"
	case !c.servers[to].up:
		return "the server is down"
	case c.rng.Float64() < c.loss:
		return "dropped by the network"
	}
	return ""
}

// elect makes s ask for votes; it leads if a majority answers.
func (c *cluster) elect(at time.Duration, s int) {
	v := c.servers[s]
	c.put(at, trace.Event{Kind: trace.Timeout, Server: s, Peer: trace.None, Term: v.term})
	term := v.term + 1
	c.role(at, s, trace.Candidate, term)
	c.vote(at, s, s, term)
	var votes []time.Duration
	for p := range c.servers {
		if p == s {
			continue
		}
		m := trace.Message{Type: trace.RequestVote, Method: "Raft.RequestVote", Term: term, Index: v.last(), LogTerm: v.termAt(v.last())}
		back, ok := c.call(at+100*time.Microsecond, s, p, m, func(there time.Duration) trace.Message {
			granted := c.servers[p].term < term && c.servers[p].last() <= v.last()
			if c.servers[p].term < term {
				c.role(there, p, trace.Follower, term)
			}
			if granted {
				c.vote(there, p, s, term)
			}
			return trace.Message{Term: max(term, c.servers[p].term), OK: granted}
		})
		if ok {
			votes = append(votes, back)
		}
	}
	slices.Sort(votes)
	if need := len(c.servers) / 2; len(votes) >= need {
		c.role(votes[need-1], s, trace.Leader, term)
	}
}

func (c *cluster) vote(at time.Duration, s, candidate int, term uint64) {
	v := c.servers[candidate]
	c.put(at, trace.Event{Kind: trace.Vote, Server: s, Peer: candidate, Term: term, Index: v.last(), LogTerm: v.termAt(v.last())})
	c.put(at, trace.Event{Kind: trace.Persist, Server: s, Peer: trace.None, Term: term, Index: c.servers[s].last()})
	c.put(at, trace.Event{Kind: trace.TimerReset, Server: s, Peer: candidate})
}

func digest(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

func (c *cluster) propose(at time.Duration, s int, text string) {
	v := c.servers[s]
	v.log = append(v.log, entry{v.term, text})
	c.put(at, trace.Event{Kind: trace.Propose, Server: s, Peer: trace.None, Flag: true, Term: v.term, Index: v.last(), Text: text})
	c.put(at, trace.Event{Kind: trace.Append, Server: s, Peer: s, Term: v.term, LogTerm: v.term, Index: v.last(), Last: v.last(), Digest: digest(text)})
	c.put(at, trace.Event{Kind: trace.Persist, Server: s, Peer: trace.None, Term: v.term, Index: v.last(), LogTerm: v.term})
}
