package timeline

import (
	"slices"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
)

// thin chooses the events that a page shows, at most limit of them but for
// those that findings point at. What tells least goes first.
func thin(all []trace.Event, findings []explain.Finding, limit int) (kept []int, left []leftOut) {
	gone := make([]bool, len(all))
	need := needed(all, findings)
	rest := len(all)
	drop := func(what string, of func(i int) bool) {
		n := 0
		for i := range all {
			if !gone[i] && !need[i] && of(i) {
				gone[i] = true
				n++
			}
		}
		if n > 0 {
			rest -= n
			left = append(left, leftOut{n, what})
		}
	}
	drop("of servers beyond the 32nd", func(i int) bool { return !drawable(&all[i]) })
	if rest > limit {
		drop("restarts of election timers", func(i int) bool { return all[i].Kind == trace.TimerReset })
	}
	if rest > limit {
		drop("writes to disk", func(i int) bool { return all[i].Kind == trace.Persist })
	}
	if rest > limit {
		idle := idleCalls(all)
		drop("of heartbeats that changed nothing", func(i int) bool { return all[i].Message != nil && idle[all[i].Message.ID] })
	}
	if rest > limit {
		from := limitedTo(gone, need, limit)
		drop("from the run's beginning", func(i int) bool { return i < from })
	}
	for i := range all {
		if !gone[i] {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 { // all of servers that cannot be drawn
		kept = []int{0}
	}
	return kept, left
}

// needed marks what stays: the run's frame and the findings' events.
func needed(all []trace.Event, findings []explain.Finding) []bool {
	need := make([]bool, len(all))
	for i := range all {
		if !drawable(&all[i]) {
			continue
		}
		switch all[i].Kind {
		case trace.Run, trace.TestStart, trace.TestEnd, trace.Failure, trace.Make, trace.Kill, trace.RoleChange, trace.Snapshot, trace.Install:
			need[i] = true
		}
	}
	calls := map[uint64]bool{}
	for _, f := range findings {
		for _, i := range append(slices.Clone(f.Context), f.At) {
			need[i] = true
			if m := all[i].Message; m != nil {
				calls[m.ID] = true
			}
		}
	}
	for i := range all {
		if m := all[i].Message; m != nil && calls[m.ID] {
			need[i] = true
		}
	}
	return need
}

// idleCalls are heartbeats whose answer came back and said yes.
func idleCalls(all []trace.Event) map[uint64]bool {
	idle := map[uint64]bool{}
	for i := range all {
		e := &all[i]
		if e.Message == nil {
			continue
		}
		switch {
		case e.Kind == trace.Send && heartbeat(e.Message):
			idle[e.Message.ID] = true
		case e.Kind == trace.Lost,
			e.Kind == trace.Reply && (!e.Message.Known || !e.Message.OK),
			e.Kind == trace.Return && !e.Flag:
			delete(idle, e.Message.ID)
		}
	}
	return idle
}

// limitedTo is the event to begin at, so that limit of them are left.
func limitedTo(gone, need []bool, limit int) int {
	n := 0
	for i := range need {
		if need[i] && !gone[i] {
			n++
		}
	}
	for i := len(gone) - 1; i >= 0; i-- {
		if gone[i] || need[i] {
			continue
		}
		if n++; n > limit {
			return i + 1
		}
	}
	return 0
}
