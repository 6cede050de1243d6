package raft

// A test that the course does not have, for a mistake that its tests notice by
// luck.

import (
	"testing"
	"time"
)

// A Raft that was killed is heard again when its ends are connected, so it must
// have nothing to say. And its service ends with applyCh.
func TestHardDeadAreSilent3C(t *testing.T) {
	servers := 3
	ts := makeTest(t, servers, true, false)
	defer ts.cleanup()

	ts.Begin("Test (3C): the killed send nothing")
	ts.one(101, servers, true)
	dead := append([]*rfsrv{}, ts.srvs...)
	ts.g.Shutdown()
	ts.g.ConnectAll()
	time.Sleep(RaftElectionTimeout) // for calls that were being made

	before := ts.RpcTotal()
	time.Sleep(5 * RaftElectionTimeout)
	if n := ts.RpcTotal() - before; n > 0 {
		ts.Fatalf("Rafts that were killed have sent %d RPCs", n)
	}
	for i, rs := range dead {
		select {
		case <-rs.drained:
		default:
			ts.Fatalf("server %d was killed, and its applyCh is still open", i)
		}
	}

	ts.g.StartServers()
	ts.one(102, servers, true)
}
