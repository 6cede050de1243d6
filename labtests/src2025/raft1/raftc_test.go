package raft

// Part C: persistence.

import (
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPersist13C(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): basic persistence")
	ts.one(11, servers, true)

	// Everybody restarts.
	ts.g.Shutdown()
	ts.g.StartServers()
	ts.one(12, servers, true)

	// The leader restarts, at once and then after it missed something.
	leader1 := ts.checkOneLeader()
	ts.g.ShutdownServer(leader1)
	ts.restart(leader1)
	ts.one(13, servers, true)

	leader2 := ts.checkOneLeader()
	ts.g.ShutdownServer(leader2)
	ts.one(14, servers-1, true)
	ts.restart(leader2)
	ts.wait(4, servers, -1) // it has to have that before it may vote on the rest

	// A follower does.
	i3 := (ts.checkOneLeader() + 1) % servers
	ts.g.ShutdownServer(i3)
	ts.one(15, servers-1, true)
	ts.restart(i3)
	ts.one(16, servers, true)
}

func TestPersist23C(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): more persistence")
	command := 10
	next := func(expected int) {
		command++
		ts.one(command, expected, true)
	}
	for round := 0; round < 5; round++ {
		next(servers)

		// Two stay behind, then the three that went on go away.
		leader := ts.checkOneLeader()
		peer := func(k int) int { return (leader + k) % servers }
		ts.g.ShutdownServer(peer(1))
		ts.g.ShutdownServer(peer(2))
		next(3)
		ts.g.ShutdownServer(peer(0))
		ts.g.ShutdownServer(peer(3))
		ts.g.ShutdownServer(peer(4))

		// The two restart, and need one of the three to go on.
		for _, k := range []int{1, 2} {
			ts.restart(peer(k))
		}
		time.Sleep(RaftElectionTimeout)
		ts.restart(peer(3))
		next(3)

		ts.restart(peer(4))
		ts.restart(peer(0))
	}
	ts.one(1000, servers, true)
}

func TestPersist33C(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): partitioned leader and one follower crash, leader restarts")
	ts.one(101, 3, true)

	leader := ts.checkOneLeader()
	ts.g.DisconnectAll((leader + 2) % servers)
	ts.one(102, 2, true)

	ts.g.ShutdownServer(leader)
	ts.g.ShutdownServer((leader + 1) % servers)
	ts.g.ConnectOne((leader + 2) % servers)
	ts.restart(leader)
	ts.one(103, 2, true)

	ts.restart((leader + 1) % servers)
	ts.one(104, servers, true)
}

// figure8Pause is short mostly, so that leaders go before they have committed,
// and long enough for an election now and then.
func (ts *Test) figure8Pause() {
	limit := 13
	if rand.Intn(1000) < 100 {
		limit = int(RaftElectionTimeout/time.Millisecond) / 2
	}
	time.Sleep(time.Duration(rand.Intn(limit)) * time.Millisecond)
}

// The situation of the Raft paper's Figure 8, from random leader crashes: an
// entry of an earlier term is not committed for being on a majority.
func TestFigure83C(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): Figure 8")
	ts.one(rand.Int(), 1, true)

	nup := servers
	for round := 0; round < 1000; round++ {
		leader := -1
		for i := 0; i < servers; i++ {
			if rf := ts.raft(i); rf != nil {
				if _, _, ok := rf.Start(rand.Int()); ok {
					leader = i
				}
			}
		}
		ts.figure8Pause()
		if leader != -1 {
			ts.g.ShutdownServer(leader)
			nup--
		}
		if nup < 3 {
			if i := rand.Intn(servers); ts.raft(i) == nil {
				ts.restart(i)
				nup++
			}
		}
	}

	for i := 0; i < servers; i++ {
		if ts.raft(i) == nil {
			ts.restart(i)
		}
	}
	ts.one(rand.Int(), servers, true)
}

func TestUnreliableAgree3C(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, false, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): unreliable agreement")
	var wg sync.WaitGroup
	for it := 1; it < 50; it++ {
		for j := 0; j < 4; j++ {
			wg.Add(1)
			go func(command int) {
				defer wg.Done()
				ts.one(command, 1, true)
			}(100*it + j)
		}
		ts.one(it, 1, true)
	}

	ts.SetReliable(true)
	wg.Wait()
	ts.one(100, servers, true)
}

