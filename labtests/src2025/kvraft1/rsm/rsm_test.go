package rsm

import (
	"testing"
	"time"

	"6.5840/kvsrv1/rpc"
)

func TestBasic4A(t *testing.T) {
	const incs = 10
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): basic increments")
	for i := 1; i <= incs; i++ {
		ts.checkInc(i)
		ts.checkCounter(i, nservers)
	}
}

func TestConcurrent4A(t *testing.T) {
	const incs = 50
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): increments at the same time")
	counts := make(chan int, incs)
	for i := 0; i < incs; i++ {
		go func() { counts <- ts.oneInc() }()
	}
	seen := map[int]bool{}
	for i := 0; i < incs; i++ {
		n := <-counts
		if n < 1 || n > incs || seen[n] {
			ts.failf("%d increments were answered with %d, again or out of range", incs, n)
		}
		seen[n] = true
	}
	ts.checkCounter(incs, nservers)
}

func TestLeaderFailure4A(t *testing.T) {
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): the leader is cut off")
	ts.checkInc(1)
	ts.checkCounter(1, nservers)

	old := ts.lastLeader()
	ts.g.DisconnectAll(old)
	ts.checkInc(2)
	ts.checkCounter(2, nservers-1)

	ts.g.ConnectOne(old)
	ts.checkCounter(2, nservers)
}

// A leader that has been left by the majority cannot know what becomes of its
// requests before it meets the others again. Then it must say so.
func TestLeaderPartition4A(t *testing.T) {
	const decs = 100
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): requests at a leader without a majority")
	ts.checkInc(1)
	ts.checkCounter(1, nservers)

	old := ts.lastLeader()
	ts.g.DisconnectAll(old)
	server := ts.server(old)
	outcomes := submit(decs, func() rpc.Err {
		err, _ := server.rsm.Submit(Dec{})
		return err
	})
	time.Sleep(10 * time.Millisecond)
	ts.checkInc(2)

	early := collect(outcomes, decs, time.Second)
	if len(early) == decs {
		ts.failf("all requests at the old leader have returned before it could know what became of them")
	}
	ts.g.ConnectAll()
	late := collect(outcomes, decs-len(early), time.Second)
	if missing := decs - len(early) - len(late); missing > 0 {
		ts.failf("%d requests have not returned 1 s after their server can reach the others", missing)
	}
	for _, err := range append(early, late...) {
		if err == rpc.OK {
			ts.failf("a request was done in a minority")
		}
	}
	ts.checkCounter(2, nservers)
}

func TestRestartReplay4A(t *testing.T) {
	const incs = 100
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): the log is replayed after a restart")
	for i := 1; i <= incs; i++ {
		ts.checkInc(i)
	}
	ts.checkCounter(incs, nservers)

	ts.restart()
	ts.checkInc(incs + 1)
	time.Sleep(time.Second)
	ts.checkCounter(incs+1, nservers)
}

func TestShutdown4A(t *testing.T) {
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): shutdown with requests under way")
	ts.shutdownUnderLoad(100, ts.oneNull)
}

func TestRestartSubmit4A(t *testing.T) {
	const incs = 100
	ts := makeTest(t, -1)
	defer ts.cleanup()

	ts.Begin("Test (4A): restart with requests under way")
	for i := 1; i <= incs; i++ {
		ts.checkInc(i)
	}
	ts.checkCounter(incs, nservers)

	ts.restart()
	ts.checkInc(incs + 1)
	time.Sleep(time.Second)
	ts.checkCounter(incs+1, nservers)

	ts.shutdownUnderLoad(100, ts.oneNull)
	ts.g.StartServers()
	ts.checkInc(incs + 2)
	ts.checkCounter(incs+2, nservers)
}

func TestSnapshot4C(t *testing.T) {
	const incs = 100
	const maxraftstate = 1000
	ts := makeTest(t, maxraftstate)
	defer ts.cleanup()

	ts.Begin("Test (4C): snapshots keep the log short")
	for i := 1; i <= incs; i++ {
		ts.checkInc(i)
	}
	ts.checkCounter(incs, nservers)
	if size := ts.g.LogSize(); size > 2*maxraftstate {
		ts.failf("a Raft state of %d bytes is too large; the limit is %d", size, 2*maxraftstate)
	}

	ts.restart()
	ts.checkInc(incs + 1)
	ts.checkCounter(incs+1, nservers)
}
