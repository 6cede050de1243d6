package rsm

// Tests that the course does not have. Where requests are done within the 20 ms
// before a shutdown, or entries of the log are small, its own reach by luck what
// these force.

import (
	"testing"

	"6.5840/kvsrv1/rpc"
)

// Requests at a leader without a majority are under way for certain when the
// servers are shut down.
func TestHardShutdown4A(t *testing.T) {
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): shutdown with requests that cannot be done")
	ts.checkInc(1)
	old := ts.lastLeader()
	ts.g.DisconnectAll(old)
	server := ts.server(old)
	for _, err := range ts.shutdownUnderLoad(100, func() rpc.Err {
		err, _ := server.rsm.Submit(Null{})
		return err
	}) {
		if err == rpc.OK {
			ts.failf("a request was done in a minority")
		}
	}
	ts.g.StartServers()
	ts.checkInc(2)
	ts.checkCounter(2, nservers)
}

// A log of many entries, however small they are, exceeds the limit without
// snapshots.
func TestHardSnapshot4C(t *testing.T) {
	const incs = 1000
	const maxraftstate = 1000
	ts := makeTest(t, maxraftstate)
	defer ts.cleanup()

	ts.Begin("Test (4C): snapshots of a long log")
	for i := 1; i <= incs; i++ {
		ts.checkInc(i)
		if size := ts.g.LogSize(); size > 2*maxraftstate {
			ts.failf("a Raft state of %d bytes is too large; the limit is %d", size, 2*maxraftstate)
		}
	}
	ts.restart()
	ts.checkInc(incs + 1)
	ts.checkCounter(incs+1, nservers)
}
