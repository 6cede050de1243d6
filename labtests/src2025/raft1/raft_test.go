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

func TestInitialElection3A(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3A): initial election")
	ts.checkOneLeader()

	// Followers may learn of the election a little later.
	time.Sleep(50 * time.Millisecond)
	term1 := ts.checkTerms()
	if term1 < 1 {
		ts.Fatalf("the term is %d; an election makes it at least 1", term1)
	}

	// Nothing happens, so nothing should change.
	time.Sleep(2 * RaftElectionTimeout)
	if term2 := ts.checkTerms(); term1 != term2 {
		fmt.Printf("warning: the term went from %d to %d without a failure\n", term1, term2)
	}
	ts.checkOneLeader()
}

func TestReElection3A(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3A): election after network failure")
	leader1 := ts.checkOneLeader()

	// Another leader takes over, and stays when the old one is back.
	ts.g.DisconnectAll(leader1)
	ts.checkOneLeader()
	ts.g.ConnectOne(leader1)
	leader2 := ts.checkOneLeader()

	// Without a quorum there is no leader.
	ts.g.DisconnectAll(leader2)
	ts.g.DisconnectAll((leader2 + 1) % servers)
	time.Sleep(2 * RaftElectionTimeout)
	ts.checkNoLeader()

	// With one again, there is; and a rejoining server does not undo that.
	ts.g.ConnectOne((leader2 + 1) % servers)
	ts.checkOneLeader()
	ts.g.ConnectOne(leader2)
	ts.checkOneLeader()
}

func TestManyElections3A(t *testing.T) {
	servers := 7
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3A): multiple elections")
	ts.checkOneLeader()

	for round := 1; round < 10; round++ {
		// At most three of seven are gone, so a majority remains.
		gone := [3]int{rand.Intn(servers), rand.Intn(servers), rand.Intn(servers)}
		for _, i := range gone {
			ts.g.DisconnectAll(i)
		}
		ts.checkOneLeader()
		for _, i := range gone {
			ts.g.ConnectOne(i)
		}
	}
	ts.checkOneLeader()
}
