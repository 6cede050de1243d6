package explain

import (
	"slices"
	"strings"

	"pontoon.dev/go-shim/trace"
)

// cluster is what is known of one test's servers after the events so far.
type cluster struct {
	run
	servers map[int]*server
	calls   map[uint64]*call
	reigns  map[uint64]*reign // by term: the first leader that was seen in it
	// opaque tells that some of the Raft's messages cannot be read, so that what
	// was not seen may have been said all the same.
	opaque bool
	// What leaders that tell have committed, and up to where.
	committed map[uint64]settled
	highest   uint64
	snapshots uint64 // the highest index of a snapshot that somebody began with or was sent
	// ceiling is the highest index that a majority acknowledged to any leader.
	ceiling uint64
	// How many requests were seen, of leaders and of candidates.
	requests, asked int
	ways            map[[2]int]bool // that are open
	found           []Finding
}

// server is one server, over all of its lives.
type server struct {
	id    int
	up    bool
	life  int // which, from 1
	made  int // index of its Make
	shown uint64
	// shownAt is the event that showed it in term shown.
	shownAt int
	// spoken is the highest that has reached another server, so that it has to
	// be durable: a test cuts off what it is about to kill, and what is written
	// after that may be lost.
	spoken   uint64
	spokenAt int

	// What messages tell of its log and commit index. All hold over restarts:
	// what was acknowledged must have been durable.
	open     []*call  // what it is handling
	busy     int      // how many of those may change its log
	tail     position // the log reaches at least to there, as of tailAt
	tailTerm uint64   // of the leader whose message says so
	tailAt   int
	tailCall *call  // that says so
	changes  int    // grows when tail may no longer hold
	heard    uint64 // the commit index is at most the highest of this,
	received uint64 // this (what the test received of it)
	ruled    uint64 // and this (what it said as a leader)
	// installed is the highest index of a snapshot that it was sent.
	installed uint64

	// What it tells itself.
	term            uint64
	role            trace.Role
	roleAt          int
	log             journal
	disk            disk
	commit, applied uint64
	late            uint64 // what it wrote while it was being killed: it may be lost
	certain         certain
	installing      uint64 // a snapshot's index that the state machine is given in its turn
	votedIn         uint64 // the latest term in which it voted,
	votedAt         int    // the event,
	votedTo         int    // and for whom
	persistedAt     int    // the latest Persist
	latest          step   // the last thing that it told
}

// certain is what was durable while a server could be reached.
type certain struct {
	term, last uint64
	at         int
}

// disk is what of a server's state is durable.
type disk struct {
	term  uint64
	vote  int  // whom it voted for in that term, or None
	voted bool // vote is known
	log   journal
	dirty uint64 // entries from there on may differ from the server's
}

// reign is one leader's term.
type reign struct {
	leader int
	term   uint64
	at     int             // the event that shows it
	log    journal         // of a leader that tells; it only grows
	told   bool            // log holds
	said   map[uint64]fact // entries, as its messages tell
	acked  map[int]uint64  // by follower: up to where its log agrees
	ackAt  map[int]int     // the event that says so
	floor  uint64          // the commit index that it may have come with
}

// fact is an entry's term, and the event that tells.
type fact struct {
	term uint64
	at   int
}

func newCluster(r run) *cluster {
	return &cluster{run: r, servers: map[int]*server{}, calls: map[uint64]*call{}, reigns: map[uint64]*reign{}, committed: map[uint64]settled{}, ways: map[[2]int]bool{}}
}

func (c *cluster) server(id int) *server {
	s := c.servers[id]
	if s == nil {
		s = &server{id: id, made: -1, shownAt: -1, tailAt: -1, roleAt: -1, votedAt: -1, persistedAt: -1, spokenAt: -1, disk: disk{dirty: 1}}
		c.servers[id] = s
	}
	return s
}

// majority is how many servers are more than half; 0 if that is not known.
func (c *cluster) majority() int {
	if c.n == 0 {
		return 0
	}
	return c.n/2 + 1
}

