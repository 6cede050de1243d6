package explain

import (
	"time"

	"pontoon.dev/go-shim/trace"
)

var refusedAgain = note{
	Rule{
		ID: "refused-again", Title: "A refused AppendEntries is repeated unchanged", Section: "§5.3, Figure 2 (Leaders)",
		Says: "After a refusal a leader goes back in the log before it sends again; the same request is refused again.",
		Read: pageBackingUp,
	}, lookForRepeats,
}

// repeats is how many refusals of one request in a row are too many.
const repeats = 6

func lookForRepeats(c *cluster, report report) {
	type pair struct{ from, to int }
	type row struct {
		at    position // the leader's term, and the index
		calls []*call
	}
	rows := map[pair]*row{}
	for _, e := range c.steps {
		k := c.calls[messageID(e)]
		if e.Kind != trace.Reply || k == nil || !k.answered() || k.request.Type != trace.AppendEntries || k.reply.Term != k.request.Term {
			continue
		}
		at, of := position{k.request.Term, k.request.Index}, pair{k.from, k.to}
		r := rows[of]
		switch {
		case k.reply.OK:
			delete(rows, of)
		case r == nil || r.at != at:
			rows[of] = &row{at, []*call{k}}
		default:
			// Only what was sent after the leader had the last refusal.
			if last := r.calls[len(r.calls)-1]; last.arrived && k.sent > last.returned {
				r.calls = append(r.calls, k)
			}
			if len(r.calls) == repeats {
				first := r.calls[0]
				report(step{at: first.sent, Event: &c.t.Events[first.sent]}, []int{k.from, k.to}, []int{first.replied, r.calls[1].sent, r.calls[1].replied, e.at},
					"Server %d, leader of term %d, sends server %d what comes after index %d, is refused, and sends the same again: %d times in a row, until %s.",
					k.from, k.request.Term, k.to, k.request.Index, repeats, c.when(e.at))
				return
			}
		}
	}
}

// latest returns the leader of the highest term before the failure, if it
// still runs, and who has been able to talk with it since when.
func (c *cluster) latestReign() (*reign, map[int]time.Duration) {
	var last *reign
	for _, r := range c.reigns {
		if r.at < c.bad && (last == nil || r.term > last.term) {
			last = r
		}
	}
	if last == nil {
		return nil, nil
	}
	net, since := newLinks(c), map[int]time.Duration{}
	for _, e := range c.steps {
		if e.at >= c.bad {
			break
		}
		net.take(e)
		for id := range c.n {
			if id == last.leader || !net.joined(last.leader, id) {
				delete(since, id)
			} else if _, joined := since[id]; !joined {
				since[id] = e.At
			}
		}
	}
	return last, since
}

var leftBehind = note{
	Rule{
		ID: "left-behind", Title: "A follower is not sent what it lacks", Section: "§5.3, Figure 2 (Leaders: nextIndex)",
		Says: "A leader repeats what a follower has not acknowledged until the follower has it, also if a message or its answer was lost.",
		Read: pageBackingUp,
	}, lookForLeftBehind,
}

// overdue is how long a follower that can be reached may lack entries.
const overdue = 1500 * time.Millisecond

func lookForLeftBehind(c *cluster, report report) {
	if c.bad < 0 || c.opaque {
		return
	}
	r, since := c.latestReign()
	if r == nil {
		return
	}
	end := c.t.Events[c.bad].At
	for id := range c.n {
		joined, can := since[id]
		if !can || end-max(joined, c.t.Events[r.at].At) < overdue {
			continue
		}
		acked, last, lastAt := uint64(0), uint64(0), -1
		sent, carried := 0, 0
		for _, e := range c.steps {
			k := c.calls[messageID(e)]
			if k == nil || e.at >= c.bad || k.request.Term != r.term || k.from != r.leader || !fromLeader(k.request) {
				continue
			}
			switch {
			case e.Kind == trace.Send && end-e.At > overdue:
				if reach := covered(k.request); reach > last {
					last, lastAt = reach, e.at
				}
			case e.Kind == trace.Send && k.to == id:
				if sent++; k.request.Entries > 0 || k.request.Type == trace.InstallSnapshot {
					carried++
				}
			}
			if e.Kind == trace.Reply && k.to == id {
				acked = max(acked, k.acknowledged())
			}
		}
		if last > acked && sent > 0 && carried == 0 {
			report(step{at: lastAt, Event: &c.t.Events[lastAt]}, []int{r.leader, id}, nil,
				"Server %d, leader of term %d, has had index %d since %s at the latest; server %d has acknowledged what is up to %d, and was sent %d messages without entries in the last %v.",
				r.leader, r.term, last, c.when(lastAt), id, acked, sent, overdue)
			return
		}
	}
}

var commitStalled = note{
	Rule{
		ID: "commit-stalled", Title: "A majority has it, and it is not committed", Section: "§5.3, Figure 2 (Leaders)",
		Says: "A leader commits an entry of its term as soon as more than half of all servers have it, and tells the others with the next message.",
	}, lookForStalledCommit,
}

func lookForStalledCommit(c *cluster, report report) {
	if c.bad < 0 || c.opaque || c.majority() < 2 {
		return
	}
	r, _ := c.latestReign()
	if r == nil {
		return
	}
	live := &reign{leader: r.leader, term: r.term, said: r.said, acked: map[int]uint64{}}
	var stuck step
	commit := uint64(0)
	for _, e := range c.steps {
		k := c.calls[messageID(e)]
		if k == nil || e.at >= c.bad || k.request.Term != r.term || k.from != r.leader || !fromLeader(k.request) {
			continue
		}
		if e.Kind == trace.Send {
			commit = max(commit, k.request.Commit)
		}
		if e.Kind == trace.Return && k.arrived {
			live.acked[k.to] = max(live.acked[k.to], k.acknowledged())
		}
		if c.agreed(live) <= commit {
			stuck = step{}
		} else if stuck.Event == nil {
			stuck = e
		}
	}
	agreed := c.agreed(live)
	if f, known := r.said[agreed]; stuck.Event != nil && known && f.term == r.term && c.t.Events[c.bad].At-stuck.At > overdue {
		report(stuck, append(sorted(c.having(live, agreed)), r.leader), []int{f.at},
			"Server %d, leader of term %d, has had the answers that a majority holds index %d of that term since %s, and still says that what is committed ends at %d.",
			r.leader, r.term, agreed, c.when(stuck.at), commit)
	}
}
