package raft

// Part C: persistence.

import (
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPersist12C(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): basic persistence")
	cfg.one(11, servers, true)

	// Everybody restarts.
	for i := 0; i < servers; i++ {
		cfg.start1(i, cfg.applier)
	}
	for i := 0; i < servers; i++ {
		cfg.disconnect(i)
		cfg.connect(i)
	}
	cfg.one(12, servers, true)

	// The leader restarts, at once and then after it missed something.
	leader1 := cfg.checkOneLeader()
	cfg.disconnect(leader1)
	cfg.start1(leader1, cfg.applier)
	cfg.connect(leader1)
	cfg.one(13, servers, true)

	leader2 := cfg.checkOneLeader()
	cfg.disconnect(leader2)
	cfg.one(14, servers-1, true)
	cfg.start1(leader2, cfg.applier)
	cfg.connect(leader2)
	cfg.wait(4, servers, -1) // it has to have that before it may vote on the rest

	// A follower does.
	i3 := (cfg.checkOneLeader() + 1) % servers
	cfg.disconnect(i3)
	cfg.one(15, servers-1, true)
	cfg.start1(i3, cfg.applier)
	cfg.connect(i3)
	cfg.one(16, servers, true)
	cfg.end()
}

func TestPersist22C(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): more persistence")
	command := 10
	next := func(expected int) {
		command++
		cfg.one(command, expected, true)
	}
	for round := 0; round < 5; round++ {
		next(servers)

		// Two stay behind, then the three that went on go away.
		leader := cfg.checkOneLeader()
		peer := func(k int) int { return (leader + k) % servers }
		cfg.disconnect(peer(1))
		cfg.disconnect(peer(2))
		next(3)
		cfg.disconnect(peer(0))
		cfg.disconnect(peer(3))
		cfg.disconnect(peer(4))

		// The two restart, and need one of the three to go on.
		for _, k := range []int{1, 2} {
			cfg.start1(peer(k), cfg.applier)
			cfg.connect(peer(k))
		}
		time.Sleep(RaftElectionTimeout)
		cfg.start1(peer(3), cfg.applier)
		cfg.connect(peer(3))
		next(3)

		cfg.connect(peer(4))
		cfg.connect(peer(0))
	}
	cfg.one(1000, servers, true)
	cfg.end()
}

func TestPersist32C(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): partitioned leader and one follower crash, leader restarts")
	cfg.one(101, 3, true)

	leader := cfg.checkOneLeader()
	cfg.disconnect((leader + 2) % servers)
	cfg.one(102, 2, true)

	cfg.crash1(leader)
	cfg.crash1((leader + 1) % servers)
	cfg.connect((leader + 2) % servers)
	cfg.start1(leader, cfg.applier)
	cfg.connect(leader)
	cfg.one(103, 2, true)

	cfg.start1((leader+1)%servers, cfg.applier)
	cfg.connect((leader + 1) % servers)
	cfg.one(104, servers, true)
	cfg.end()
}

// figure8Pause is short mostly, so that leaders go before they have committed,
// and long enough for an election now and then.
func (cfg *config) figure8Pause() {
	limit := 13
	if rand.Intn(1000) < 100 {
		limit = int(RaftElectionTimeout/time.Millisecond) / 2
	}
	time.Sleep(time.Duration(rand.Intn(limit)) * time.Millisecond)
}

// The situation of the Raft paper's Figure 8, from random leader crashes: an
// entry of an earlier term is not committed for being on a majority.
func TestFigure82C(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): Figure 8")
	cfg.one(rand.Int(), 1, true)

	nup := servers
	for round := 0; round < 1000; round++ {
		leader := -1
		for i := 0; i < servers; i++ {
			if rf := cfg.raft(i); rf != nil {
				if _, _, ok := rf.Start(rand.Int()); ok {
					leader = i
				}
			}
		}
		cfg.figure8Pause()
		if leader != -1 {
			cfg.crash1(leader)
			nup--
		}
		if nup < 3 {
			if i := rand.Intn(servers); cfg.raft(i) == nil {
				cfg.start1(i, cfg.applier)
				cfg.connect(i)
				nup++
			}
		}
	}

	for i := 0; i < servers; i++ {
		if cfg.raft(i) == nil {
			cfg.start1(i, cfg.applier)
			cfg.connect(i)
		}
	}
	cfg.one(rand.Int(), servers, true)
	cfg.end()
}

