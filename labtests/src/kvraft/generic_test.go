package kvraft

// Clients against servers that lose messages, crash and get separated.

import (
	"math/rand"
	"strconv"
	"testing"
	"time"
)

// electionTimeout is generous: how long the tests give a cluster to settle.
const electionTimeout = 1 * time.Second

// linearizabilityCheckTimeout is how long a history may be looked at.
const linearizabilityCheckTimeout = 1 * time.Second

// partitioner separates the servers into two random sides again and again,
// until stop is closed.
func (cfg *config) partitioner(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var sides [2][]int
		for i := 0; i < cfg.n; i++ {
			side := rand.Intn(2)
			sides[side] = append(sides[side], i)
		}
		cfg.partition(sides[0], sides[1])
		time.Sleep(electionTimeout + time.Duration(rand.Intn(200))*time.Millisecond)
	}
}

// testTitle announces a GenericTest.
func testTitle(part string, nclients int, unreliable, crash, partitions bool, maxraftstate int, randomkeys bool) string {
	title := "Test: "
	if unreliable {
		title += "unreliable net, "
	}
	if crash {
		title += "restarts, "
	}
	if partitions {
		title += "partitions, "
	}
	if maxraftstate != -1 {
		title += "snapshots, "
	}
	if randomkeys {
		title += "random keys, "
	}
	if nclients > 1 {
		title += "many clients"
	} else {
		title += "one client"
	}
	return title + " (" + part + ")"
}

// GenericTest runs clients for three rounds of 5 s. With partitions the servers
// are separated meanwhile, with crash all of them restart after each round. The
// clients of a round end when the servers are well again.
func GenericTest(t *testing.T, part string, nclients int, nservers int, unreliable bool, crash bool, partitions bool, maxraftstate int, randomkeys bool) {
	cfg := make_config(t, nservers, unreliable, maxraftstate)
	defer cfg.cleanup()
	cfg.begin(testTitle(part, nclients, unreliable, crash, partitions, maxraftstate, randomkeys))
	h := &testHistory{cfg: cfg}
	auditor := h.client(cfg.All())

	for round := 0; round < 3; round++ {
		stop := make(chan struct{})
		outcomes := make([]chan testOutcome, nclients)
		for i := range outcomes {
			outcomes[i] = make(chan testOutcome, 1)
			go func(i int, c *testClient) {
				outcomes[i] <- c.testRun(i, nclients, randomkeys, stop)
			}(i, h.client(cfg.All()))
		}

		if partitions {
			time.Sleep(1 * time.Second) // without any, to begin with
		}
		partitioned := make(chan struct{})
		go func() {
			defer close(partitioned)
			if partitions {
				cfg.partitioner(stop)
			}
		}()
		time.Sleep(5 * time.Second)
		close(stop)

		<-partitioned
		if partitions {
			cfg.ConnectAll()
			time.Sleep(electionTimeout)
		}
		if crash {
			cfg.restartAll()
		}
		for i := range outcomes {
			auditor.audit(i, <-outcomes[i], randomkeys)
		}
		cfg.checkSizes()
	}

	h.checkLinearizable(linearizabilityCheckTimeout)
	cfg.end()
}

// restartAll shuts every server down, and only then brings the first one back.
func (cfg *config) restartAll() {
	for i := 0; i < cfg.n; i++ {
		cfg.ShutdownServer(i)
	}
	// Long enough for whatever the old servers had sent to be gone.
	time.Sleep(electionTimeout)
	for i := 0; i < cfg.n; i++ {
		cfg.StartServer(i)
	}
	cfg.ConnectAll()
}

// audit demands that client number i had no complaint, and that its key holds
// what it has written.
func (c *testClient) audit(i int, outcome testOutcome, randomkeys bool) {
	t := c.h.cfg.t
	t.Helper()
	if outcome.wrong != "" {
		t.Fatal(outcome.wrong)
	}
	value := c.Get(strconv.Itoa(i))
	if randomkeys {
		return // what it should be is for the history to tell
	}
	if wrong := testAppends(value, i, outcome.appends); wrong != "" {
		t.Fatal(wrong)
	}
}

// testSpeed times a thousand operations one after another.
func testSpeed(t *testing.T, part string, maxraftstate int) {
	const servers = 3
	const operations = 1000
	// Three for each heartbeat, if there are ten of these a second.
	const limit = operations * 100 * time.Millisecond / 3
	cfg := make_config(t, servers, false, maxraftstate)
	defer cfg.cleanup()
	c := (&testHistory{cfg: cfg}).client(cfg.All())

	cfg.begin("Test: ops complete fast enough (" + part + ")")
	c.Get("x") // so that the first election does not count

	c.paused = 0
	begun := time.Now()
	for j := 0; j < operations; j++ {
		c.Append("x", testValue(0, j))
	}
	took := time.Since(begun) - c.paused

	if wrong := testAppends(c.Get("x"), 0, operations); wrong != "" {
		t.Fatal(wrong)
	}
	if took > limit {
		t.Fatalf("%d operations took %v; the limit is %v", operations, took, limit)
	}
	cfg.end()
}
