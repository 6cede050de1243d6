//go:build go1.25

package lab

import (
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/trace"
)

// told is a server, as its events tell of it.
type told struct {
	t          *testing.T
	id         int
	made       bool
	term       uint64
	role       trace.Role
	log        []tellable // the first one stands at base + 1
	base       uint64
	baseTerm   uint64
	commit     uint64
	applied    uint64
	snapshot   uint64
	persisted  trace.Event
	votes      map[uint64]int // by term, whom it voted for
	candidates map[uint64]int // by term, how many voted for this one
}

// tellable is what events tell of an entry; digest is 0 if they do not.
type tellable struct{ term, digest uint64 }

func (s *told) last() uint64 { return s.base + uint64(len(s.log)) }

func (s *told) termAt(index uint64) uint64 {
	switch {
	case index == s.base:
		return s.baseTerm
	case index > s.base && index <= s.last():
		return s.log[index-s.base-1].term
	}
	return 0
}

// replay follows the events of a cluster, and holds each against what those
// before it say.
type replay struct {
	*testing.T
	servers []*told
	applied map[uint64]trace.Event // by index: the first server's
	kinds   map[trace.Kind]int
}

func newReplay(t *testing.T, servers int) *replay {
	r := &replay{T: t, applied: map[uint64]trace.Event{}, kinds: map[trace.Kind]int{}}
	for id := range servers {
		r.servers = append(r.servers, &told{t: t, id: id, votes: map[uint64]int{}, candidates: map[uint64]int{}})
	}
	return r
}

func (r *replay) check(ok bool, e *trace.Event) {
	if !ok {
		r.Helper()
		r.Errorf("%v contradicts what came before: %+v, server %+v", e.Kind, *e, r.servers[e.Server])
	}
}

func (r *replay) happens(e *trace.Event) {
	r.kinds[e.Kind]++
	s := r.servers[e.Server]
	if e.Kind != trace.Make {
		r.check(s.made, e)
	}
	switch e.Kind {
	case trace.Make:
		r.make(s, e)
	case trace.Timeout:
		r.check(e.Term == s.term && s.role != trace.Leader, e)
	case trace.RoleChange:
		r.check(e.Term >= s.term && (e.Term > s.term || e.Role != s.role), e)
		s.term, s.role = e.Term, e.Role
		if e.Role == trace.Leader {
			r.check(2*s.candidates[e.Term] > len(r.servers), e)
		}
	case trace.Vote:
		voted, again := s.votes[e.Term]
		r.check(e.Term == s.term && (!again || voted == e.Peer), e)
		s.votes[e.Term] = e.Peer
		if !again {
			r.servers[e.Peer].candidates[e.Term]++
		}
	case trace.Append:
		r.check(e.Term == s.term && e.Index == s.last()+1 && (e.Peer == s.id) == (s.role == trace.Leader), e)
		for s.last() < e.Last {
			s.log = append(s.log, tellable{term: e.LogTerm})
		}
		s.log[len(s.log)-1].digest = e.Digest
	case trace.Truncate:
		r.check(e.Last == s.last() && e.Index > s.commit && e.LogTerm == s.termAt(e.Index), e)
		s.log = s.log[:e.Index-s.base-1]
	case trace.Persist:
		r.check(e.Term <= s.term, e)
		if voted, ok := s.votes[e.Term]; ok && e.Term == s.term {
			r.check(e.Peer == voted, e)
		}
		s.persisted = *e
	case trace.Commit:
		r.check(e.Last == s.commit && e.Index > e.Last && e.Role == s.role && e.LogTerm == s.termAt(e.Index), e)
		s.commit = e.Index
	case trace.Apply:
		r.apply(s, e)
	case trace.Snapshot:
		r.check(e.Index <= s.applied && e.Index > s.snapshot && e.LogTerm == s.termAt(e.Index), e)
		s.snapshot = e.Index
	case trace.Install:
		r.install(s, e)
	}
}

// make begins a life with what the last one had made durable.
func (r *replay) make(s *told, e *trace.Event) {
	r.check(e.Flag && e.Term == s.persisted.Term && e.Index == s.persisted.Index && e.LogTerm == s.persisted.LogTerm, e)
	r.check(e.Last <= e.Index && e.Last <= s.commit, e)
	s.made, s.term, s.role = true, e.Term, trace.Follower
	s.log = s.log[:e.Index-s.base]
	s.commit, s.applied, s.snapshot = e.Last, e.Last, e.Last
}

func (r *replay) apply(s *told, e *trace.Event) {
	r.check(e.Index == s.applied+1 && e.Index <= s.commit && e.LogTerm == s.termAt(e.Index), e)
	s.applied = e.Index
	first, ok := r.applied[e.Index]
	if !ok {
		r.applied[e.Index] = *e
		first = *e
	}
	r.check(first.Digest == e.Digest && first.LogTerm == e.LogTerm, e)
	if entry := s.log[e.Index-s.base-1]; entry.digest != 0 {
		r.check(entry.digest == e.Digest, e)
	}
}

