//go:build go1.25

package lab

import (
	"encoding/gob"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/raft"
)

func TestNilRaft(t *testing.T) {
	var rf *Raft
	reply := []byte(nil)
	rf.Step([]byte("x"), &reply)
	rf.Snapshot(1, nil)
	rf.Kill()
	if _, _, ok := rf.Start(1); ok || reply != nil {
		t.Error("a nil server takes commands or replies")
	}
	if _, leads := rf.GetState(); leads || rf.CondInstallSnapshot(1, 1, nil) || rf.PersistBytes() != 0 {
		t.Error("a nil server leads, installs or persists")
	}
}

func TestDeadRaft(t *testing.T) {
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		s.commit(1, 0, 1, 2)
		leader := s.leader()
		rf := s.rafts[leader]
		term, _ := rf.GetState()
		rf.Kill()
		var reply []byte
		rf.Step([]byte("x"), &reply)
		rf.Snapshot(1, []byte("x"))
		if index, now, ok := rf.Start(2); ok || index != -1 || now != term || reply != nil {
			t.Errorf("after Kill: Start %d, %d, %v; reply %q", index, now, ok, reply)
		}
		if now, leads := rf.GetState(); leads || now != term {
			t.Errorf("after Kill: term %d, was %d; leader %v", now, term, leads)
		}
		rf.Kill()
		s.rafts[leader] = nil
		s.commit(3, (leader+1)%3, (leader+2)%3)
	})
}

// A non-leader refuses with the current term.
func TestStartOnFollower(t *testing.T) {
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		s.commit(1, 0, 1, 2)
		leader := s.leader()
		term, _ := s.rafts[leader].GetState()
		if index, now, ok := s.rafts[(leader+1)%3].Start(2); ok || index != -1 || now != term {
			t.Errorf("Start on a follower: %d, %d, %v", index, now, ok)
		}
	})
}

// Nobody receives: a delivery is under way and stays so until Kill.
func TestKillDoesNotWaitForTheReceiver(t *testing.T) {
	onSite(t, 1, func(s *site) {
		rf := s.boot(0)
		s.leader()
		rf.Start(1)
		synctest.Wait()
		var kills sync.WaitGroup
		for range 5 {
			kills.Go(rf.Kill)
		}
		kills.Wait()
		if m, ok := <-s.channels[0]; ok {
			t.Errorf("%+v was delivered after Kill", m)
		}
	})
}

// Kill returns when a delivery that it aborts has been aborted, no earlier.
func TestKillWaitsForTheDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var over, closed atomic.Bool
		delivering := make(chan struct{})
		rf := Make(Options{
			Servers: 1, Persister: &disk{},
			Call: func(int, string, []byte, *[]byte) bool { return false },
			Deliver: func(m ApplyMsg, done <-chan struct{}) bool {
				close(delivering)
				<-done
				time.Sleep(time.Second)
				over.Store(true)
				return false
			},
			Closed: func() { closed.Store(over.Load()) },
		})
		time.Sleep(5 * time.Second)
		rf.Start(1)
		rf.Start(2)
		<-delivering
		rf.Kill()
		if !over.Load() || !closed.Load() {
			t.Errorf("after Kill: delivery over %v, then closed %v", over.Load(), closed.Load())
		}
	})
}

// Once Kill has begun, what has not begun does not begin.
func TestDeadHost(t *testing.T) {
	h := &host{
		done:    make(chan struct{}),
		deliver: func(ApplyMsg, <-chan struct{}) bool { t.Error("a delivery"); return true },
		call:    func(int, string, []byte, *[]byte) bool { t.Error("an RPC"); return false },
	}
	h.kill()
	h.hand(ApplyMsg{})
	h.rpc(1, nil, func([]byte, error) { t.Error("an answer") })
}

// The receiver may kill, snapshot and start, with a lock that everybody else
// wants too.
func TestTheReceiverMayDoAnything(t *testing.T) {
	onSite(t, 1, func(s *site) {
		rf := s.boot(0)
		s.leader()
		lock := make(chan struct{}, 1)
		rf.Start(1)
		lock <- struct{}{}
		rf.Start(2)
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			for m := range s.channels[0] {
				lock <- struct{}{}
				rf.Snapshot(m.CommandIndex, []byte("first"))
				rf.Start(m.CommandIndex + 2)
				rf.GetState()
				if m.CommandIndex == 50 {
					rf.Kill()
					rf.Kill()
				}
				<-lock
			}
		}()
		synctest.Wait() // the receiver waits for the lock
		if index, _, ok := rf.Start(3); !ok || index != 3 {
			t.Errorf("Start while the receiver is blocked: %d, %v", index, ok)
		}
		rf.GetState()
		<-lock
		<-finished
	})
}

