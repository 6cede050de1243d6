package explain

import (
	"fmt"
	"strings"
	"time"

	"pontoon.dev/go-shim/trace"
)

// long is a time within which a majority that can talk elects a leader, with
// any sensible timeouts; the labs demand one within five seconds.
const long = 2500 * time.Millisecond

var noLeader = note{
	Rule{
		ID: "no-leader", Title: "No leader for long", Section: "§5.2, §5.6",
		Says: "While more than half of all servers run and reach each other, they elect a leader soon.",
		Read: pageTimers,
	}, lookForLeader,
}

// lull is a time without a leader's message arriving anywhere, in which a
// majority could talk.
type lull struct {
	from, to step
	servers  []int // that reach a majority
}

func (l lull) length() time.Duration { return l.to.At - l.from.At }

// longestLull finds it; its length is 0 if nothing can be said.
func (c *cluster) longestLull() lull {
	net := newLinks(c)
	if len(c.steps) == 0 {
		return lull{}
	}
	now := lull{from: c.steps[0], to: c.steps[0]}
	longest, open := now, false
	for _, e := range c.steps {
		net.take(e)
		changes := e.Kind == trace.Make || e.Kind == trace.Kill || e.Kind == trace.Link
		heard := e.Kind == trace.Handle && c.calls[messageID(e)] != nil && fromLeader(c.calls[messageID(e)].request)
		if open {
			now.to = e
			if now.length() > longest.length() {
				longest = now
			}
		}
		if changes || heard || !open {
			servers := net.majority()
			now, open = lull{from: e, to: e, servers: servers}, servers != nil
		}
	}
	return longest
}

func lookForLeader(c *cluster, report report) {
	if c.requests+c.asked == 0 || c.opaque {
		return
	}
	l := c.longestLull()
	if l.length() < long {
		return
	}
	tries, reasons := map[int]int{}, map[string]int{}
	var witnesses []int
	for _, one := range c.candidacies() {
		if one.begins.at < l.from.at || one.begins.at > l.to.at {
			continue
		}
		tries[one.server]++
		if len(witnesses) < 6 {
			witnesses = append(witnesses, one.begins.at)
		}
		for _, k := range one.asked {
			reasons[c.refusal(k)]++
		}
	}
	var who []string
	for _, id := range l.servers {
		if tries[id] > 0 {
			who = append(who, fmt.Sprintf("server %d stood %s", id, times(tries[id])))
		}
	}
	because := "none of them stood for election"
	if len(who) > 0 {
		because = strings.Join(who, ", ") + "; of their vote requests " + most(reasons)
	}
	report(l.from, l.servers, witnesses, "For %s, from %s on, no leader's message arrived anywhere, although %s ran and could talk: %s.",
		l.length().Round(time.Millisecond), c.when(l.from.at), serverList(l.servers), because)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// refusal says what became of a vote request.
func (c *cluster) refusal(k *call) string {
	switch {
	case k.handled < 0:
		return "were lost"
	case k.reply == nil || k.returned < 0:
		return "had no answer"
	case k.granted():
		return "were granted"
	case k.reply.Term > k.request.Term:
		return "were refused by servers of a later term"
	case position{k.request.LogTerm, k.request.Index}.less(k.tail):
		return "were refused by servers with more in their logs"
	}
	return "were refused"
}

// most writes counted reasons, the most frequent first.
func most(reasons map[string]int) string {
	var parts []string
	for len(reasons) > 0 {
		best := ""
		for reason, n := range reasons {
			if best == "" || n > reasons[best] || n == reasons[best] && reason < best {
				best = reason
			}
		}
		parts = append(parts, fmt.Sprintf("%d %s", reasons[best], best))
		delete(reasons, best)
	}
	return strings.Join(parts, ", ")
}

var timerHeld = note{
	Rule{
		ID: "timer-held", Title: "A server that never stands for election", Section: "§5.2, Figure 2 (Followers)",
		Says: "A follower stands for election when it has heard from no leader for its timeout; a vote request that it refuses does not put that off.",
		Read: pageTimers,
	}, lookForHeldTimers,
}

func lookForHeldTimers(c *cluster, report report) {
	if c.requests+c.asked == 0 || c.opaque {
		return
	}
	l := c.longestLull()
	if l.length() < long {
		return
	}
	stood, refused := map[int]bool{}, map[int]int{}
	for _, one := range c.candidacies() {
		if one.begins.at < l.from.at || one.begins.at > l.to.at {
			continue
		}
		stood[one.server] = true
		for _, k := range one.asked {
			if k.replied >= 0 && !k.granted() {
				refused[k.to]++
			}
		}
	}
	for _, id := range l.servers {
		if !stood[id] && refused[id] >= 2 {
			report(l.from, []int{id}, nil,
				"From %s on server %d heard from no leader for %s and did not stand for election; it refused %d vote requests meanwhile. If those set its election timer anew, it waits for ever.",
				c.when(l.from.at), id, l.length().Round(time.Millisecond), refused[id])
			return
		}
	}
}
