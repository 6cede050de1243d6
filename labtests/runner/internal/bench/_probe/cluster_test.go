package raft

// The probe: a cluster behind the lab interface, one scenario a process, and
// one line of JSON about it. All servers share this process and a reliable
// network; applyCh is unbuffered, as in the lab's harness.

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// probeRaft is all the probe asks of an implementation, besides Make.
type probeRaft interface {
	Start(command interface{}) (int, int, bool)
	GetState() (int, bool)
	Snapshot(index int, snapshot []byte)
	Kill()
}

const (
	probeUnknown = -1      // the command came by a snapshot
	probeLost    = -2      // a waiter's command will not be applied where it was to be
	probeWarmUp  = 1 << 24 // command numbers from here on are not part of the load
)

// probeCommand is command number id, padded to size bytes (at least 8).
func probeCommand(id, size int) string {
	return fmt.Sprintf("%08d", id) + probeFiller[:size-8]
}

var probeFiller = strings.Repeat("pontoon bench. ", 1<<12)

// A probeServer is one Raft with the service on top of it.
type probeServer struct {
	rf      probeRaft
	applyCh chan probeMsg
	applied int64 // atomic: highest index applied

	mu      sync.Mutex
	ids     []int            // ids[index] is the command applied there
	waiters map[int]chan int // by index; get the command's number
	faults  []string         // what was wrong with what was delivered
}

type probeCluster struct {
	net           *probeNet
	servers       []*probeServer
	snapshotEvery int

	leaderMu sync.Mutex
	leader   *probeServer
	changes  int
}

// newProbeCluster prepares everything but the Rafts, so that what these need
// can be told from what the probe needs.
func newProbeCluster(servers, snapshotEvery int) *probeCluster {
	c := &probeCluster{net: newProbeNet(servers), snapshotEvery: snapshotEvery}
	for i := 0; i < servers; i++ {
		s := &probeServer{applyCh: make(chan probeMsg), ids: []int{probeUnknown}, waiters: map[int]chan int{}}
		c.servers = append(c.servers, s)
	}
	return c
}

func (c *probeCluster) makeRafts() {
	for i, s := range c.servers {
		s.rf = c.net.make(i, s.applyCh)
		go c.serve(s)
	}
}

func (c *probeCluster) kill() {
	for _, s := range c.servers {
		s.rf.Kill()
	}
	c.net.cleanup()
}

// serve is a server's service: it notes what is applied and snapshots it.
func (c *probeCluster) serve(s *probeServer) {
	for m := range s.applyCh {
		switch {
		case m.CommandValid:
			s.applyCommand(m)
			if c.snapshotEvery > 0 && m.CommandIndex%c.snapshotEvery == 0 {
				s.rf.Snapshot(m.CommandIndex, probeSnapshot(m.CommandIndex))
			}
		case m.SnapshotValid:
			if probeInstall(s.rf, m) {
				s.applySnapshot(m)
			}
		}
	}
}

func probeSnapshot(index int) []byte { return []byte(fmt.Sprintf("state as of %020d", index)) }

func (s *probeServer) applyCommand(m probeMsg) {
	id := probeUnknown
	if text, ok := m.Command.(string); ok && len(text) >= 8 {
		if n, err := strconv.Atoi(text[:8]); err == nil {
			id = n
		}
	}
	s.mu.Lock()
	if m.CommandIndex != len(s.ids) {
		s.fault("index %d came where %d was next", m.CommandIndex, len(s.ids))
	}
	if id == probeUnknown {
		s.fault("the command at index %d is %T, not one of the probe's", m.CommandIndex, m.Command)
	}
	for len(s.ids) <= m.CommandIndex {
		s.ids = append(s.ids, probeUnknown)
	}
	s.ids[m.CommandIndex] = id
	waiter := s.waiters[m.CommandIndex]
	delete(s.waiters, m.CommandIndex)
	s.mu.Unlock()

	atomic.StoreInt64(&s.applied, int64(m.CommandIndex))
	if waiter != nil {
		waiter <- id
	}
}

func (s *probeServer) applySnapshot(m probeMsg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(m.Snapshot) != string(probeSnapshot(m.SnapshotIndex)) {
		s.fault("the snapshot for index %d is not the one the service took", m.SnapshotIndex)
	}
	if m.SnapshotIndex < len(s.ids)-1 {
		s.fault("a snapshot went back from index %d to %d", len(s.ids)-1, m.SnapshotIndex)
		return
	}
	for len(s.ids) <= m.SnapshotIndex {
		s.ids = append(s.ids, probeUnknown)
	}
	for index, waiter := range s.waiters {
		if index <= m.SnapshotIndex {
			waiter <- probeUnknown
			delete(s.waiters, index)
		}
	}
	atomic.StoreInt64(&s.applied, int64(m.SnapshotIndex))
}

// fault notes a violation; the first few tell enough. Needs mu.
func (s *probeServer) fault(format string, args ...interface{}) {
	if len(s.faults) < 5 {
		s.faults = append(s.faults, fmt.Sprintf(format, args...))
	}
}

// await returns a channel that gets the number of the command applied at index.
func (s *probeServer) await(index int) chan int {
	ch := make(chan int, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if index < len(s.ids) {
		ch <- s.ids[index]
		return ch
	}
	if other := s.waiters[index]; other != nil {
		other <- probeLost // its command was overwritten, or this one will be
	}
	s.waiters[index] = ch
	return ch
}

// currentLeader returns the leader, and how often it has changed so far.
func (c *probeCluster) currentLeader() (*probeServer, int) {
	c.leaderMu.Lock()
	defer c.leaderMu.Unlock()
	return c.leader, c.changes
}

// deposed is called when the leader after that many changes refuses commands or
// answers none. It returns when there is a leader again, if there will be.
func (c *probeCluster) deposed(changes int) {
	c.leaderMu.Lock()
	defer c.leaderMu.Unlock()
	if c.changes == changes && c.findLeader(10*time.Second) {
		c.changes++
	}
}

// findLeader makes the server known that has led without a break for 150 ms.
// It returns false if there is none in the time given. Needs leaderMu.
func (c *probeCluster) findLeader(limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		best, highest := -1, -1
		for i, s := range c.servers {
			if term, leads := s.rf.GetState(); leads && term > highest {
				best, highest = i, term
			}
		}
		if best < 0 {
			continue
		}
		time.Sleep(150 * time.Millisecond)
		if term, leads := c.servers[best].rf.GetState(); leads && term == highest {
			c.leader = c.servers[best]
			return true
		}
	}
	return false
}

// faultsSoFar tells what was wrong with what was delivered, for a message: a
// Raft that delivers nonsense may also never come to the end of a scenario.
func (c *probeCluster) faultsSoFar() string {
	text := ""
	for i, s := range c.servers {
		s.mu.Lock()
		for _, fault := range s.faults {
			text += fmt.Sprintf("; server %d: %s", i, fault)
		}
		s.mu.Unlock()
	}
	return text
}
