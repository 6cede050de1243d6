package raft

// The test harness: a cluster of Rafts, and what a test may demand of it. A
// demand that is not met fails the test there and then.

import (
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// Test is one test's cluster. Its own lock is never held while Raft code runs
// or anything waits.
type Test struct {
	*tester.Config
	t        *testing.T
	g        *tester.ServerGrp
	n        int
	snapshot bool
	finished int32 // atomic; set by cleanup

	mu   sync.Mutex
	srvs []*rfsrv // the latest of each server, nil before the first
}

// makeTest starts n connected servers. With snapshot, their services take a
// snapshot every SnapShotInterval commands.
func makeTest(t *testing.T, n int, reliable bool, snapshot bool) *Test {
	tester.AnnotateTest(t.Name(), n)
	ts := &Test{t: t, n: n, snapshot: snapshot, srvs: make([]*rfsrv, n)}
	ts.Config = tester.MakeConfig(t, n, reliable, ts.mksrv)
	ts.g = ts.Group(tester.GRP0)
	ts.SetLongDelays(true)
	return ts
}

// mksrv starts a server. The service is to be killed before its Raft.
func (ts *Test) mksrv(ends []*labrpc.ClientEnd, grp tester.Tgid, srv int, persister *tester.Persister) []tester.IService {
	rs := newRfsrv(ts, srv, ends, persister, ts.snapshot)
	ts.mu.Lock()
	ts.srvs[srv] = rs
	ts.mu.Unlock()
	if rf := rs.Raft(); rf != nil {
		return []tester.IService{rs, rf}
	}
	return []tester.IService{rs}
}

// restart starts server i, which is shut down, and connects all servers.
func (ts *Test) restart(i int) {
	ts.g.StartServer(i)
	ts.g.ConnectAll()
}

// cleanup ends the cluster.
func (ts *Test) cleanup() {
	atomic.StoreInt32(&ts.finished, 1)
	ts.End()
	ts.Config.Cleanup()
	ts.CheckTimeout()
}

// failf fails the test.
func (ts *Test) failf(format string, args ...interface{}) {
	tester.AnnotateCheckerFailure(fmt.Sprintf(format, args...), "")
	ts.Fatalf(format, args...)
}

// raft returns server i's Raft, nil if it is shut down.
func (ts *Test) raft(i int) raftapi.Raft {
	ts.mu.Lock()
	rs := ts.srvs[i]
	ts.mu.Unlock()
	return rs.Raft()
}

// onNetwork returns server i's Raft if it is connected, else nil.
func (ts *Test) onNetwork(i int) raftapi.Raft {
	if !ts.g.IsConnected(i) {
		return nil
	}
	return ts.raft(i)
}

// checkLogs records a command that a server has applied. It returns what is
// wrong with it, if another command was applied at its index anywhere, and
// whether the server has applied the index before. Needs mu.
func (ts *Test) checkLogs(rs *rfsrv, m raftapi.ApplyMsg) (string, bool) {
	wrong := ""
	for _, other := range append([]*rfsrv{rs}, ts.srvs...) {
		if other == nil {
			continue
		}
		// Comparing interfaces compares the types too.
		if old, ok := other.logs[m.CommandIndex]; ok && old != m.Command {
			wrong = fmt.Sprintf("server %d applied %v at index %d, where server %d had applied %v",
				rs.me, m.Command, m.CommandIndex, other.me, old)
		}
	}
	_, previous := rs.logs[m.CommandIndex-1]
	rs.logs[m.CommandIndex] = m.Command
	return wrong, previous
}

// checkOneLeader returns the leader of the highest term among the connected
// servers. It allows for an election, but not for two leaders of one term.
func (ts *Test) checkOneLeader() int {
	begun := time.Now()
	for round := 0; round < 10; round++ {
		time.Sleep(time.Duration(450+rand.Intn(100)) * time.Millisecond)

		leaders := map[int]int{} // by term
		latest := -1
		for i := 0; i < ts.n; i++ {
			rf := ts.onNetwork(i)
			if rf == nil {
				continue
			}
			term, leads := rf.GetState()
			if !leads {
				continue
			}
			if other, ok := leaders[term]; ok {
				ts.failf("term %d has two leaders, %d and %d", term, other, i)
			}
			leaders[term] = i
			if term > latest {
				latest = term
			}
		}
		if len(leaders) > 0 {
			tester.AnnotateInfoInterval(begun, fmt.Sprintf("server %d leads term %d", leaders[latest], latest), "")
			return leaders[latest]
		}
	}
	ts.failf("no connected server became leader")
	return -1
}

// checkTerms returns the term, on which the connected servers must agree.
func (ts *Test) checkTerms() int {
	agreed := -1
	for i := 0; i < ts.n; i++ {
		if rf := ts.onNetwork(i); rf != nil {
			term, _ := rf.GetState()
			if agreed != -1 && term != agreed {
				ts.failf("servers disagree on the term: %d and %d", agreed, term)
			}
			agreed = term
		}
	}
	return agreed
}

// termChanged tells whether any server, connected or not, has left term.
func (ts *Test) termChanged(term int) bool {
	for i := 0; i < ts.n; i++ {
		if now, _ := ts.raft(i).GetState(); now != term {
			return true
		}
	}
	return false
}

// checkNoLeader demands that no connected server claims to lead.
func (ts *Test) checkNoLeader() {
	for i := 0; i < ts.n; i++ {
		if rf := ts.onNetwork(i); rf != nil {
			if _, leads := rf.GetState(); leads {
				ts.failf("server %d claims to lead without a majority", i)
			}
		}
	}
}

// nCommitted returns how many servers have applied a command at index, and
// that command, which must be the same everywhere.
func (ts *Test) nCommitted(index int) (int, interface{}) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	count := 0
	var agreed interface{}
	for _, rs := range ts.srvs {
		command, ok := rs.logs[index]
		if !ok {
			continue
		}
		if count > 0 && command != agreed {
			ts.failf("servers applied %v and %v at index %d", agreed, command, index)
		}
		count++
		agreed = command
	}
	return count, agreed
}

