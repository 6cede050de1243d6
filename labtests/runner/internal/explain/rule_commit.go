package explain

import (
	"maps"
	"slices"

	"pontoon.dev/go-shim/trace"
)

// agreed is the highest index that a majority's logs share with the leader's,
// as far as answers tell.
func (c *cluster) agreed(r *reign) uint64 {
	others := c.majority() - 1
	if others <= 0 {
		return absurd
	}
	var acked []uint64
	for id, index := range r.acked {
		if id != r.leader {
			acked = append(acked, index)
		}
	}
	if len(acked) < others {
		return 0
	}
	slices.Sort(acked)
	return acked[len(acked)-others]
}

// announced returns the reign and the commit index that a leader's message
// tells, if it is higher than what the leader can have come with.
func (c *cluster) announced(e step) (*reign, uint64) {
	if e.Kind != trace.Send || !fromLeader(e.Message) || e.Message.Type != trace.AppendEntries || c.tells[e.Server] || c.opaque {
		return nil, 0
	}
	r := c.reigns[e.Message.Term]
	if r == nil || r.leader != e.Server || e.Message.Commit <= max(r.floor, c.server(e.Server).heard) {
		return nil, 0
	}
	return r, e.Message.Commit
}

// announcing returns the reign of a leader that hands over an entry, and says
// in its next message that it has committed it.
func (c *cluster) announcing(e step) *reign {
	if e.Kind != trace.Receive || e.Flag || !c.hearsAll() {
		return nil
	}
	r := c.reigns[c.server(e.Server).shown]
	if r == nil || r.leader != e.Server {
		return nil
	}
	for _, next := range c.steps[e.pos+1:] {
		if next.Kind == trace.Send && next.Server == e.Server && fromLeader(next.Message) && next.Message.Type == trace.AppendEntries {
			if next.Message.Term == r.term && next.Message.Commit >= e.Index {
				return r
			}
			return nil
		}
	}
	return nil
}

// hearsAll reports whether all acknowledgements are seen, so that what was not
// is not there.
func (c *cluster) hearsAll() bool {
	return !c.opaque && c.majority() > 0 && !c.told() && c.requests > 0
}

var commitCurrentTerm = check{
	Rule{
		ID: "commit-current-term", Title: "Only entries of the present term are committed by counting", Section: "§5.4.2, Figure 8, Figure 2 (Leaders)",
		Says: "A leader commits an entry because a majority has it only if the entry is of its own term; older ones are committed along with such an entry.",
		Read: pageFigure8,
	}, watchCommitTerm,
}

func watchCommitTerm(c *cluster, report report) watch {
	const because = "Server %d leads term %d and commits index %d, whose entry is of term %d: although a majority may have it, the leader of a later term can still overwrite it."
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Commit && s.up && e.Role == trace.Leader && e.LogTerm > 0 && e.LogTerm < s.term {
			report(e, []int{s.id}, []int{s.roleAt}, because, s.id, s.term, e.Index, e.LogTerm)
		}
		r, commit := c.announced(e)
		if r == nil {
			return
		}
		r.say(e.Message, e.at)
		if f, known := r.said[commit]; known && f.term < r.term {
			report(e, []int{r.leader}, []int{r.at, f.at}, because, r.leader, r.term, commit, f.term)
		}
	}
}

var commitMajority = check{
	Rule{
		ID: "commit-majority", Title: "Committed is what a majority holds", Section: "§5.3, §5.4.2, Figure 2 (Leaders)",
		Says: "A leader commits an entry only once it is on the stable storage of more than half of all servers.",
	}, watchCommitMajority,
}

func watchCommitMajority(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Commit && s.up && e.Role == trace.Leader && c.told() {
			r := c.reigns[s.term]
			have := map[int]bool{}
			for id := range c.n {
				other := c.server(id)
				acked := r != nil && r.leader == s.id && id != s.id && r.acked[id] >= e.Index
				if other.disk.has(e.Index, e.LogTerm) || acked || other.late >= e.Index {
					have[id] = true
				}
			}
			if len(have) < c.majority() {
				report(e, append(sorted(have), s.id), []int{s.roleAt},
					"Server %d, leader of term %d, commits index %d; its entry of term %d is durable on %s alone, and that takes %d of %d servers.",
					s.id, s.term, e.Index, e.LogTerm, serverList(sorted(have)), c.majority(), c.n)
			}
		}
		if r := c.announcing(e); r != nil && e.Index > c.ceiling {
			report(e, []int{r.leader}, []int{r.at},
				"Server %d, leader of term %d, applies index %d and announces it as committed. A majority, %d of %d servers, has acknowledged its log up to index %d only.",
				r.leader, r.term, e.Index, c.majority(), c.n, c.ceiling)
		}
		r, commit := c.announced(e)
		if r == nil || c.majority() == 0 {
			return
		}
		if agreed := c.agreed(r); commit > agreed {
			witnesses := slices.Sorted(maps.Values(r.ackAt))
			report(e, append(sorted(c.having(r, commit)), r.leader), witnesses,
				"Server %d, leader of term %d, says that index %d is committed. A majority, %d of %d servers, has acknowledged its log up to index %d only.",
				r.leader, r.term, commit, c.majority(), c.n, agreed)
		}
	}
}

