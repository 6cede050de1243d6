package timeline

import (
	"pontoon.dev/go-shim/trace"
)

// steps is a value that changes: from event At[i] on it is Value[i].
type steps struct {
	At    ints   `json:"at"`
	Value column `json:"value"`
}

func (s *steps) set(i int, v uint64) {
	n := len(s.At)
	switch {
	case n > 0 && s.Value[n-1] == v:
	case n > 0 && s.At[n-1] == i:
		s.Value[n-1] = v
	default:
		s.At = append(s.At, i)
		s.Value = append(s.Value, v)
	}
}

func (s *steps) now() uint64 {
	if n := len(s.Value); n > 0 {
		return s.Value[n-1]
	}
	return 0
}

// What Role of a lane may be beside the roles: the server is down.
const down = 3

// lane is what is known of a server over time.
type lane struct {
	Role   steps `json:"role"` // a trace.Role, or down
	Term   steps `json:"term"`
	Log    steps `json:"log"`    // index of the last entry
	Base   steps `json:"base"`   // of the last entry in the snapshot
	Commit steps `json:"commit"` // commit index
	Cut    steps `json:"cut"`    // bit n: no way to or from server n
}

func (l *lane) all() []*steps {
	return []*steps{&l.Role, &l.Term, &l.Log, &l.Base, &l.Commit, &l.Cut}
}

// move renumbers the events.
func (l *lane) move(place []int) {
	for _, s := range l.all() {
		for i, at := range s.At {
			s.At[i] = place[at]
		}
	}
}

// lanes follows all servers through a trace. A server that tells of itself is
// believed; of another one, what it says in messages and to the test is taken.
type lanes struct {
	of    []*lane
	told  []bool
	life  []uint64
	cut   []uint64 // bit n of m: the way from m to n
	calls map[uint64]*trace.Message
}

func newLanes(all []trace.Event, servers int) ([]*lane, bool) {
	s := &lanes{told: make([]bool, servers), life: make([]uint64, servers), cut: make([]uint64, servers), calls: map[uint64]*trace.Message{}}
	for range servers {
		l := &lane{}
		l.Role.set(0, down)
		s.of = append(s.of, l)
	}
	inferred := true
	for i := range all {
		if e := &all[i]; e.Kind == trace.RoleChange && s.has(e.Server) {
			s.told[e.Server], inferred = true, false
		}
	}
	for i := range all {
		if e := &all[i]; s.has(e.Server) {
			s.event(i, e)
		}
	}
	return s.of, inferred
}

func (s *lanes) has(server int) bool { return server >= 0 && server < len(s.of) }

func (s *lanes) event(i int, e *trace.Event) {
	l := s.of[e.Server]
	switch e.Kind {
	case trace.Make:
		s.life[e.Server]++
		l.Role.set(i, uint64(trace.Follower))
		l.Commit.set(i, e.Last)
		if s.told[e.Server] {
			l.Term.set(i, e.Term)
			l.Log.set(i, e.Index)
			l.Base.set(i, e.Last)
		}
	case trace.Kill:
		l.Role.set(i, down)
	case trace.Link:
		s.link(i, e)
	case trace.Commit:
		l.Commit.set(i, e.Index)
	case trace.Append:
		l.Log.set(i, e.Last)
	case trace.Truncate:
		l.Log.set(i, max(e.Index, 1)-1)
	case trace.Snapshot:
		l.Base.set(i, e.Index)
		l.Log.set(i, max(l.Log.now(), e.Index))
	case trace.Install:
		l.Base.set(i, e.Index)
		l.Log.set(i, max(l.Log.now(), e.Index))
		l.Commit.set(i, max(l.Commit.now(), e.Index))
	case trace.RoleChange:
		l.Role.set(i, uint64(e.Role))
		l.Term.set(i, e.Term)
	default:
		s.infer(i, e)
	}
}

