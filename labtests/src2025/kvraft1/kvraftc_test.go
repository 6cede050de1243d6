package kvraft

// Part C: servers that take snapshots.

import (
	"strconv"
	"testing"
	"time"

	"6.5840/kvsrv1/rpc"
)

// maxState is the maxraftstate of this part in bytes.
const maxState = 1000

// A server that has missed more than the others still have in their logs gets
// a snapshot instead.
func TestSnapshotRPC4C(t *testing.T) {
	ts := makeTest(t, 3, true, maxState)
	defer ts.Cleanup()

	ts.Begin("Test: InstallSnapshot RPC (4C)")
	ck := ts.MakeClerk()
	ck.MustPut("a", "A", 0)
	ck.CheckGet("a", "A")

	// Server 2 is away while much is written.
	ts.g.Partition([]int{0, 1}, []int{2})
	ck = ts.MakeClerkTo(ts.g.SrvNamesTo([]int{0, 1}))
	for i := 0; i < 50; i++ {
		ck.Put(strconv.Itoa(i), strconv.Itoa(i), 0)
	}
	time.Sleep(electionTimeout)
	ck.Put("b", "B", 0)
	ts.checkSizes()

	// Now it is needed for a majority.
	ts.g.Partition([]int{0, 2}, []int{1})
	ck = ts.MakeClerkTo(ts.g.SrvNamesTo([]int{0, 2}))
	ck.Put("c", "C", 0)
	ck.Put("d", "D", 0)
	ck.CheckGet("a", "A")
	ck.CheckGet("b", "B")
	ck.CheckGet("1", "1")
	ck.CheckGet("49", "49")

	ts.g.Partition([]int{0, 1, 2}, nil)
	ck = ts.MakeClerk()
	ck.Put("e", "E", 0)
	ck.CheckGet("c", "C")
	ck.CheckGet("e", "E")
	ck.CheckGet("1", "1")
}

// A snapshot is about what the service holds, not about how it got there.
func TestSnapshotSize4C(t *testing.T) {
	const limit = 500
	ts := makeTest(t, 3, true, maxState)
	defer ts.Cleanup()

	ts.Begin("Test: snapshot size is reasonable (4C)")
	ck := ts.MakeClerk()
	for i := 0; i < 200; i++ {
		for j := 0; j < 2; j++ {
			ck.MustPut("x", strconv.Itoa(j), rpc.Tversion(2*i+j))
			ck.CheckGet("x", strconv.Itoa(j))
		}
	}
	ts.checkSizes()
	if size := ts.g.SnapshotSize(); size > limit {
		ts.Failf("a snapshot of %d bytes is too large; the limit is %d", size, limit)
	}
}

func TestSpeed4C(t *testing.T) {
	testSpeed(t, "4C", maxState)
}

func TestSnapshotRecover4C(t *testing.T) {
	generic{part: "4C", clients: 1, servers: 5, reliable: true, crash: true, maxraftstate: maxState}.run(t)
}

func TestSnapshotRecoverManyClients4C(t *testing.T) {
	generic{part: "4C", clients: 20, servers: 5, reliable: true, crash: true, maxraftstate: maxState}.run(t)
}

func TestSnapshotUnreliable4C(t *testing.T) {
	generic{part: "4C", clients: 5, servers: 5, maxraftstate: maxState}.run(t)
}

func TestSnapshotUnreliableRecover4C(t *testing.T) {
	generic{part: "4C", clients: 5, servers: 5, crash: true, maxraftstate: maxState}.run(t)
}

func TestSnapshotUnreliableRecoverConcurrentPartition4C(t *testing.T) {
	generic{part: "4C", clients: 5, servers: 5, crash: true, partitions: true, maxraftstate: maxState}.run(t)
}

func TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable4C(t *testing.T) {
	generic{part: "4C", clients: 15, servers: 7, crash: true, partitions: true, maxraftstate: maxState, randomkeys: true}.run(t)
}
