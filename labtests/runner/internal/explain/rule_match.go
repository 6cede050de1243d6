package explain

import (
	"fmt"

	"pontoon.dev/go-shim/trace"
)

func number(n uint64) string { return fmt.Sprint(n) }

// has says what a log has at index.
func has(j *journal, index uint64) string {
	switch term := j.term(index); {
	case index > j.last():
		return fmt.Sprintf("ends at index %d", j.last())
	case term == 0:
		return fmt.Sprintf("has an unknown entry at index %d", index)
	default:
		return fmt.Sprintf("has an entry of term %d there", term)
	}
}

var conflictReplaced = check{
	Rule{
		ID: "conflict-replaced", Title: "Conflicting entries are replaced", Section: "§5.3, Figure 2 (AppendEntries 3 and 4)",
		Says: "A follower that accepts an AppendEntries has all of its entries afterwards, in place of its own that conflict.",
		Read: pageOutdated,
	}, watchConflict,
}

func watchConflict(c *cluster, report report) watch {
	return func(e step) {
		if s := c.server(e.Server); e.Kind == trace.Append && s.up && e.Index > 0 {
			prev := e.Index - 1
			k := s.accepting(func(m *trace.Message) bool { return m.Index < prev })
			if log := c.leaderLog(s, e.Peer); k != nil && log != nil && differ(log.term(prev), s.log.term(prev)) {
				report(e, []int{s.id, k.from}, []int{k.sent, k.handled},
					"Server %d is sent entries from index %d on by server %d, keeps its own of term %d at index %d, where the leader's is of term %d, and appends index %d behind it.",
					s.id, k.request.Index+1, k.from, s.log.term(prev), prev, log.term(prev), e.Index)
			}
		}
		k := c.repliedBy(e)
		if k == nil || k.request.Type != trace.AppendEntries || !k.reply.OK || k.request.Entries == 0 || !c.tells[k.to] {
			return
		}
		to, m, end := c.server(k.to), k.request, covered(k.request)
		if to.term != m.Term || end <= to.log.base || end <= to.commit && to.log.term(end) == 0 {
			return
		}
		if end > to.log.last() || differ(to.log.term(end), m.EntriesTerm) {
			report(e, []int{k.to, k.from}, []int{k.sent, k.handled},
				"Server %d says yes to entries up to index %d of term %d from server %d, and its own log %s.",
				k.to, end, m.EntriesTerm, k.from, has(&to.log, end))
		}
	}
}

var ackVerified = check{
	Rule{
		ID: "ack-verified", Title: "An answer speaks of what the message covered", Section: "§5.3, Figure 2 (matchIndex)",
		Says: "A follower's yes to an AppendEntries stands for prevLogIndex and the entries sent, not for whatever its log has behind them.",
		Read: pageOutdated,
	}, watchAck,
}

func watchAck(c *cluster, report report) watch {
	return func(e step) {
		k := c.repliedBy(e)
		if k == nil || k.request.Type != trace.AppendEntries || !k.reply.OK || !c.tells[k.to] {
			return
		}
		to := c.server(k.to)
		if most := max(covered(k.request), to.commit); k.reply.Index > most {
			report(e, []int{k.to, k.from}, []int{k.sent, k.handled},
				"Server %d acknowledges index %d to server %d, whose message covered only what is up to %d: its entries behind that may be another leader's.",
				k.to, k.reply.Index, k.from, most)
		}
	}
}

var logMatching = check{
	Rule{
		ID: "log-matching", Title: "Logs match", Section: "§5.3, Figure 3 (Log Matching)",
		Says: "If two logs have an entry of the same index and term, it holds the same command, and all entries before it are the same.",
	}, watchLogMatching,
}

// known is what some log holds at an index and term.
type known struct {
	digest, before uint64 // 0: not known
	server, at     int
}

func watchLogMatching(c *cluster, report report) watch {
	entries := map[position]*known{}
	meet := func(e step, at position, digest, before uint64) {
		old := entries[at]
		if old == nil {
			entries[at] = &known{digest, before, e.Server, e.at}
			return
		}
		switch {
		case differ(old.digest, digest):
			report(e, []int{e.Server, old.server}, []int{old.at},
				"The entry at index %d of term %d is not the same on server %d (%s) and on server %d: they hold different commands.",
				at.index, at.term, old.server, c.when(old.at), e.Server)
		case differ(old.before, before):
			report(e, []int{e.Server, old.server}, []int{old.at},
				"Server %d (%s) and server %d have the same entry at index %d, of term %d; the one before it is of term %d there and of term %d here.",
				old.server, c.when(old.at), e.Server, at.index, at.term, old.before, before)
		}
		if old.digest == 0 {
			old.digest = digest
		}
		if old.before == 0 {
			old.before = before
		}
	}
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Append && s.up && e.LogTerm > 0 && e.Index > 0 && e.Last >= e.Index && e.Last-e.Index < sane {
			before := s.log.term(e.Index - 1)
			for index := e.Index; index <= e.Last; index++ {
				digest := uint64(0)
				if index == e.Last {
					digest = e.Digest
				}
				meet(e, position{e.LogTerm, index}, digest, before)
				before = e.LogTerm
			}
		}
		if e.Kind == trace.Send && fromLeader(e.Message) && e.Message.Type == trace.AppendEntries && e.Message.Entries == 1 && e.Message.EntriesTerm > 0 {
			meet(e, position{e.Message.EntriesTerm, covered(e.Message)}, 0, e.Message.LogTerm)
		}
	}
}
