package explain

import (
	"fmt"

	"pontoon.dev/go-shim/trace"
)

var selfCheck = check{
	Rule{
		ID: "self-check", Title: "A server that stops itself", Section: "Figure 3",
		Says: "A server goes on unless it is told to stop; one that checks its own state stops when that cannot be, rather than do harm.",
	}, watchSelf,
}

func watchSelf(c *cluster, report report) watch {
	return func(e step) {
		if e.Kind != trace.Failure || e.Server < 0 {
			return
		}
		s, doing := c.server(e.Server), ""
		servers, witnesses := []int{s.id}, []int{s.roleAt}
		for _, k := range s.open {
			if plain(k.request) {
				doing = fmt.Sprintf(" It was handling %s of server %d in term %d.", request(k.request), k.from, k.request.Term)
				servers, witnesses = append(servers, k.from), append(witnesses, k.sent, k.handled)
			}
		}
		report(e, servers, witnesses, "Server %d, %s in term %d, ended of itself: %s%s", s.id, roleName(s.role), s.term, sentence(e.Text), doing)
	}
}
