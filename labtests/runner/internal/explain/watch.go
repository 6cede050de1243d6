package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pontoon.dev/go-shim/trace"
)

// watch looks at an event; the cluster is what it was just before.
type watch func(e step)

// check is a rule, and what watches over it in one test.
type check struct {
	rule  Rule
	begin func(c *cluster, report report) watch
}

// report says that e breaks the rule: whose events matter, why, and which
// earlier events show it.
type report func(e step, servers []int, witnesses []int, because string, args ...any)

// note is a suspicion, which looks at a whole test that failed.
type note struct {
	rule Rule
	look func(c *cluster, report report)
}

// reporter keeps the first finding of a rule in a test.
func (c *cluster) reporter(rule Rule, suspicion bool) report {
	said := false
	return func(e step, servers, witnesses []int, because string, args ...any) {
		if said {
			return
		}
		said = true
		slices.Sort(servers)
		c.found = append(c.found, Finding{
			Rule: rule, At: e.at, Servers: slices.Compact(servers), Because: fmt.Sprintf(because, args...),
			Context: witnesses, Suspicion: suspicion,
		})
	}
}

// Around is how far before and after a finding its context reaches, unless the
// reader asks for another.
const Around = 200 * time.Millisecond

// Limits of a context: events of each server beside the witnesses.
const (
	contextBefore = 8
	contextAfter  = 2
)

// context returns the witnesses, the event itself and what the servers did
// around it, in order.
func (c *cluster) context(f Finding) []int {
	events := c.t.Events
	chosen := map[int]bool{f.At: true}
	for _, at := range f.Context {
		if at >= 0 && at < len(events) {
			chosen[at] = true
		}
	}
	here, _ := slices.BinarySearchFunc(c.steps, f.At, func(s step, at int) int { return s.at - at })
	for _, id := range f.Servers {
		pick := func(from, by, most int) {
			for i := from; i >= 0 && i < len(c.steps) && most > 0; i += by {
				e := c.steps[i]
				if gap := e.At - events[f.At].At; gap > Around || gap < -Around {
					break
				}
				if Owner(e.Event) == id && telling(e.Event, f.Servers) {
					chosen[e.at] = true
					most--
				}
			}
		}
		pick(here-1, -1, contextBefore)
		pick(here+1, 1, contextAfter)
	}
	var all []int
	for at := range chosen {
		all = append(all, at)
	}
	slices.Sort(all)
	return all
}

// telling leaves out what is said a hundred times a second, and what several
// servers say to others.
func telling(e *trace.Event, servers []int) bool {
	switch e.Kind {
	case trace.Handle, trace.Return, trace.TimerReset:
		return false
	case trace.Propose:
		return e.Flag
	case trace.Send, trace.Reply, trace.Lost, trace.Link:
		return len(servers) < 2 || slices.Contains(servers, e.Server) && slices.Contains(servers, e.Peer)
	}
	return true
}

// sorted returns the servers of a set.
func sorted(set map[int]bool) []int { return slices.Sorted(maps.Keys(set)) }

// serverList writes a list of them: "servers 0, 1 and 4".
func serverList(ids []int) string {
	switch len(ids) {
	case 0:
		return "no server"
	case 1:
		return fmt.Sprintf("server %d", ids[0])
	}
	var b strings.Builder
	b.WriteString("servers ")
	for i, id := range ids {
		switch {
		case i == len(ids)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}

// when is an event's time, as the reader sees it everywhere.
func (c *cluster) when(at int) string {
	if at < 0 {
		return "before"
	}
	return clock(c.t.Events[at].At)
}

func clock(d time.Duration) string { return fmt.Sprintf("%.4f s", d.Seconds()) }
