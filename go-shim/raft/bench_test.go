package raft_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// counter is the cheapest state machine.
type counter struct{ n int }

func (c *counter) Apply(raft.Entry) any        { c.n++; return nil }
func (c *counter) Restore(raft.Snapshot) error { return nil }

// discard is a storage that forgets: the figures are then those of the rest.
type discard struct{ storage.Memory }

func (*discard) Save(state, snapshot []byte, snapshotChanged bool) error { return nil }

// benchLeader returns the leader of a cluster of three in this process.
func benchLeader(b *testing.B, config raft.Config) *raft.Node {
	b.Helper()
	var network transport.Network
	var nodes []*raft.Node
	for id := uint64(1); id <= 3; id++ {
		config.ID, config.Voters = id, []uint64{1, 2, 3}
		node, err := raft.New(config, &counter{}, &discard{}, network.Endpoint(id))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { node.Close() })
		network.Attach(id, node)
		nodes = append(nodes, node)
	}
	for {
		for _, node := range nodes {
			if _, err := node.Propose(context.Background(), nil); err == nil {
				return node
			} else if !errors.Is(err, raft.ErrNotLeader) && !errors.Is(err, raft.ErrLeadershipLost) {
				b.Fatal(err)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// benchPropose commits b.N commands of 16 bytes from so many clients, each of
// which waits for one before it sends the next.
func benchPropose(b *testing.B, clients int) {
	leader := benchLeader(b, raft.Config{})
	command := make([]byte, 16)
	b.ReportAllocs()
	b.ResetTimer()
	var running sync.WaitGroup
	for client := range clients {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := client; i < b.N; i += clients {
				if _, err := leader.Propose(context.Background(), command); err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	running.Wait()
}

func BenchmarkPropose1(b *testing.B)   { benchPropose(b, 1) }
func BenchmarkPropose64(b *testing.B)  { benchPropose(b, 64) }
func BenchmarkPropose256(b *testing.B) { benchPropose(b, 256) }
