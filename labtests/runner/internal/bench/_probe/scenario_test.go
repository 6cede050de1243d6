package raft

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// probeScenario is what to run, from the environment.
type probeScenario struct {
	mode          string // seq, conc, pipe, outstanding or idle
	servers       int
	commands      int
	size          int // bytes of a command
	clients       int // in mode conc; in mode outstanding the commands on their way
	snapshotEvery int // commands between two snapshots; 0: none
	limit         time.Duration
}

func probeScenarioFromEnv(t *testing.T) probeScenario {
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv("PROBE_" + name))
		if err != nil || n < 0 {
			t.Fatalf("PROBE_%s is %q; it must be a number", name, os.Getenv("PROBE_"+name))
		}
		return n
	}
	sc := probeScenario{
		mode: os.Getenv("PROBE_MODE"), servers: number("SERVERS"), commands: number("COMMANDS"),
		size: number("SIZE"), clients: number("CLIENTS"), snapshotEvery: number("SNAPSHOT_EVERY"),
		limit: time.Duration(number("LIMIT_MS")) * time.Millisecond,
	}
	if sc.size < 8 || sc.size > len(probeFiller) {
		t.Fatalf("PROBE_SIZE is %d; it must be from 8 to %d", sc.size, len(probeFiller))
	}
	return sc
}

// probeLoad is a scenario under way.
type probeLoad struct {
	probeScenario
	c        *probeCluster
	deadline time.Time

	mu        sync.Mutex
	expected  map[int]int     // the index at which each command must have been applied
	latencies []time.Duration // one for each command that a client waited for
}

// submit starts command id and returns where. It insists until the deadline.
func (l *probeLoad) submit(id int) (server *probeServer, index, term int, ok bool) {
	command := probeCommand(id, l.size)
	for time.Now().Before(l.deadline) {
		leader, changes := l.c.currentLeader()
		if index, term, leads := leader.rf.Start(command); leads {
			return leader, index, term, true
		}
		l.c.deposed(changes)
	}
	return nil, 0, 0, false
}

// wait waits until server applies command id at index. False: it never will, as
// far as one can know, or the deadline has come.
func (l *probeLoad) wait(server *probeServer, index, id int, alarm <-chan time.Time) bool {
	applied := server.await(index)
	for {
		select {
		case got := <-applied:
			return got == id || got == probeUnknown
		case <-alarm:
			if _, leads := server.rf.GetState(); !leads || time.Now().After(l.deadline) {
				return false
			}
		}
	}
}

// client runs commands one after the other until next has no more.
func (l *probeLoad) client(next func() (int, bool)) {
	alarm := time.NewTicker(250 * time.Millisecond)
	defer alarm.Stop()
	expected := map[int]int{}
	var latencies []time.Duration
	for id, more := next(); more; id, more = next() {
		began := time.Now()
		for time.Now().Before(l.deadline) {
			server, index, _, ok := l.submit(id)
			if ok && l.wait(server, index, id, alarm.C) {
				latencies = append(latencies, time.Since(began))
				expected[id] = index
				break
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, latencies...)
	for id, index := range expected {
		l.expected[id] = index
	}
}

// runClients runs n clients that share the commands.
func (l *probeLoad) runClients(n int) {
	var taken int64
	next := func() (int, bool) {
		id := int(atomic.AddInt64(&taken, 1)) - 1
		return id, id < l.commands && time.Now().Before(l.deadline)
	}
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			l.client(next)
		}()
	}
	wg.Wait()
}

// pipe starts all commands back to back and waits until every server has
// applied the last one. A change of leader may lose some of them; without one
// each must be where Start said.
func (l *probeLoad) pipe() {
	var last, firstTerm int
	oneTerm := true
	for id := 0; id < l.commands; id++ {
		_, index, term, ok := l.submit(id)
		if !ok {
			break
		}
		if id == 0 {
			firstTerm = term
		}
		oneTerm = oneTerm && term == firstTerm
		l.expected[id] = index
		last = index
	}
	l.untilApplied(last, l.deadline)
	leader, _ := l.c.currentLeader()
	if term, leads := leader.rf.GetState(); !oneTerm || !leads || term != firstTerm {
		l.expected = map[int]int{}
	}
}

// untilApplied waits until every server has applied index.
func (l *probeLoad) untilApplied(index int, deadline time.Time) bool {
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	for _, s := range l.c.servers {
		select {
		case <-s.await(index):
		case <-timeout.C:
			return false
		}
	}
	return true
}

// run is the measured part.
func (l *probeLoad) run() {
	switch l.mode {
	case "seq":
		l.runClients(1)
	case "conc":
		l.runClients(l.clients)
	case "pipe":
		l.pipe()
	case "outstanding":
		l.outstanding(l.clients)
	case "idle":
		time.Sleep(l.limit)
	}
}

// highest returns the highest index any server has applied.
func (l *probeLoad) highest() int {
	highest := int64(0)
	for _, s := range l.c.servers {
		if applied := atomic.LoadInt64(&s.applied); applied > highest {
			highest = applied
		}
	}
	return int(highest)
}

// warmUp runs a few commands before anything is measured.
func (l *probeLoad) warmUp(t *testing.T) {
	l.c.leaderMu.Lock()
	led := l.c.findLeader(20 * time.Second)
	l.c.leaderMu.Unlock()
	if !led {
		t.Fatalf("no leader within 20 s")
	}
	l.deadline = time.Now().Add(20 * time.Second)
	id := probeWarmUp - 1
	l.client(func() (int, bool) { id++; return id, id < probeWarmUp+20 })
	if !l.untilApplied(l.highest(), l.deadline) {
		t.Fatalf("the servers did not apply the first 20 commands within 20 s%s", l.c.faultsSoFar())
	}
	l.latencies = nil
}

// TestPontoonProbe runs one scenario and prints what it measured.
func TestPontoonProbe(t *testing.T) {
	sc := probeScenarioFromEnv(t)
	c := newProbeCluster(sc.servers, sc.snapshotEvery)
	l := &probeLoad{probeScenario: sc, c: c, expected: map[int]int{}}
	var m probeMeter
	m.beforeRafts()
	c.makeRafts()
	l.warmUp(t)
	m.atRest(c)

	l.deadline = time.Now().Add(sc.limit)
	m.start(c)
	l.run()
	m.stop(c)

	result := m.result(l)
	if !result.TimedOut && !l.untilApplied(l.highest(), time.Now().Add(10*time.Second)) {
		result.fault("some servers still lacked commands after 10 s of rest")
	}
	result.judge(l)
	result.print()
	for _, fault := range result.Faults {
		t.Errorf("%s", fault)
	}
	c.kill()
}
