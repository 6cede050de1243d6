package raft

// What a test may demand of its cluster. A demand that is not met fails the
// test there and then, at the line of the test that made it.

import (
	"fmt"
	"math/rand"
	"sync/atomic"
	"time"
)

// checkOneLeader returns the leader of the highest term among the connected
// servers. It allows for an election, but not for two leaders of one term.
func (cfg *config) checkOneLeader() int {
	cfg.t.Helper()
	for round := 0; round < 10; round++ {
		time.Sleep(time.Duration(450+rand.Intn(100)) * time.Millisecond)

		leaders := map[int]int{} // by term
		latest := -1
		for i := 0; i < cfg.n; i++ {
			rf := cfg.onNetwork(i)
			if rf == nil {
				continue
			}
			term, leads := rf.GetState()
			if !leads {
				continue
			}
			if other, ok := leaders[term]; ok {
				cfg.t.Fatalf("term %d has two leaders, %d and %d", term, other, i)
			}
			leaders[term] = i
			if term > latest {
				latest = term
			}
		}
		if len(leaders) > 0 {
			return leaders[latest]
		}
	}
	cfg.t.Fatalf("no connected server became leader")
	return -1
}

// checkTerms returns the term, on which the connected servers must agree.
func (cfg *config) checkTerms() int {
	cfg.t.Helper()
	agreed := -1
	for i := 0; i < cfg.n; i++ {
		if rf := cfg.onNetwork(i); rf != nil {
			term, _ := rf.GetState()
			if agreed != -1 && term != agreed {
				cfg.t.Fatalf("servers disagree on the term: %d and %d", agreed, term)
			}
			agreed = term
		}
	}
	return agreed
}

// termChanged tells whether any server, connected or not, has left term.
func (cfg *config) termChanged(term int) bool {
	for i := 0; i < cfg.n; i++ {
		if now, _ := cfg.raft(i).GetState(); now != term {
			return true
		}
	}
	return false
}

// checkNoLeader demands that no connected server claims to lead.
func (cfg *config) checkNoLeader() {
	cfg.t.Helper()
	for i := 0; i < cfg.n; i++ {
		if rf := cfg.onNetwork(i); rf != nil {
			if _, leads := rf.GetState(); leads {
				cfg.t.Fatalf("server %d claims to lead without a majority", i)
			}
		}
	}
}

// nCommitted returns how many servers have applied a command at index, and
// that command, which must be the same everywhere.
func (cfg *config) nCommitted(index int) (int, interface{}) {
	cfg.t.Helper()
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	count := 0
	var agreed interface{}
	for _, entries := range cfg.logs {
		command, ok := entries[index]
		if !ok {
			continue
		}
		if count > 0 && command != agreed {
			cfg.t.Fatalf("servers applied %v and %v at index %d", agreed, command, index)
		}
		count++
		agreed = command
	}
	return count, agreed
}

// wait returns the command at index once n servers have applied it, for which
// it allows about 30 s. With startTerm > -1 it gives up with -1 as soon as a
// server has left that term behind.
func (cfg *config) wait(index int, n int, startTerm int) interface{} {
	cfg.t.Helper()
	pause := 10 * time.Millisecond
	for poll := 0; poll < 30; poll++ {
		if count, _ := cfg.nCommitted(index); count >= n {
			break
		}
		time.Sleep(pause)
		if pause < time.Second {
			pause *= 2
		}
		if startTerm > -1 {
			for i := 0; i < cfg.n; i++ {
				if term, _ := cfg.raft(i).GetState(); term > startTerm {
					return -1
				}
			}
		}
	}
	count, command := cfg.nCommitted(index)
	if count < n {
		cfg.t.Fatalf("only %d servers applied index %d; %d should have", count, index, n)
	}
	return command
}

// one submits command to a leader, wherever that is, and returns its index once
// expected servers have applied it. It has 10 s for that, each submission 2 s;
// without retry the first must succeed.
func (cfg *config) one(command interface{}, expected int, retry bool) int {
	cfg.t.Helper()
	begun := time.Now()
	for server := 0; time.Since(begun) < 10*time.Second && atomic.LoadInt32(&cfg.finished) == 0; {
		index := -1
		for tried := 0; tried < cfg.n && index == -1; tried++ {
			server = (server + 1) % cfg.n
			if rf := cfg.onNetwork(server); rf != nil {
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
			if count, applied := cfg.nCommitted(index); count > 0 && count >= expected && applied == command {
				return index
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !retry {
			cfg.t.Fatalf("one(%v) failed to reach agreement", command)
		}
	}
	if atomic.LoadInt32(&cfg.finished) == 0 {
		cfg.t.Fatalf("one(%v) failed to reach agreement", command)
	}
	return -1
}

// begin announces a test and remembers the counters, for end.
func (cfg *config) begin(title string) {
	fmt.Printf("%s ...\n", title)
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.before.at = time.Now()
	cfg.before.rpcs = cfg.rpcTotal()
	cfg.before.bytes = cfg.bytesTotal()
	cfg.before.maxIndex = cfg.maxIndex
}

// end reports what a test that has passed took since begin: seconds, peers,
// RPCs, their bytes, and commands committed.
func (cfg *config) end() {
	cfg.t.Helper()
	cfg.checkTimeout()
	if cfg.t.Failed() {
		return
	}
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	fmt.Printf("  ... Passed --  %4.1f  %d %4d %7d %4d\n",
		time.Since(cfg.before.at).Seconds(), cfg.n, cfg.rpcTotal()-cfg.before.rpcs,
		cfg.bytesTotal()-cfg.before.bytes, cfg.maxIndex-cfg.before.maxIndex)
}
