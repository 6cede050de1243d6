// Package labtest tests a Raft behind the lab's interface, without a lab: the
// servers of one process, a network that can lose messages and cut servers off,
// and persisters that survive a restart.
package labtest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"pontoon.dev/go-shim/lab"
)

// Raft is what the labs call.
type Raft interface {
	Start(command interface{}) (int, int, bool)
	GetState() (int, bool)
	Snapshot(index int, snapshot []byte)
	Step(args []byte, reply *[]byte)
	Kill()
}

// Persister is as the labs' since 2023.
type Persister struct {
	mu              sync.Mutex
	state, snapshot []byte
}

// Save replaces both.
func (p *Persister) Save(state, snapshot []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.snapshot = append([]byte(nil), state...), append([]byte(nil), snapshot...)
}

// ReadRaftState returns the state.
func (p *Persister) ReadRaftState() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// ReadSnapshot returns the snapshot.
func (p *Persister) ReadSnapshot() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snapshot
}

// RaftStateSize is that of the state, in bytes.
func (p *Persister) RaftStateSize() int { return len(p.ReadRaftState()) }

// clone has what was saved so far.
func (p *Persister) clone() *Persister {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &Persister{state: p.state, snapshot: p.snapshot}
}

// A Cluster is servers and the network between them.
type Cluster struct {
	t       *testing.T
	start   func(lab.Options) Raft
	mu      sync.Mutex
	servers []*server
	loss    float64
	log     []interface{} // log[index] is what some server received there

	accepted, agreed int // commands: by Start, and by Agree
}

type server struct {
	c         *Cluster
	me        int
	raft      Raft
	persister *Persister
	up        bool
	life      int // how many have ended
	cut       bool
	last      int // index that was last received, or covered by a snapshot
	every     int // commands between two snapshots, 0: none
}

// New returns a cluster whose servers run.
func New(t *testing.T, servers int, start func(lab.Options) Raft) *Cluster {
	c := &Cluster{t: t, start: start, log: []interface{}{nil}}
	for me := range servers {
		c.servers = append(c.servers, &server{c: c, me: me, persister: &Persister{}})
	}
	for me := range servers {
		c.Restart(me)
	}
	t.Cleanup(func() {
		for me := range c.servers {
			c.Crash(me)
		}
		// What the servers have under way ends in a while, and the bubble's time
		// passes only as long as the test goes on.
		time.Sleep(time.Minute)
	})
	return c
}

// SnapshotEvery makes all services snapshot from now on.
func (c *Cluster) SnapshotEvery(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.servers {
		s.every = n
	}
}

// Lose makes the network lose a share of all requests, and of all replies.
func (c *Cluster) Lose(share float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loss = share
}

// Cut cuts a server off, or joins it again.
func (c *Cluster) Cut(me int, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers[me].cut = cut
}

// Crash kills a server. What it says from then on nobody hears: it may speak of
// what its persister has not.
func (c *Cluster) Crash(me int) {
	c.mu.Lock()
	s := c.servers[me]
	s.up = false
	s.life++
	s.persister = s.persister.clone() // what it still writes is lost
	raft := s.raft
	c.mu.Unlock()
	raft.Kill()
}

// Restart starts a server with what its persister holds.
func (c *Cluster) Restart(me int) {
	c.mu.Lock()
	s := c.servers[me]
	persister, life := s.persister, s.life
	s.last = 0
	if snapshot := persister.ReadSnapshot(); len(snapshot) > 0 {
		s.last = indexOf(c.t, snapshot)
	}
	c.mu.Unlock()
	messages := make(chan lab.ApplyMsg)
	var raft Raft
	raft = c.start(lab.Options{
		Servers: len(c.servers), Me: me, Persister: persister,
		Call: func(to int, _ string, args []byte, reply *[]byte) bool { return c.call(me, life, to, args, reply) },
		Deliver: func(m lab.ApplyMsg, done <-chan struct{}) bool {
			select {
			case messages <- m:
				return true
			case <-done:
				return false
			}
		},
		Closed: func() { close(messages) },
	})
	c.mu.Lock()
	s.raft, s.up = raft, true
	c.mu.Unlock()
	go func() {
		for m := range messages {
			if index := s.receive(m); index > 0 {
				raft.Snapshot(index, snapshotOf(index))
			}
		}
	}()
}

func (c *Cluster) call(from, life, to int, args []byte, reply *[]byte) bool {
	c.mu.Lock()
	source, target := c.servers[from], c.servers[to]
	ok := source.life == life && target.up && !source.cut && !target.cut && rand.Float64() >= c.loss
	raft := target.raft
	c.mu.Unlock()
	if !ok {
		time.Sleep(time.Millisecond)
		return false
	}
	raft.Step(append([]byte(nil), args...), reply)
	c.mu.Lock()
	defer c.mu.Unlock()
	return source.life == life && target.up && target.raft == raft && !source.cut && !target.cut && rand.Float64() >= c.loss
}

// receive checks a message. It returns the index of a snapshot to take, 0 for
// none.
func (s *server) receive(m lab.ApplyMsg) int {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.CommandValid == m.SnapshotValid:
		c.t.Errorf("server %d: a message that is neither or both: %+v", s.me, m)
	case m.SnapshotValid:
		if got := indexOf(c.t, m.Snapshot); got != m.SnapshotIndex || got <= s.last {
			c.t.Errorf("server %d: a snapshot through %d, said to be through %d, after index %d", s.me, got, m.SnapshotIndex, s.last)
		}
		s.last = m.SnapshotIndex
		return 0
	case m.CommandIndex != s.last+1:
		c.t.Errorf("server %d: index %d came where %d was next", s.me, m.CommandIndex, s.last+1)
	}
	for len(c.log) <= m.CommandIndex {
		c.log = append(c.log, nil)
	}
	if was := c.log[m.CommandIndex]; was != nil && was != m.Command {
		c.t.Errorf("server %d: %v at index %d, where another one has %v", s.me, m.Command, m.CommandIndex, was)
	}
	c.log[m.CommandIndex] = m.Command
	s.last = m.CommandIndex
	if s.every > 0 && s.last%s.every == 0 {
		return s.last
	}
	return 0
}
