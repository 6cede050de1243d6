package explain

import (
	"time"

	"pontoon.dev/go-shim/trace"
)

var electionSafety = check{
	Rule{
		ID: "election-safety", Title: "One leader in a term", Section: "§5.2, Figure 3 (Election Safety)",
		Says: "At most one server leads in a given term.",
		Read: pageIsolated,
	}, watchElectionSafety,
}

func watchElectionSafety(c *cluster, report report) watch {
	return func(e step) {
		leader, term, shows := c.leadership(e)
		if !shows {
			return
		}
		if r := c.reigns[term]; r != nil && r.leader != leader {
			report(e, []int{leader, r.leader}, []int{r.at},
				"Server %d leads term %d (seen at %s), and so does server %d: there are two leaders in one term, so that a majority must have voted twice or somebody miscounted.",
				r.leader, term, c.when(r.at), leader)
		}
	}
}

var olderTerm = check{
	Rule{
		ID: "older-term", Title: "Requests of an older term are refused", Section: "§5.1, Figure 2 (RequestVote 1, AppendEntries 1)",
		Says: "A server refuses every request whose term is lower than its own.",
		Read: pageIsolated,
	}, watchOlderTerm,
}

func watchOlderTerm(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.TimerReset && s.up && e.Peer >= 0 && e.Peer != s.id && len(s.open) == 1 {
			// With a message of an older term being handled, and nothing else.
			if k := s.open[0]; k.from == e.Peer && fromLeader(k.request) && k.request.Term < s.term && s.roleAt < k.handled {
				report(e, []int{s.id, e.Peer}, []int{s.roleAt, k.sent, k.handled},
					"Server %d is in term %d (since %s), is handling %s of server %d in term %d, and takes that for its leader's: it sets its election timer anew.",
					s.id, s.term, c.when(s.roleAt), request(k.request), e.Peer, k.request.Term)
			}
		}
		switch {
		case e.Kind == trace.Vote && s.up && e.Term < s.term:
			report(e, []int{e.Server, e.Peer}, []int{s.roleAt},
				"Server %d is in term %d and grants server %d a vote in term %d.", e.Server, s.term, e.Peer, e.Term)
		case e.Kind == trace.Append && s.up && e.Peer >= 0 && e.Peer != e.Server:
			// The event has the server's own term: what tells is who leads that.
			if r := c.reigns[s.term]; r != nil && r.told && r.leader != e.Peer && c.tells[e.Peer] && c.server(e.Peer).term < s.term {
				report(e, []int{e.Server, e.Peer}, []int{r.at},
					"Server %d is in term %d, which server %d leads, and takes entries from server %d, which has only come to term %d.",
					e.Server, s.term, r.leader, e.Peer, c.server(e.Peer).term)
			}
		}
		k := c.repliedBy(e)
		if k == nil || k.request.Term >= k.shown || k.shownAt < c.server(k.to).made {
			return // the last: a term that a restart forgot, see termFalls
		}
		if k.reply.OK && k.request.Type != trace.InstallSnapshot {
			report(e, []int{k.to, k.from}, []int{k.shownAt, k.sent},
				"Server %d was in term %d (seen at %s) and said yes to %s of server %d, which is of term %d. Figure 2 has it answer false, with its own term.",
				k.to, k.shown, c.when(k.shownAt), request(k.request), k.from, k.request.Term)
		}
	}
}

func request(m *trace.Message) string {
	switch {
	case m.Type == trace.RequestVote:
		return "a RequestVote"
	case m.Type == trace.InstallSnapshot:
		return "an InstallSnapshot"
	case m.Entries == 0:
		return "a heartbeat"
	}
	return "an AppendEntries"
}

var higherTerm = check{
	Rule{
		ID: "higher-term", Title: "A higher term makes a follower", Section: "§5.1, Figure 2 (Rules for Servers, All Servers)",
		Says: "A server that sees a higher term, in a request or in an answer, takes it over and becomes a follower.",
		Read: pageIsolated,
	}, watchHigherTerm,
}

