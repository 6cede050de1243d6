//go:build go1.25

package kv_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/kv"
	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/rsm"
	"pontoon.dev/go-shim/rsm/replica"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// service is some servers, in a bubble of virtual time.
type service struct {
	*testing.T
	network  transport.Network
	stores   []*storage.Memory
	replicas []*replica.Replica
	sessions int
	machine  func() rsm.Machine

	mu      sync.Mutex
	servers []*kv.Server
	faulty  bool
	random  *rand.Rand
}

func run(t *testing.T, size int, s *service, f func(s *service)) {
	synctest.Test(t, func(t *testing.T) {
		s.T, s.random = t, rand.New(rand.NewPCG(5, 6))
		s.stores, s.replicas, s.servers = make([]*storage.Memory, size), make([]*replica.Replica, size), make([]*kv.Server, size)
		for i := range size {
			s.stores[i] = &storage.Memory{}
			s.start(i)
		}
		f(s)
		for _, r := range s.replicas {
			r.Close()
		}
		time.Sleep(time.Minute) // requests that are still delayed
	})
}

func (s *service) start(i int) {
	s.Helper()
	var voters []uint64
	for id := range s.stores {
		voters = append(voters, uint64(id))
	}
	r, err := replica.Start(replica.Config{
		Raft:      raft.Config{ID: uint64(i), Voters: voters, ElectionTimeoutMin: 250 * time.Millisecond, ElectionTimeoutMax: 500 * time.Millisecond},
		RSM:       rsm.Config{MaxStateBytes: 2000, MaxSessions: s.sessions},
		Machine:   s.machine(),
		Storage:   s.stores[i],
		Transport: s.network.Endpoint(uint64(i)),
	})
	if err != nil {
		s.Fatal(err)
	}
	s.network.Attach(uint64(i), r.Node)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replicas[i], s.servers[i] = r, kv.NewServer(r, 0)
}

func (s *service) restart(i int) {
	s.network.Attach(uint64(i), nil)
	s.stores[i] = s.stores[i].Copy()
	s.replicas[i].Close()
	s.start(i)
}

// server is where a request goes, and whether it, its reply or nothing is lost.
func (s *service) server(i int) (server *kv.Server, lost int, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lost = -1
	if s.faulty {
		lost, delay = s.random.IntN(10), time.Duration(s.random.IntN(30))*time.Millisecond
	}
	return s.servers[i], lost, delay
}

// call is a way to the servers that loses, delays, and doubles requests.
func (s *service) call(i int, request []byte) ([]byte, bool) {
	server, lost, delay := s.server(i)
	time.Sleep(time.Millisecond + delay)
	if lost == 0 {
		return nil, false
	}
	if lost == 1 {
		again := append([]byte{}, request...)
		time.AfterFunc(10*delay, func() { server.Handle(again) })
	}
	reply := server.Handle(request)
	return reply, lost != 2
}

// history is what clients know of one key that only grows: exact enough to
// decide whether it is linearizable.
type history struct {
	mu      sync.Mutex
	appends map[string][2]time.Time
	reads   []read
}

type read struct {
	value      string
	begin, end time.Time
}

// check: every read is a prefix of the end; whoever begins after another has
// ended sees at least as much; an append is seen if it has ended before, and is
// not seen if it begins after.
func (h *history) check(t *testing.T, final string) {
	for token := range h.appends {
		if n := strings.Count(final, token); n != 1 {
			t.Errorf("%q is there %d times", token, n)
		}
	}
	for i, r := range h.reads {
		if !strings.HasPrefix(final, r.value) {
			t.Errorf("read %d, %q, is no prefix of %q", i, r.value, final)
		}
		for token, span := range h.appends {
			seen := strings.Contains(r.value, token)
			if !seen && span[1].Before(r.begin) || seen && span[0].After(r.end) {
				t.Errorf("read %d, %v to %v, sees %q, %v to %v: %v", i, r.begin, r.end, token, span[0], span[1], seen)
			}
		}
		for j, other := range h.reads {
			if other.end.Before(r.begin) && len(other.value) > len(r.value) {
				t.Errorf("read %d sees less than read %d before it", i, j)
			}
		}
	}
}

func (h *history) client(s *service, name int, operations int) {
	client := kv.NewStringClient(len(s.servers), s.call)
	ctx := context.Background()
	for n := range operations {
		token := fmt.Sprintf("[%d.%d]", name, n)
		begin := time.Now()
		err := client.Append(ctx, "k", token)
		middle := time.Now()
		value, _, err2 := client.Get(ctx, "k")
		if err := errors.Join(err, err2); err != nil {
			s.Error(err)
			return
		}
		h.mu.Lock()
		h.appends[token] = [2]time.Time{begin, middle}
		h.reads = append(h.reads, read{value, middle, time.Now()})
		h.mu.Unlock()
	}
}

func stringMap() rsm.Machine { return kv.NewStrings() }

