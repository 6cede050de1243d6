package explain

import "pontoon.dev/go-shim/trace"

var durableAnswer = check{
	Rule{
		ID: "durable-answer", Title: "Durable before the answer", Section: "Figure 2 (State: updated on stable storage before responding to RPCs)",
		Says: "A server's term, its vote and the entries that it acknowledges are on stable storage before its answer leaves.",
	}, watchDurableAnswer,
}

func watchDurableAnswer(c *cluster, report report) watch {
	return func(e step) {
		k := c.repliedBy(e)
		if k == nil || !c.tells[k.to] || k.toLife == 0 {
			return
		}
		s, what := c.server(k.to), request(k.request)
		switch {
		case k.reply.Term > s.disk.term && k.reply.Term <= s.term:
			report(e, []int{s.id, k.from}, []int{s.roleAt, k.handled},
				"Server %d answers %s of server %d in term %d, and that term is not on its stable storage yet: a crash now would forget it.",
				s.id, what, k.from, k.reply.Term)
		case k.granted() && s.disk.voted && s.disk.term == k.request.Term && s.disk.vote != k.from:
			report(e, []int{s.id, k.from}, []int{s.votedAt, s.persistedAt, k.handled},
				"Server %d grants server %d its vote in term %d, and what it has on stable storage of that term is %s: a crash now would let it vote again.",
				s.id, k.from, k.request.Term, votedFor(s.disk.vote))
		case k.granted() && s.votedIn == k.request.Term && s.votedAt > k.handled && s.persistedAt < s.votedAt:
			report(e, []int{s.id, k.from}, []int{s.votedAt, k.handled},
				"Server %d grants server %d its vote in term %d before the vote is on stable storage: a crash now would let it vote again.",
				s.id, k.from, k.request.Term)
		case k.request.Type == trace.AppendEntries && k.reply.OK && k.request.Entries > 0 && covered(k.request) >= s.disk.dirty && covered(k.request) <= s.log.last() && s.term == k.request.Term:
			report(e, []int{s.id, k.from}, []int{k.handled},
				"Server %d acknowledges entries up to %d to server %d, and those from %d on are not on its stable storage yet: a crash now would lose them, after the leader has counted them.",
				s.id, covered(k.request), k.from, max(s.disk.dirty, k.request.Index+1))
		}
	}
}

func votedFor(id int) string {
	if id < 0 {
		return "no vote"
	}
	return "a vote for " + serverList([]int{id})
}

var durableLog = check{
	Rule{
		ID: "durable-log", Title: "What was acknowledged stays", Section: "§5.3, Figure 2 (log[] is persistent)",
		Says: "Entries that a server has acknowledged are still in its log after a restart, and until a leader of a later term replaces them.",
	}, watchDurableLog,
}

func watchDurableLog(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Make && c.tells[s.id] && s.made >= 0 {
			kept := s.certain.last
			if s.tailCall != nil && s.tailCall.arrived && s.tailTerm > 0 {
				kept = max(kept, s.tail.index)
			}
			if e.Index < kept {
				report(e, []int{s.id}, []int{s.tailAt, s.certain.at},
					"Server %d had its log up to index %d on stable storage, comes back after a crash, and its log ends at index %d: a leader may have counted what it lost.",
					s.id, kept, e.Index)
			}
		}
		if k := c.sentBy(e); k != nil && k.request.Type == trace.RequestVote && s.tailAt < s.made {
			if now := (position{k.request.LogTerm, k.request.Index}); now.less(s.tail) {
				report(e, []int{s.id}, []int{s.tailAt, s.made},
					"Server %d acknowledged its log up to index %d, of term %d (%s), was restarted, and asks for votes with a log that ends at index %d of term %d: the log has to be on stable storage before the answer leaves.",
					s.id, s.tail.index, s.tail.term, c.when(s.tailAt), now.index, now.term)
			}
		}
		k := c.repliedBy(e)
		if gone := c.refusedOwn(k); gone && c.server(k.to).tailAt < c.server(k.to).made {
			report(e, []int{k.to, k.from}, []int{c.server(k.to).tailAt, c.server(k.to).made, k.sent},
				"Server %d acknowledged index %d to server %d (%s), was restarted, and says now that it has no such entry at index %d: the log has to be on stable storage before the answer leaves.",
				k.to, k.tail.index, k.from, c.when(c.server(k.to).tailAt), k.request.Index)
		}
	}
}

// refusedOwn reports whether a server refuses an entry that it has acknowledged
// to the same leader. What it may have compacted does not count.
func (c *cluster) refusedOwn(k *call) bool {
	if k == nil || k.request.Type != trace.AppendEntries || k.reply.OK || k.reply.Term != k.request.Term || !k.alone {
		return false
	}
	s := c.server(k.to)
	if k.changes != s.changes || s.tailTerm != k.request.Term || k.request.Index > k.tail.index {
		return false
	}
	return c.noSnapshots || k.request.Index > s.received && k.request.Index > s.installed
}
