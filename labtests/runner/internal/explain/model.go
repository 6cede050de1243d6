package explain

import (
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
