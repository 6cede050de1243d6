//go:build go1.25

//go:debug asynctimerchan=0

package replica_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/rsm"
	"pontoon.dev/go-shim/rsm/replica"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// The tests run in bubbles of virtual time, in which a goroutine that is left
// behind fails the test.

// counter adds up what it is told; the answer is the sum.
type counter struct{ sum uint64 }

func (c *counter) Apply(command []byte) []byte {
	n, _ := binary.Uvarint(command)
	c.sum += n
	return binary.AppendUvarint(nil, c.sum)
}

func (c *counter) Snapshot() []byte { return binary.AppendUvarint(nil, c.sum) }

func (c *counter) Restore(snapshot []byte) error {
	sum, used := binary.Uvarint(snapshot)
	if used <= 0 {
		return errors.New("no number")
	}
	c.sum = sum
	return nil
}

// lossy is a transport that loses, delays and doubles.
type lossy struct {
	raft.Transport
	mu     sync.Mutex
	random *rand.Rand
}

func (l *lossy) draw(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.IntN(n)
}

func (l *lossy) Send(to uint64, request []byte, done func([]byte, error)) {
	for copies := 1 + l.draw(10)/9; copies > 0; copies-- {
		if l.draw(10) == 0 {
			continue
		}
		time.AfterFunc(time.Duration(l.draw(30))*time.Millisecond, func() { l.Transport.Send(to, request, done) })
	}
}

// cluster is three servers.
type cluster struct {
	*testing.T
	network  transport.Network
	lossy    bool
	stores   map[uint64]*storage.Memory
	replicas map[uint64]*replica.Replica
}

const limit = 1000 // bytes of state

func run(t *testing.T, lossy bool, f func(c *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{T: t, lossy: lossy, stores: map[uint64]*storage.Memory{}, replicas: map[uint64]*replica.Replica{}}
		for id := uint64(1); id <= 3; id++ {
			c.stores[id] = &storage.Memory{}
			c.start(id)
		}
		f(c)
		for _, r := range c.replicas {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute) // requests that are still delayed
	})
}

func (c *cluster) start(id uint64) {
	c.Helper()
	var carrier raft.Transport = c.network.Endpoint(id)
	if c.lossy {
		carrier = &lossy{Transport: carrier, random: rand.New(rand.NewPCG(id, 7))}
	}
	r, err := replica.Start(replica.Config{
		Raft:      raft.Config{ID: id, Voters: []uint64{1, 2, 3}},
		RSM:       rsm.Config{MaxStateBytes: limit},
		Machine:   &counter{},
		Storage:   c.stores[id],
		Transport: carrier,
	})
	if err != nil {
		c.Fatal(err)
	}
	c.replicas[id] = r
	c.network.Attach(id, r.Node)
}

// crash ends a server; what comes back is what its store held before.
func (c *cluster) crash(id uint64) {
	c.network.Attach(id, nil)
	c.stores[id] = c.stores[id].Copy()
	c.replicas[id].Close()
}

