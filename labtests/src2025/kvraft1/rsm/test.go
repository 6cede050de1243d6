package rsm

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"6.5840/kvsrv1/rpc"
	"6.5840/labrpc"
	tester "6.5840/tester1"
)

// nservers is the number of servers of every test.
const nservers = 3

// submitLimit is how long the tests look for a server that has a request done.
const submitLimit = 10 * time.Second

// Test is one test's counters. Its lock is never held while anything waits.
type Test struct {
	*tester.Config
	t            *testing.T
	g            *tester.ServerGrp
	maxraftstate int

	mu     sync.Mutex
	srvs   []*rsmSrv // the latest of each server
	leader int       // who had the last request done
}

// makeTest starts the servers, which take snapshots if their Raft state exceeds
// maxraftstate bytes; never if that is -1.
func makeTest(t *testing.T, maxraftstate int) *Test {
	tester.AnnotateTest(t.Name(), nservers)
	ts := &Test{t: t, maxraftstate: maxraftstate, srvs: make([]*rsmSrv, nservers)}
	ts.Config = tester.MakeConfig(t, nservers, true, ts.mksrv)
	ts.g = ts.Group(tester.GRP0)
	return ts
}

// mksrv starts a server. The Raft is all that is ever killed of it.
func (ts *Test) mksrv(ends []*labrpc.ClientEnd, grp tester.Tgid, srv int, persister *tester.Persister) []tester.IService {
	s := makeRsmSrv(ends, srv, persister, ts.maxraftstate)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.srvs[srv] = s
	return []tester.IService{s.rsm.Raft()}
}

func (ts *Test) cleanup() {
	ts.End()
	ts.Config.Cleanup()
	ts.CheckTimeout()
}

func (ts *Test) failf(format string, args ...any) {
	tester.AnnotateCheckerFailure(fmt.Sprintf(format, args...), "")
	ts.Fatalf(format, args...)
}

func (ts *Test) server(i int) *rsmSrv {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.srvs[i]
}

func (ts *Test) lastLeader() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.leader
}

func (ts *Test) setLeader(i int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.leader = i
}

// one asks the connected servers in turn, from the last leader on, until one has
// the request done, and returns the answer. ok is false if none has within 10 s.
// It may be called from any goroutine.
func (ts *Test) one(req any) (answer any, ok bool) {
	for begun := time.Now(); time.Since(begun) < submitLimit; time.Sleep(50 * time.Millisecond) {
		first := ts.lastLeader()
		for k := 0; k < nservers; k++ {
			i := (first + k) % nservers
			if !ts.g.IsConnected(i) {
				continue
			}
			ts.Op()
			if err, answer := ts.server(i).rsm.Submit(req); err == rpc.OK {
				ts.setLeader(i)
				return answer, true
			}
		}
	}
	return nil, false
}

// oneInc has the counter increased, and returns what it came to; 0 if no server
// has done it.
func (ts *Test) oneInc() int {
	answer, ok := ts.one(Inc{})
	if !ok {
		return 0
	}
	return answer.(*IncRep).N
}

// checkInc has the counter increased and demands what it comes to.
func (ts *Test) checkInc(want int) {
	if got := ts.oneInc(); got != want {
		ts.failf("the counter came to %d instead of %d", got, want)
	}
}

// checkCounter demands that so many servers come to have a value, for which it
// allows about 30 s.
func (ts *Test) checkCounter(value, servers int) {
	pause := 10 * time.Millisecond
	count := 0
	for poll := 0; poll < 30; poll++ {
		count = 0
		for i := 0; i < nservers; i++ {
			if ts.server(i).value() == value {
				count++
			}
		}
		if count >= servers {
			return
		}
		time.Sleep(pause)
		if pause < time.Second {
			pause *= 2
		}
	}
	ts.failf("%d servers have the counter at %d; %d should have", count, value, servers)
}

// submit submits a request at once n times over, by f, and returns where the
// outcomes come.
func submit(n int, f func() rpc.Err) <-chan rpc.Err {
	outcomes := make(chan rpc.Err, n)
	for i := 0; i < n; i++ {
		go func() { outcomes <- f() }()
	}
	return outcomes
}

// collect waits for n outcomes, but not longer than limit.
func collect(outcomes <-chan rpc.Err, n int, limit time.Duration) []rpc.Err {
	var errs []rpc.Err
	late := time.After(limit)
	for len(errs) < n {
		select {
		case err := <-outcomes:
			errs = append(errs, err)
		case <-late:
			return errs
		}
	}
	return errs
}

// shutdownUnderLoad shuts all servers down while n requests are under way, by f,
// and demands that each returns.
func (ts *Test) shutdownUnderLoad(n int, f func() rpc.Err) []rpc.Err {
	outcomes := submit(n, f)
	time.Sleep(20 * time.Millisecond)
	ts.g.Shutdown()
	// A second more than one goes on looking for a server.
	errs := collect(outcomes, n, submitLimit+time.Second)
	if len(errs) != n {
		ts.failf("Submit has not returned for %d of %d requests after all servers were shut down", n-len(errs), n)
	}
	return errs
}

// oneNull has nothing done.
func (ts *Test) oneNull() rpc.Err {
	if _, ok := ts.one(Null{}); !ok {
		return rpc.ErrWrongLeader
	}
	return rpc.OK
}

// restart shuts all servers down, and only then brings the first one back.
func (ts *Test) restart() {
	ts.g.Shutdown()
	time.Sleep(time.Second)
	ts.g.StartServers()
}
