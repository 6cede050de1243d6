//go:build go1.25

//go:debug asynctimerchan=0

package lab

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The tests with servers run in bubbles of virtual time, in which a goroutine
// that is left behind fails the test.

// disk is a persister that copies, as those since 2021 do.
type disk struct {
	mu              sync.Mutex
	state, snapshot []byte
	gate            chan struct{} // if not nil, saves wait until it is closed
	waiting         int           // how many do
}

func (d *disk) ReadRaftState() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]byte{}, d.state...)
}

func (d *disk) ReadSnapshot() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]byte{}, d.snapshot...)
}

func (d *disk) RaftStateSize() int { return len(d.ReadRaftState()) }

func (d *disk) Save(state, snapshot []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if gate := d.gate; gate != nil {
		d.waiting++
		d.mu.Unlock()
		<-gate
		d.mu.Lock()
	}
	d.state, d.snapshot = bytes.Clone(state), bytes.Clone(snapshot)
}

func (d *disk) loseSnapshot() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snapshot = nil
}

// copy is the disk at one moment.
func (d *disk) copy() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &disk{state: bytes.Clone(d.state), snapshot: bytes.Clone(d.snapshot)}
}

// site is a cluster on a network like the labs'.
type site struct {
	*testing.T
	mu       sync.Mutex
	rafts    []*Raft
	disks    []*disk
	channels []chan ApplyMsg
	services []sync.WaitGroup
	cut      []bool
	lives    []int  // how many of each have ended
	late     int    // calls and deliveries of dead servers
	every    int    // snapshots after so many commands; 0: none
	padding  string // of the snapshots
	logs     [][]interface{}

	keepSnapshot bool
}

func onSite(t *testing.T, size int, f func(s *site)) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{
			T:     t,
			rafts: make([]*Raft, size), disks: make([]*disk, size), channels: make([]chan ApplyMsg, size),
			services: make([]sync.WaitGroup, size),
			cut:      make([]bool, size), lives: make([]int, size), logs: make([][]interface{}, size),
		}
		for me := range size {
			s.disks[me] = &disk{}
		}
		f(s)
		for _, rf := range s.rafts {
			rf.Kill()
		}
		synctest.Wait()
		if s.late > 0 {
			t.Errorf("%d calls or deliveries of dead servers", s.late)
		}
	})
}

