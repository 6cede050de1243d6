package sample

import (
	"fmt"
	"slices"
	"time"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
)

// Options choose a run. The zero value is the one to look at.
type Options struct {
	Servers int    // 5 if 0
	Rounds  int    // of 100 ms after the story's end; each is some 100 events
	Foreign bool   // of a Raft that tells nothing of itself
	Command string // proposed beside the others
}

// Run is the trace of a run with everything in it: an election, commands, a
// partition with two leaders, lost messages, a crash, a snapshot that has to be
// sent, and a server that counts an entry of an old term.
func Run(o Options) (*trace.Trace, []explain.Finding) {
	if o.Servers == 0 {
		o.Servers = 5
	}
	n := o.Servers
	c := newCluster(n, 7, o.Foreign)
	c.put(0, trace.Event{Kind: trace.Run, Server: trace.None, Peer: trace.None, Index: uint64(n), Text: "sample"})
	c.put(0, trace.Event{Kind: trace.TestStart, Server: trace.None, Peer: trace.None, Text: "Sample: partition, crash, snapshot"})
	for s := range n {
		c.begin(ms, s)
	}
	old, next, crashed := 2%n, n-1, 1
	c.loss = 0.03
	c.elect(212*ms, old)
	c.lead(240*ms, 900*ms, old, 6, o.Command)
	near := []int{old, 0}
	far := []int{}
	for s := range n {
		if !slices.Contains(near, s) {
			far = append(far, s)
		}
	}
	if len(far) <= n/2 { // the old leader alone
		near, far = []int{old}, append(far, 0)
		next, crashed = 0, 1
	}
	c.split(935*ms, near, far)
	c.lead(950*ms, 1200*ms, old, 3, "")
	c.elect(1187*ms, next)
	c.lead(1205*ms, 1500*ms, next, 7, "")
	c.lead(1210*ms, 1450*ms, old, 2, "")
	c.crash(1420*ms, crashed)
	c.split(1520*ms, near, far, nil)
	c.split(1530*ms, all(n))
	c.lead(1540*ms, 1900*ms, next, 5, "")
	c.snapshot(1912*ms, next, c.servers[next].commit)
	c.begin(1990*ms, crashed)
	c.lead(2005*ms, 2300*ms, next, 4, "")
	f := c.breakRules(2320*ms, next, old)
	c.lead(2330*ms, 2600*ms, next, 3, "")
	c.put(2610*ms, trace.Event{Kind: trace.Failure, Server: trace.None, Peer: trace.None,
		Text: fmt.Sprintf("commit index=%d server=%d %q != server=%d %q", f.index, old, "x", next, "y")})
	at := 2650 * ms
	for range o.Rounds {
		c.lead(at, at+100*ms, next, 12, "")
		at += 100 * ms
	}
	c.put(at, trace.Event{Kind: trace.TestEnd, Server: trace.None, Peer: trace.None, Text: "Sample: partition, crash, snapshot"})
	t := c.trace()
	return t, f.findings(t, next, old)
}

func all(n int) (s []int) {
	for i := range n {
		s = append(s, i)
	}
	return s
}

// lead sends heartbeats every 100 ms and k commands spread over the time.
func (c *cluster) lead(from, to time.Duration, s, k int, command string) {
	type beat struct {
		at      time.Duration
		propose bool
	}
	var beats []beat
	for at := from; at < to; at += 100 * ms {
		beats = append(beats, beat{at, false})
	}
	for i := range k {
		beats = append(beats, beat{from + (to-from)*time.Duration(2*i+1)/time.Duration(2*k) + time.Duration(c.rng.IntN(9))*ms, true})
	}
	slices.SortFunc(beats, func(a, b beat) int { return int(a.at - b.at) })
	for _, b := range beats {
		if c.servers[s].role != trace.Leader {
			return
		}
		if b.propose {
			text := fmt.Sprint(1000 + c.rng.IntN(9000))
			if command != "" {
				text, command = command, ""
			}
			c.propose(b.at, s, text)
		}
		c.replicate(b.at+50*time.Microsecond, s)
	}
}

type broken struct{ index uint64 }

// breakRules lets s commit what the others do not have, and apply it.
func (c *cluster) breakRules(at time.Duration, leader, s int) broken {
	v := c.servers[s]
	i := v.commit + 1
	c.put(at, trace.Event{Kind: trace.Commit, Server: s, Peer: trace.None, Role: trace.Follower, Last: i - 1, Index: i, LogTerm: v.term})
	c.put(at+4*ms, trace.Event{Kind: trace.Apply, Server: s, Peer: trace.None, Index: i, LogTerm: v.term, Digest: digest("x")})
	c.put(at+4*ms, trace.Event{Kind: trace.Receive, Server: s, Peer: trace.None, Index: i, Text: "x", Digest: digest("x")})
	return broken{i}
}

// findings points at what breakRules did.
func (b broken) findings(t *trace.Trace, leader, s int) []explain.Finding {
	at := func(k trace.Kind, server int) int {
		return slices.IndexFunc(t.Events, func(e trace.Event) bool {
			return e.Kind == k && e.Server == server && e.Index == b.index && e.At > 2310*ms
		})
	}
	received := at(trace.Receive, s)
	first := max(at(trace.Commit, s), 0)
	if t.Events[first].At == 0 {
		first = received
	}
	return []explain.Finding{{
		Rule: explain.Rule{ID: "commit-majority", Title: "Commit without a majority", Section: "§5.3, §5.4.2",
			Says: "An entry is committed once its leader has stored it on a majority of the servers."},
		At: first, Servers: []int{s, leader},
		Because: fmt.Sprintf("S%d moved its commit index to %d, but S%d, the leader, had told it of %d alone.", s, b.index, leader, b.index-1),
		Context: []int{first, received},
	}, {
		Rule: explain.Rule{ID: "state-machine-safety", Title: "State Machine Safety", Section: "§5.4.3, Figure 3",
			Says: "If a server has applied an entry at an index, no other server will ever apply a different entry for that index."},
		At: received, Servers: []int{s, leader},
		Because: fmt.Sprintf("S%d applied \"x\" at index %d, where the others go on to apply another command.", s, b.index),
		Context: []int{first, received},
	}}
}
