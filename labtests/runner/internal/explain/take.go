package explain

import (
	"slices"

	"pontoon.dev/go-shim/trace"
)

// take brings the model up to date with e.
func (c *cluster) take(e step) {
	switch {
	case e.Message != nil:
		c.takeMessage(e)
	case inside(e.Kind):
		if s := c.server(e.Server); s.up {
			c.takeInside(s, e)
		} else if e.Kind == trace.Persist {
			s.late = max(s.late, e.Index)
		}
	default:
		c.takeTest(e)
	}
}

func (c *cluster) takeTest(e step) {
	if e.Server < 0 {
		return
	}
	s := c.server(e.Server)
	switch e.Kind {
	case trace.Make:
		if s.tailCall == nil || !s.tailCall.arrived {
			s.tail, s.tailTerm = position{}, 0
			s.changes++
		}
		s.life++
		s.up, s.made, s.open, s.busy, s.late = true, e.at, nil, 0, 0
		if s.shown > s.spoken {
			s.shown, s.shownAt = s.spoken, s.spokenAt
		}
		if c.tells[s.id] {
			c.snapshots = max(c.snapshots, e.Last) // a trace may begin with it
			s.restore(e)
		}
	case trace.Kill:
		s.up = false
	case trace.State:
		s.show(e.Term, e.at)
		if e.Flag {
			c.reignOf(e.Term, s, e.at)
		}
	case trace.Propose:
		if e.Flag {
			s.show(e.Term, e.at)
		}
	case trace.Link:
		c.link(e)
	case trace.Receive:
		s.received = max(s.received, e.Index)
	}
}

// link notes a way that is opened or cut. While there is one, what the server
// writes stays.
func (c *cluster) link(e step) {
	if e.Flag {
		c.ways[[2]int{e.Server, e.Peer}] = true
	} else {
		delete(c.ways, [2]int{e.Server, e.Peer})
	}
	for _, id := range []int{e.Server, e.Peer} {
		c.ensure(c.server(id), e.at)
	}
}

// ensure keeps what is durable now, if s can be reached: it is not being killed.
func (c *cluster) ensure(s *server, at int) {
	if !s.up || !c.tells[s.id] {
		return
	}
	for way := range c.ways {
		if way[0] == s.id || way[1] == s.id {
			s.certain = certain{s.disk.term, min(s.disk.log.last(), s.disk.dirty-min(s.disk.dirty, 1)), at}
			return
		}
	}
}

// accepting returns the leader's message of s's term that s is handling and
// that satisfies is, if it is one and not several.
func (s *server) accepting(is func(m *trace.Message) bool) *call {
	var found *call
	for _, k := range s.open {
		if plain(k.request) && k.request.Type == trace.AppendEntries && k.request.Term == s.term {
			if found != nil {
				return nil
			}
			found = k
		}
	}
	if found == nil || !is(found.request) {
		return nil
	}
	return found
}

func (s *server) show(term uint64, at int) {
	if term > s.shown && term < absurd {
		s.shown, s.shownAt = term, at
	}
}

// speak notes a term that s told others, which has to be durable.
func (s *server) speak(term uint64, at int) {
	s.show(term, at)
	if term > s.spoken && term < absurd {
		s.spoken, s.spokenAt = term, at
	}
}

// reignOf returns the reign of term, which s leads as e shows; nil if another
// server does.
func (c *cluster) reignOf(term uint64, s *server, at int) *reign {
	r := c.reigns[term]
	if r == nil {
		r = &reign{leader: s.id, term: term, at: at, said: map[uint64]fact{}, acked: map[int]uint64{}, ackAt: map[int]int{}}
		r.floor = max(s.heard, s.received, s.ruled)
		c.reigns[term] = r
	}
	if r.leader != s.id {
		return nil
	}
	return r
}

func (c *cluster) takeMessage(e step) {
	k := c.calls[e.Message.ID]
	if k == nil {
		return
	}
	from, to := c.server(k.from), c.server(k.to)
	switch e.Kind {
	case trace.Send:
		if c.sentBy(e) != nil {
			from.show(k.request.Term, e.at)
		}
		if plain(k.request) && k.request.Type == trace.RequestVote {
			c.asked++
		}
		if r := c.leads(k.request, from, e.at); r != nil {
			c.requests++
			r.say(k.request, e.at)
			from.ruled = max(from.ruled, k.request.Commit)
		}
	case trace.Handle:
		if plain(k.request) && from.up && k.fromLife == from.life {
			from.speak(k.request.Term, k.sent)
		}
		to.open = append(to.open, k)
		if !isRaft(k.request) || plain(k.request) && k.request.Type == trace.RequestVote {
			return
		}
		to.busy++
		to.heard = max(to.heard, k.request.Commit)
		if k.request.Type == trace.InstallSnapshot {
			to.heard = max(to.heard, k.request.Index)
			to.installed = max(to.installed, k.request.Index)
		}
		stale := plain(k.request) && k.request.Term < to.shown // and refused
		if !plain(k.request) || k.request.Term != to.tailTerm && !stale {
			to.tail, to.tailTerm = position{}, 0
			to.changes++
		}
		k.changes = to.changes
	case trace.Reply:
		c.takeReply(k, to, e)
	case trace.Return:
		if k.arrived && k.answered() && k.firm() && to.life == k.toLife {
			to.speak(k.reply.Term, k.replied)
		}
	}
}

// leads returns the reign that a request shows.
func (c *cluster) leads(m *trace.Message, s *server, at int) *reign {
	if !fromLeader(m) {
		return nil
	}
	return c.reignOf(m.Term, s, at)
}

// say keeps what a leader's message tells of its log.
func (r *reign) say(m *trace.Message, at int) {
	tell := func(index, term uint64) {
		if _, known := r.said[index]; !known && index > 0 && term > 0 {
			r.said[index] = fact{term, at}
		}
	}
	tell(m.Index, m.LogTerm)
	if m.Type == trace.AppendEntries && m.Entries > 0 {
		tell(covered(m), m.EntriesTerm)
	}
}

func (c *cluster) takeReply(k *call, to *server, e step) {
	to.open = slices.DeleteFunc(to.open, func(other *call) bool { return other == k })
	if isRaft(k.request) && k.request.Type != trace.RequestVote && to.busy > 0 && k.handled > to.made {
		to.busy--
	}
	if !k.answered() {
		return
	}
	if k.firm() {
		to.show(k.reply.Term, e.at)
	}
	index := k.acknowledged()
	if index == 0 {
		return
	}
	if r := c.reigns[k.request.Term]; r != nil && r.leader == k.from && index > r.acked[to.id] {
		r.acked[to.id], r.ackAt[to.id] = index, e.at
		if c.majority() > 0 {
			c.ceiling = max(c.ceiling, c.agreed(r))
		}
	}
	m := k.request
	if m.Type != trace.AppendEntries {
		return // a snapshot may come in pieces
	}
	tail := position{m.LogTerm, covered(m)}
	if m.Entries > 0 {
		tail.term = m.EntriesTerm
	}
	if k.firm() && k.changes == to.changes && (to.tailTerm != m.Term || to.tail.less(tail)) {
		to.tail, to.tailTerm, to.tailAt, to.tailCall = tail, m.Term, e.at, k
	}
}
