package explain

import (
	"strings"
	"time"

	"pontoon.dev/go-shim/trace"
)

var noHeartbeats = note{
	Rule{
		ID: "no-heartbeats", Title: "A leader that falls silent", Section: "§5.2, Figure 2 (Leaders)",
		Says: "A leader sends every server an AppendEntries, empty if there is nothing to send, more often than the shortest election timeout.",
		Read: pageTimers,
	}, lookForHeartbeats,
}

// silence is longer than any sensible interval of heartbeats: the labs allow
// ten a second.
const silence = time.Second

func lookForHeartbeats(c *cluster, report report) {
	if c.opaque || c.requests == 0 {
		return
	}
	net := newLinks(c)
	joined := map[[2]int]time.Duration{} // since when two servers have been
	spoke := map[[2]int]time.Duration{}  // when one sent the other a leader's request last
	var reign *reign
	for _, e := range c.steps {
		net.take(e)
		if e.Kind == trace.Make || e.Kind == trace.Kill || e.Kind == trace.Link {
			for id := range c.n {
				joined[[2]int{e.Server, id}], joined[[2]int{id, e.Server}] = e.At, e.At
			}
			continue
		}
		if e.Kind != trace.Send || !plain(e.Message) {
			continue
		}
		if r := c.reigns[e.Message.Term]; fromLeader(e.Message) && r != nil && r.leader == e.Server {
			if spoke[[2]int{e.Server, e.Peer}] = e.At; reign == nil || r.term >= reign.term {
				reign = r
			}
			continue
		}
		if reign == nil || e.Message.Type != trace.RequestVote || e.Message.Term <= reign.term || e.Server == reign.leader {
			continue
		}
		pair := [2]int{reign.leader, e.Server}
		began := max(spoke[pair], joined[pair], c.t.Events[reign.at].At)
		if net.joined(reign.leader, e.Server) && e.At-began > silence {
			report(e, []int{reign.leader, e.Server}, []int{reign.at},
				"Server %d led term %d and could reach server %d, and sent it nothing for %v, until that stood for election in term %d.",
				reign.leader, reign.term, e.Server, (e.At - began).Round(time.Millisecond), e.Message.Term)
			return
		}
	}
}

var manyRPCs = note{
	Rule{
		ID: "many-rpcs", Title: "Too many messages", Section: "§5.2, §5.3",
		Says: "A leader sends heartbeats at its interval and entries when there are new ones, not whatever it can.",
		Read: pageBackingUp,
	}, lookForTraffic,
}

func lookForTraffic(c *cluster, report report) {
	if c.bad < 0 {
		return
	}
	failure := c.t.Events[c.bad]
	text := strings.ToLower(failure.Text)
	if !strings.Contains(text, "too many rpc") && !strings.Contains(text, "rpcs") && !strings.Contains(text, "rpc bytes") {
		return
	}
	type stream struct {
		from int
		what string
	}
	counts := map[stream]int{}
	total := 0
	for _, e := range c.steps {
		if e.Kind == trace.Send && e.Message != nil && isRaft(e.Message) {
			counts[stream{e.Server, requestName(e.Message)}]++
			total++
		}
	}
	best := stream{}
	for s, n := range counts {
		if n > counts[best] || n == counts[best] && (s.what < best.what || s.what == best.what && s.from < best.from) {
			best = s
		}
	}
	if total == 0 {
		return
	}
	took := c.steps[len(c.steps)-1].At - c.steps[0].At
	report(step{at: c.bad, Event: &c.t.Events[c.bad]}, []int{best.from}, nil,
		"The test counts messages. There were %d requests in %v; the most, %d, were server %d's, of kind %s.",
		total, took.Round(time.Millisecond), counts[best], best.from, best.what)
}

var slowBackup = note{
	Rule{
		ID: "slow-backup", Title: "Logs are compared entry by entry", Section: "§5.3 (end)",
		Says: "A refusal tells the leader enough to skip a whole term at a time; going back one entry for each refusal takes too long for the labs.",
		Read: pageBackingUp,
	}, lookForSlowBackup,
}

// slowSteps is how many refusals in a row, each for one entry, are too many.
const slowSteps = 10

func lookForSlowBackup(c *cluster, report report) {
	type pair struct {
		from, to int
		term     uint64
	}
	type descent struct {
		index uint64
		calls []*call
	}
	descents := map[pair]*descent{}
	for _, e := range c.steps {
		k := c.calls[messageID(e)]
		if e.Kind != trace.Reply || k == nil || !k.answered() || k.request.Type != trace.AppendEntries || k.reply.Term != k.request.Term {
			continue
		}
		at := pair{k.from, k.to, k.request.Term}
		d := descents[at]
		switch {
		case k.reply.OK:
			delete(descents, at)
		case d == nil || k.request.Index > d.index || k.request.Index+1 < d.index:
			descents[at] = &descent{k.request.Index, []*call{k}}
		case k.request.Index+1 == d.index:
			d.index, d.calls = k.request.Index, append(d.calls, k)
			if len(d.calls) == slowSteps {
				first := d.calls[0]
				report(step{at: first.sent, Event: &c.t.Events[first.sent]}, []int{k.from, k.to}, []int{first.replied, d.calls[1].sent, d.calls[1].replied, e.at},
					"Server %d refused %d requests of server %d in a row, after indexes %d, %d and so on down to %d: one entry less each time.",
					k.to, len(d.calls), k.from, first.request.Index, d.calls[1].request.Index, k.request.Index)
				return
			}
		}
	}
}