// Kill with everything under way, a thousand times.
func TestThousandLives(t *testing.T) {
	onSite(t, 3, func(s *site) {
		s.every = 5
		for me := range 3 {
			s.serve(me)
		}
		for life := range 1000 {
			me := life % 3
			if life%5 == 0 {
				s.leader()
			}
			var clients sync.WaitGroup
			for _, rf := range append([]*Raft{}, s.rafts...) {
				clients.Go(func() {
					rf.Start(life)
					rf.GetState()
					rf.Snapshot(life/10, []byte("first 0"))
				})
			}
			if life%2 == 0 {
				clients.Go(s.rafts[me].Kill)
			}
			s.crash(me)
			clients.Wait()
			s.serve(me)
		}
		s.commit("end", 0, 1, 2)
	})
}

// A stopped server's request to others is not made any more.
func TestNoCallAfterKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		dead, calls, late := false, 0, 0
		gate := make(chan struct{})
		rf := Make(Options{
			Servers: 3, Persister: &disk{},
			Call: func(server int, method string, args []byte, reply *[]byte) bool {
				mu.Lock()
				calls++
				if dead {
					late++
				}
				mu.Unlock()
				<-gate
				return false
			},
			Deliver: func(m ApplyMsg, done <-chan struct{}) bool { return true },
		})
		time.Sleep(5 * time.Second)
		rf.Kill()
		mu.Lock()
		dead = true
		mu.Unlock()
		close(gate) // replies that fail: nothing may be repeated
		time.Sleep(time.Hour)
		if calls == 0 || late > 0 {
			t.Errorf("%d calls, %d of them after Kill", calls, late)
		}
	})
}

// panics returns what f panics with.
func panics(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

func TestMakePanics(t *testing.T) {
	good := func() Options {
		return Options{
			Servers: 1, Persister: &disk{},
			Call:    func(int, string, []byte, *[]byte) bool { return false },
			Deliver: func(ApplyMsg, <-chan struct{}) bool { return true },
		}
	}
	for _, test := range []struct {
		spoil func(o *Options)
		want  string
	}{
		{func(o *Options) { o.Persister = nil }, "Persister is nil"},
		{func(o *Options) { o.Persister = &slots{} }, "has no method Save"},
		{func(o *Options) { o.Call = nil }, "Options.Call"},
		{func(o *Options) { o.Deliver = nil }, "Options.Deliver"},
		{func(o *Options) { o.Me = 1 }, "Options.Me is 1"},
		{func(o *Options) { o.Me = -1 }, "Options.Me is -1"},
		{func(o *Options) { o.Persister = &disk{state: []byte("not ours")} }, "server 0 cannot start from what its persister holds"},
		{func(o *Options) { o.Persister = &disk{snapshot: []byte("a snapshot alone")} }, "server 0 cannot start from what its persister holds"},
	} {
		o := good()
		test.spoil(&o)
		if text := panics(func() { Make(o) }); !strings.Contains(text, test.want) {
			t.Errorf("Make panics with %q, want %q", text, test.want)
		}
	}
}

func TestStartPanics(t *testing.T) {
	onSite(t, 1, func(s *site) {
		rf := s.serve(0)
		s.leader()
		for _, test := range []struct {
			command interface{}
			want    string
		}{
			{stranger{}, "lab.stranger"},
			{stranger{}, "labgob.Register"},
			{make(chan int), "gob"},
			{strings.Repeat("x", 33<<20), "too large"},
		} {
			if text := panics(func() { rf.Start(test.command) }); !strings.Contains(text, test.want) {
				t.Errorf("Start(%T) panics with %.200q, want %q", test.command, text, test.want)
			}
		}
		s.commit("goes on", 0)
	})
}

// A command of a type that this process does not know.
func TestDeliveryPanics(t *testing.T) {
	type local struct{ X int }
	gob.RegisterName("known-name", local{})
	h := &host{codec: newCodec(nil, nil), done: make(chan struct{})}
	encoded, err := h.codec.encode(local{5})
	if err != nil {
		t.Fatal(err)
	}
	foreign := []byte(strings.Replace(string(encoded), "known-name", "other-name", 1))
	text := panics(func() { h.Apply(raft.Entry{Index: 7, Command: foreign}) })
	for _, want := range []string{"index 7", "other-name", "labgob.Register"} {
		if !strings.Contains(text, want) {
			t.Errorf("delivery panics with %q, want %q", text, want)
		}
	}
}