// wait returns the command at index once n servers have applied it, for which
// it allows about 30 s. With startTerm > -1 it gives up with -1 as soon as a
// server has left that term behind.
func (ts *Test) wait(index int, n int, startTerm int) interface{} {
	pause := 10 * time.Millisecond
	for poll := 0; poll < 30; poll++ {
		if count, _ := ts.nCommitted(index); count >= n {
			break
		}
		time.Sleep(pause)
		if pause < time.Second {
			pause *= 2
		}
		if startTerm > -1 {
			for i := 0; i < ts.n; i++ {
				if term, _ := ts.raft(i).GetState(); term > startTerm {
					return -1
				}
			}
		}
	}
	count, command := ts.nCommitted(index)
	if count < n {
		ts.failf("only %d servers applied index %d; %d should have", count, index, n)
	}
	return command
}

// one submits command to a leader, wherever that is, and returns its index once
// expected servers have applied it. It has 10 s for that, each submission 2 s;
// without retry the first must succeed.
func (ts *Test) one(command interface{}, expected int, retry bool) int {
	begun := time.Now()
	for server := 0; time.Since(begun) < 10*time.Second && atomic.LoadInt32(&ts.finished) == 0; {
		index := -1
		for tried := 0; tried < ts.n && index == -1; tried++ {
			server = (server + 1) % ts.n
			if rf := ts.onNetwork(server); rf != nil {
				if at, _, ok := rf.Start(command); ok {
					index = at
				}
			}
		}
		if index == -1 {
			time.Sleep(50 * time.Millisecond)
			continue
		}

		for submitted := time.Now(); time.Since(submitted) < 2*time.Second; {
			if count, applied := ts.nCommitted(index); count > 0 && count >= expected && applied == command {
				tester.AnnotateInfoInterval(begun, fmt.Sprintf("%d servers applied index %d", count, index), "")
				return index
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !retry {
			ts.failf("one(%v) failed to reach agreement", command)
		}
	}
	if atomic.LoadInt32(&ts.finished) == 0 {
		ts.failf("one(%v) failed to reach agreement", command)
	}
	return -1
}

// checkNoAgreement demands that no server has applied a command at index.
func (ts *Test) checkNoAgreement(index int) {
	if count, _ := ts.nCommitted(index); count > 0 {
		ts.failf("%d servers committed index %d without a majority", count, index)
	}
}
