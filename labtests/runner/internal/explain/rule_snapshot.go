package explain

import "pontoon.dev/go-shim/trace"

var snapshotApplied = check{
	Rule{
		ID: "snapshot-applied", Title: "A snapshot stands for applied entries", Section: "§7",
		Says: "A server's own snapshot covers only entries that it has applied.",
		Read: pageSnapshots,
	}, watchSnapshot,
}

func watchSnapshot(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Snapshot && s.up && e.Index > s.applied {
			report(e, []int{s.id}, nil, "Server %d takes a snapshot up to index %d, and has applied only what is up to %d.", s.id, e.Index, s.applied)
		}
	}
}

var installForward = check{
	Rule{
		ID: "install-forward", Title: "A snapshot never takes a server back", Section: "§7, Figure 13",
		Says: "A server ignores a leader's snapshot that ends before what it has committed or applied.",
		Read: pageSnapshots,
	}, watchInstall,
}

func watchInstall(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if e.Kind == trace.Install && s.up && e.Index < max(s.commit, s.applied) {
			report(e, []int{s.id, e.Peer}, nil,
				"Server %d installs server %d's snapshot up to index %d, and had committed what is up to %d and applied what is up to %d.",
				s.id, e.Peer, e.Index, s.commit, s.applied)
		}
	}
}

var installTail = check{
	Rule{
		ID: "install-tail", Title: "Entries behind a snapshot", Section: "§7, Figure 13 (6 and 7)",
		Says: "If the log has the snapshot's last entry, of the same term, what follows it stays; if not, the whole log goes.",
		Read: pageSnapshots,
	}, watchInstallTail,
}

func watchInstallTail(c *cluster, report report) watch {
	return func(e step) {
		s := c.server(e.Server)
		if !s.up || s.installedAt < 0 {
			return
		}
		last := s.log.last()
		if e.Kind == trace.Append && e.Index <= last && s.kept {
			report(e, []int{s.id}, []int{s.installedAt},
				"Server %d installed a snapshot up to index %d that agreed with its log, which reached to %d, and appends index %d anew: what stood behind the snapshot was thrown away.",
				s.id, s.log.base, last, e.Index)
		}
		if kept := e.Kind == trace.Persist && e.Index > last || e.Kind == trace.Append && e.Index > last+1; kept && !s.kept {
			report(e, []int{s.id}, []int{s.installedAt},
				"Server %d installed a snapshot up to index %d of term %d, which contradicts its log, and has kept entries behind it: they are those of another history.",
				s.id, s.log.base, s.log.baseTerm)
		}
	}
}
