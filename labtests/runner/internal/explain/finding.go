// Package explain says which of Raft's rules a recorded run breaks first.
package explain

// Rule is a rule that a run must keep.
type Rule struct {
	ID      string // such as "election-safety"
	Title   string
	Section string // of the paper, such as "§5.2, Figure 3"
	Says    string // the rule, in one sentence
	Read    string // a page under docs/, or ""
}

// Finding is a rule that was broken.
type Finding struct {
	Rule    Rule
	At      int    // index into the trace's Events of the event that broke it
	Servers []int  // whose events matter
	Because string // who did what, and what the rule wants, with names and numbers
	Context []int  // indices of the events to show around it, in order
}
