//go:build go1.25

//go:debug asynctimerchan=0

package raft_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// The tests of this package run in bubbles of virtual time: a minute passes at
// once when nothing happens in it, and a goroutine that is left behind fails
// the test that started it.

// journal is an FSM whose state is the sequence of its commands.
type journal struct {
	mu       sync.Mutex
	commands []string
	restored int
	stopped  int
	after    func(j *journal, entry raft.Entry) // called at the end of Apply
}

func (j *journal) Apply(entry raft.Entry) any {
	j.mu.Lock()
	j.commands = append(j.commands, string(entry.Command))
	count := len(j.commands)
	j.mu.Unlock()
	if j.after != nil {
		j.after(j, entry)
	}
	return count
}

func (j *journal) Restore(snapshot raft.Snapshot) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.restored++
	j.commands = strings.Split(string(snapshot.Data), " ")
	return nil
}

func (j *journal) Stopped() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stopped++
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.commands, " ")
}

// cluster is some servers on one network.
type cluster struct {
	*testing.T
	network transport.Network
	voters  []uint64
	stores  map[uint64]*storage.Memory
	fsms    map[uint64]*journal
	nodes   map[uint64]*raft.Node
	after   func(node *raft.Node, j *journal, entry raft.Entry)
	logs    bytes.Buffer
}

func newCluster(t *testing.T, size int) *cluster {
	t.Helper()
	c := &cluster{T: t, stores: map[uint64]*storage.Memory{}, fsms: map[uint64]*journal{}, nodes: map[uint64]*raft.Node{}}
	for id := uint64(1); id <= uint64(size); id++ {
		c.voters = append(c.voters, id)
		c.stores[id] = &storage.Memory{}
	}
	return c
}

// run is a started cluster in a bubble of virtual time.
func run(t *testing.T, size int, f func(c *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, size)
		for _, id := range c.voters {
			c.start(id)
		}
		f(c)
		for _, node := range c.nodes {
			node.Close()
		}
	})
}

// start starts a server from its store.
func (c *cluster) start(id uint64) *raft.Node {
	c.Helper()
	fsm := &journal{}
	ready := make(chan *raft.Node, 1)
	if c.after != nil {
		node := sync.OnceValue(func() *raft.Node { return <-ready })
		fsm.after = func(j *journal, entry raft.Entry) { c.after(node(), j, entry) }
	}
	config := raft.Config{ID: id, Voters: c.voters, Logger: slog.New(slog.NewTextHandler(&c.logs, nil))}
	node, err := raft.New(config, fsm, c.stores[id], c.network.Endpoint(id))
	if err != nil {
		c.Fatal(err)
	}
	ready <- node
	c.fsms[id], c.nodes[id] = fsm, node
	c.network.Attach(id, node)
	return node
}

// crash ends a server; what comes back is what its store held before.
func (c *cluster) crash(id uint64) {
	c.network.Attach(id, nil)
	c.stores[id] = c.stores[id].Copy()
	c.nodes[id].Close()
	delete(c.nodes, id)
}

