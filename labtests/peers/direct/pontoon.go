package main

import (
	"context"
	"sync/atomic"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// pontoonCluster is Pontoon on its transport and storage in memory.
type pontoonCluster struct {
	nodes   []*raft.Node
	applied [servers]atomic.Int64
	leader  *raft.Node
}

// counter is a state machine that counts.
type counter struct{ n *atomic.Int64 }

// Apply implements raft.FSM.
func (c counter) Apply(raft.Entry) any {
	c.n.Add(1)
	return nil
}

// Restore implements raft.FSM.
func (c counter) Restore(raft.Snapshot) error { return nil }

func newPontoon() (cluster, error) {
	c := &pontoonCluster{}
	network := &transport.Network{}
	for i := range servers {
		id := uint64(i) + 1
		config := raft.Config{ID: id, Voters: []uint64{1, 2, 3}}
		node, err := raft.New(config, counter{&c.applied[i]}, &storage.Memory{}, network.Endpoint(id))
		if err != nil {
			return nil, err
		}
		network.Attach(id, node)
		c.nodes = append(c.nodes, node)
	}
	return c, await("leader", func() bool {
		for _, node := range c.nodes {
			if node.State().Role == raft.Leader {
				c.leader = node
			}
		}
		return c.leader != nil
	})
}

func (c *pontoonCluster) propose(command []byte) error {
	_, err := c.leader.Propose(context.Background(), command)
	return err
}

func (c *pontoonCluster) counts() []int64 {
	var counts []int64
	for i := range c.applied {
		counts = append(counts, c.applied[i].Load())
	}
	return counts
}

func (c *pontoonCluster) close() {
	for _, node := range c.nodes {
		_ = node.Close()
	}
}
