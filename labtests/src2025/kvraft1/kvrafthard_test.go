package kvraft

// A test that the course does not have. There, a request whose answer is lost
// is repeated at once, before servers have restarted from a snapshot.

import (
	"fmt"
	"testing"
	"time"

	"6.5840/kvsrv1/rpc"
)

// What a server knows of requests that it has executed is part of its state, and
// so of its snapshots: else a Put that was done is done again, and refused.
func TestHardRepetition4C(t *testing.T) {
	ts := makeTest(t, 3, false, maxState)
	defer ts.Cleanup()

	ts.Begin("Test: Puts are repeated after snapshots and a restart (4C)")
	writer := ts.MakeClerk()
	version := rpc.Tversion(0)
	for round := 0; round < 3; round++ {
		// Delays make it likely that Puts are under way when clients are cut off.
		ts.SetReliable(false)
		clients := ts.StartClients(20, true)
		time.Sleep(500 * time.Millisecond)
		clients.Disconnect()
		ts.SetReliable(true)

		for i := 0; i < 50; i++ {
			// Maybe done is done: nobody else writes there.
			if err := writer.Put("w", fmt.Sprint(version), version); err != rpc.OK && err != rpc.ErrMaybe {
				ts.Failf("Put %d returned %s", version, err)
			}
			version++
		}
		ts.restart()
		clients.Stop()
		clients.Connect()
		clients.Wait()
		ts.checkSizes()
		ts.CheckLinearizable()
	}
}
