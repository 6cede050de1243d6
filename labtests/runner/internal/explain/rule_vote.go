package explain

import "pontoon.dev/go-shim/trace"

var oneVote = check{
	Rule{
		ID: "one-vote", Title: "One vote in a term", Section: "§5.2, Figure 2 (RequestVote 2; votedFor is persistent)",
		Says: "A server votes for one candidate in a term at most, itself included, also if it is restarted in between.",
		Read: pageTimers,
	}, watchOneVote,
}

// ballot is a vote: for whom, and the event that shows it. Somebody has been
// told of a vote that is out; one that is not may be forgotten in a crash.
type ballot struct {
	to, at, life int
	call         *call // that tells, or nil
}

// out reports whether somebody has got the message, so that the vote must have
// been durable: the candidate the answer, or another server its request.
func (b ballot) out(voter int) bool {
	return b.call != nil && (b.call.arrived || b.to == voter && b.call.handled >= 0)
}

type voteKey struct {
	voter int
	term  uint64
}

func watchOneVote(c *cluster, report report) watch {
	cast := map[voteKey]ballot{}
	vote := func(e step, voter, to int, term uint64, told *call) {
		now := ballot{to, e.at, c.server(voter).life, told}
		key := voteKey{voter, term}
		before, voted := cast[key]
		if !voted || before.life != now.life && !before.out(voter) || before.to == to && !before.out(voter) {
			cast[key] = now
			return
		}
		if before.to == to {
			return
		}
		why := "a server has one vote in a term"
		if before.life != now.life {
			why = "it was restarted in between, and the vote has to survive that: votedFor is written to stable storage before the answer leaves"
		}
		report(e, []int{voter, before.to, to}, []int{before.at},
			"Server %d voted for %s in term %d (%s), and for %s in the same term: %s.",
			voter, itself(voter, before.to), term, c.when(before.at), itself(voter, to), why)
	}
	return func(e step) {
		if e.Kind == trace.Vote && c.server(e.Server).up && e.Peer >= 0 {
			vote(e, e.Server, e.Peer, e.Term, nil)
		}
		if k := c.sentBy(e); k != nil && k.request.Type == trace.RequestVote {
			vote(e, k.from, k.from, k.request.Term, k)
		}
		if k := c.repliedBy(e); k != nil && k.granted() {
			vote(e, k.to, k.from, k.request.Term, k)
		}
	}
}

func itself(server, other int) string {
	if server == other {
		return "itself"
	}
	return serverList([]int{other})
}

var upToDateLog = check{
	Rule{
		ID: "up-to-date-log", Title: "Votes go to up-to-date logs only", Section: "§5.4.1, Figure 2 (RequestVote 2)",
		Says: "A server refuses its vote to a candidate whose log ends in an earlier term than its own, or in the same term at a lower index.",
	}, watchUpToDate,
}

func watchUpToDate(c *cluster, report report) watch {
	const because = "Server %d voted for server %d in term %d, whose log ends at index %d of term %d; its own %s index %d of term %d, which is more up to date: what it holds may be committed, and a leader without it would lose that."
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Vote && s.up && e.Peer >= 0 && e.Peer != e.Server {
			theirs, ours := position{e.LogTerm, e.Index}, position{s.log.lastTerm(), s.log.last()}
			if theirs.less(ours) {
				report(e, []int{e.Server, e.Peer}, nil, because,
					e.Server, e.Peer, e.Term, theirs.index, theirs.term, "ends at", ours.index, ours.term)
			}
		}
		k := c.repliedBy(e)
		if k == nil || !k.granted() {
			return
		}
		theirs, voter := position{k.request.LogTerm, k.request.Index}, c.server(k.to)
		if k.changes == voter.changes && theirs.less(k.tail) {
			text := because
			if voter.tailAt < voter.made {
				text += " It was restarted after it had acknowledged that: or else it has lost its log."
			}
			report(e, []int{k.to, k.from}, []int{voter.tailAt, k.sent}, text,
				k.to, k.from, k.request.Term, theirs.index, theirs.term, "reaches at least", k.tail.index, k.tail.term)
		}
	}
}

