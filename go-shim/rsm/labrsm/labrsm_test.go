package labrsm_test

import (
	"encoding/gob"
	"strings"
	"testing"

	"pontoon.dev/go-shim/rsm/labrsm"
)

type add struct{ N int }

type unregistered struct{ N int }

func init() { gob.Register(add{}) }

// peer is a lab's Raft without the others: what it is given is committed.
type peer struct {
	leader   bool
	entries  chan interface{}
	next     int
	snapshot []byte
}

func (p *peer) Start(command interface{}) (int, int, bool) {
	if !p.leader {
		return -1, 1, false
	}
	p.next++
	p.entries <- command
	return p.next, 1, true
}

func (p *peer) GetState() (int, bool) { return 1, p.leader }

func (p *peer) Snapshot(index int, snapshot []byte) { p.snapshot = snapshot }

type sum struct{ total int }

func (s *sum) DoOp(request any) any {
	s.total += request.(add).N
	return s.total
}

func (s *sum) Snapshot() []byte { return []byte(strings.Repeat("+", s.total)) }

func (s *sum) Restore(snapshot []byte) { s.total = len(snapshot) }

func start(p *peer, snapshot []byte) (*labrsm.RSM, *sum) {
	machine := &sum{}
	return labrsm.New(labrsm.Options{
		Peer: p, Machine: machine, StateBytes: func() int { return 1000 }, Snapshot: snapshot, MaxRaftState: 1000,
	}), machine
}

func TestReplica(t *testing.T) {
	p := &peer{leader: true, entries: make(chan interface{}, 1)}
	r, _ := start(p, nil)
	if total, ok := submit(r, p, add{3}); !ok || total != 3 {
		t.Errorf("the first answer is %v, %v", total, ok)
	}
	for range 10 { // until a snapshot is worth while
		if _, ok := submit(r, p, add{1}); !ok {
			t.Fatal("a leader has refused")
		}
	}
	r.Command(p.next+1, "of somebody else")
	if len(p.snapshot) == 0 {
		t.Fatal("the state has its full size, and no snapshot was made")
	}
	again, machine := start(p, p.snapshot)
	if machine.total < 4 {
		t.Errorf("after the snapshot the total is %d", machine.total)
	}
	follower, behind := start(p, nil)
	follower.Install(0, p.snapshot)
	if behind.total != machine.total {
		t.Errorf("installed %d instead of %d", behind.total, machine.total)
	}
	again.Stop()
	if _, ok := again.Submit(add{1}); ok {
		t.Error("a replica that was stopped has answered")
	}
	p.leader = false
	if _, ok := follower.Submit(add{1}); ok {
		t.Error("a follower has answered")
	}
}

// submit submits a request and hands on what Raft delivers.
func submit(r *labrsm.RSM, p *peer, request any) (any, bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Command(p.next, <-p.entries)
	}()
	answer, ok := r.Submit(request)
	<-done
	return answer, ok
}

func TestWhatCannotBeIsSaid(t *testing.T) {
	p := &peer{leader: true, entries: make(chan interface{}, 1)}
	r, _ := start(p, nil)
	for want, f := range map[string]func(){
		"registered with labgob.Register": func() { r.Submit(unregistered{1}) },
		"cannot start":                    func() { start(p, []byte("damaged")) },
		"cannot install":                  func() { r.Install(5, []byte("damaged")) },
		// A plain request, whose body is a value that gob does not know.
		"before the servers start": func() { r.Command(1, []byte{0, 0, 7, 7}) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, want) {
					t.Errorf("panic %q, want %q", text, want)
				}
			}()
			f()
		}()
	}
}
