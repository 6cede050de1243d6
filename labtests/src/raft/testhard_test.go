package raft

// Tests that the course does not have. Each drives the cluster to the one spot
// where a certain mistake shows, which the course's tests reach by luck or not
// at all.

import (
	"testing"
	"time"
)

// only leaves the named servers on the network.
func (cfg *config) only(servers ...int) {
	for i := 0; i < cfg.n; i++ {
		cfg.disconnect(i)
	}
	for _, i := range servers {
		cfg.connect(i)
	}
}

// leaderWithin returns the connected server that leads a term after the given
// one, or -1 if none does in that time.
func (cfg *config) leaderWithin(limit time.Duration, after int) int {
	for t0 := time.Now(); time.Since(t0) < limit; time.Sleep(10 * time.Millisecond) {
		for i := 0; i < cfg.n; i++ {
			if rf := cfg.onNetwork(i); rf != nil {
				if term, leads := rf.GetState(); leads && term > after {
					return i
				}
			}
		}
	}
	return -1
}

// One server has the latest entry, and a bare majority is up. The others'
// candidacies fail, and must not keep that one from standing: a request that
// is refused does not reset the timer.
func TestHardOldCandidates2A(t *testing.T) {
	servers := 15
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2A): old candidates do not hold up the election")
	index := cfg.one(100, servers, true)
	for round := 0; round < 6; round++ {
		leader := cfg.checkOneLeader()
		// Only the leader and a bare majority less one get the next entry, and
		// of these only the leader's successor will be up.
		var informed []int
		for i := 0; i <= servers/2; i++ {
			informed = append(informed, (leader+i)%servers)
		}
		cfg.only(informed...)
		index = cfg.one(101+round, len(informed), true)
		up := []int{informed[1]}
		for i := servers/2 + 1; i < servers; i++ {
			up = append(up, (leader+i)%servers)
		}
		term := cfg.checkTerms()
		cfg.only(up...)
		if got := cfg.leaderWithin(2*RaftElectionTimeout, term); got != informed[1] {
			t.Fatalf("server %d alone has entry %d of a majority that is up, and does not lead it after %v (leader: %d)",
				informed[1], index, 2*RaftElectionTimeout, got)
		}
		for i := 0; i < servers; i++ {
			cfg.connect(i)
		}
	}
	cfg.one(200, servers, true)
	cfg.end()
}

// Figure 8 (c) to (d), forced by partitions: an entry of an old term comes to
// stand on a majority, and is overwritten all the same. It must not have been
// committed (§5.4.2).
func TestHardFigure8Forced2B(t *testing.T) {
	servers := 5
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2B): an old term's entry is not committed by counting")
	cfg.one(100, servers, true)
	s1 := cfg.checkOneLeader()
	s2, others := (s1+1)%servers, []int{(s1 + 2) % servers, (s1 + 3) % servers, (s1 + 4) % servers}

	// (a) s1 replicates entry 2 to s2 alone.
	cfg.only(s1, s2)
	if index, _, ok := cfg.raft(s1).Start(200); !ok || index != 2 {
		t.Fatalf("leader %d refused a command (index %d)", s1, index)
	}
	time.Sleep(RaftElectionTimeout / 2)

	// (b) s5, elected by the others, takes another entry 2 and keeps it to itself.
	cfg.only(others...)
	s5 := cfg.checkOneLeader()
	cfg.only(s5)
	if index, _, ok := cfg.raft(s5).Start(300); !ok || index != 2 {
		t.Fatalf("leader %d refused a command (index %d)", s5, index)
	}

	// (c) s1 or s2 leads again and replicates the old entry to a majority.
	var rest []int
	for _, i := range others {
		if i != s5 {
			rest = append(rest, i)
		}
	}
	cfg.only(append(rest, s1, s2)...)
	cfg.checkOneLeader()
	time.Sleep(RaftElectionTimeout)
	if n, command := cfg.nCommitted(2); n > 0 {
		t.Fatalf("%d servers committed %v at index 2, an entry of an older term, without one of the leader's own term", n, command)
	}

	// (d) s5 overwrites it.
	cfg.only(append(rest, s5)...)
	cfg.one(400, len(rest)+1, true)
	for i := 0; i < servers; i++ {
		cfg.connect(i)
	}
	cfg.one(500, servers, true)
	cfg.end()
}

// A server votes, crashes, and is asked again in the same term by another
// candidate. It must remember (Figure 2: votedFor is persistent), or the term
// has two leaders.
func TestHardVoteTwice2C(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2C): a vote outlives a crash")
	cfg.one(100, servers, true)
	term := func(i int) int {
		term, _ := cfg.raft(i).GetState()
		return term
	}
	for round := 0; round < 3; round++ {
		// The leader is to be the voter, because alone it would go on leading.
		// a's term runs ahead while it is alone.
		voter := cfg.checkOneLeader()
		a, b := (voter+1)%servers, (voter+2)%servers
		cfg.only(b, voter)
		time.Sleep(4 * RaftElectionTimeout)
		// The voter makes a leader of a later term than any that b knows.
		cfg.only(a, voter)
		leader := cfg.leaderWithin(10*RaftElectionTimeout, term(b))
		if leader < 0 {
			t.Fatalf("servers %d and %d elect no leader", a, voter)
		}
		if leader == voter {
			a, voter = voter, a
		}
		elected := term(a)
		// The voter crashes, and b, alone, comes to stand for just that term.
		cfg.only()
		cfg.crash1(voter)
		for t0 := time.Now(); term(b) < elected-1; time.Sleep(5 * time.Millisecond) {
			if time.Since(t0) > 10*RaftElectionTimeout {
				t.Fatalf("server %d, alone, does not stand for election: term %d", b, term(b))
			}
		}
		cfg.start1(voter, cfg.applier)
		cfg.connect(voter)
		cfg.connect(b)
		for t0 := time.Now(); time.Since(t0) < 3*RaftElectionTimeout; time.Sleep(5 * time.Millisecond) {
			termA, leadsA := cfg.raft(a).GetState()
			if termB, leadsB := cfg.raft(b).GetState(); leadsA && leadsB && termA == termB {
				t.Fatalf("servers %d and %d both lead term %d: server %d voted for both", a, b, termA, voter)
			}
		}
		for i := 0; i < servers; i++ {
			cfg.connect(i)
		}
		cfg.one(101+round, servers, true)
	}
	cfg.end()
}
