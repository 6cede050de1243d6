package explain

import "pontoon.dev/go-shim/trace"

var leaderAppendOnly = check{
	Rule{
		ID: "leader-append-only", Title: "A leader only appends", Section: "§5.3, Figure 3 (Leader Append-Only)",
		Says: "A leader never overwrites or deletes entries of its own log while it leads.",
	}, watchLeaderLog,
}

func watchLeaderLog(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if s.up && s.role == trace.Leader {
			switch {
			case e.Kind == trace.Truncate:
				report(e, []int{s.id}, []int{s.roleAt}, "Server %d leads term %d and cuts its own log from index %d on.", s.id, s.term, e.Index)
			case e.Kind == trace.Append && e.Index <= s.log.last():
				report(e, []int{s.id}, []int{s.roleAt}, "Server %d leads term %d and overwrites index %d of its own log, which reaches to %d.", s.id, s.term, e.Index, s.log.last())
			}
		}
		if e.Kind != trace.Send || !fromLeader(e.Message) {
			return
		}
		r := c.reigns[e.Message.Term]
		if r == nil || r.leader != e.Server {
			return
		}
		differs := func(index, term uint64) {
			if before, known := r.said[index]; known && term > 0 && before.term != term {
				report(e, []int{e.Server}, []int{before.at},
					"Server %d leads term %d; its entry at index %d was of term %d (in a message at %s) and is of term %d in this one.",
					e.Server, r.term, index, before.term, c.when(before.at), term)
			}
		}
		differs(e.Message.Index, e.Message.LogTerm)
		if e.Message.Type == trace.AppendEntries && e.Message.Entries > 0 {
			differs(covered(e.Message), e.Message.EntriesTerm)
		}
	}
}

// leaderLog returns the log of the leader whose message s is handling, if it
// tells and is peer.
func (c *cluster) leaderLog(s *server, peer int) *journal {
	if r := c.reigns[s.term]; r != nil && r.told && r.leader == peer {
		return &r.log
	}
	return nil
}

var keepMatching = check{
	Rule{
		ID: "keep-matching", Title: "An outdated AppendEntries cuts nothing", Section: "§5.3, Figure 2 (AppendEntries 3)",
		Says: "A follower deletes entries only where one of the leader's entries conflicts with its own; a short or late message is no conflict.",
		Read: pageOutdated,
	}, watchKeepMatching,
}

func watchKeepMatching(c *cluster, report report) watch {
	shorter := map[int]*call{} // by server: the latest message that ended before what was acknowledged
	return func(e step) {
		s := c.server(e.Server)
		if log := c.leaderLog(s, e.Peer); e.Kind == trace.Truncate && s.up && log != nil && !c.installs(e) {
			theirs := log.term(e.Index)
			switch {
			case e.Index > log.last():
				report(e, []int{s.id, e.Peer}, nil,
					"Server %d cuts its log from index %d on because of server %d, whose log ends at %d: nothing there can conflict.", s.id, e.Index, e.Peer, log.last())
			case theirs != 0 && theirs == s.log.term(e.Index):
				report(e, []int{s.id, e.Peer}, nil,
					"Server %d cuts its log from index %d on because of server %d, whose entry there is the same, of term %d: only a conflicting one may be cut.", s.id, e.Index, e.Peer, theirs)
			}
		}
		k := c.repliedBy(e)
		if k == nil || k.request.Type != trace.AppendEntries || c.tells[k.to] {
			return
		}
		to := c.server(k.to)
		if k.reply.OK && k.request.Term == to.tailTerm && k.changes == to.changes && covered(k.request) < to.tail.index {
			shorter[k.to] = k
		}
		if !c.refusedOwn(k) || to.tailAt < to.made {
			return
		}
		why, witnesses := "", []int{to.tailAt, k.sent}
		if old := shorter[k.to]; old != nil && old.replied > to.tailAt {
			why = " In between it took a message that ended at " + number(covered(old.request)) + ", and must have cut its log there."
			witnesses = append(witnesses, old.sent, old.handled, old.replied)
		}
		report(e, []int{k.to, k.from}, witnesses,
			"Server %d acknowledged its log up to index %d to server %d in term %d (%s), and refuses an AppendEntries of the same leader after index %d: the entry is gone.%s",
			k.to, k.tail.index, k.from, k.request.Term, c.when(to.tailAt), k.request.Index, why)
	}
}