func TestLinearizable(t *testing.T) {
	run(t, 5, &service{machine: stringMap, faulty: true}, func(s *service) {
		h := &history{appends: map[string][2]time.Time{}}
		var clients sync.WaitGroup
		for name := range 5 {
			clients.Go(func() { h.client(s, name, 30) })
		}
		done := make(chan struct{})
		go func() {
			clients.Wait()
			close(done)
		}()
		for i := 0; ; i++ {
			victim := i % 5
			s.network.Isolate(uint64(victim), true)
			s.restart((i + 2) % 5)
			time.Sleep(700 * time.Millisecond)
			s.network.Isolate(uint64(victim), false)
			select {
			case <-done:
				value, _, err := kv.NewStringClient(5, s.call).Get(context.Background(), "k")
				if err != nil {
					t.Error(err)
				}
				h.check(t, value)
				return
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
}

// Whoever knows the outcome of every Put knows the version.
func TestVersionsAreCertain(t *testing.T) {
	run(t, 3, &service{machine: func() rsm.Machine { return kv.NewVersions() }, faulty: true}, func(s *service) {
		var mu sync.Mutex
		var clients sync.WaitGroup
		done := uint64(0)
		for range 4 {
			clients.Go(func() {
				client := kv.NewVersionClient(3, s.call)
				for range 40 {
					_, version, _, err := client.Get(context.Background(), "k")
					outcome, err2 := client.Put(context.Background(), "k", "v", version)
					if err := errors.Join(err, err2); err != nil {
						s.Error(err)
					}
					if outcome == kv.OK {
						mu.Lock()
						done++
						mu.Unlock()
					}
				}
			})
		}
		clients.Wait()
		_, version, outcome, err := kv.NewVersionClient(3, s.call).Get(context.Background(), "k")
		if version != done || done < 40 || outcome != kv.OK || err != nil {
			t.Errorf("version %d after %d puts, %v, %v", version, done, outcome, err)
		}
	})
}

func TestOneClientFromManyGoroutines(t *testing.T) {
	run(t, 3, &service{machine: stringMap}, func(s *service) {
		client := kv.NewStringClient(3, s.call)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := client.Append(context.Background(), "k", "x"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if value, ok, err := client.Get(context.Background(), "k"); value != strings.Repeat("x", 20) || !ok || err != nil {
			t.Errorf("%q, %v, %v", value, ok, err)
		}
		if value, ok, err := client.Get(context.Background(), "none"); value != "" || ok || err != nil {
			t.Errorf("%q, %v, %v", value, ok, err)
		}
	})
}

// A session that was dropped is begun anew if nothing is uncertain.
func TestDroppedSession(t *testing.T) {
	run(t, 3, &service{machine: stringMap, sessions: 1}, func(s *service) {
		ctx := context.Background()
		loseReply, lost := false, 0
		one := kv.NewStringClient(3, func(i int, request []byte) ([]byte, bool) {
			reply, ok := s.call(i, request)
			if loseReply && len(reply) == 2 {
				// Executed, but the client does not learn it; meanwhile it is
				// forgotten.
				loseReply = false
				lost++
				other := kv.NewStringClient(3, s.call)
				if err := other.Append(ctx, "k", "b"); err != nil {
					t.Error(err)
				}
				return nil, false
			}
			return reply, ok
		})
		two := kv.NewStringClient(3, s.call)
		for _, client := range []*kv.StringClient{one, two, one} {
			if err := client.Append(ctx, "k", "a"); err != nil {
				t.Errorf("an idle client comes back: %v", err)
			}
		}
		loseReply = true
		if err := one.Append(ctx, "k", "c"); !errors.Is(err, kv.ErrMaybe) || lost != 1 {
			t.Errorf("the answer is forgotten: %v, %d lost", err, lost)
		}
		if value, _, err := two.Get(ctx, "k"); value != "aaacb" || err != nil {
			t.Errorf("%q, %v", value, err)
		}
	})
}

// Nothing ever tells the old leader that it is deposed.
func TestClientLeavesALeaderThatIsCutOff(t *testing.T) {
	run(t, 3, &service{machine: stringMap}, func(s *service) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		client := kv.NewStringClient(3, s.call)
		if err := client.Put(ctx, "k", "1"); err != nil {
			t.Fatal(err)
		}
		for i, r := range s.replicas {
			if r.Node.State().Role == raft.Leader {
				s.network.Isolate(uint64(i), true)
			}
		}
		if err := client.Append(ctx, "k", "2"); err != nil {
			t.Error(err)
		}
		if value, _, err := client.Get(ctx, "k"); value != "12" || err != nil {
			t.Errorf("%q, %v", value, err)
		}
	})
}

func TestClientGivesUpWithItsContext(t *testing.T) {
	run(t, 3, &service{machine: stringMap}, func(s *service) {
		client := kv.NewStringClient(3, s.call)
		for id := range uint64(3) {
			s.network.Isolate(id, true)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := client.Put(ctx, "k", "v"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, _, err := client.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if time.Since(begin) > 11*time.Second {
			t.Errorf("after %v", time.Since(begin))
		}
	})
}

func TestClientOfSomethingElse(t *testing.T) {
	for _, reply := range [][]byte{{5}, {1}, {1, 0, 0}, {1, 99}} {
		client := kv.NewStringClient(1, func(int, []byte) ([]byte, bool) { return reply, true })
		if err := client.Put(context.Background(), "k", "v"); !errors.Is(err, kv.ErrProtocol) {
			t.Errorf("%v: %v", reply, err)
		}
	}
}