// boot makes a server, without a receiver for what it delivers.
func (s *site) boot(me int) *Raft {
	channel, dead := make(chan ApplyMsg), make(chan struct{})
	alive := func() {
		select {
		case <-dead:
			s.mu.Lock()
			s.late++
			s.mu.Unlock()
		default:
		}
	}
	s.mu.Lock()
	life := s.lives[me]
	s.mu.Unlock()
	rf := Make(Options{
		Servers:   len(s.disks),
		Me:        me,
		Persister: s.disks[me],

		KeepSnapshot: s.keepSnapshot,
		Call: func(server int, method string, args []byte, reply *[]byte) bool {
			if method != "Raft.Step" {
				s.Errorf("RPC %s", method)
			}
			return s.carry(me, life, server, args, reply)
		},
		Deliver: func(m ApplyMsg, done <-chan struct{}) bool {
			alive()
			select {
			case channel <- m:
				alive()
				return true
			case <-done:
				return false
			}
		},
		Closed: func() {
			close(channel)
			close(dead)
		},
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rafts[me], s.channels[me], s.logs[me] = rf, channel, nil
	return rf
}

// carry takes a request to its receiver and brings back the reply, in time, as
// long as the sender lives.
func (s *site) carry(from, life, to int, args []byte, reply *[]byte) bool {
	open := func() *Raft {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lives[from] != life || s.cut[from] || s.cut[to] {
			return nil
		}
		return s.rafts[to]
	}
	time.Sleep(time.Millisecond)
	rf := open()
	if rf == nil {
		return false
	}
	rf.Step(args, reply)
	return open() == rf
}

// serve boots a server with a service that checks what it is given.
func (s *site) serve(me int) *Raft {
	// Of a snapshot that was lost the service of that harness keeps the contents.
	_, snapshot := resolveKept(s.disks[me].ReadRaftState(), s.disks[me].ReadSnapshot())
	rf := s.boot(me)
	channel := s.channels[me]
	if len(snapshot) > 0 {
		s.ingest(me, snapshot)
	}
	s.services[me].Go(func() {
		for m := range channel {
			s.apply(me, rf, m)
		}
	})
	return rf
}

// ingest makes the log what a snapshot says: numbers 1 to its length.
func (s *site) ingest(me int, snapshot []byte) int {
	var count int
	fmt.Sscanf(string(snapshot), "first %d", &count)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[me] = make([]interface{}, count)
	return count
}

func (s *site) apply(me int, rf *Raft, m ApplyMsg) {
	if m.CommandValid == m.SnapshotValid {
		s.Errorf("server %d: message %+v is neither or both", me, m)
	}
	if m.SnapshotValid {
		if applied := len(s.log(me)); m.SnapshotIndex <= applied || m.SnapshotTerm < 1 || !rf.CondInstallSnapshot(m.SnapshotTerm, m.SnapshotIndex, m.Snapshot) {
			s.Errorf("server %d: snapshot at %d of term %d after %d", me, m.SnapshotIndex, m.SnapshotTerm, applied)
		}
		if got := s.ingest(me, m.Snapshot); got != m.SnapshotIndex {
			s.Errorf("server %d: snapshot at %d has the bytes of %d", me, m.SnapshotIndex, got)
		}
		return
	}
	s.mu.Lock()
	s.logs[me] = append(s.logs[me], m.Command)
	applied := len(s.logs[me])
	s.mu.Unlock()
	if m.CommandIndex != applied {
		s.Errorf("server %d: index %d after %d", me, m.CommandIndex, applied-1)
	}
	if s.every > 0 && applied%s.every == 0 {
		rf.Snapshot(s.snapshot(me))
	}
}

// snapshot is what a service would hand to Snapshot now.
func (s *site) snapshot(me int) (index int, data []byte) {
	applied := len(s.log(me))
	return applied, fmt.Appendf(nil, "first %d%s", applied, s.padding)
}

func (s *site) log(me int) []interface{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]interface{}{}, s.logs[me]...)
}

// crash kills a server; its disk is what was on it before. What it says after
// that nobody hears: it may speak of what the copy of its disk does not have.
func (s *site) crash(me int) {
	s.mu.Lock()
	rf := s.rafts[me]
	s.rafts[me] = nil
	s.lives[me]++
	s.mu.Unlock()
	s.disks[me] = s.disks[me].copy()
	rf.Kill()
	s.services[me].Wait() // or its last command would count for the next life
}

func (s *site) isolate(me int, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut[me] = cut
}

// until lets virtual time pass until something holds.
func (s *site) until(what string, condition func() bool) {
	s.Helper()
	for range 6000 {
		synctest.Wait()
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("after a minute still not: %s", what)
}

func (s *site) leader() (leader int) {
	s.Helper()
	s.until("a leader", func() bool {
		newest := 0
		for me, rf := range s.rafts {
			if term, ok := rf.GetState(); ok && !s.cut[me] && term > newest {
				leader, newest = me, term
			}
		}
		return newest > 0
	})
	return leader
}

// commit starts a command and waits until the others have it too.
func (s *site) commit(command interface{}, others ...int) int {
	s.Helper()
	for {
		rf := s.rafts[s.leader()]
		index, term, ok := rf.Start(command)
		if !ok {
			continue
		}
		lost := false
		s.until(fmt.Sprintf("%v at %d", command, index), func() bool {
			now, _ := rf.GetState()
			lost = now != term
			for _, me := range others {
				if len(s.log(me)) < index && !lost {
					return false
				}
			}
			return true
		})
		if lost {
			continue
		}
		for _, me := range others {
			if got := s.log(me)[index-1]; !reflect.DeepEqual(got, command) {
				s.Fatalf("server %d has %T %v at %d, not %T %v", me, got, got, index, command, command)
			}
		}
		return index
	}
}
