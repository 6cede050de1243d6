//go:build go1.25

package raft_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
)

func TestProposeAtADeposedLeader(t *testing.T) {
	run(t, 3, func(c *cluster) {
		c.propose("a")
		old := c.leader()
		c.network.Isolate(c.id(old), true)
		failed := make(chan error, 1)
		go func() {
			_, err := old.Propose(context.Background(), []byte("lost"))
			failed <- err
		}()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := old.Propose(ctx, []byte("lost too")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Propose without a majority: %v", err)
		}
		// Cut off for so long, it takes nothing more, and points at nobody.
		hint := new(raft.NotLeaderError)
		if _, _, err := old.Start(nil); !errors.As(err, &hint) || hint.Known {
			t.Errorf("Start at a leader that is cut off: %v", err)
		}
		c.propose("b", c.id(old))
		c.network.Isolate(c.id(old), false)
		if err := <-failed; !errors.Is(err, raft.ErrLeadershipLost) {
			t.Errorf("Propose of a deposed leader: %v", err)
		}
		c.agree("a b")
	})
}

func TestStorageFailureCostsOneServer(t *testing.T) {
	run(t, 3, func(c *cluster) {
		c.propose("a")
		victim := c.id(c.leader())
		fire := errors.New("disk on fire")
		c.stores[victim].Fail(fire)
		if _, err := c.nodes[victim].Propose(context.Background(), []byte("x")); !errors.Is(err, raft.ErrStorage) || !errors.Is(err, fire) {
			t.Errorf("Propose: %v", err)
		}
		<-c.nodes[victim].Done()
		if !errors.Is(c.nodes[victim].Err(), fire) {
			t.Errorf("Err: %v", c.nodes[victim].Err())
		}
		c.until("another leader", func() bool { return c.leader(victim) != nil })
		synctest.Wait()
		if log := c.logs.String(); !strings.Contains(log, "disk on fire") {
			t.Errorf("the log says: %q", log)
		}
		c.crash(victim)
		c.start(victim)
		c.propose("b")
		c.until("agreement", func() bool {
			return c.fsms[1].String() == c.fsms[2].String() && c.fsms[2].String() == c.fsms[3].String() &&
				strings.HasSuffix(c.fsms[1].String(), " b")
		})
	})
}

// A server without the others does not call out in a storm, whatever it is.
func TestUnreachablePeersCostLittle(t *testing.T) {
	run(t, 3, func(c *cluster) {
		leader := c.leader()
		for _, id := range c.voters {
			if id != c.id(leader) {
				c.crash(id)
			}
		}
		leader.Start([]byte("x"))
		before := c.network.Requests()
		time.Sleep(10 * time.Second)
		if requests := c.network.Requests() - before; requests < 20 || requests > 500 {
			t.Errorf("%d requests in ten seconds", requests)
		}
	})
}

// strict notices what happens after Close has returned.
type strict struct {
	raft.Storage
	raft.Transport
	*journal
	closed atomic.Bool
	late   atomic.Int32
}

func (s *strict) look() {
	if s.closed.Load() {
		s.late.Add(1)
	}
}

func (s *strict) Send(to uint64, request []byte, done func([]byte, error)) {
	s.look()
	s.Transport.Send(to, request, done)
	s.look()
}

func (s *strict) Save(state, snapshot []byte, changed bool) error {
	defer s.look()
	return s.Storage.Save(state, snapshot, changed)
}

func (s *strict) Apply(entry raft.Entry) any {
	s.look()
	defer s.look()
	return s.journal.Apply(entry)
}

func (s *strict) Restore(snapshot raft.Snapshot) error {
	s.look()
	return s.journal.Restore(snapshot)
}

// A thousand incarnations are made and closed, with requests, commands and
// snapshots inside at that moment; the bubble sees that no goroutine is left.
func TestThousandLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3)
		var servers [4]*strict
		begin := func(id uint64) {
			s := &strict{Storage: c.stores[id], Transport: c.network.Endpoint(id), journal: &journal{}}
			node, err := raft.New(raft.Config{ID: id, Voters: c.voters}, s, s, s)
			if err != nil {
				t.Fatal(err)
			}
			s.journal.after = func(j *journal, entry raft.Entry) {
				if entry.Index%7 == 0 && !s.closed.Load() {
					_ = node.Snapshot(entry.Index, []byte(j.String()))
				}
			}
			servers[id], c.nodes[id] = s, node
			c.network.Attach(id, node)
		}
		for _, id := range c.voters {
			begin(id)
		}
		for life := range 1000 {
			id := c.voters[life%3]
			if life%10 == 0 {
				c.leader()
			}
			node, s := c.nodes[id], servers[id]
			var clients sync.WaitGroup
			for client := range 4 {
				clients.Go(func() {
					for _, other := range c.nodes {
						other.Start(fmt.Append(nil, "x", client))
					}
					node.State()
				})
			}
			if life%2 == 0 {
				clients.Go(func() { node.Close() })
			}
			node.Close()
			s.closed.Store(true)
			clients.Wait()
			synctest.Wait()
			if late := s.late.Load(); late > 0 {
				t.Fatalf("life %d: %d calls after Close", life, late)
			}
			begin(id)
		}
		c.leader()
		for _, node := range c.nodes {
			node.Close()
		}
		if len(servers[1].String()) == 0 {
			t.Error("nothing was ever committed")
		}
	})
}