// insist repeats a call at all servers until one of them answers.
func (c *cluster) insist(f func(ctx context.Context, r *replica.Replica) error) {
	for id := uint64(1); ; id = id%3 + 1 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := f(ctx, c.replicas[id])
		cancel()
		if err == nil {
			return
		}
		for _, not := range []error{rsm.ErrNoSession, rsm.ErrOutdated} {
			if errors.Is(err, not) {
				c.Errorf("server %d: %v", id, err)
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (c *cluster) open() (client uint64) {
	c.insist(func(ctx context.Context, r *replica.Replica) (err error) {
		client, err = r.Open(ctx)
		return err
	})
	return client
}

func (c *cluster) add(client, serial, n uint64) (sum uint64) {
	c.insist(func(ctx context.Context, r *replica.Replica) error {
		answer, err := r.SubmitOnce(ctx, client, serial, binary.AppendUvarint(nil, n))
		sum, _ = binary.Uvarint(answer)
		return err
	})
	return sum
}

func (c *cluster) read() (sum uint64) {
	c.insist(func(ctx context.Context, r *replica.Replica) error {
		answer, err := r.Submit(ctx, []byte{0})
		sum, _ = binary.Uvarint(answer)
		return err
	})
	return sum
}

func TestCommandsAreExecutedOnce(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		t.Run(fmt.Sprint("lossy=", lossy), func(t *testing.T) {
			run(t, lossy, func(c *cluster) {
				const clients, commands = 4, 40
				var wg sync.WaitGroup
				for range clients {
					wg.Go(func() {
						client := c.open()
						before := uint64(0)
						for serial := uint64(1); serial <= commands; serial++ {
							sum := c.add(client, serial, 1)
							if again := c.add(client, serial, 1); again != sum || sum <= before {
								c.Errorf("%d after %d, and %d when repeated", sum, before, again)
							}
							before = sum
							time.Sleep(20 * time.Millisecond)
						}
					})
				}
				stop := make(chan struct{})
				var faults sync.WaitGroup
				faults.Go(func() { c.disturb(stop) })
				wg.Wait()
				close(stop)
				faults.Wait()
				if sum := c.read(); sum != clients*commands {
					c.Errorf("the sum is %d, want %d", sum, clients*commands)
				}
				for id, r := range c.replicas {
					if size := r.Node.State().StateBytes; size > limit {
						c.Errorf("server %d: %d bytes of state", id, size)
					}
				}
			})
		})
	}
}

// disturb isolates one server after the other, each for a while.
func (c *cluster) disturb(stop <-chan struct{}) {
	for id := uint64(1); ; id = id%3 + 1 {
		c.network.Isolate(id, true)
		time.Sleep(3 * time.Second)
		c.network.Isolate(id, false)
		select {
		case <-time.After(3 * time.Second):
		case <-stop:
			return
		}
	}
}

func TestRestart(t *testing.T) {
	run(t, false, func(c *cluster) {
		client := c.open()
		for serial := uint64(1); serial <= 200; serial++ {
			c.add(client, serial, serial)
		}
		for id := range c.stores {
			c.crash(id)
		}
		for id := range c.stores {
			c.start(id)
		}
		if c.read() != 20100 {
			c.Errorf("the sum is %d after a restart", c.read())
		}
		if sum := c.add(client, 200, 200); sum != 20100 {
			c.Errorf("a repeated command after a restart: %d", sum)
		}
		if sum := c.add(client, 201, 1); sum != 20101 {
			c.Errorf("the next command after a restart: %d", sum)
		}
	})
}

func TestErrorsOfTheNode(t *testing.T) {
	run(t, false, func(c *cluster) {
		c.read()
		refused := 0
		for _, r := range c.replicas {
			_, err := r.Submit(context.Background(), []byte{0})
			var notLeader *raft.NotLeaderError
			if errors.As(err, &notLeader) && errors.Is(err, rsm.ErrRefused) && notLeader.Known {
				refused++
			}
		}
		if refused != 2 {
			c.Errorf("%d servers point at the leader", refused)
		}
		// A node that dies takes its replica along.
		fire := errors.New("fire")
		c.stores[1].Fail(fire)
		c.insist(func(ctx context.Context, r *replica.Replica) error {
			_, err := r.Submit(ctx, []byte{0})
			return err
		})
		c.until("the replica has stopped", func() bool {
			select {
			case <-c.replicas[1].Done():
				return true
			default:
				return false
			}
		})
		if err := c.replicas[1].Close(); !errors.Is(err, fire) {
			c.Errorf("Close: %v", err)
		}
		c.stores[1] = &storage.Memory{}
		delete(c.replicas, 1)
	})
}

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

func TestBadConfigurations(t *testing.T) {
	store, network := &storage.Memory{}, &transport.Network{}
	good := replica.Config{Raft: raft.Config{ID: 1, Voters: []uint64{1}}, Machine: &counter{}, Storage: store, Transport: network.Endpoint(1)}
	for _, c := range []struct {
		change func(c *replica.Config)
		err    error
	}{
		{func(c *replica.Config) { c.Machine = nil }, rsm.ErrConfig},
		{func(c *replica.Config) { c.RSM.MaxSessions = -1 }, rsm.ErrConfig},
		{func(c *replica.Config) { c.Storage = nil }, raft.ErrConfig},
		{func(c *replica.Config) { c.Raft.Voters = nil }, raft.ErrConfig},
	} {
		bad := good
		c.change(&bad)
		if r, err := replica.Start(bad); r != nil || !errors.Is(err, c.err) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
