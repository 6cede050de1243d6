package raft

// Part A: leader election. The other parts are in testb_test.go and so on.
// Server numbers are modulo the number of servers throughout.

import (
	"fmt"
	"math/rand"
	"testing"
	"time"
)

// RaftElectionTimeout is generous: how long the tests give a cluster to settle.
const RaftElectionTimeout = 1000 * time.Millisecond

func TestInitialElection2A(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2A): initial election")
	cfg.checkOneLeader()

	// Followers may learn of the election a little later.
	time.Sleep(50 * time.Millisecond)
	term1 := cfg.checkTerms()
	if term1 < 1 {
		t.Fatalf("the term is %d; an election makes it at least 1", term1)
	}

	// Nothing happens, so nothing should change.
	time.Sleep(2 * RaftElectionTimeout)
	if term2 := cfg.checkTerms(); term1 != term2 {
		fmt.Printf("warning: the term went from %d to %d without a failure\n", term1, term2)
	}
	cfg.checkOneLeader()

	cfg.end()
}

func TestReElection2A(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2A): election after network failure")
	leader1 := cfg.checkOneLeader()

	// Another leader takes over, and stays when the old one is back.
	cfg.disconnect(leader1)
	cfg.checkOneLeader()
	cfg.connect(leader1)
	leader2 := cfg.checkOneLeader()

	// Without a quorum there is no leader.
	cfg.disconnect(leader2)
	cfg.disconnect((leader2 + 1) % servers)
	time.Sleep(2 * RaftElectionTimeout)
	cfg.checkNoLeader()

	// With one again, there is; and a rejoining server does not undo that.
	cfg.connect((leader2 + 1) % servers)
	cfg.checkOneLeader()
	cfg.connect(leader2)
	cfg.checkOneLeader()

	cfg.end()
}

func TestManyElections2A(t *testing.T) {
	servers := 7
	cfg := make_config(t, servers, false, false)
	defer cfg.cleanup()

	cfg.begin("Test (2A): multiple elections")
	cfg.checkOneLeader()

	for round := 1; round < 10; round++ {
		// At most three of seven are gone, so a majority remains.
		gone := [3]int{rand.Intn(servers), rand.Intn(servers), rand.Intn(servers)}
		for _, i := range gone {
			cfg.disconnect(i)
		}
		cfg.checkOneLeader()
		for _, i := range gone {
			cfg.connect(i)
		}
	}
	cfg.checkOneLeader()

	cfg.end()
}
