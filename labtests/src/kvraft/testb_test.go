package kvraft

// Part B: servers that take snapshots.

import (
	"strconv"
	"testing"
	"time"
)

// testMaxState is the maxraftstate of this part in bytes.
const testMaxState = 1000

// A server that has missed more than the others still have in their logs gets
// a snapshot instead.
func TestSnapshotRPC3B(t *testing.T) {
	cfg := make_config(t, 3, false, testMaxState)
	defer cfg.cleanup()
	h := &testHistory{cfg: cfg}
	c := h.client(cfg.All())

	cfg.begin("Test: InstallSnapshot RPC (3B)")
	c.Put("a", "A")
	c.check("a", "A")

	// Server 2 is away while much is written.
	cfg.partition([]int{0, 1}, []int{2})
	c = h.client([]int{0, 1})
	for i := 0; i < 50; i++ {
		c.Put(strconv.Itoa(i), strconv.Itoa(i))
	}
	time.Sleep(electionTimeout)
	c.Put("b", "B")
	cfg.checkSizes()

	// Now it is needed for a majority.
	cfg.partition([]int{0, 2}, []int{1})
	c = h.client([]int{0, 2})
	c.Put("c", "C")
	c.Put("d", "D")
	c.check("a", "A")
	c.check("b", "B")
	c.check("1", "1")
	c.check("49", "49")

	cfg.partition([]int{0, 1, 2}, nil)
	c = h.client([]int{0, 1, 2})
	c.Put("e", "E")
	c.check("c", "C")
	c.check("e", "E")
	c.check("1", "1")

	cfg.end()
}

// A snapshot is about what the service holds, not about how it got there.
func TestSnapshotSize3B(t *testing.T) {
	const limit = 500
	cfg := make_config(t, 3, false, testMaxState)
	defer cfg.cleanup()
	c := (&testHistory{cfg: cfg}).client(cfg.All())

	cfg.begin("Test: snapshot size is reasonable (3B)")
	for i := 0; i < 200; i++ {
		c.Put("x", "0")
		c.check("x", "0")
		c.Put("x", "1")
		c.check("x", "1")
	}
	cfg.checkSizes()
	if size := cfg.SnapshotSize(); size > limit {
		t.Fatalf("a snapshot of %d bytes is too large; the limit is %d", size, limit)
	}
	cfg.end()
}

func TestSpeed3B(t *testing.T) {
	testSpeed(t, "3B", testMaxState)
}

func TestSnapshotRecover3B(t *testing.T) {
	GenericTest(t, "3B", 1, 5, false, true, false, testMaxState, false)
}

func TestSnapshotRecoverManyClients3B(t *testing.T) {
	GenericTest(t, "3B", 20, 5, false, true, false, testMaxState, false)
}

func TestSnapshotUnreliable3B(t *testing.T) {
	GenericTest(t, "3B", 5, 5, true, false, false, testMaxState, false)
}

func TestSnapshotUnreliableRecover3B(t *testing.T) {
	GenericTest(t, "3B", 5, 5, true, true, false, testMaxState, false)
}

func TestSnapshotUnreliableRecoverConcurrentPartition3B(t *testing.T) {
	GenericTest(t, "3B", 5, 5, true, true, true, testMaxState, false)
}

func TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable3B(t *testing.T) {
	GenericTest(t, "3B", 15, 7, true, true, true, testMaxState, true)
}