// until lets virtual time pass until something holds.
func (c *cluster) until(what string, condition func() bool) {
	c.Helper()
	for range 6000 {
		synctest.Wait()
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.Fatalf("after a minute still not: %s", what)
}

// leader waits for a leader that is not isolated, of the newest term.
func (c *cluster) leader(except ...uint64) *raft.Node {
	c.Helper()
	var leader *raft.Node
	c.until("a leader", func() bool {
		leader = nil
		var term uint64
		for id, node := range c.nodes {
			state := node.State()
			if state.Role == raft.Leader && state.Term > term && !contains(except, id) {
				leader, term = node, state.Term
			}
		}
		return leader != nil
	})
	return leader
}

func contains(ids []uint64, id uint64) bool {
	for _, other := range ids {
		if other == id {
			return true
		}
	}
	return false
}

// propose commits a command at whoever leads.
func (c *cluster) propose(command string, except ...uint64) raft.Result {
	c.Helper()
	for {
		result, err := c.leader(except...).Propose(context.Background(), []byte(command))
		if err == nil {
			return result
		}
		if !errors.Is(err, raft.ErrNotLeader) {
			c.Fatalf("propose %q: %v", command, err)
		}
	}
}

// agree waits until the servers have applied exactly these commands.
func (c *cluster) agree(want string, ids ...uint64) {
	c.Helper()
	if len(ids) == 0 {
		ids = c.voters
	}
	for _, id := range ids {
		c.until(fmt.Sprintf("server %d at %q", id, want), func() bool { return c.fsms[id].String() == want })
	}
}

func (c *cluster) id(node *raft.Node) uint64 { return node.State().ID }

// other is a server that is not this one.
func (c *cluster) other(node *raft.Node) uint64 { return c.id(node)%uint64(len(c.voters)) + 1 }

func TestElectAndAgree(t *testing.T) {
	run(t, 3, func(c *cluster) {
		leader := c.leader()
		for i := 1; i <= 3; i++ {
			result, err := leader.Propose(context.Background(), fmt.Append(nil, "c", i))
			if err != nil || result.Value != i || result.Term != leader.State().Term {
				t.Fatalf("command %d: %+v, %v", i, result, err)
			}
		}
		c.agree("c1 c2 c3")
		index, term, err := leader.Start([]byte("c4"))
		if err != nil || index != 5 || term != leader.State().Term { // index 1 is the term's no-op
			t.Fatalf("Start: %d, %d, %v", index, term, err)
		}
		c.agree("c1 c2 c3 c4")
		leaders := 0
		for _, node := range c.nodes {
			if state := node.State(); state.Role == raft.Leader {
				leaders++
			} else if _, _, err := node.Start(nil); !errors.Is(err, raft.ErrNotLeader) {
				t.Errorf("Start on a follower: %v", err)
			} else if hint := new(raft.NotLeaderError); !errors.As(err, &hint) || !hint.Known || hint.Leader != c.id(leader) || hint.Term != state.Term {
				t.Errorf("a follower points at %+v, the leader is %d", hint, c.id(leader))
			}
		}
		if leaders != 1 {
			t.Errorf("%d leaders", leaders)
		}
	})
}

func TestServersComeBack(t *testing.T) {
	run(t, 3, func(c *cluster) {
		c.propose("a")
		victim := c.other(c.leader())
		c.crash(victim)
		c.propose("b")
		c.start(victim)
		c.agree("a b")
		c.crash(c.id(c.leader()))
		c.propose("c")
		for id := range c.nodes {
			c.crash(id)
		}
		for _, id := range c.voters {
			c.start(id)
		}
		c.propose("d")
		c.agree("a b c d")
	})
}

func TestSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3)
		c.after = func(node *raft.Node, j *journal, entry raft.Entry) {
			if entry.Index%5 == 0 {
				if err := node.Snapshot(entry.Index, []byte(j.String())); err != nil {
					t.Errorf("Snapshot(%d): %v", entry.Index, err)
				}
			}
		}
		for _, id := range c.voters {
			c.start(id)
		}
		c.propose("0")
		want := []string{"0"}
		slow := c.other(c.leader())
		c.network.Isolate(slow, true)
		for i := 1; i < 30; i++ {
			want = append(want, fmt.Sprint(i))
			c.propose(fmt.Sprint(i), slow)
		}
		c.network.Isolate(slow, false)
		c.agree(strings.Join(want, " "))
		if c.fsms[slow].restored == 0 {
			t.Error("the server that was cut off was not given a snapshot")
		}
		for _, id := range c.voters {
			c.crash(id)
			c.start(id)
			synctest.Wait()
			if c.fsms[id].restored != 1 || len(c.fsms[id].String()) == 0 {
				t.Errorf("server %d did not restore its snapshot: %q", id, c.fsms[id])
			}
		}
		c.propose("end")
		c.agree(strings.Join(append(want, "end"), " "))
		leader := c.leader()
		state := leader.State()
		for _, index := range []uint64{0, state.SnapshotIndex, state.AppliedIndex + 1} {
			if err := leader.Snapshot(index, nil); !errors.Is(err, raft.ErrOutOfRange) {
				t.Errorf("Snapshot(%d) between %d and %d: %v", index, state.SnapshotIndex, state.AppliedIndex, err)
			}
		}
		for _, node := range c.nodes {
			node.Close()
		}
	})
}