// arrive notes what the rules want to know of a message before they see it.
func (c *cluster) arrive(e step) {
	if e.Message == nil {
		return
	}
	if e.Kind == trace.Send {
		k := &call{from: e.Server, to: e.Peer, sent: e.at, handled: -1, replied: -1, returned: -1, request: e.Message, fromLife: small(e.Last)}
		if s := c.server(e.Server); k.fromLife == 0 && s.up && s.life == 1 {
			k.fromLife = 1
		}
		c.calls[e.Message.ID] = k
		c.opaque = c.opaque || isRaft(e.Message) && !plain(e.Message)
		return
	}
	k := c.calls[e.Message.ID]
	if k == nil {
		return
	}
	to := c.server(k.to)
	switch e.Kind {
	case trace.Handle:
		k.handled = e.at
		if to.up {
			k.toLife = to.life
		}
		k.shown, k.shownAt, k.alone, k.tail, k.changes = to.shown, to.shownAt, to.busy == 0, to.tail, to.changes
	case trace.Reply:
		k.replied, k.reply = e.at, e.Message
		if !to.up || to.life != k.toLife {
			k.toLife = 0
		}
		c.opaque = c.opaque || plain(k.request) && !e.Message.Known && !silent(e.Message)
	case trace.Return:
		k.returned, k.arrived = e.at, e.Flag
	}
}

func isRaft(m *trace.Message) bool {
	return m.Type != trace.Other || strings.HasPrefix(m.Method, "Raft.")
}

// sentBy returns the call that e opens, if it can be read and is a message of
// the server's present life.
func (c *cluster) sentBy(e step) *call {
	if e.Kind != trace.Send || e.Message == nil || !plain(e.Message) {
		return nil
	}
	k, s := c.calls[e.Message.ID], c.server(e.Server)
	if k == nil || !s.up || k.fromLife != s.life {
		return nil
	}
	return k
}

// repliedBy returns the call that e answers, if both sides can be read and the
// server that answers lives.
func (c *cluster) repliedBy(e step) *call {
	if e.Kind != trace.Reply || e.Message == nil {
		return nil
	}
	if k := c.calls[e.Message.ID]; k != nil && k.answered() && k.firm() {
		return k
	}
	return nil
}

// take brings the model up to date with e.
func (c *cluster) take(e step) {
	switch {
	case e.Message != nil:
		c.takeMessage(e)
	case inside(e.Kind):
		if s := c.server(e.Server); s.up {
			c.takeInside(s, e)
		} else if e.Kind == trace.Persist {
			s.late = max(s.late, e.Index)
		}
	default:
		c.takeTest(e)
	}
}

func (c *cluster) takeTest(e step) {
	if e.Server < 0 {
		return
	}
	s := c.server(e.Server)
	switch e.Kind {
	case trace.Make:
		if s.tailCall == nil || !s.tailCall.arrived {
			s.tail, s.tailTerm = position{}, 0
			s.changes++
		}
		s.life++
		s.up, s.made, s.open, s.busy, s.late = true, e.at, nil, 0, 0
		if s.shown > s.spoken {
			s.shown, s.shownAt = s.spoken, s.spokenAt
		}
		if c.tells[s.id] {
			c.snapshots = max(c.snapshots, e.Last) // a trace may begin with it
			s.restore(e)
		}
	case trace.Kill:
		s.up = false
	case trace.State:
		s.show(e.Term, e.at)
		if e.Flag {
			c.reignOf(e.Term, s, e.at)
		}
	case trace.Propose:
		if e.Flag {
			s.show(e.Term, e.at)
		}
	case trace.Link:
		c.link(e)
	case trace.Receive:
		s.received = max(s.received, e.Index)
	}
}

// link notes a way that is opened or cut. While there is one, what the server
// writes stays.
func (c *cluster) link(e step) {
	if e.Flag {
		c.ways[[2]int{e.Server, e.Peer}] = true
	} else {
		delete(c.ways, [2]int{e.Server, e.Peer})
	}
	for _, id := range []int{e.Server, e.Peer} {
		c.ensure(c.server(id), e.at)
	}
}

// ensure keeps what is durable now, if s can be reached: it is not being killed.
func (c *cluster) ensure(s *server, at int) {
	if !s.up || !c.tells[s.id] {
		return
	}
	for way := range c.ways {
		if way[0] == s.id || way[1] == s.id {
			s.certain = certain{s.disk.term, min(s.disk.log.last(), s.disk.dirty-min(s.disk.dirty, 1)), at}
			return
		}
	}
}

// accepting returns the leader's message of s's term that s is handling and
// that satisfies is, if it is one and not several.
func (s *server) accepting(is func(m *trace.Message) bool) *call {
	var found *call
	for _, k := range s.open {
		if plain(k.request) && k.request.Type == trace.AppendEntries && k.request.Term == s.term {
			if found != nil {
				return nil
			}
			found = k
		}
	}
	if found == nil || !is(found.request) {
		return nil
	}
	return found
}

