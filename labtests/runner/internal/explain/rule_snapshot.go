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
		if e.Kind == trace.Snapshot && s.up && e.Index > max(s.applied, s.installing) {
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
		if e.Kind != trace.Install || !s.up {
			return
		}
		before := s.latest
		cut := before.Event != nil && before.Kind == trace.Truncate && before.Index == e.Index+1
		switch agrees := s.log.term(e.Index) == e.LogTerm; {
		case cut && agrees && e.LogTerm > 0:
			report(e, []int{s.id, e.Peer}, []int{before.at},
				"Server %d installs server %d's snapshot up to index %d, with whose last entry its log agrees, and throws away what stands behind it, %s: Figure 13 has it keep that.",
				s.id, e.Peer, e.Index, span(before.Index, before.Last))
		case e.Index < s.log.last() && differ(s.log.term(e.Index), e.LogTerm):
			report(e, []int{s.id, e.Peer}, nil,
				"Server %d installs server %d's snapshot, which ends at index %d with an entry of term %d; its own there is of term %d, and what stands behind it, up to %d, stays: that is another history.",
				s.id, e.Peer, e.Index, e.LogTerm, s.log.term(e.Index), s.log.last())
		}
	}
}