// installs reports whether a Truncate makes room for a snapshot.
func (c *cluster) installs(e step) bool {
	for _, next := range c.steps[e.pos+1:] {
		if inside(next.Kind) && next.Server == e.Server {
			return next.Kind == trace.Install && next.Index+1 == e.Index
		}
	}
	return false
}

var consistencyCheck = check{
	Rule{
		ID: "consistency-check", Title: "The entry before the new ones must match", Section: "§5.3, Figure 2 (AppendEntries 2)",
		Says: "A follower refuses an AppendEntries unless its log has an entry of prevLogTerm at prevLogIndex.",
	}, watchConsistency,
}

func watchConsistency(c *cluster, report report) watch {
	reach := map[int]uint64{} // by server: no message and no Start can have brought its log further
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Append && s.up && e.Peer >= 0 && e.Peer != s.id && e.Index > 0 {
			prev := e.Index - 1
			log := c.leaderLog(s, e.Peer)
			switch {
			case prev > s.log.last():
				report(e, []int{s.id, e.Peer}, nil,
					"Server %d appends entry %d of server %d, and its log ends at %d: there is a gap.", s.id, e.Index, e.Peer, s.log.last())
			case log != nil && differ(log.term(prev), s.log.term(prev)) && s.accepting(func(m *trace.Message) bool { return m.Index < prev }) == nil:
				report(e, []int{s.id, e.Peer}, nil,
					"Server %d appends entry %d of server %d; before it, at index %d, its own log has an entry of term %d and the leader's one of term %d.",
					s.id, e.Index, e.Peer, prev, s.log.term(prev), log.term(prev))
			}
		}
		if e.Kind == trace.Commit && s.up && e.Role != trace.Leader {
			wrong := func(m *trace.Message) bool {
				return m.Index > s.log.base && differ(s.log.term(m.Index), m.LogTerm)
			}
			if k := s.accepting(wrong); k != nil {
				report(e, []int{s.id, k.from}, []int{k.sent, k.handled},
					"Server %d takes the commit index of %s of server %d, which comes after index %d of term %d; its own log %s, so that it should have said no.",
					s.id, request(k.request), k.from, k.request.Index, k.request.LogTerm, has(&s.log, k.request.Index))
			}
		}
		c.raiseReach(reach, e)
		k := c.repliedBy(e)
		if k == nil || k.request.Type != trace.AppendEntries || !k.reply.OK {
			return
		}
		to, m := c.server(k.to), k.request
		switch {
		case c.tells[k.to] && to.term == m.Term && m.Index > to.log.base &&
			(m.Index > to.log.last() && m.Index > to.commit || differ(to.log.term(m.Index), m.LogTerm)):
			report(e, []int{k.to, k.from}, []int{k.sent, k.handled},
				"Server %d says yes to %s of server %d after index %d of term %d; its own log %s.",
				k.to, request(m), k.from, m.Index, m.LogTerm, has(&to.log, m.Index))
		case !c.tells[k.to] && !c.opaque && k.alone && to.busy == 1 && m.Index > reach[k.to]:
			report(e, []int{k.to, k.from}, []int{k.sent, k.handled},
				"Server %d says yes to %s of server %d after index %d, and nothing that it was sent so far reaches beyond index %d: it cannot have that entry.",
				k.to, request(m), k.from, m.Index, reach[k.to])
		}
	}
}

// raiseReach keeps the bound of what each server's log can hold.
func (c *cluster) raiseReach(reach map[int]uint64, e step) {
	raise := func(id int, index uint64) { reach[id] = max(reach[id], index) }
	switch e.Kind {
	case trace.Propose:
		raise(e.Server, e.Index)
	case trace.Receive:
		raise(e.Server, e.Index)
	case trace.Send, trace.Handle:
		k := c.calls[messageID(e)]
		if k == nil || !plain(k.request) {
			return
		}
		switch {
		case e.Kind == trace.Send:
			raise(k.from, covered(k.request)) // its own log
		case k.request.Type == trace.InstallSnapshot, k.request.Index <= reach[k.to]: // no message vouches for itself
			raise(k.to, covered(k.request))
		}
	}
}

func messageID(e step) uint64 {
	if e.Message == nil {
		return 0
	}
	return e.Message.ID
}

func differ(a, b uint64) bool { return a != 0 && b != 0 && a != b }