func TestFigure8Unreliable3C(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, false, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): Figure 8 (unreliable)")
	ts.one(rand.Int()%10000, 1, true)

	nup := servers
	for round := 0; round < 1000; round++ {
		if round == 200 {
			ts.SetLongReordering(true)
		}
		leader := -1
		for i := 0; i < servers; i++ {
			_, _, ok := ts.raft(i).Start(rand.Int() % 10000)
			if ok && ts.onNetwork(i) != nil {
				leader = i
			}
		}
		ts.figure8Pause()
		if leader != -1 && rand.Intn(1000) < 500 {
			ts.g.DisconnectAll(leader)
			nup--
		}
		if nup < 3 {
			if i := rand.Intn(servers); ts.onNetwork(i) == nil {
				ts.g.ConnectOne(i)
				nup++
			}
		}
	}

	for i := 0; i < servers; i++ {
		if ts.onNetwork(i) == nil {
			ts.g.ConnectOne(i)
		}
	}
	// On a network as bad as before.
	ts.one(rand.Int()%10000, servers, true)
}

// churnClient gives commands to whatever leaders there are until stop is set.
// It returns those it has seen committed, not nil; nil means that it failed.
func (ts *Test) churnClient(me int, stop *int32) []int {
	mine := []int{}
	for atomic.LoadInt32(stop) == 0 {
		command := rand.Int()
		index, started := -1, false
		for i := 0; i < ts.n; i++ {
			if rf := ts.raft(i); rf != nil {
				if at, _, ok := rf.Start(command); ok {
					index, started = at, true
				}
			}
		}
		if !started {
			time.Sleep(time.Duration(79+17*me) * time.Millisecond)
			continue
		}

		// It may never be committed: do not wait for long.
		for _, ms := range []int{10, 20, 50, 100, 200} {
			if count, got := ts.nCommitted(index); count > 0 {
				committed, ok := got.(int)
				if !ok {
					ts.t.Errorf("the command at index %d is %v, no int", index, got)
					return nil
				}
				if committed == command {
					mine = append(mine, command)
				}
				break
			}
			time.Sleep(time.Duration(ms) * time.Millisecond)
		}
	}
	return mine
}

// churn disconnects, restarts and crashes servers at random for a while.
func (ts *Test) churn() {
	for round := 0; round < 20; round++ {
		if rand.Intn(1000) < 200 {
			ts.g.DisconnectAll(rand.Intn(ts.n))
		}
		if rand.Intn(1000) < 500 {
			i := rand.Intn(ts.n)
			if ts.raft(i) == nil {
				ts.restart(i)
			}
			ts.g.ConnectOne(i)
		}
		if rand.Intn(1000) < 200 {
			if i := rand.Intn(ts.n); ts.raft(i) != nil {
				ts.g.ShutdownServer(i)
			}
		}
		// Long enough to elect a leader, mostly; too short to settle.
		time.Sleep(RaftElectionTimeout * 7 / 10)
	}
}

func internalChurn(t *testing.T, reliable bool) {
	servers := 5
	ts := makeTest(t, servers, reliable, false)
	defer ts.cleanup()

	if reliable {
		ts.Begin("Test (3C): churn")
	} else {
		ts.Begin("Test (3C): unreliable churn")
	}

	stop := int32(0)
	defer atomic.StoreInt32(&stop, 1)
	var results []chan []int
	for me := 0; me < 3; me++ {
		result := make(chan []int, 1)
		results = append(results, result)
		go func(me int) {
			var mine []int
			defer func() { result <- mine }() // also when a check ends the goroutine
			mine = ts.churnClient(me, &stop)
		}(me)
	}

	ts.churn()

	time.Sleep(RaftElectionTimeout)
	ts.SetReliable(true)
	for i := 0; i < servers; i++ {
		if ts.raft(i) == nil {
			ts.restart(i)
		}
		ts.g.ConnectOne(i)
	}
	atomic.StoreInt32(&stop, 1)
	var promised []int
	for _, result := range results {
		mine := <-result
		if mine == nil {
			ts.Fatalf("a client failed")
		}
		promised = append(promised, mine...)
	}

	// What a client saw committed must still be there.
	time.Sleep(RaftElectionTimeout)
	last := ts.one(rand.Int(), servers, true)
	kept := map[int]bool{}
	for index := 1; index <= last; index++ {
		command, ok := ts.wait(index, servers, -1).(int)
		if !ok {
			ts.Fatalf("the command at index %d is no int", index)
		}
		kept[command] = true
	}
	for _, command := range promised {
		if !kept[command] {
			ts.Fatalf("command %d was committed and is lost", command)
		}
	}
}

func TestReliableChurn3C(t *testing.T) {
	internalChurn(t, true)
}

func TestUnreliableChurn3C(t *testing.T) {
	internalChurn(t, false)
}
