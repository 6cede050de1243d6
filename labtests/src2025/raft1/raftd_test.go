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
	ts := makeTest(t, servers, reliable, true)
	defer ts.cleanup()

	ts.Begin(title)
	ts.one(rand.Int(), servers, true)
	leader := ts.checkOneLeader()

	for round := 0; round < 30; round++ {
		victim, sender := (leader+1)%servers, leader
		if round%3 == 1 {
			victim, sender = sender, victim
		}

		if disconnect {
			ts.g.DisconnectAll(victim)
			ts.one(rand.Int(), servers-1, true)
		}
		if crash {
			ts.g.ShutdownServer(victim)
			ts.one(rand.Int(), servers-1, true)
		}

		// Half an interval or more, so that rounds and snapshots drift apart.
		for n := SnapShotInterval/2 + rand.Intn(SnapShotInterval); n > 0; n-- {
			ts.raft(sender).Start(rand.Int())
		}
		if disconnect || crash {
			ts.one(rand.Int(), servers-1, true)
		} else {
			ts.one(rand.Int(), servers, true)
		}

		if size := ts.g.LogSize(); size >= MAXLOGSIZE {
			ts.Fatalf("a Raft state of %d bytes is too large; the limit is %d", size, MAXLOGSIZE)
		}

		if disconnect {
			ts.g.ConnectOne(victim)
			ts.one(rand.Int(), servers, true)
			leader = ts.checkOneLeader()
		}
		if crash {
			ts.restart(victim)
			ts.one(rand.Int(), servers, true)
			leader = ts.checkOneLeader()
		}
	}
}

func TestSnapshotBasic3D(t *testing.T) {
	snapcommon(t, "Test (3D): snapshots basic", false, true, false)
}

func TestSnapshotInstall3D(t *testing.T) {
	snapcommon(t, "Test (3D): install snapshots (disconnect)", true, true, false)
}

func TestSnapshotInstallUnreliable3D(t *testing.T) {
	snapcommon(t, "Test (3D): install snapshots (disconnect)", true, false, false)
}

func TestSnapshotInstallCrash3D(t *testing.T) {
	snapcommon(t, "Test (3D): install snapshots (crash)", false, true, true)
}

func TestSnapshotInstallUnCrash3D(t *testing.T) {
	snapcommon(t, "Test (3D): install snapshots (crash)", false, false, true)
}

// restartAll crashes every server, and only then brings the first one back.
func (ts *Test) restartAll() {
	for i := 0; i < ts.n; i++ {
		ts.g.ShutdownServer(i)
	}
	for i := 0; i < ts.n; i++ {
		ts.restart(i)
	}
}

func TestSnapshotAllCrash3D(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, false, true)
	defer ts.cleanup()

	ts.Begin("Test (3D): crash and restart all servers")
	ts.one(rand.Int(), servers, true)

	for round := 0; round < 5; round++ {
		for n := SnapShotInterval/2 + rand.Intn(SnapShotInterval); n > 0; n-- {
			ts.one(rand.Int(), servers, true)
		}
		index1 := ts.one(rand.Int(), servers, true)

		ts.restartAll()

		index2 := ts.one(rand.Int(), servers, true)
		if index2 < index1+1 {
			ts.Fatalf("after the restart a command got index %d, before it %d", index2, index1)
		}
	}
}

// A Raft that saves without its snapshot after one restart has lost it at the
// next.
func TestSnapshotInit3D(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, false, true)
	defer ts.cleanup()

	ts.Begin("Test (3D): snapshot initialization after crash")
	ts.one(rand.Int(), servers, true)
	for n := 0; n < SnapShotInterval+1; n++ {
		ts.one(rand.Int(), servers, true)
	}
	ts.restartAll()

	// One command, so that everybody saves.
	ts.one(rand.Int(), servers, true)
	ts.restartAll()

	ts.one(rand.Int(), servers, true)
}
