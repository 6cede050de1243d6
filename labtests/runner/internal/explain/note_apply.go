package explain

import (
	"maps"
	"slices"
	"strings"
	"time"

	"pontoon.dev/go-shim/trace"
)

var applyStalled = note{
	Rule{
		ID: "apply-stalled", Title: "Committed, and not handed over", Section: "§5.3, Figure 2 (All Servers: lastApplied)",
		Says: "What is committed reaches applyCh soon, from a goroutine that holds no lock while it sends: the receiver calls Snapshot from within.",
		Read: pageApplies,
	}, lookForStalledApply,
}

// stall is how long a server may sit on a committed entry.
const stall = time.Second

func lookForStalledApply(c *cluster, report report) {
	type progress struct {
		commit, received uint64
		since            step // it has known commit, and received less
		receives         bool
	}
	all := map[int]*progress{}
	of := func(id int) *progress {
		if all[id] == nil {
			all[id] = &progress{}
		}
		return all[id]
	}
	knows := func(e step, id int, commit uint64) {
		p := of(id)
		if p.commit <= p.received && commit > p.received {
			p.since = e
		}
		p.commit = max(p.commit, commit)
	}
	receives := false
	for _, e := range c.steps {
		k := c.calls[messageID(e)]
		switch {
		case e.Kind == trace.Make || e.Kind == trace.Kill:
			all[e.Server] = &progress{}
		case e.Kind == trace.Receive:
			receives = true
			p := of(e.Server)
			p.received = max(p.received, e.Index)
			p.since = e
		case e.Kind == trace.Commit:
			knows(e, e.Server, e.Index)
		case e.Kind == trace.Send && fromLeader(e.Message) && e.Message.Type == trace.AppendEntries:
			knows(e, e.Server, e.Message.Commit)
		case e.Kind == trace.Reply && k != nil && k.answered() && k.firm() && k.request.Type == trace.AppendEntries && k.reply.OK:
			knows(e, k.to, min(k.request.Commit, covered(k.request)))
		}
		if !receives {
			continue
		}
		if c.bad >= 0 && e.at >= c.bad {
			break
		}
	}
	if c.bad < 0 || !receives {
		return
	}
	for id := range c.n {
		p := of(id)
		if p.commit > p.received && p.since.Event != nil && c.t.Events[c.bad].At-p.since.At > stall {
			report(p.since, []int{id}, nil,
				"Server %d knows that index %d is committed; the test has received what is up to %d from it, and nothing since %s, %v before it failed. Does a send on applyCh wait for somebody who waits for Raft's lock?",
				id, p.commit, p.received, c.when(p.since.at), (c.t.Events[c.bad].At - p.since.At).Round(time.Millisecond))
			return
		}
	}
}

var deposedStart = note{
	Rule{
		ID: "deposed-start", Title: "A command given to a leader of the past", Section: "§5.2, §8",
		Says: "What a server takes as the leader of a term that is over is never committed; the client finds out when another command takes its index.",
		Read: pageIsolated,
	}, lookForDeposedStart,
}

func lookForDeposedStart(c *cluster, report report) {
	if c.bad < 0 || !strings.Contains(c.t.Events[c.bad].Text, "agreement") {
		return
	}
	var latest step
	for _, e := range c.steps {
		if e.Kind == trace.Propose && e.Flag && e.at < c.bad {
			latest = e
		}
	}
	if latest.Event == nil {
		return
	}
	for _, term := range slices.Sorted(maps.Keys(c.reigns)) {
		r := c.reigns[term]
		if term > latest.Term && r.at < latest.at && r.leader != latest.Server {
			report(latest, []int{latest.Server, r.leader}, []int{r.at},
				"Server %d took the last command before the failure, index %d in term %d, although server %d led term %d by then (%s): it did not know yet.",
				latest.Server, latest.Index, latest.Term, r.leader, term, c.when(r.at))
			return
		}
	}
}
