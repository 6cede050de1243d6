package raft

// Part B: log replication.

import (
	"math/rand"
	"sync"
	"testing"
	"time"
)

func TestBasicAgree2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): basic agreement")
	for index := 1; index <= 3; index++ {
		if count, _ := cfg.nCommitted(index); count > 0 {
			t.Fatalf("something was committed at index %d before Start", index)
		}
		if got := cfg.one(index*100, servers, false); got != index {
			t.Fatalf("the command got index %d instead of %d", got, index)
		}
	}
	cfg.end()
}

// Each command should travel to each peer once.
func TestRPCBytes2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): RPC byte count")
	cfg.one(99, servers, false)
	before := cfg.bytesTotal()

	sent := int64(0)
	for index := 2; index <= 11; index++ {
		command := randstring(5000)
		if got := cfg.one(command, servers, false); got != index {
			t.Fatalf("the command got index %d instead of %d", got, index)
		}
		sent += int64(len(command))
	}

	got := cfg.bytesTotal() - before
	if limit := int64(servers)*sent + 50000; got > limit {
		t.Fatalf("%d bytes of RPCs are too many; the limit is %d", got, limit)
	}
	cfg.end()
}

func TestFollowerFailure2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): test progressive failure of followers")
	cfg.one(101, servers, false)

	leader1 := cfg.checkOneLeader()
	cfg.disconnect((leader1 + 1) % servers)
	cfg.one(102, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	cfg.one(103, servers-1, false)

	// The leader alone takes commands, and commits none.
	leader2 := cfg.checkOneLeader()
	cfg.disconnect((leader2 + 1) % servers)
	cfg.disconnect((leader2 + 2) % servers)
	index, _, ok := cfg.raft(leader2).Start(104)
	if !ok {
		t.Fatalf("the leader refused a command")
	}
	if index != 4 {
		t.Fatalf("the command got index %d instead of 4", index)
	}
	time.Sleep(2 * RaftElectionTimeout)
	if count, _ := cfg.nCommitted(index); count > 0 {
		t.Fatalf("%d servers committed without a majority", count)
	}
	cfg.end()
}

func TestLeaderFailure2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): test failure of leaders")
	cfg.one(101, servers, false)

	leader1 := cfg.checkOneLeader()
	cfg.disconnect(leader1)
	cfg.one(102, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	cfg.one(103, servers-1, false)

	// No two servers can talk any more.
	leader2 := cfg.checkOneLeader()
	cfg.disconnect(leader2)
	for i := 0; i < servers; i++ {
		cfg.raft(i).Start(104)
	}
	time.Sleep(2 * RaftElectionTimeout)
	if count, _ := cfg.nCommitted(4); count > 0 {
		t.Fatalf("%d servers committed without a majority", count)
	}
	cfg.end()
}

func TestFailAgree2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): agreement after follower reconnects")
	cfg.one(101, servers, false)

	leader := cfg.checkOneLeader()
	follower := (leader + 1) % servers
	cfg.disconnect(follower)
	cfg.one(102, servers-1, false)
	cfg.one(103, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	cfg.one(104, servers-1, false)
	cfg.one(105, servers-1, false)

	cfg.connect(follower)
	cfg.one(106, servers, true)
	time.Sleep(RaftElectionTimeout)
	cfg.one(107, servers, true)
	cfg.end()
}

func TestFailNoAgree2B(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): no agreement if too many followers disconnect")
	cfg.one(10, servers, false)

	leader := cfg.checkOneLeader()
	for k := 1; k <= 3; k++ {
		cfg.disconnect((leader + k) % servers)
	}
	index, _, ok := cfg.raft(leader).Start(20)
	if !ok {
		t.Fatalf("the leader refused a command")
	}
	if index != 2 {
		t.Fatalf("the command got index %d instead of 2", index)
	}
	time.Sleep(2 * RaftElectionTimeout)
	if count, _ := cfg.nCommitted(index); count > 0 {
		t.Fatalf("%d servers committed without a majority", count)
	}

	for k := 1; k <= 3; k++ {
		cfg.connect((leader + k) % servers)
	}
	// The three may have elected a leader that has never seen command 20.
	leader2 := cfg.checkOneLeader()
	index2, _, ok := cfg.raft(leader2).Start(30)
	if !ok {
		t.Fatalf("the leader refused a command")
	}
	if index2 < 2 || index2 > 3 {
		t.Fatalf("the command got index %d instead of 2 or 3", index2)
	}
	cfg.one(1000, servers, true)
	cfg.end()
}

func TestConcurrentStarts2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): concurrent Start()s")
	success := false
	for try := 0; try < 5 && !success; try++ {
		if try > 0 {
			time.Sleep(3 * time.Second) // let it settle
		}
		success = cfg.concurrentStarts(5)
	}
	if !success {
		t.Fatalf("the term changed in every try")
	}
	cfg.end()
}

