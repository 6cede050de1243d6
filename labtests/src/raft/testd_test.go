package raft

// Part D: log compaction.

import (
	"math/rand"
	"testing"
)

// MAXLOGSIZE is the limit of a saved Raft state in bytes, given that the
// service takes a snapshot every SnapShotInterval commands.
const MAXLOGSIZE = 2000

// snapcommon runs commands past a server that is disconnected or crashed for
// some of the time, so that it needs a snapshot to catch up.
func snapcommon(t *testing.T, title string, disconnect bool, reliable bool, crash bool) {
	servers := 3
	cfg := make_config(t, servers, !reliable, true)
	defer cfg.cleanup()

	cfg.begin(title)
	cfg.one(rand.Int(), servers, true)
	leader := cfg.checkOneLeader()

	for round := 0; round < 30; round++ {
		victim, sender := (leader+1)%servers, leader
		if round%3 == 1 {
			victim, sender = sender, victim
		}

		if disconnect {
			cfg.disconnect(victim)
			cfg.one(rand.Int(), servers-1, true)
		}
		if crash {
			cfg.crash1(victim)
			cfg.one(rand.Int(), servers-1, true)
		}

		// Half an interval or more, so that rounds and snapshots drift apart.
		for n := SnapShotInterval/2 + rand.Intn(SnapShotInterval); n > 0; n-- {
			cfg.raft(sender).Start(rand.Int())
		}
		if disconnect || crash {
			cfg.one(rand.Int(), servers-1, true)
		} else {
			cfg.one(rand.Int(), servers, true)
		}

		if size := cfg.LogSize(); size >= MAXLOGSIZE {
			t.Fatalf("a Raft state of %d bytes is too large; the limit is %d", size, MAXLOGSIZE)
		}

		if disconnect {
			cfg.connect(victim)
			cfg.one(rand.Int(), servers, true)
			leader = cfg.checkOneLeader()
		}
		if crash {
			cfg.start1(victim, cfg.applierSnap)
			cfg.connect(victim)
			cfg.one(rand.Int(), servers, true)
			leader = cfg.checkOneLeader()
		}
	}
	cfg.end()
}

func TestSnapshotBasic2D(t *testing.T) {
	snapcommon(t, "Test (2D): snapshots basic", false, true, false)
}

func TestSnapshotInstall2D(t *testing.T) {
	snapcommon(t, "Test (2D): install snapshots (disconnect)", true, true, false)
}

func TestSnapshotInstallUnreliable2D(t *testing.T) {
	snapcommon(t, "Test (2D): install snapshots (disconnect+unreliable)", true, false, false)
}

func TestSnapshotInstallCrash2D(t *testing.T) {
	snapcommon(t, "Test (2D): install snapshots (crash)", false, true, true)
}

func TestSnapshotInstallUnCrash2D(t *testing.T) {
	snapcommon(t, "Test (2D): install snapshots (unreliable+crash)", false, false, true)
}

// restartAll crashes every server, and only then brings the first one back.
func (cfg *config) restartAll() {
	for i := 0; i < cfg.n; i++ {
		cfg.crash1(i)
	}
	for i := 0; i < cfg.n; i++ {
		cfg.start1(i, cfg.applierSnap)
		cfg.connect(i)
	}
}

func TestSnapshotAllCrash2D(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, true)
	defer cfg.cleanup()

	cfg.begin("Test (2D): crash and restart all servers")
	cfg.one(rand.Int(), servers, true)

	for round := 0; round < 5; round++ {
		for n := SnapShotInterval/2 + rand.Intn(SnapShotInterval); n > 0; n-- {
			cfg.one(rand.Int(), servers, true)
		}
		index1 := cfg.one(rand.Int(), servers, true)

		cfg.restartAll()

		index2 := cfg.one(rand.Int(), servers, true)
		if index2 < index1+1 {
			t.Fatalf("after the restart a command got index %d, before it %d", index2, index1)
		}
	}
	cfg.end()
}

// A Raft that saves without its snapshot after one restart has lost it at the
// next.
func TestSnapshotInit2D(t *testing.T) {
	servers := 3
	cfg := make_config(t, servers, false, true)
	defer cfg.cleanup()

	cfg.begin("Test (2D): snapshot initialization after crash")
	cfg.one(rand.Int(), servers, true)
	for n := 0; n < SnapShotInterval+1; n++ {
		cfg.one(rand.Int(), servers, true)
	}
	cfg.restartAll()

	// One command, so that everybody saves.
	cfg.one(rand.Int(), servers, true)
	cfg.restartAll()

	cfg.one(rand.Int(), servers, true)
	cfg.end()
}
