package raft

// What the probe must notice. This file is compiled next to it, in a tree.

import (
	"strings"
	"testing"
	"time"
)

func selfCommand(index, id int) probeMsg {
	return probeMsg{CommandValid: true, Command: probeCommand(id, 16), CommandIndex: index}
}

func selfSnapshot(index int, data []byte) probeMsg {
	return probeMsg{SnapshotValid: true, Snapshot: data, SnapshotIndex: index}
}

// selfJudge lets servers apply commands, one list of numbers for each server
// from index 1 on, and returns the probe's verdict.
func selfJudge(expected map[int]int, applied ...[]int) []string {
	l := &probeLoad{c: newProbeCluster(len(applied), 0), expected: expected}
	for i, ids := range applied {
		for k, id := range ids {
			l.c.servers[i].applyCommand(selfCommand(k+1, id))
		}
	}
	var r probeResult
	r.judge(l)
	return r.Faults
}

func wantFault(t *testing.T, faults []string, part string) {
	t.Helper()
	if len(faults) != 1 || !strings.Contains(faults[0], part) {
		t.Errorf("got the faults %q, want one with %q", faults, part)
	}
}

func TestProbeSelfAgreement(t *testing.T) {
	if faults := selfJudge(map[int]int{7: 1, 8: 2, 9: 3}, []int{7, 8, 9}, []int{7, 8}); len(faults) != 0 {
		t.Errorf("faults where there are none: %q", faults)
	}
	wantFault(t, selfJudge(nil, []int{7, 8}, []int{7, 9}), "server 1 applied another command than those before it at 1 indexes")
	wantFault(t, selfJudge(map[int]int{8: 1}, []int{7, 8}, []int{7, 8}), "1 commands are not at the index")
	wantFault(t, selfJudge(nil, []int{7, 7}), "1 commands were applied twice")
}

func TestProbeSelfOrder(t *testing.T) {
	s := newProbeCluster(1, 0).servers[0]
	s.applyCommand(selfCommand(1, 1))
	s.applyCommand(selfCommand(3, 3))
	wantFault(t, s.faults, "index 3 came where 2 was next")

	s = newProbeCluster(1, 0).servers[0]
	s.applyCommand(selfCommand(1, 1))
	s.applyCommand(selfCommand(1, 1))
	wantFault(t, s.faults, "index 1 came where 2 was next")

	s = newProbeCluster(1, 0).servers[0]
	s.applyCommand(probeMsg{CommandValid: true, Command: 17, CommandIndex: 1})
	wantFault(t, s.faults, "not one of the probe's")
}

func TestProbeSelfSnapshots(t *testing.T) {
	s := newProbeCluster(1, 0).servers[0]
	s.applySnapshot(selfSnapshot(5, probeSnapshot(5)))
	s.applyCommand(selfCommand(6, 6))
	if len(s.faults) != 0 {
		t.Errorf("faults where there are none: %q", s.faults)
	}
	s.applySnapshot(selfSnapshot(5, probeSnapshot(5)))
	wantFault(t, s.faults, "went back from index 6 to 5")

	s = newProbeCluster(1, 0).servers[0]
	s.applySnapshot(selfSnapshot(5, probeSnapshot(4)))
	wantFault(t, s.faults, "not the one the service took")
}

func TestProbeSelfAwait(t *testing.T) {
	s := newProbeCluster(1, 0).servers[0]
	early, other := s.await(1), s.await(1)
	if got := <-early; got != probeLost {
		t.Errorf("the first waiter for an index got %d, want %d: another command has the index", got, probeLost)
	}
	covered := s.await(2)
	s.applyCommand(selfCommand(1, 11))
	if got := <-other; got != 11 {
		t.Errorf("the waiter got %d, want 11", got)
	}
	if got := <-s.await(1); got != 11 {
		t.Errorf("a late waiter got %d, want 11", got)
	}
	s.applySnapshot(selfSnapshot(3, probeSnapshot(3)))
	if got := <-covered; got != probeUnknown {
		t.Errorf("the waiter below a snapshot got %d, want %d", got, probeUnknown)
	}
}

func TestProbeSelfQuantiles(t *testing.T) {
	var latencies []time.Duration
	for ms := 101; ms > 0; ms-- {
		latencies = append(latencies, time.Duration(ms)*time.Millisecond)
	}
	p50, p90, p99, max := probeQuantiles(latencies)
	if p50 != 51 || p90 != 91 || p99 != 100 || max != 101 {
		t.Errorf("of 1 to 101 ms the quantiles are %v %v %v %v, want 51 91 100 101", p50, p90, p99, max)
	}
}