// concurrentStarts gives the leader commands from n goroutines at once. All of
// them must be committed; false means that the term has changed meanwhile.
func (cfg *config) concurrentStarts(n int) bool {
	leader := cfg.raft(cfg.checkOneLeader())
	_, term, ok := leader.Start(1)
	if !ok {
		return false
	}

	indexes := make([]int, n) // 0 where refused or in another term
	var wg sync.WaitGroup
	for i := range indexes {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			if index, now, ok := leader.Start(100 + i); ok && now == term {
				indexes[i] = index
			}
		}(i)
	}
	wg.Wait()
	if cfg.termChanged(term) {
		return false
	}

	committed := map[int]bool{}
	for _, index := range indexes {
		if index == 0 {
			continue
		}
		command, ok := cfg.wait(index, cfg.n, term).(int)
		if !ok {
			cfg.t.Fatalf("the command at index %d is no int", index)
		}
		if command == -1 {
			return false
		}
		committed[command] = true
	}
	for i := 0; i < n; i++ {
		if !committed[100+i] {
			cfg.t.Fatalf("command %d is missing", 100+i)
		}
	}
	return true
}

func TestRejoin2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): rejoin of partitioned leader")
	cfg.one(101, servers, true)

	// A leader cut off collects commands that will have to go.
	leader1 := cfg.checkOneLeader()
	cfg.disconnect(leader1)
	cfg.raft(leader1).Start(102)
	cfg.raft(leader1).Start(103)
	cfg.raft(leader1).Start(104)
	cfg.one(103, servers-1, true)

	leader2 := cfg.checkOneLeader()
	cfg.disconnect(leader2)
	cfg.connect(leader1)
	cfg.one(104, servers-1, true)

	cfg.connect(leader2)
	cfg.one(105, servers, true)
	cfg.end()
}

func TestBackup2B(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): leader backs up quickly over incorrect follower logs")
	cfg.one(rand.Int(), servers, true)

	// A minority's leader collects commands that will not commit.
	leader1 := cfg.checkOneLeader()
	for k := 2; k <= 4; k++ {
		cfg.disconnect((leader1 + k) % servers)
	}
	for i := 0; i < 50; i++ {
		cfg.raft(leader1).Start(rand.Int())
	}
	time.Sleep(RaftElectionTimeout / 2)
	cfg.disconnect(leader1)
	cfg.disconnect((leader1 + 1) % servers)

	// The other three commit a lot.
	for k := 2; k <= 4; k++ {
		cfg.connect((leader1 + k) % servers)
	}
	for i := 0; i < 50; i++ {
		cfg.one(rand.Int(), 3, true)
	}

	// Their leader too ends up in a minority, with commands of its own.
	leader2 := cfg.checkOneLeader()
	other := (leader1 + 2) % servers
	if leader2 == other {
		other = (leader2 + 1) % servers
	}
	cfg.disconnect(other)
	for i := 0; i < 50; i++ {
		cfg.raft(leader2).Start(rand.Int())
	}
	time.Sleep(RaftElectionTimeout / 2)

	// One up-to-date server brings the first minority back.
	for i := 0; i < servers; i++ {
		cfg.disconnect(i)
	}
	cfg.connect(leader1)
	cfg.connect((leader1 + 1) % servers)
	cfg.connect(other)
	for i := 0; i < 50; i++ {
		cfg.one(rand.Int(), 3, true)
	}

	for i := 0; i < servers; i++ {
		cfg.connect(i)
	}
	cfg.one(rand.Int(), servers, true)
	cfg.end()
}

func TestCount2B(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): RPC counts aren't too high")
	cfg.checkOneLeader()
	if n := cfg.rpcSum(); n < 1 || n > 30 {
		t.Fatalf("%d RPCs to elect the first leader; 1 to 30 are reasonable", n)
	}

	success := false
	var after int
	for try := 0; try < 5 && !success; try++ {
		if try > 0 {
			time.Sleep(3 * time.Second) // let it settle
		}
		after, success = cfg.countAgreement(10)
	}
	if !success {
		t.Fatalf("the term changed in every try")
	}

	time.Sleep(RaftElectionTimeout)
	if idle := cfg.rpcSum() - after; idle > 3*20 {
		t.Fatalf("%d RPCs in an idle second; the limit is %d", idle, 3*20)
	}
	cfg.end()
}

// rpcSum returns the number of RPCs that reached a server.
func (cfg *config) rpcSum() int {
	sum := 0
	for i := 0; i < cfg.n; i++ {
		sum += cfg.rpcCount(i)
	}
	return sum
}

// countAgreement starts a burst of commands, waits for n of them, and limits
// the RPCs that takes. It returns rpcSum at that point; false means that the
// term has changed meanwhile.
func (cfg *config) countAgreement(n int) (int, bool) {
	leader := cfg.raft(cfg.checkOneLeader())
	before := cfg.rpcSum()

	first, term, ok := leader.Start(1)
	if !ok {
		return 0, false
	}
	var commands []int
	for i := 1; i <= n+1; i++ {
		command := int(rand.Int31())
		index, now, ok := leader.Start(command)
		if now != term || !ok {
			return 0, false
		}
		if index != first+i {
			cfg.t.Fatalf("command %d of a burst got index %d instead of %d", i, index, first+i)
		}
		commands = append(commands, command)
	}

	for i := 1; i <= n; i++ {
		command := cfg.wait(first+i, cfg.n, term)
		if command == -1 {
			return 0, false
		}
		if command != commands[i-1] {
			cfg.t.Fatalf("index %d holds %v instead of %d", first+i, command, commands[i-1])
		}
	}

	if cfg.termChanged(term) {
		return 0, false
	}
	after := cfg.rpcSum()
	if limit := (n + 1 + 3) * 3; after-before > limit {
		cfg.t.Fatalf("%d RPCs for %d commands; the limit is %d", after-before, n, limit)
	}
	return after, true
}
