package main

import (
	"encoding/binary"
	"io"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// etcdCluster is etcd's Raft: a raft.RawNode and a raft.MemoryStorage for each
// server, and one goroutine that drives it. That is faster than a raft.Node, which
// hands over every proposal for itself: here those that came during the last
// Ready go into the log together. It comes with no transport: a goroutine puts
// its messages into the mailbox of another's.
type etcdCluster struct {
	nodes  [servers]*etcdNode
	leader *etcdNode
	stop   chan struct{}
	wg     sync.WaitGroup
}

type etcdNode struct {
	c       *etcdCluster
	node    *raft.RawNode
	storage *raft.MemoryStorage
	applied atomic.Int64
	leads   atomic.Bool
	waiting map[uint64]chan error // by the number that a command begins with

	wake      chan struct{} // has room for one
	mu        sync.Mutex
	messages  []raftpb.Message
	proposals []proposal
}

type proposal struct {
	command []byte // begins with its number
	done    chan error
}

// voters is a MemoryStorage with the servers in it from the start.
type voters struct {
	*raft.MemoryStorage
	conf raftpb.ConfState
}

// InitialState implements raft.Storage.
func (v voters) InitialState() (raftpb.HardState, raftpb.ConfState, error) {
	hard, _, err := v.MemoryStorage.InitialState()
	return hard, v.conf, err
}

func newEtcd() (cluster, error) {
	c := &etcdCluster{stop: make(chan struct{})}
	for i := range servers {
		n := &etcdNode{c: c, storage: raft.NewMemoryStorage(), waiting: map[uint64]chan error{}, wake: make(chan struct{}, 1)}
		node, err := raft.NewRawNode(&raft.Config{
			ID: uint64(i) + 1, ElectionTick: 10, HeartbeatTick: 1,
			Storage:       voters{n.storage, raftpb.ConfState{Voters: []uint64{1, 2, 3}}},
			MaxSizePerMsg: 512 << 10, MaxInflightMsgs: 256, Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)},
		})
		if err != nil {
			return nil, err
		}
		n.node, c.nodes[i] = node, n
	}
	for _, n := range c.nodes {
		c.wg.Go(n.run)
	}
	return c, await("leader", func() bool {
		for _, n := range c.nodes {
			if n.leads.Load() {
				c.leader = n
			}
		}
		return c.leader != nil
	})
}

func (n *etcdNode) run() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			n.node.Tick()
		case <-n.wake:
		case <-n.c.stop:
			return
		}
		n.take()
		for n.node.HasReady() {
			n.turn()
			n.take()
		}
	}
}

// take gives the node what came in.
func (n *etcdNode) take() {
	n.mu.Lock()
	messages, proposals := n.messages, n.proposals
	n.messages, n.proposals = nil, nil
	n.mu.Unlock()
	for _, m := range messages {
		_ = n.node.Step(m) // what it does not take it has no use for
	}
	if len(proposals) == 0 {
		return
	}
	m := raftpb.Message{Type: raftpb.MsgProp, From: n.node.BasicStatus().ID}
	for _, p := range proposals {
		m.Entries = append(m.Entries, raftpb.Entry{Data: p.command})
		n.waiting[binary.LittleEndian.Uint64(p.command)] = p.done
	}
	if err := n.node.Step(m); err != nil {
		for _, p := range proposals {
			p.done <- err
		}
	}
}

// turn does what the node wants to have done. A leader sends before it stores.
func (n *etcdNode) turn() {
	rd := n.node.Ready()
	if rd.SoftState != nil {
		n.leads.Store(rd.SoftState.RaftState == raft.StateLeader)
	}
	leads := n.leads.Load()
	if leads {
		n.send(rd.Messages)
	}
	if !raft.IsEmptyHardState(rd.HardState) {
		must(n.storage.SetHardState(rd.HardState))
	}
	must(n.storage.Append(rd.Entries))
	if !leads {
		n.send(rd.Messages)
	}
	commands := int64(0)
	for _, e := range rd.CommittedEntries {
		if len(e.Data) == 0 {
			continue // a new leader's
		}
		commands++
		id := binary.LittleEndian.Uint64(e.Data)
		if done := n.waiting[id]; done != nil {
			done <- nil
			delete(n.waiting, id)
		}
	}
	n.applied.Add(commands)
	n.node.Advance(rd)
}

// must is for what fails only if this program is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (n *etcdNode) send(messages []raftpb.Message) {
	for i, to := range n.c.nodes {
		var some []raftpb.Message
		for _, m := range messages {
			if m.To == uint64(i)+1 {
				some = append(some, m)
			}
		}
		if len(some) > 0 {
			to.mu.Lock()
			to.messages = append(to.messages, some...)
			to.mu.Unlock()
			to.signal()
		}
	}
}

func (n *etcdNode) signal() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

var lastProposal atomic.Uint64

func (c *etcdCluster) propose(command []byte) error {
	binary.LittleEndian.PutUint64(command, lastProposal.Add(1))
	p := proposal{command, make(chan error, 1)}
	n := c.leader
	n.mu.Lock()
	n.proposals = append(n.proposals, p)
	n.mu.Unlock()
	n.signal()
	return <-p.done
}

func (c *etcdCluster) counts() []int64 {
	var counts []int64
	for _, n := range c.nodes {
		counts = append(counts, n.applied.Load())
	}
	return counts
}

func (c *etcdCluster) close() {
	close(c.stop)
	c.wg.Wait()
}
