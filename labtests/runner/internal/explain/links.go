package explain

import "pontoon.dev/go-shim/trace"

// links is which servers run and can reach which.
type links struct {
	c   *cluster
	up  map[int]bool
	cut map[[2]int]bool
}

func newLinks(c *cluster) *links {
	l := &links{c: c, up: map[int]bool{}, cut: map[[2]int]bool{}}
	// A network on which no way is ever opened has all of them open.
	for _, e := range c.steps {
		if e.Kind == trace.Link && e.Flag {
			for a := range c.n {
				for b := range c.n {
					l.cut[[2]int{a, b}] = a != b
				}
			}
			break
		}
	}
	return l
}

func (l *links) take(e step) {
	switch e.Kind {
	case trace.Make:
		l.up[e.Server] = true
	case trace.Kill:
		l.up[e.Server] = false
	case trace.Failure: // of a node that ended of itself
		l.up[e.Server] = false
	case trace.Link:
		l.cut[[2]int{e.Server, e.Peer}] = !e.Flag
	}
}

// joined reports whether a and b run and reach each other.
func (l *links) joined(a, b int) bool {
	return l.up[a] && l.up[b] && !l.cut[[2]int{a, b}] && !l.cut[[2]int{b, a}]
}

// central reports whether a server reaches a majority, with itself.
func (l *links) central(id int) bool {
	reached := 0
	for other := range l.c.n {
		if l.joined(id, other) || id == other && l.up[id] {
			reached++
		}
	}
	return l.c.majority() > 0 && reached >= l.c.majority()
}

// majority returns the servers that reach a majority, nil if they are none.
func (l *links) majority() []int {
	var all []int
	for id := range l.c.n {
		if l.central(id) {
			all = append(all, id)
		}
	}
	if len(all) < l.c.majority() || l.c.majority() == 0 {
		return nil
	}
	return all
}

// candidacy is one server's election.
type candidacy struct {
	server int
	term   uint64
	begins step
	asked  []*call
}

// candidacies lists the elections that vote requests show, in order of time.
func (c *cluster) candidacies() []*candidacy {
	var all []*candidacy
	found := map[voteKey]*candidacy{}
	for _, e := range c.steps {
		if e.Kind != trace.Send || !plain(e.Message) || e.Message.Type != trace.RequestVote {
			continue
		}
		key := voteKey{e.Server, e.Message.Term}
		one := found[key]
		if one == nil {
			one = &candidacy{server: e.Server, term: e.Message.Term, begins: e}
			found[key] = one
			all = append(all, one)
		}
		one.asked = append(one.asked, c.calls[e.Message.ID])
	}
	return all
}

// led reports whether a leader of term was seen.
func (c *cluster) led(term uint64) bool { return c.reigns[term] != nil }
