package explain

import "pontoon.dev/go-shim/trace"

var timerReset = check{
	Rule{
		ID: "timer-reset", Title: "What sets the election timer anew", Section: "§5.2, Figure 2 (Rules for Servers, Followers)",
		Says: "A follower sets its election timer anew when it grants a vote or hears from the leader of its term, and at nothing else.",
		Read: pageTimers,
	}, watchTimer,
}

func watchTimer(c *cluster, report report) watch {
	waits := map[int]step{} // by server: a reset that only a vote, noted next, explains
	return func(e step) {
		if !inside(e.Kind) || !c.server(e.Server).up || !c.told() {
			return
		}
		if reset, waiting := waits[e.Server]; waiting {
			delete(waits, e.Server)
			if e.Kind != trace.Vote || e.Peer != reset.Peer {
				s := c.server(e.Server)
				report(reset, []int{e.Server, reset.Peer}, nil,
					"Server %d sets its election timer anew because of server %d, which neither leads term %d nor was given a vote: a server that cannot win thereby holds up those that could.",
					e.Server, reset.Peer, s.term)
			}
		}
		if e.Kind != trace.TimerReset || e.Peer < 0 || e.Peer == e.Server {
			return
		}
		s := c.server(e.Server)
		if r := c.reigns[s.term]; r != nil && r.leader == e.Peer {
			return
		}
		if s.votedIn == s.term && s.votedTo == e.Peer {
			return
		}
		waits[e.Server] = e
	}
}