func (c *cluster) having(r *reign, index uint64) map[int]bool {
	have := map[int]bool{}
	for id, acked := range r.acked {
		if acked >= index {
			have[id] = true
		}
	}
	return have
}

// settled is a committed entry: its term, and the leader's term and the event
// that committed it.
type settled struct {
	term, by   uint64
	server, at int
}

// settle keeps what leaders that tell commit. Call it after the rules.
func (c *cluster) settle(s *server, e step) {
	if e.Role != trace.Leader || e.Index > s.log.last() || e.Index-min(e.Index, e.Last) > sane {
		return
	}
	for index := e.Last + 1; index <= e.Index; index++ {
		if _, done := c.committed[index]; !done {
			c.committed[index] = settled{s.log.term(index), s.term, s.id, e.at}
		}
	}
	c.highest = max(c.highest, e.Index)
}

var commitVerified = check{
	Rule{
		ID: "commit-verified", Title: "A follower commits what the message verified", Section: "§5.3, Figure 2 (AppendEntries 5)",
		Says: "A follower's commit index is at most the smaller of leaderCommit and the index of the last entry that the same message brought or checked.",
		Read: pageOutdated,
	}, watchCommitVerified,
}

func watchCommitVerified(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind != trace.Commit || !s.up || e.Role == trace.Leader || !c.told() {
			return
		}
		if e.Index > c.highest && e.Index > c.snapshots {
			report(e, []int{s.id}, nil, "Server %d, a follower, commits index %d; no leader has committed more than index %d so far.", s.id, e.Index, c.highest)
			return
		}
		if done, known := c.committed[e.Index]; known && differ(done.term, s.log.term(e.Index)) {
			report(e, []int{s.id, done.server}, []int{done.at},
				"Server %d, a follower, commits its entry of term %d at index %d; what server %d committed there (%s) is of term %d. Its own entry was not verified by the message.",
				s.id, s.log.term(e.Index), e.Index, done.server, c.when(done.at), done.term)
		}
	}
}

var commitForward = check{
	Rule{
		ID: "commit-forward", Title: "The commit index moves forward, within the log", Section: "§5.3, Figure 2 (commitIndex)",
		Says: "A server's commit index never falls, and never passes the end of its log.",
	}, watchCommitForward,
}

func watchCommitForward(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind != trace.Commit || !s.up {
			return
		}
		switch {
		case e.Index < s.commit:
			report(e, []int{s.id}, nil, "Server %d's commit index falls from %d to %d.", s.id, s.commit, e.Index)
		case e.Index > s.log.last():
			report(e, []int{s.id}, nil, "Server %d commits index %d, and its log ends at %d.", s.id, e.Index, s.log.last())
		}
	}
}

var leaderCompleteness = check{
	Rule{
		ID: "leader-completeness", Title: "Leaders have all that is committed", Section: "§5.4, Figure 3 (Leader Completeness)",
		Says: "What was committed in one term is in the log of the leader of every later term.",
		Read: pageFigure8,
	}, watchCompleteness,
}

func watchCompleteness(c *cluster, report report) watch {
	lacks := func(e step, r *reign, log *journal, index uint64, done settled, witnesses ...int) {
		if index <= log.base || done.by >= r.term || index <= log.last() && !differ(log.term(index), done.term) {
			return
		}
		report(e, []int{r.leader, done.server}, witnesses,
			"Server %d leads term %d, and its log %s; server %d had committed index %d, of term %d, in term %d.",
			r.leader, r.term, has(log, index), done.server, index, done.term, done.by)
	}
	return func(e step) {
		s := c.server(e.Server)
		switch {
		case e.Kind == trace.RoleChange && s.up && e.Role == trace.Leader:
			for index := s.log.base + 1; index <= c.highest; index++ {
				if done, known := c.committed[index]; known {
					lacks(e, &reign{leader: s.id, term: e.Term}, &s.log, index, done, done.at)
				}
			}
		case e.Kind == trace.Commit && s.up && e.Role == trace.Leader && e.Index <= s.log.last() && e.Index-min(e.Index, e.Last) < sane:
			for _, term := range slices.Sorted(maps.Keys(c.reigns)) {
				r := c.reigns[term]
				if term <= s.term || !r.told {
					continue
				}
				for index := e.Last + 1; index <= e.Index; index++ {
					lacks(e, r, &r.log, index, settled{s.log.term(index), s.term, s.id, e.at}, r.at)
				}
			}
		}
	}
}
