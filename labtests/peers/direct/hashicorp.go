package main

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// hashicorpCluster is hashicorp's Raft on the transport and the stores in memory
// that it comes with, pipelining included.
type hashicorpCluster struct {
	nodes  []*raft.Raft
	fsms   [servers]batchCounter
	leader *raft.Raft
}

// batchCounter is a raft.BatchingFSM that counts.
type batchCounter struct{ n atomic.Int64 }

// ApplyBatch implements raft.BatchingFSM.
func (c *batchCounter) ApplyBatch(logs []*raft.Log) []interface{} {
	n := int64(0)
	for _, log := range logs {
		if log.Type == raft.LogCommand {
			n++
		}
	}
	c.n.Add(n)
	return make([]interface{}, len(logs))
}

// Apply implements raft.FSM.
func (c *batchCounter) Apply(log *raft.Log) interface{} { return c.ApplyBatch([]*raft.Log{log})[0] }

// Snapshot implements raft.FSM.
func (c *batchCounter) Snapshot() (raft.FSMSnapshot, error) {
	return nil, fmt.Errorf("this one takes no snapshots")
}

// Restore implements raft.FSM.
func (c *batchCounter) Restore(io.ReadCloser) error { return nil }

func newHashicorp() (cluster, error) {
	c := &hashicorpCluster{}
	var configuration raft.Configuration
	var transports []*raft.InmemTransport
	for i := range servers {
		address, transport := raft.NewInmemTransport(raft.ServerAddress(fmt.Sprint(i)))
		configuration.Servers = append(configuration.Servers, raft.Server{ID: raft.ServerID(address), Address: address})
		transports = append(transports, transport)
	}
	for i, transport := range transports {
		for _, other := range transports {
			transport.Connect(other.LocalAddr(), other)
		}
		config := raft.DefaultConfig()
		config.LocalID = configuration.Servers[i].ID
		config.BatchApplyCh = true
		config.LogOutput, config.LogLevel = io.Discard, "OFF"
		store, snapshots := raft.NewInmemStore(), raft.NewInmemSnapshotStore()
		if err := raft.BootstrapCluster(config, store, store, snapshots, transport, configuration); err != nil {
			return nil, err
		}
		node, err := raft.NewRaft(config, &c.fsms[i], store, store, snapshots, transport)
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, node)
	}
	return c, await("leader", func() bool {
		for _, node := range c.nodes {
			if node.State() == raft.Leader {
				c.leader = node
			}
		}
		return c.leader != nil
	})
}

func (c *hashicorpCluster) propose(command []byte) error { return c.leader.Apply(command, 0).Error() }

func (c *hashicorpCluster) counts() []int64 {
	var counts []int64
	for i := range c.fsms {
		counts = append(counts, c.fsms[i].n.Load())
	}
	return counts
}

func (c *hashicorpCluster) close() {
	for _, node := range c.nodes {
		_ = node.Shutdown().Error()
	}
}
