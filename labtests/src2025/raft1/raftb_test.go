package raft

// Part B: log replication.

import (
	"math/rand"
	"sync"
	"testing"
	"time"

	tester "6.5840/tester1"
)

func TestBasicAgree3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): basic agreement")
	for index := 1; index <= 3; index++ {
		if count, _ := ts.nCommitted(index); count > 0 {
			ts.Fatalf("something was committed at index %d before Start", index)
		}
		if got := ts.one(index*100, servers, false); got != index {
			ts.Fatalf("the command got index %d instead of %d", got, index)
		}
	}
}

// Each command should travel to each peer once.
func TestRPCBytes3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): RPC byte count")
	ts.one(99, servers, false)
	before := ts.BytesTotal()

	sent := int64(0)
	for index := 2; index <= 11; index++ {
		command := tester.Randstring(5000)
		if got := ts.one(command, servers, false); got != index {
			ts.Fatalf("the command got index %d instead of %d", got, index)
		}
		sent += int64(len(command))
	}

	got := ts.BytesTotal() - before
	if limit := int64(servers)*sent + 50000; got > limit {
		ts.Fatalf("%d bytes of RPCs are too many; the limit is %d", got, limit)
	}
}

func TestFollowerFailure3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): test progressive failure of followers")
	ts.one(101, servers, false)

	leader1 := ts.checkOneLeader()
	ts.g.DisconnectAll((leader1 + 1) % servers)
	ts.one(102, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	ts.one(103, servers-1, false)

	// The leader alone takes commands, and commits none.
	leader2 := ts.checkOneLeader()
	ts.g.DisconnectAll((leader2 + 1) % servers)
	ts.g.DisconnectAll((leader2 + 2) % servers)
	index, _, ok := ts.raft(leader2).Start(104)
	if !ok {
		ts.Fatalf("the leader refused a command")
	}
	if index != 4 {
		ts.Fatalf("the command got index %d instead of 4", index)
	}
	time.Sleep(2 * RaftElectionTimeout)
	ts.checkNoAgreement(index)
}

func TestLeaderFailure3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): test failure of leaders")
	ts.one(101, servers, false)

	leader1 := ts.checkOneLeader()
	ts.g.DisconnectAll(leader1)
	ts.one(102, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	ts.one(103, servers-1, false)

	// No two servers can talk any more.
	leader2 := ts.checkOneLeader()
	ts.g.DisconnectAll(leader2)
	for i := 0; i < servers; i++ {
		ts.raft(i).Start(104)
	}
	time.Sleep(2 * RaftElectionTimeout)
	ts.checkNoAgreement(4)
}

func TestFailAgree3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): agreement after follower reconnects")
	ts.one(101, servers, false)

	leader := ts.checkOneLeader()
	follower := (leader + 1) % servers
	ts.g.DisconnectAll(follower)
	ts.one(102, servers-1, false)
	ts.one(103, servers-1, false)
	time.Sleep(RaftElectionTimeout)
	ts.one(104, servers-1, false)
	ts.one(105, servers-1, false)

	ts.g.ConnectOne(follower)
	ts.one(106, servers, true)
	time.Sleep(RaftElectionTimeout)
	ts.one(107, servers, true)
}

func TestFailNoAgree3B(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): no agreement if too many followers disconnect")
	ts.one(10, servers, false)

	leader := ts.checkOneLeader()
	for k := 1; k <= 3; k++ {
		ts.g.DisconnectAll((leader + k) % servers)
	}
	index, _, ok := ts.raft(leader).Start(20)
	if !ok {
		ts.Fatalf("the leader refused a command")
	}
	if index != 2 {
		ts.Fatalf("the command got index %d instead of 2", index)
	}
	time.Sleep(2 * RaftElectionTimeout)
	ts.checkNoAgreement(index)

	for k := 1; k <= 3; k++ {
		ts.g.ConnectOne((leader + k) % servers)
	}
	// The three may have elected a leader that has never seen command 20.
	leader2 := ts.checkOneLeader()
	index2, _, ok := ts.raft(leader2).Start(30)
	if !ok {
		ts.Fatalf("the leader refused a command")
	}
	if index2 < 2 || index2 > 3 {
		ts.Fatalf("the command got index %d instead of 2 or 3", index2)
	}
	ts.one(1000, servers, true)
}

func TestConcurrentStarts3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): concurrent Start()s")
	success := false
	for try := 0; try < 5 && !success; try++ {
		if try > 0 {
			time.Sleep(3 * time.Second) // let it settle
		}
		success = ts.concurrentStarts(5)
	}
	if !success {
		ts.Fatalf("the term changed in every try")
	}
}

