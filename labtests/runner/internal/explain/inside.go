package explain

import "pontoon.dev/go-shim/trace"

// restore is a start of a server that tells: e is the node's own Make.
func (s *server) restore(e step) {
	memory := s.log
	s.log = s.disk.log.clone()
	switch {
	case e.Index < s.log.last():
		s.log.cut(e.Index + 1)
	case e.Index > s.log.last() && e.Index-s.log.last() < sane:
		// Written at the very end, and not recorded any more.
		if memory.term(e.Index) == e.LogTerm {
			s.log.same(&memory, min(s.disk.dirty, s.log.last()+1), e.Index)
		}
		for s.log.last() < e.Index {
			s.log.entries = append(s.log.entries, entry{})
		}
	}
	if s.log.term(e.Index) != e.LogTerm {
		s.log.forget(e.Last + 1)
		if len(s.log.entries) > 0 && e.Index == s.log.last() {
			s.log.entries[len(s.log.entries)-1].term = e.LogTerm
		}
	}
	if e.Last > s.log.base {
		s.log.compact(e.Last, s.log.term(e.Last))
	}
	s.term, s.role, s.roleAt = e.Term, trace.Follower, e.at
	s.votedAt, s.persistedAt, s.latest, s.installing = -1, -1, e, 0
	s.certain = certain{e.Term, e.Index, e.at}
	s.commit, s.applied = e.Last, e.Last
	s.disk = disk{term: e.Term, log: s.log.clone(), dirty: s.log.last() + 1}
	// What it was in and nobody was told of may be forgotten.
	s.shown, s.shownAt = e.Term, e.at
}

// forget keeps the entries from index on as unknown ones.
func (j *journal) forget(index uint64) {
	for i := max(index, j.base+1); i <= j.last(); i++ {
		j.entries[i-j.base-1] = entry{}
	}
}

// takeInside is take for what a living server tells itself.
func (c *cluster) takeInside(s *server, e step) {
	s.latest = e
	switch e.Kind {
	case trace.RoleChange:
		s.term, s.role, s.roleAt = e.Term, e.Role, e.at
		s.show(e.Term, e.at)
		if e.Role == trace.Leader {
			if r := c.reignOf(e.Term, s, e.at); r != nil && !r.told {
				r.log, r.told = s.log.clone(), true
			}
		}
	case trace.Vote:
		s.show(e.Term, e.at)
		if e.Term > s.votedIn || e.Term == s.votedIn && e.Peer != s.votedTo {
			s.votedIn, s.votedAt, s.votedTo = e.Term, e.at, e.Peer
		}
	case trace.Append:
		s.log.put(e.Index, e.Last, e.LogTerm, e.Digest)
		s.disk.dirty = min(s.disk.dirty, e.Index)
		if r := c.reigns[s.term]; r != nil && r.told && r.leader == s.id && e.Peer == s.id {
			r.log.put(e.Index, e.Last, e.LogTerm, e.Digest)
		}
	case trace.Truncate:
		s.log.cut(e.Index)
		s.certain.last = min(s.certain.last, e.Index-min(e.Index, 1))
		s.disk.dirty = min(s.disk.dirty, e.Index)
	case trace.Persist:
		s.disk.persist(s, e)
		s.persistedAt = e.at
		c.ensure(s, e.at)
	case trace.Commit:
		c.settle(s, e)
		s.commit = max(s.commit, e.Index)
	case trace.Apply:
		s.applied = max(s.applied, e.Index)
	case trace.Snapshot:
		s.log.compact(e.Index, e.LogTerm)
	case trace.Install:
		c.snapshots = max(c.snapshots, e.Index)
		s.install(e)
	}
}

// install lets a snapshot take the place of the log up to there. What stood
// behind stays: if it goes, a Truncate came before.
func (s *server) install(e step) {
	if e.Index > s.log.base {
		s.log.compact(e.Index, e.LogTerm)
		s.disk.dirty = min(s.disk.dirty, e.Index+1)
	}
	s.commit, s.installing = max(s.commit, e.Index), max(s.installing, e.Index)
}

// persist makes durable what e says. What was overwritten meanwhile, so that
// nobody knows what was written, becomes unknown.
func (d *disk) persist(s *server, e step) {
	d.term, d.vote, d.voted = max(d.term, e.Term), e.Peer, true
	if e.Index > s.log.last() || s.log.term(e.Index) != e.LogTerm && e.Index >= s.log.base {
		d.log.forget(d.dirty)
		return
	}
	d.log.same(&s.log, d.dirty, e.Index)
	d.dirty = max(d.dirty, e.Index+1)
}

// has reports whether the entry at index, of term, is durable, as far as known.
func (d *disk) has(index, term uint64) bool {
	if index <= d.log.base {
		return true
	}
	found := d.log.term(index)
	return index <= d.log.last() && (found == 0 || found == term)
}