// infer takes what a server lets be seen.
func (s *lanes) infer(i int, e *trace.Event) {
	l := s.of[e.Server]
	told := s.told[e.Server]
	if e.Message == nil && (e.Kind == trace.Send || e.Kind == trace.Reply) {
		return
	}
	switch e.Kind {
	case trace.Send:
		s.calls[e.Message.ID] = e.Message
		ghost := e.Last != 0 && e.Last != s.life[e.Server] // of a life that is over
		if !told && !ghost && e.Message.Known && l.Role.now() != down {
			l.sends(i, e.Message)
		}
	case trace.Reply:
		if s.has(e.Peer) && !s.told[e.Peer] && e.Message.Known && s.of[e.Peer].Role.now() != down {
			s.of[e.Peer].answers(i, s.calls[e.Message.ID], e.Message)
		}
	case trace.State:
		if told || l.Role.now() == down || e.Term < l.Term.now() {
			return
		}
		switch {
		case e.Flag:
			l.become(i, trace.Leader, e.Term)
		case e.Term > l.Term.now() || l.Role.now() == uint64(trace.Leader):
			l.become(i, trace.Follower, e.Term)
		}
	case trace.Propose:
		if !told && e.Flag { // who takes a command says that it leads
			if e.Term >= l.Term.now() && l.Role.now() != down {
				l.become(i, trace.Leader, e.Term)
			}
			l.Log.set(i, e.Index)
		}
	case trace.Receive:
		if !told {
			l.Commit.set(i, max(l.Commit.now(), e.Index))
			l.Log.set(i, max(l.Log.now(), e.Index))
			if e.Flag {
				l.Base.set(i, max(l.Base.now(), e.Index))
			}
		}
	}
}

func (l *lane) become(i int, r trace.Role, term uint64) {
	l.Role.set(i, uint64(r))
	l.Term.set(i, term)
}

// sends is a request of a server's own: who sends AppendEntries leads (§5.2).
func (l *lane) sends(i int, m *trace.Message) {
	if m.Term < l.Term.now() {
		return
	}
	switch m.Type {
	case trace.AppendEntries, trace.InstallSnapshot:
		l.become(i, trace.Leader, m.Term)
	case trace.RequestVote:
		if m.Term > l.Term.now() || l.Role.now() != uint64(trace.Leader) {
			l.become(i, trace.Candidate, m.Term)
		}
	}
	if m.Type == trace.AppendEntries {
		l.Commit.set(i, max(l.Commit.now(), m.Commit))
		l.Log.set(i, max(l.Log.now(), m.Index+uint64(max(m.Entries, 0))))
	}
}

// answers is an answer of a server's own to request m, which may not be known.
func (l *lane) answers(i int, m, a *trace.Message) {
	yields := a.OK && a.Type != trace.RequestVote && l.Role.now() == uint64(trace.Candidate)
	if a.Term > l.Term.now() || a.Term == l.Term.now() && yields {
		l.become(i, trace.Follower, a.Term)
	}
	if m == nil || !m.Known || !a.OK || m.Type != trace.AppendEntries {
		return
	}
	agreed := m.Index + uint64(max(m.Entries, 0))
	l.Log.set(i, max(l.Log.now(), agreed))
	l.Commit.set(i, max(l.Commit.now(), min(m.Commit, agreed)))
}

// link keeps whom a server cannot reach, or cannot be reached by.
func (s *lanes) link(i int, e *trace.Event) {
	if !s.has(e.Peer) || e.Peer == e.Server {
		return
	}
	if e.Flag {
		s.cut[e.Server] &^= 1 << e.Peer
	} else {
		s.cut[e.Server] |= 1 << e.Peer
	}
	for n, l := range s.of {
		if n != e.Server && n != e.Peer {
			continue
		}
		mask := s.cut[n]
		for m := range s.of {
			if s.cut[m]&(1<<n) != 0 {
				mask |= 1 << m
			}
		}
		l.Cut.set(i, mask)
	}
}
