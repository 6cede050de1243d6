package kvraft

// The servers of the tests, what happens to them, and the clients' rounds.

import (
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	kvtest "6.5840/kvtest1"
	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// electionTimeout is generous: how long the tests give servers to settle.
const electionTimeout = 1 * time.Second

// Test is one test's servers and clients.
type Test struct {
	*kvtest.Test
	t            *testing.T
	g            *tester.ServerGrp
	maxraftstate int

	mu    sync.Mutex
	rafts []raftapi.Raft // the latest of each server
}

// makeTest starts the servers, which take snapshots if their Raft state exceeds
// maxraftstate bytes; never if that is -1.
func makeTest(t *testing.T, nservers int, reliable bool, maxraftstate int) *Test {
	tester.AnnotateTest(t.Name(), nservers)
	ts := &Test{t: t, maxraftstate: maxraftstate, rafts: make([]raftapi.Raft, nservers)}
	cfg := tester.MakeConfig(t, nservers, reliable, ts.mksrv)
	ts.g = cfg.Group(tester.GRP0)
	ts.Test = kvtest.MakeTest(cfg, func(clnt *tester.Clnt) kvtest.IKVClerk {
		return MakeClerk(clnt, ts.g.SrvNames())
	})
	return ts
}

// mksrv starts a server, and looks for the Raft among its parts.
func (ts *Test) mksrv(ends []*labrpc.ClientEnd, grp tester.Tgid, srv int, persister *tester.Persister) []tester.IService {
	services := StartKVServer(ends, grp, srv, persister, ts.maxraftstate)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, service := range services {
		if rf, ok := service.(raftapi.Raft); ok {
			ts.rafts[srv] = rf
			return services
		}
	}
	ts.t.Fatalf("StartKVServer returned no Raft among the %d parts of the server", len(services))
	return nil
}

// leader returns the first server that believes to lead, else server 0.
func (ts *Test) leader() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for i, rf := range ts.rafts {
		if _, leads := rf.GetState(); leads {
			return i
		}
	}
	return 0
}

// partitioner separates the servers into two random sides again and again,
// until stop is closed.
func (ts *Test) partitioner(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		var sides [2][]int
		for i := 0; i < ts.g.N(); i++ {
			side := rand.Intn(2)
			sides[side] = append(sides[side], i)
		}
		ts.g.Partition(sides[0], sides[1])
		time.Sleep(electionTimeout + time.Duration(rand.Intn(200))*time.Millisecond)
	}
}

// restart shuts all servers down, and only then brings the first one back.
func (ts *Test) restart() {
	ts.g.Shutdown()
	// Long enough for whatever the old servers had sent to be gone.
	time.Sleep(electionTimeout)
	ts.g.StartServers()
}

// checkSizes demands that Raft states are kept small where servers take
// snapshots, and that there are none where they do not.
func (ts *Test) checkSizes() {
	if size, limit := ts.g.LogSize(), 8*ts.maxraftstate; ts.maxraftstate > 0 && size > limit {
		ts.Failf("a Raft state of %d bytes is too large; the limit is %d", size, limit)
	}
	if size := ts.g.SnapshotSize(); ts.maxraftstate < 0 && size > 0 {
		ts.Failf("there is a snapshot of %d bytes, but maxraftstate is %d", size, ts.maxraftstate)
	}
}

// generic is a test of clients against servers to which things happen.
type generic struct {
	part         string
	clients      int
	servers      int
	reliable     bool
	crash        bool // all servers restart after each round
	partitions   bool // the servers are separated in each round
	maxraftstate int
	randomkeys   bool
}

func (g generic) title() string {
	title := "Test: "
	for _, part := range []struct {
		in   bool
		text string
	}{
		{!g.reliable, "unreliable net, "},
		{g.crash, "restarts, "},
		{g.partitions, "partitions, "},
		{g.maxraftstate != -1, "snapshots, "},
		{g.randomkeys, "random keys, "},
		{g.clients > 1, "many clients"},
		{g.clients == 1, "one client"},
	} {
		if part.in {
			title += part.text
		}
	}
	return fmt.Sprintf("%s (%s)", title, g.part)
}

// run has clients put for three rounds of a second. With partitions there is a
// second more, in which the servers are separated. The clients of a round end
// when the servers are well again.
func (g generic) run(t *testing.T) {
	ts := makeTest(t, g.servers, g.reliable, g.maxraftstate)
	defer ts.Cleanup()

	ts.Begin(g.title())
	var total kvtest.Outcome
	for round := 0; round < 3; round++ {
		clients := ts.StartClients(g.clients, g.randomkeys)
		time.Sleep(1 * time.Second)
		if g.partitions {
			stop, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				ts.partitioner(stop)
			}()
			time.Sleep(1 * time.Second)
			close(stop)
			<-ended
		}
		clients.Stop()
		if g.partitions {
			ts.g.ConnectAll()
			time.Sleep(electionTimeout)
		}
		if g.crash {
			ts.restart()
		}
		outcome := clients.Wait()
		if outcome.Maybe > 0 && g.reliable && !g.crash && !g.partitions {
			ts.Failf("%d Puts were maybe done, though nothing was lost", outcome.Maybe)
		}
		total.Add(outcome)
		if !g.randomkeys {
			ts.CheckPuts(total)
		}
		ts.checkSizes()
		ts.CheckLinearizable()
	}
}
