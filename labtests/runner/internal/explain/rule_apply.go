package explain

import "pontoon.dev/go-shim/trace"

var stateMachineSafety = check{
	Rule{
		ID: "state-machine-safety", Title: "All servers apply the same", Section: "§5.4.3, Figure 3 (State Machine Safety)",
		Says: "If a server has applied an entry at an index, no other server ever applies another one there.",
		Read: pageOutdated,
	}, watchStateMachines,
}

func watchStateMachines(c *cluster, report report) watch {
	type what struct {
		kind  trace.Kind
		index uint64
	}
	first := map[what]step{}
	return func(e step) {
		if e.Kind != trace.Receive && e.Kind != trace.Apply || e.Flag || e.Server < 0 {
			return
		}
		before, known := first[what{e.Kind, e.Index}]
		if !known {
			if e.Digest != 0 {
				first[what{e.Kind, e.Index}] = e
			}
			return
		}
		if differ(before.Digest, e.Digest) {
			one, other := command(before.Event), command(e.Event)
			if one == other { // their texts are not recorded
				one, other = "one command", "another"
			}
			report(e, []int{e.Server, before.Server}, []int{before.at},
				"At index %d server %d applied %s (%s), and server %d applies %s.",
				e.Index, before.Server, one, c.when(before.at), e.Server, other)
		}
	}
}

func command(e *trace.Event) string {
	if e.Text == "" {
		return "a command"
	}
	return e.Text
}

var applyOrder = check{
	Rule{
		ID: "apply-order", Title: "Entries are applied in order, each once", Section: "§5.3, Figure 2 (Rules for Servers, lastApplied)",
		Says: "A server applies entry after entry: without gaps and none twice, beginning after a restart with the entry behind its snapshot.",
		Read: pageApplies,
	}, watchApplyOrder,
}

// delivery is where one life of a server is with what it hands over.
type delivery struct {
	life  int
	last  uint64
	at    int
	since uint64 // before the latest snapshot, if that may have been refused
	any   bool
}

func (d *delivery) fits(index uint64) bool {
	return index == d.last+1 || d.since > 0 && index == d.since+1
}

func watchApplyOrder(c *cluster, report report) watch {
	now := map[int]*delivery{}
	most := map[int]uint64{}
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Apply && s.up && e.Index != s.applied+1 && (e.Index != s.installing+1 || s.installing < s.applied) {
			report(e, []int{s.id}, nil, "Server %d applies index %d after index %d.", s.id, e.Index, s.applied)
		}
		if e.Kind != trace.Receive || e.Server < 0 || !s.up {
			return
		}
		d := now[s.id]
		if d == nil || d.life != s.life {
			d = &delivery{life: s.life, at: -1}
			now[s.id] = d
		}
		defer func() { most[s.id] = max(most[s.id], e.Index) }()
		switch {
		case e.Flag:
			d.since, d.last, d.at, d.any = d.last, e.Index, e.at, true
			return
		case !d.any && (s.life == 1 && e.Index != 1 || e.Index > max(most[s.id], s.installed)+1 && !c.tells[s.id] || c.noSnapshots && e.Index != 1):
			report(e, []int{s.id}, []int{s.made}, "The first entry that server %d applies%s is that of index %d.", s.id, afterRestart(s), e.Index)
		case d.any && !d.fits(e.Index) && e.Index > d.last:
			report(e, []int{s.id}, []int{d.at}, "Server %d applies index %d after index %d: what is between them was left out.", s.id, e.Index, d.last)
		case d.any && !d.fits(e.Index):
			report(e, []int{s.id}, []int{d.at}, "Server %d applies index %d, and had applied index %d already (%s).", s.id, e.Index, d.last, c.when(d.at))
		}
		d.last, d.at, d.since, d.any = e.Index, e.at, 0, true
	}
}

func afterRestart(s *server) string {
	if s.life > 1 {
		return " after its restart"
	}
	return ""
}

var applyCommitted = check{
	Rule{
		ID: "apply-committed", Title: "Only committed entries are applied", Section: "§5.3, Figure 2 (commitIndex, lastApplied)",
		Says: "A server applies an entry only when it is committed.",
		Read: pageApplies,
	}, watchApplyCommitted,
}

func watchApplyCommitted(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Apply && s.up && e.Index > s.commit {
			report(e, []int{s.id}, nil, "Server %d applies index %d, and its commit index is %d.", s.id, e.Index, s.commit)
		}
		if e.Kind == trace.Receive && !e.Flag && c.hearsAll() && e.Index > c.ceiling && c.announcing(e) == nil {
			report(e, []int{e.Server}, nil,
				"Server %d applies index %d. The highest index that %d of %d servers have acknowledged to any leader is %d, so that this one cannot be committed.",
				e.Server, e.Index, c.majority(), c.n, c.ceiling)
		}
	}
}

var noNoop = check{
	Rule{
		ID: "no-noop", Title: "No entries of Raft's own in the labs", Section: "§8 (and the labs' tests)",
		Says: "The labs want the first command at index 1 and every index to hold a command: a leader must not open its term with an empty entry, although §8 recommends it.",
		Read: pageNoop,
	}, watchNoop,
}

func watchNoop(c *cluster, report report) watch {
	lowest := uint64(absurd)
	for _, e := range c.steps {
		if e.Kind == trace.Propose && e.Flag && e.Index > 0 {
			lowest = min(lowest, e.Index)
		}
	}
	return func(e step) {
		if e.Kind == trace.Propose && e.Flag && e.Index == lowest && lowest > 1 {
			report(e, []int{e.Server}, nil,
				"The first command that any server took has index %d, given by server %d in term %d: what is before it is no command of the test.", e.Index, e.Server, e.Term)
		}
	}
}