func watchHigherTerm(c *cluster, report report) watch {
	learned := map[int]*call{} // by server: the answer with the highest term that reached its present life
	return func(e step) {
		if e.Kind == trace.Return && e.Flag && e.Message != nil {
			k := c.calls[e.Message.ID]
			if k != nil && k.answered() && k.fromLife == c.server(k.from).life && c.server(k.from).up {
				if old := learned[k.from]; old == nil || old.fromLife != k.fromLife || old.reply.Term < k.reply.Term {
					learned[k.from] = k
				}
			}
		}
		if k := learned[e.Server]; k != nil && k.fromLife == c.server(e.Server).life && e.Kind == trace.State && e.Flag && e.Term < k.reply.Term && e.At-c.t.Events[k.returned].At > stateSlack {
			report(e, []int{k.from, k.to}, []int{k.replied, k.returned},
				"Server %d says that it leads term %d, although server %d had answered it in term %d (%s).",
				e.Server, e.Term, k.to, k.reply.Term, c.when(k.returned))
		}
		k := c.repliedBy(e)
		if k == nil || !c.tells[k.to] {
			return
		}
		if s := c.server(k.to); s.term < k.request.Term {
			report(e, []int{k.to, k.from}, []int{k.sent, k.handled},
				"Server %d, %s in term %d, has answered %s of server %d in term %d, and is still in its old term.",
				k.to, roleName(s.role), s.term, request(k.request), k.from, k.request.Term)
		}
	}
}

func roleName(r trace.Role) string {
	switch r {
	case trace.Leader:
		return "leader"
	case trace.Candidate:
		return "candidate"
	}
	return "follower"
}

var candidateFollows = check{
	Rule{
		ID: "candidate-follows", Title: "A candidate follows the leader of its term", Section: "§5.2, Figure 2 (Candidates)",
		Says: "A candidate that hears from a leader of its own term becomes a follower.",
	}, watchCandidate,
}

func watchCandidate(c *cluster, report report) watch {
	return func(e step) {
		k := c.repliedBy(e)
		if k == nil || !c.tells[k.to] || k.request.Type == trace.RequestVote {
			return
		}
		s := c.server(k.to)
		if s.role == trace.Candidate && s.term == k.request.Term && s.roleAt < k.handled {
			report(e, []int{k.to, k.from}, []int{s.roleAt, k.sent, k.handled},
				"Server %d is a candidate in term %d, has answered %s of server %d, which leads that term, and is still a candidate.",
				k.to, s.term, request(k.request), k.from)
		}
	}
}

var termFalls = check{
	Rule{
		ID: "term-falls", Title: "Terms never fall", Section: "§5.1, Figure 2 (currentTerm is persistent)",
		Says: "A server's term only grows, also over a restart: it is on stable storage before anybody learns of it.",
	}, watchTermFalls,
}

// stateSlack is how long ago a term must have been seen to be held against what
// GetState answers, whose caller may be slow to note it.
const stateSlack = time.Second

func watchTermFalls(c *cluster, report report) watch {
	fell := func(e step, id int, to, from uint64, at int) {
		s, why := c.server(id), ""
		if at < s.made || e.Kind == trace.Make {
			why = " It was restarted in between: a term has to be on stable storage before a message tells of it."
		}
		report(e, []int{id}, []int{at}, "Server %d was in term %d (seen at %s), and is in term %d now.%s", id, from, c.when(at), to, why)
	}
	return func(e step) {
		s := c.server(e.Server)
		switch {
		case e.Kind == trace.Make && c.tells[s.id] && s.made >= 0 && e.Term < max(s.certain.term, s.spoken):
			fell(e, s.id, e.Term, max(s.certain.term, s.spoken), max(s.certain.at, s.spokenAt))
		case e.Kind == trace.RoleChange && s.up && e.Term < s.term:
			fell(e, s.id, e.Term, s.term, s.roleAt)
		case e.Kind == trace.State && s.up && !c.tells[s.id] && e.Term > 0 && e.Term < s.shown && e.At-c.t.Events[s.shownAt].At > stateSlack:
			fell(e, s.id, e.Term, s.shown, s.shownAt)
		}
		k := c.repliedBy(e)
		if k != nil && k.reply.Term > 0 && k.reply.Term < k.shown && (k.reply.Term != k.request.Term || k.reply.OK && k.shownAt < c.server(k.to).made) {
			fell(e, k.to, k.reply.Term, k.shown, k.shownAt)
		}
		if k := c.sentBy(e); k != nil && k.request.Type == trace.RequestVote && s.shownAt >= 0 && s.shownAt < s.made && k.request.Term < s.shown {
			fell(e, s.id, k.request.Term, s.shown, s.shownAt)
		}
	}
}