func (s *server) show(term uint64, at int) {
	if term > s.shown && term < absurd {
		s.shown, s.shownAt = term, at
	}
}

// speak notes a term that s told others, which has to be durable.
func (s *server) speak(term uint64, at int) {
	s.show(term, at)
	if term > s.spoken && term < absurd {
		s.spoken, s.spokenAt = term, at
	}
}

// reignOf returns the reign of term, which s leads as e shows; nil if another
// server does.
func (c *cluster) reignOf(term uint64, s *server, at int) *reign {
	r := c.reigns[term]
	if r == nil {
		r = &reign{leader: s.id, term: term, at: at, said: map[uint64]fact{}, acked: map[int]uint64{}, ackAt: map[int]int{}}
		r.floor = max(s.heard, s.received, s.ruled)
		c.reigns[term] = r
	}
	if r.leader != s.id {
		return nil
	}
	return r
}

func (c *cluster) takeMessage(e step) {
	k := c.calls[e.Message.ID]
	if k == nil {
		return
	}
	from, to := c.server(k.from), c.server(k.to)
	switch e.Kind {
	case trace.Send:
		if c.sentBy(e) != nil {
			from.show(k.request.Term, e.at)
		}
		if plain(k.request) && k.request.Type == trace.RequestVote {
			c.asked++
		}
		if r := c.leads(k.request, from, e.at); r != nil {
			c.requests++
			r.say(k.request, e.at)
			from.ruled = max(from.ruled, k.request.Commit)
		}
	case trace.Handle:
		if plain(k.request) && from.up && k.fromLife == from.life {
			from.speak(k.request.Term, k.sent)
		}
		to.open = append(to.open, k)
		if !isRaft(k.request) || plain(k.request) && k.request.Type == trace.RequestVote {
			return
		}
		to.busy++
		to.heard = max(to.heard, k.request.Commit)
		if k.request.Type == trace.InstallSnapshot {
			to.heard = max(to.heard, k.request.Index)
			to.installed = max(to.installed, k.request.Index)
		}
		stale := plain(k.request) && k.request.Term < to.shown // and refused
		if !plain(k.request) || k.request.Term != to.tailTerm && !stale {
			to.tail, to.tailTerm = position{}, 0
			to.changes++
		}
		k.changes = to.changes
	case trace.Reply:
		c.takeReply(k, to, e)
	case trace.Return:
		if k.arrived && k.answered() && k.firm() && to.life == k.toLife {
			to.speak(k.reply.Term, k.replied)
		}
	}
}

// leads returns the reign that a request shows.
func (c *cluster) leads(m *trace.Message, s *server, at int) *reign {
	if !fromLeader(m) {
		return nil
	}
	return c.reignOf(m.Term, s, at)
}

// say keeps what a leader's message tells of its log.
func (r *reign) say(m *trace.Message, at int) {
	tell := func(index, term uint64) {
		if _, known := r.said[index]; !known && index > 0 && term > 0 {
			r.said[index] = fact{term, at}
		}
	}
	tell(m.Index, m.LogTerm)
	if m.Type == trace.AppendEntries && m.Entries > 0 {
		tell(covered(m), m.EntriesTerm)
	}
}

func (c *cluster) takeReply(k *call, to *server, e step) {
	to.open = slices.DeleteFunc(to.open, func(other *call) bool { return other == k })
	if isRaft(k.request) && k.request.Type != trace.RequestVote && to.busy > 0 && k.handled > to.made {
		to.busy--
	}
	if !k.answered() {
		return
	}
	if k.firm() {
		to.show(k.reply.Term, e.at)
	}
	index := k.acknowledged()
	if index == 0 {
		return
	}
	if r := c.reigns[k.request.Term]; r != nil && r.leader == k.from && index > r.acked[to.id] {
		r.acked[to.id], r.ackAt[to.id] = index, e.at
		if c.majority() > 0 {
			c.ceiling = max(c.ceiling, c.agreed(r))
		}
	}
	m := k.request
	if m.Type != trace.AppendEntries {
		return // a snapshot may come in pieces
	}
	tail := position{m.LogTerm, covered(m)}
	if m.Entries > 0 {
		tail.term = m.EntriesTerm
	}
	if k.firm() && k.changes == to.changes && (to.tailTerm != m.Term || to.tail.less(tail)) {
		to.tail, to.tailTerm, to.tailAt, to.tailCall = tail, m.Term, e.at, k
	}
}
