package kvraft

// Part B: a service without snapshots. Part C is in kvraftc_test.go.

import (
	"fmt"
	"testing"
	"time"

	"6.5840/kvsrv1/rpc"
)

func TestBasic4B(t *testing.T) {
	generic{part: "4B", clients: 1, servers: 5, reliable: true, maxraftstate: -1}.run(t)
}

func TestSpeed4B(t *testing.T) {
	testSpeed(t, "4B", -1)
}

// testSpeed times a thousand operations one after another.
func testSpeed(t *testing.T, part string, maxraftstate int) {
	const operations = 1000
	// Three for each heartbeat, if there are ten of these a second.
	const limit = operations * 100 * time.Millisecond / 3
	ts := makeTest(t, 3, true, maxraftstate)
	defer ts.Cleanup()

	ts.Begin("Test: ops complete fast enough (" + part + ")")
	ck := ts.MakeClerk()
	ck.Get("x") // so that the first election does not count

	begun := time.Now()
	for i := 0; i < operations; i++ {
		ck.MustPut("x", fmt.Sprint(i), rpc.Tversion(i))
	}
	took := time.Since(begun)

	if version := ck.CheckGet("x", fmt.Sprint(operations-1)); version != operations {
		ts.Failf("after %d Puts the version is %d", operations, version)
	}
	if took > limit {
		ts.Failf("%d operations took %v; the limit is %v", operations, took, limit)
	}
}

func TestConcurrent4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, reliable: true, maxraftstate: -1}.run(t)
}

func TestUnreliable4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, maxraftstate: -1}.run(t)
}

// A leader without a majority must not answer, not even a Get: it cannot know
// what the others have done without it.
func TestOnePartition4B(t *testing.T) {
	ts := makeTest(t, 5, false, -1)
	defer ts.Cleanup()
	everywhere := ts.MakeClerk()
	everywhere.MustPut("1", "13", 0)

	ts.Begin("Test: progress in majority (4B)")
	p1, p2 := ts.g.MakePartition(ts.leader())
	ts.g.Partition(p1, p2)
	majority := ts.MakeClerkTo(ts.g.SrvNamesTo(p1))
	putter, getter := ts.MakeClerkTo(ts.g.SrvNamesTo(p2)), ts.MakeClerkTo(ts.g.SrvNamesTo(p2))
	majority.MustPut("1", "14", 1)
	majority.CheckGet("1", "14")
	ts.End()

	ts.Begin("Test: no progress in minority (4B)")
	put, got := make(chan rpc.Err, 1), make(chan struct{})
	go func() { put <- putter.Put("1", "15", 3) }()
	go func() {
		defer close(got)
		getter.Get("1")
	}()
	select {
	case err := <-put:
		ts.Failf("a Put in a minority has returned %s", err)
	case <-got:
		ts.Failf("a Get has been answered in a minority")
	case <-time.After(1 * time.Second):
	}
	majority.CheckGet("1", "14")
	majority.MustPut("1", "16", 2)
	majority.CheckGet("1", "16")
	ts.End()

	ts.Begin("Test: completion after heal (4B)")
	ts.g.ConnectAll()
	putter.Clnt.ConnectAll()
	getter.Clnt.ConnectAll()
	time.Sleep(electionTimeout)
	select {
	case err := <-put:
		if err != rpc.OK && err != rpc.ErrMaybe {
			ts.Failf("the Put has returned %s after the servers can reach each other again", err)
		}
	case <-time.After(3 * time.Second):
		ts.Failf("the Put has not been done after the servers can reach each other again")
	}
	// Of the Get nothing is demanded.
	everywhere.CheckGet("1", "15")
}

func TestManyPartitionsOneClient4B(t *testing.T) {
	generic{part: "4B", clients: 1, servers: 5, reliable: true, partitions: true, maxraftstate: -1}.run(t)
}

func TestManyPartitionsManyClients4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, reliable: true, partitions: true, maxraftstate: -1}.run(t)
}

func TestPersistOneClient4B(t *testing.T) {
	generic{part: "4B", clients: 1, servers: 5, reliable: true, crash: true, maxraftstate: -1}.run(t)
}

func TestPersistConcurrent4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, reliable: true, crash: true, maxraftstate: -1}.run(t)
}

func TestPersistConcurrentUnreliable4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, crash: true, maxraftstate: -1}.run(t)
}

func TestPersistPartition4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, reliable: true, crash: true, partitions: true, maxraftstate: -1}.run(t)
}

func TestPersistPartitionUnreliable4B(t *testing.T) {
	generic{part: "4B", clients: 5, servers: 5, crash: true, partitions: true, maxraftstate: -1}.run(t)
}

func TestPersistPartitionUnreliableLinearizable4B(t *testing.T) {
	generic{part: "4B", clients: 15, servers: 7, crash: true, partitions: true, maxraftstate: -1, randomkeys: true}.run(t)
}