func TestUnreliableAgree2C(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, true, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): unreliable agreement")
	var wg sync.WaitGroup
	for it := 1; it < 50; it++ {
		for j := 0; j < 4; j++ {
			wg.Add(1)
			go func(command int) {
				defer wg.Done()
				cfg.one(command, 1, true)
			}(100*it + j)
		}
		cfg.one(it, 1, true)
	}

	cfg.setunreliable(false)
	wg.Wait()
	cfg.one(100, servers, true)
	cfg.end()
}

func TestFigure8Unreliable2C(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, true, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): Figure 8 (unreliable)")
	cfg.one(rand.Int()%10000, 1, true)

	nup := servers
	for round := 0; round < 1000; round++ {
		if round == 200 {
			cfg.setlongreordering(true)
		}
		leader := -1
		for i := 0; i < servers; i++ {
			_, _, ok := cfg.raft(i).Start(rand.Int() % 10000)
			if ok && cfg.onNetwork(i) != nil {
				leader = i
			}
		}
		cfg.figure8Pause()
		if leader != -1 && rand.Intn(1000) < 500 {
			cfg.disconnect(leader)
			nup--
		}
		if nup < 3 {
			if i := rand.Intn(servers); cfg.onNetwork(i) == nil {
				cfg.connect(i)
				nup++
			}
		}
	}

	for i := 0; i < servers; i++ {
		if cfg.onNetwork(i) == nil {
			cfg.connect(i)
		}
	}
	// On a network as bad as before.
	cfg.one(rand.Int()%10000, servers, true)
	cfg.end()
}

// churnClient gives commands to whatever leaders there are until stop is set.
// It returns those it has seen committed, not nil; nil means that it failed.
func (cfg *config) churnClient(me int, stop *int32) []int {
	mine := []int{}
	for atomic.LoadInt32(stop) == 0 {
		command := rand.Int()
		index, started := -1, false
		for i := 0; i < cfg.n; i++ {
			if rf := cfg.raft(i); rf != nil {
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
			if count, got := cfg.nCommitted(index); count > 0 {
				committed, ok := got.(int)
				if !ok {
					cfg.t.Errorf("the command at index %d is %v, no int", index, got)
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
func (cfg *config) churn() {
	for round := 0; round < 20; round++ {
		if rand.Intn(1000) < 200 {
			cfg.disconnect(rand.Intn(cfg.n))
		}
		if rand.Intn(1000) < 500 {
			i := rand.Intn(cfg.n)
			if cfg.raft(i) == nil {
				cfg.start1(i, cfg.applier)
			}
			cfg.connect(i)
		}
		if rand.Intn(1000) < 200 {
			if i := rand.Intn(cfg.n); cfg.raft(i) != nil {
				cfg.crash1(i)
			}
		}
		// Long enough to elect a leader, mostly; too short to settle.
		time.Sleep(RaftElectionTimeout * 7 / 10)
	}
}

func internalChurn(t *testing.T, unreliable bool) {
	servers := 5
	cfg := make_config(t, servers, unreliable, false)
	defer cfg.cleanup()

	if unreliable {
		cfg.begin("Test (2C): unreliable churn")
	} else {
		cfg.begin("Test (2C): churn")
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
			mine = cfg.churnClient(me, &stop)
		}(me)
	}

	cfg.churn()

	time.Sleep(RaftElectionTimeout)
	cfg.setunreliable(false)
	for i := 0; i < servers; i++ {
		if cfg.raft(i) == nil {
			cfg.start1(i, cfg.applier)
		}
		cfg.connect(i)
	}
	atomic.StoreInt32(&stop, 1)
	var promised []int
	for _, result := range results {
		mine := <-result
		if mine == nil {
			t.Fatalf("a client failed")
		}
		promised = append(promised, mine...)
	}

	// What a client saw committed must still be there.
	time.Sleep(RaftElectionTimeout)
	last := cfg.one(rand.Int(), servers, true)
	kept := map[int]bool{}
	for index := 1; index <= last; index++ {
		command, ok := cfg.wait(index, servers, -1).(int)
		if !ok {
			t.Fatalf("the command at index %d is no int", index)
		}
		kept[command] = true
	}
	for _, command := range promised {
		if !kept[command] {
			t.Fatalf("command %d was committed and is lost", command)
		}
	}
	cfg.end()
}

func TestReliableChurn2C(t *testing.T) {
	internalChurn(t, false)
}

func TestUnreliableChurn2C(t *testing.T) {
	internalChurn(t, true)
}