func TestSingleServer(t *testing.T) {
	run(t, 1, func(c *cluster) {
		for i := range 10 {
			c.propose(fmt.Sprint(i))
		}
		c.crash(1)
		c.start(1)
		c.propose("end")
		c.agree("0 1 2 3 4 5 6 7 8 9 end")
		if c.fsms[1].stopped != 0 {
			t.Error("Stopped before the end")
		}
		c.nodes[1].Close()
		if c.fsms[1].stopped != 1 {
			t.Errorf("Stopped %d times", c.fsms[1].stopped)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	good := raft.Config{ID: 1, Voters: []uint64{1}}
	store, broken := &storage.Memory{}, &storage.Memory{}
	network := newCluster(t, 1).network.Endpoint(1)
	fire := errors.New("disk on fire")
	broken.Fail(fire)
	if err := store.Save([]byte("not ours"), nil, true); err != nil {
		t.Fatal(err)
	}
	if _, err := raft.New(good, &journal{}, store, network); !errors.Is(err, raft.ErrCorrupt) && !errors.Is(err, raft.ErrVersion) {
		t.Errorf("garbage in storage: %v", err)
	}
	if _, err := raft.New(good, &journal{}, broken, network); !errors.Is(err, fire) {
		t.Errorf("a storage that fails: %v", err)
	}
	if _, err := raft.New(good, nil, store, network); !errors.Is(err, raft.ErrConfig) {
		t.Errorf("no FSM: %v", err)
	}
	if _, err := raft.New(raft.Config{}, &journal{}, &storage.Memory{}, network); !errors.Is(err, raft.ErrConfig) {
		t.Errorf("no voters: %v", err)
	}
}

func TestValidate(t *testing.T) {
	voters := []uint64{1, 2, 3}
	cases := []struct {
		name   string
		config raft.Config
		want   string // part of the error; empty if there is none
	}{
		{"zero values", raft.Config{ID: 1, Voters: voters}, ""},
		{"lab", raft.Config{ID: 3, Voters: voters, Profile: raft.ProfileLab}, ""},
		{"own timing", raft.Config{ID: 1, Voters: voters, ElectionTimeoutMin: time.Second, ElectionTimeoutMax: 3 * time.Second, HeartbeatInterval: 200 * time.Millisecond, CoalesceDelay: 5 * time.Millisecond, MaxInflight: 4, MaxAppendBytes: 1000, SnapshotChunkBytes: 1000, Seed: 5}, ""},
		{"no voters", raft.Config{ID: 1}, "voters is empty"},
		{"stranger", raft.Config{ID: 4, Voters: voters}, "does not name this server"},
		{"twice", raft.Config{ID: 1, Voters: []uint64{1, 2, 2}}, "twice"},
		{"half a range", raft.Config{ID: 1, Voters: voters, ElectionTimeoutMin: time.Second}, "give both"},
		{"empty range", raft.Config{ID: 1, Voters: voters, ElectionTimeoutMin: time.Second, ElectionTimeoutMax: time.Second}, "must exceed"},
		{"slow heartbeats", raft.Config{ID: 1, Voters: voters, HeartbeatInterval: time.Minute}, "must exceed heartbeat"},
		{"negative", raft.Config{ID: 1, Voters: voters, CoalesceDelay: -time.Second}, "CoalesceDelay is negative"},
		{"microseconds", raft.Config{ID: 1, Voters: voters, HeartbeatInterval: time.Microsecond}, "whole number of milliseconds"},
		{"negative count", raft.Config{ID: 1, Voters: voters, MaxInflight: -1}, "MaxInflight is -1"},
		{"profile", raft.Config{ID: 1, Voters: voters, Profile: 7}, "Profile is 7"},
	}
	for _, test := range cases {
		err := test.config.Validate()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (!errors.Is(err, raft.ErrConfig) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