var staleVotes = check{
	Rule{
		ID: "stale-replies", Title: "Answers of an older term do not count", Section: "§5.2, Figure 2 (Rules for Servers, Candidates)",
		Says: "A candidate counts only votes that were given in answer to requests of its present term.",
	}, func(c *cluster, report report) watch { return watchTally(c, report, true) },
}

var voteMajority = check{
	Rule{
		ID: "vote-majority", Title: "A leader has the votes of a majority", Section: "§5.2, Figure 2 (Candidates)",
		Says: "A candidate becomes leader only when more than half of all servers, itself included, voted for it in this term.",
	}, func(c *cluster, report report) watch { return watchTally(c, report, false) },
}

// watchTally counts votes. Too few votes are a matter of stale ones if those
// make up the majority.
func watchTally(c *cluster, report report, stale bool) watch {
	type seat struct {
		candidate int
		term      uint64
	}
	votes := map[seat]map[int]bool{}
	late := map[int][]*call{} // by candidate: votes that arrived in a later term
	judged := map[seat]bool{}
	grant := func(voter, to int, term uint64) {
		if votes[seat{to, term}] == nil {
			votes[seat{to, term}] = map[int]bool{to: true}
		}
		votes[seat{to, term}][voter] = true
	}
	judge := func(e step, leader int, term uint64) {
		at := seat{leader, term}
		if judged[at] {
			return
		}
		judged[at] = true
		grant(leader, leader, term)
		have := votes[at]
		if c.majority() == 0 || c.opaque || c.asked == 0 && !c.told() || len(have) >= c.majority() {
			return
		}
		witnesses, old := []int{}, map[int]bool{}
		for _, k := range late[leader] {
			if k.request.Term < term && c.server(leader).shown == term && k.returned > c.server(leader).shownAt && !have[k.to] {
				old[k.to] = true
				witnesses = append(witnesses, k.replied, k.returned)
			}
		}
		switch fromOld := len(have)+len(old) >= c.majority(); {
		case stale && fromOld:
			report(e, append(sorted(old), leader), witnesses,
				"Server %d leads term %d, in which only %s voted for it; the vote of %s, given in an earlier term, arrived after it had begun this one, and must have been counted. %d of %d servers have to vote for a leader in its own term.",
				leader, term, serverList(sorted(have)), serverList(sorted(old)), c.majority(), c.n)
		case !stale && !fromOld:
			report(e, append(sorted(have), leader), nil,
				"Server %d leads term %d, in which only %s voted for it. That takes %d of %d servers.",
				leader, term, serverList(sorted(have)), c.majority(), c.n)
		}
	}
	return func(e step) {
		if e.Kind == trace.Vote && e.Peer >= 0 {
			grant(e.Server, e.Peer, e.Term)
		}
		if e.Kind == trace.Reply && e.Message != nil {
			if k := c.calls[e.Message.ID]; k != nil && k.granted() {
				grant(k.to, k.from, k.request.Term)
			}
		}
		if e.Kind == trace.Return && e.Flag && e.Message != nil {
			if k := c.calls[e.Message.ID]; k != nil && k.granted() && k.request.Term < c.server(k.from).shown {
				late[k.from] = append(late[k.from], k)
			}
		}
		if leader, term, shows := c.leadership(e); shows {
			judge(e, leader, term)
		}
	}
}

// leadership tells whether e shows that a server leads a term.
func (c *cluster) leadership(e step) (server int, term uint64, shows bool) {
	switch e.Kind {
	case trace.RoleChange:
		return e.Server, e.Term, e.Role == trace.Leader && c.server(e.Server).up
	case trace.State:
		return e.Server, e.Term, e.Flag
	case trace.Send:
		if fromLeader(e.Message) {
			return e.Server, e.Message.Term, true
		}
	}
	return 0, 0, false
}
