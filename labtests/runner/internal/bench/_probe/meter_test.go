package raft

import (
	"runtime"
	"time"
)

// judge compares what the servers have applied. Any difference is a fault, and
// so is a command that is not where it must be, or is there twice.
func (r *probeResult) judge(l *probeLoad) {
	agreed := map[int]int{} // command by index
	for i, s := range l.c.servers {
		s.mu.Lock()
		for _, fault := range s.faults {
			r.fault("server %d: %s", i, fault)
		}
		differing := 0
		for index, id := range s.ids {
			if id == probeUnknown {
				continue
			}
			if other, ok := agreed[index]; ok && other != id {
				differing++
			}
			agreed[index] = id
		}
		s.mu.Unlock()
		if differing > 0 {
			r.fault("server %d applied another command than those before it at %d indexes", i, differing)
		}
	}

	misplaced, twice := 0, 0
	for id, index := range l.expected {
		if got, ok := agreed[index]; ok && got != id {
			misplaced++
		}
	}
	seen := map[int]bool{}
	for _, id := range agreed {
		if seen[id] {
			twice++
		}
		seen[id] = true
	}
	if misplaced > 0 {
		r.fault("%d commands are not at the index where they must be", misplaced)
	}
	if twice > 0 && r.Changes == 0 { // after a change of leader clients repeat themselves
		r.fault("%d commands were applied twice", twice)
	}
}

// probeSample is the counters at one moment.
type probeSample struct {
	at          time.Time
	cpu         time.Duration // of this process
	machine     float64       // busy seconds of all processors; -1: unknown
	rpcs, bytes int64
}

func takeProbeSample(c *probeCluster) probeSample {
	return probeSample{
		at: time.Now(), cpu: probeCPU(), machine: probeMachineBusy(),
		rpcs: c.net.rpcs(), bytes: c.net.bytes(),
	}
}

type probeMeter struct {
	threads0, goroutines0 int // before the Rafts
	threads1, goroutines1 int // with them, at rest
	threads2              int // after the load
	speed                 float64
	before, after         probeSample
}

func (m *probeMeter) beforeRafts() {
	m.threads0, m.goroutines0 = probeThreads(), runtime.NumGoroutine()
}

// atRest lets the cluster settle. The fewest goroutines of several looks are
// those that stay: heartbeats come and go.
func (m *probeMeter) atRest(c *probeCluster) {
	time.Sleep(300 * time.Millisecond)
	m.goroutines1 = runtime.NumGoroutine()
	for i := 0; i < 20; i++ {
		time.Sleep(7 * time.Millisecond)
		if n := runtime.NumGoroutine(); n < m.goroutines1 {
			m.goroutines1 = n
		}
	}
	m.goroutines1 -= len(c.servers) // the probe's own services
	m.threads1 = probeThreads()
	runtime.GC()
}

func (m *probeMeter) start(c *probeCluster) {
	m.speed = probeSpeed()
	m.before = takeProbeSample(c)
}

func (m *probeMeter) stop(c *probeCluster) {
	m.after = takeProbeSample(c)
	m.speed = (m.speed + probeSpeed()) / 2
	m.threads2 = probeThreads()
}

func (m *probeMeter) result(l *probeLoad) *probeResult {
	wall := m.after.at.Sub(m.before.at)
	cpu := m.after.cpu - m.before.cpu
	nodes := float64(len(l.c.servers))
	r := &probeResult{
		Ops: len(l.latencies), Seconds: wall.Seconds(), CPUMillis: cpu.Seconds() * 1e3, RPCs: m.after.rpcs - m.before.rpcs,
		Speed: m.speed, MaxRSS: probeMaxRSS(), Threads: m.threads1, ThreadsBusy: m.threads2,
		PerNodeThr: float64(m.threads1-m.threads0) / nodes, PerNodeGo: float64(m.goroutines1-m.goroutines0) / nodes,
		Faults: []string{},
	}
	if l.mode == "pipe" {
		r.Ops = l.appliedEverywhere()
	}
	r.TimedOut = l.mode != "idle" && m.after.at.After(l.deadline)
	if r.Ops > 0 {
		ops := float64(r.Ops)
		r.OpsPerSecond = ops / wall.Seconds()
		r.CPUPerOp = cpu.Seconds() * 1e6 / ops
		r.RPCsPerOp = float64(r.RPCs) / ops
		r.BytesPerOp = float64(m.after.bytes-m.before.bytes) / ops
	}
	r.P50, r.P90, r.P99, r.Max = probeQuantiles(l.latencies)
	r.OtherCPU = probeOthers(m.before.machine, m.after.machine, wall, cpu)
	_, r.Changes = l.c.currentLeader()
	for i := range l.c.servers {
		if size := l.c.net.stateSize(i); size > r.StateBytes {
			r.StateBytes = size
		}
	}
	return r
}

// appliedEverywhere returns the number of commands of the load that some server
// has applied at an index that every server has passed.
func (l *probeLoad) appliedEverywhere() int {
	lowest := 1 << 60
	seen := map[int]bool{}
	for _, s := range l.c.servers {
		s.mu.Lock()
		if len(s.ids) < lowest {
			lowest = len(s.ids)
		}
		s.mu.Unlock()
	}
	for _, s := range l.c.servers {
		s.mu.Lock()
		for _, id := range s.ids[:lowest] {
			if id >= 0 && id < probeWarmUp {
				seen[id] = true
			}
		}
		s.mu.Unlock()
	}
	return len(seen)
}