// concurrentStarts gives the leader commands from n goroutines at once. All of
// them must be committed; false means that the term has changed meanwhile.
func (ts *Test) concurrentStarts(n int) bool {
	leader := ts.raft(ts.checkOneLeader())
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
	if ts.termChanged(term) {
		return false
	}

	committed := map[int]bool{}
	for _, index := range indexes {
		if index == 0 {
			continue
		}
		command, ok := ts.wait(index, ts.n, term).(int)
		if !ok {
			ts.Fatalf("the command at index %d is no int", index)
		}
		if command == -1 {
			return false
		}
		committed[command] = true
	}
	for i := 0; i < n; i++ {
		if !committed[100+i] {
			ts.Fatalf("command %d is missing", 100+i)
		}
	}
	return true
}

func TestRejoin3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): rejoin of partitioned leader")
	ts.one(101, servers, true)

	// A leader cut off collects commands that will have to go.
	leader1 := ts.checkOneLeader()
	ts.g.DisconnectAll(leader1)
	ts.raft(leader1).Start(102)
	ts.raft(leader1).Start(103)
	ts.raft(leader1).Start(104)
	ts.one(103, servers-1, true)

	leader2 := ts.checkOneLeader()
	ts.g.DisconnectAll(leader2)
	ts.g.ConnectOne(leader1)
	ts.one(104, servers-1, true)

	ts.g.ConnectOne(leader2)
	ts.one(105, servers, true)
}

func TestBackup3B(t *testing.T) {
	servers := 5
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): leader backs up quickly over incorrect follower logs")
	ts.one(rand.Int(), servers, true)

	// A minority's leader collects commands that will not commit.
	leader1 := ts.checkOneLeader()
	for k := 2; k <= 4; k++ {
		ts.g.DisconnectAll((leader1 + k) % servers)
	}
	for i := 0; i < 50; i++ {
		ts.raft(leader1).Start(rand.Int())
	}
	time.Sleep(RaftElectionTimeout / 2)
	ts.g.DisconnectAll(leader1)
	ts.g.DisconnectAll((leader1 + 1) % servers)

	// The other three commit a lot.
	for k := 2; k <= 4; k++ {
		ts.g.ConnectOne((leader1 + k) % servers)
	}
	for i := 0; i < 50; i++ {
		ts.one(rand.Int(), 3, true)
	}

	// Their leader too ends up in a minority, with commands of its own.
	leader2 := ts.checkOneLeader()
	other := (leader1 + 2) % servers
	if leader2 == other {
		other = (leader2 + 1) % servers
	}
	ts.g.DisconnectAll(other)
	for i := 0; i < 50; i++ {
		ts.raft(leader2).Start(rand.Int())
	}
	time.Sleep(RaftElectionTimeout / 2)

	// One up-to-date server brings the first minority back.
	for i := 0; i < servers; i++ {
		ts.g.DisconnectAll(i)
	}
	ts.g.ConnectOne(leader1)
	ts.g.ConnectOne((leader1 + 1) % servers)
	ts.g.ConnectOne(other)
	for i := 0; i < 50; i++ {
		ts.one(rand.Int(), 3, true)
	}

	for i := 0; i < servers; i++ {
		ts.g.ConnectOne(i)
	}
	ts.one(rand.Int(), servers, true)
}

func TestCount3B(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3B): RPC counts aren't too high")
	ts.checkOneLeader()
	if n := ts.rpcSum(); n < 1 || n > 30 {
		ts.Fatalf("%d RPCs to elect the first leader; 1 to 30 are reasonable", n)
	}

	success := false
	var after int
	for try := 0; try < 5 && !success; try++ {
		if try > 0 {
			time.Sleep(3 * time.Second) // let it settle
		}
		after, success = ts.countAgreement(10)
	}
	if !success {
		ts.Fatalf("the term changed in every try")
	}

	time.Sleep(RaftElectionTimeout)
	if idle := ts.rpcSum() - after; idle > 3*20 {
		ts.Fatalf("%d RPCs in an idle second; the limit is %d", idle, 3*20)
	}
}

// rpcSum returns the number of RPCs that reached a server.
func (ts *Test) rpcSum() int {
	sum := 0
	for i := 0; i < ts.n; i++ {
		sum += ts.g.RpcCount(i)
	}
	return sum
}

// countAgreement starts a burst of commands, waits for n of them, and limits
// the RPCs that takes. It returns rpcSum at that point; false means that the
// term has changed meanwhile.
func (ts *Test) countAgreement(n int) (int, bool) {
	leader := ts.raft(ts.checkOneLeader())
	before := ts.rpcSum()

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
			ts.Fatalf("command %d of a burst got index %d instead of %d", i, index, first+i)
		}
		commands = append(commands, command)
	}

	for i := 1; i <= n; i++ {
		command := ts.wait(first+i, ts.n, term)
		if command == -1 {
			return 0, false
		}
		if command != commands[i-1] {
			ts.Fatalf("index %d holds %v instead of %d", first+i, command, commands[i-1])
		}
	}

	if ts.termChanged(term) {
		return 0, false
	}
	after := ts.rpcSum()
	if limit := (n + 1 + 3) * 3; after-before > limit {
		ts.Fatalf("%d RPCs for %d commands; the limit is %d", after-before, n, limit)
	}
	return after, true
}