func (r *replay) install(s *told, e *trace.Event) {
	r.check(e.Index > s.commit && e.Peer != s.id, e)
	keep := s.log[min(e.Index-s.base, uint64(len(s.log))):]
	r.check(len(keep) == 0, e)
	s.log, s.base, s.baseTerm = nil, e.Index, e.LogTerm
	s.snapshot, s.applied = e.Index, e.Index
}

// holds compares with what a server says of itself.
func (r *replay) holds(id int, state raft.State) {
	s := r.servers[id]
	is := raft.State{
		ID: uint64(id), Term: s.term, Role: raft.Role(s.role), CommitIndex: s.commit, AppliedIndex: s.applied,
		LastIndex: s.last(), SnapshotIndex: s.snapshot,
		HasLeader: state.HasLeader, Leader: state.Leader, StateBytes: state.StateBytes,
	}
	if is != state {
		r.Errorf("server %d: its events tell of\n%+v, it is\n%+v", id, is, state)
	}
}

// The trace of a cluster with elections, crashes, partitions, overwritten
// entries and snapshots that are installed is what the servers were.
func TestTheTraceIsTrue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "1.trace")
	made, err := trace.Create(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	defer func(before func() *trace.Recorder) { recorder = before }(recorder)
	recorder = func() *trace.Recorder { return made }

	states := make([]raft.State, 3)
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		for i := range 5 {
			s.commit(i, 0, 1, 2)
		}
		for round := range 3 {
			old := s.leader()
			s.isolate(old, true)
			for i := range 4 { // lost with their leader
				s.rafts[old].Start(-i)
			}
			s.commit(100+round, (old+1)%3, (old+2)%3)
			s.isolate(old, false)
			s.commit(200+round, 0, 1, 2)
			s.crash((old + 1) % 3)
			s.serve((old + 1) % 3)
			s.commit(300+round, 0, 1, 2)
		}
		s.every = 10
		victim := (s.leader() + 1) % 3
		s.isolate(victim, true)
		for i := range 25 {
			s.commit(400+i, s.leader())
		}
		s.isolate(victim, false)
		s.commit("again", 0, 1, 2)
		for me := range 3 {
			s.crash(me)
			s.serve(me)
		}
		s.commit("end", 0, 1, 2)
		leader := s.leader()
		synctest.Wait()
		for me, rf := range s.rafts {
			states[me] = rf.node.State()
			if (states[me].Role == raft.Leader) != (me == leader) {
				t.Fatalf("server %d leads, and %d is %v", leader, me, states[me].Role)
			}
		}
		made.Record(&trace.Event{Kind: trace.TestEnd, Server: trace.None, Peer: trace.None})
	})
	recorded, err := trace.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	r := newReplay(t, 3)
	for i := range recorded.Events {
		e := &recorded.Events[i]
		if e.Kind == trace.TestEnd {
			break // the servers are killed after it
		}
		r.happens(e)
	}
	for id, state := range states {
		r.holds(id, state)
	}
	for _, kind := range []trace.Kind{trace.Make, trace.Timeout, trace.TimerReset, trace.RoleChange, trace.Vote, trace.Append,
		trace.Truncate, trace.Persist, trace.Commit, trace.Apply, trace.Snapshot, trace.Install} {
		if r.kinds[kind] == 0 {
			t.Errorf("nothing of the kind %v happened", kind)
		}
	}
}

func TestDescribe(t *testing.T) {
	var mu sync.Mutex
	var requests [][]byte
	synctest.Test(t, func(t *testing.T) {
		rf := Make(Options{
			Servers: 2, Persister: &disk{}, Deliver: func(ApplyMsg, <-chan struct{}) bool { return true },
			Call: func(_ int, _ string, args []byte, reply *[]byte) bool {
				mu.Lock()
				defer mu.Unlock()
				requests = append(requests, args)
				return false
			},
		})
		time.Sleep(10 * time.Second)
		rf.Kill()
	})
	request, ok := trace.Describe(step, requests[0], false)
	want := trace.Message{Type: trace.RequestVote, Known: true, Term: 1}
	if !ok || request != want {
		t.Errorf("got %+v, %v", request, ok)
	}
	other := Make(Options{
		Servers: 2, Me: 1, Persister: &disk{}, Deliver: func(ApplyMsg, <-chan struct{}) bool { return true },
		Call: func(int, string, []byte, *[]byte) bool { return false },
	})
	defer other.Kill()
	var reply []byte
	other.Step(requests[0], &reply)
	if m, ok := trace.Describe(step, reply, true); !ok || m != (trace.Message{Type: trace.RequestVote, Known: true, Term: 1, OK: true}) {
		t.Errorf("got %+v, %v", m, ok)
	}
	for name, c := range map[string]struct {
		method string
		data   []byte
		reply  bool
	}{
		"another method":       {"KVServer.Get", requests[0], false},
		"a reply as a request": {step, reply, false},
		"a request as a reply": {step, requests[0], true},
		"nothing":              {step, nil, true},
		"cut short":            {step, requests[0][:3], false},
	} {
		if m, ok := trace.Describe(c.method, c.data, c.reply); ok {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
