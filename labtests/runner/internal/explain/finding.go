package explain

import (
	"slices"

	"pontoon.dev/go-shim/trace"
)

// Rule is one thing that Raft demands.
type Rule struct {
	ID      string // such as "election-safety"
	Title   string
	Section string // of the paper: "§5.2, Figure 3"
	Says    string // one sentence: what it wants
	Read    string // a page under docs/, or ""
}

// Finding is a rule that was broken.
type Finding struct {
	Rule    Rule
	At      int    // index into Trace.Events of the event that broke it
	Servers []int  // whose events matter
	Because string // who did what, and what the rule wants, with names and numbers
	Context []int  // indices of the events to show around it, in order
	// Suspicion tells that it is no proof: something that is unusual, and may be
	// why the test failed. There are none beside proven findings.
	Suspicion bool
}

// Of returns what is wrong in t, in order of At: the first is the one to name.
// There is one finding for each rule at most in each test of the trace. What
// follows from a broken rule breaks others, so that the later ones are often
// consequences. Suspicions about one test come the most telling first.
func Of(t *trace.Trace) []Finding {
	if t == nil {
		return nil
	}
	var all []Finding
	for _, run := range runs(t) {
		all = append(all, run.findings()...)
	}
	return all
}

// findings is Of for one test.
func (r run) findings() []Finding {
	c := newCluster(r)
	var watches []watch
	for _, check := range checks {
		watches = append(watches, check.begin(c, c.reporter(check.rule, false)))
	}
	for _, step := range r.steps {
		c.arrive(step)
		for _, see := range watches {
			see(step)
		}
		c.take(step)
	}
	slices.SortStableFunc(c.found, func(a, b Finding) int { return a.At - b.At })
	if len(c.found) == 0 && r.failed() {
		for _, note := range notes {
			note.look(c, c.reporter(note.rule, true))
		}
	}
	for i, f := range c.found {
		c.found[i].Context = c.context(f)
	}
	return c.found
}

// Rules returns every rule, in the order of the paper, then the suspicions.
func Rules() (proofs, suspicions []Rule) {
	for _, check := range checks {
		proofs = append(proofs, check.rule)
	}
	for _, note := range notes {
		suspicions = append(suspicions, note.rule)
	}
	return proofs, suspicions
}
