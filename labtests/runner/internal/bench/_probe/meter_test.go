package raft

import (
	"encoding/json"
	"fmt"
	"io/ioutil"
	"math"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// probeResult is the line of JSON. Everything from OpsPerSecond to OtherCPU is
// about the measured part alone.
type probeResult struct {
	TimedOut     bool     `json:"timed_out"` // the limit came first; figures are of what was done by then
	Ops          int      `json:"ops"`
	Seconds      float64  `json:"seconds"`
	OpsPerSecond float64  `json:"ops_per_s"`
	P50          float64  `json:"p50_ms"`
	P90          float64  `json:"p90_ms"`
	P99          float64  `json:"p99_ms"`
	Max          float64  `json:"max_ms"`
	CPUMillis    float64  `json:"cpu_ms"`
	CPUPerOp     float64  `json:"cpu_us_per_op"`
	RPCs         int64    `json:"rpcs"`
	RPCsPerOp    float64  `json:"rpcs_per_op"`
	BytesPerOp   float64  `json:"bytes_per_op"`
	OtherCPU     float64  `json:"other_cpu_share"` // of the whole machine, by other processes; -1: unknown
	Speed        float64  `json:"machine_speed"`   // how fast a fixed loop ran just before and after
	Changes      int      `json:"leader_changes"`
	StateBytes   int      `json:"raft_state_bytes"` // the largest server's, at the end
	MaxRSS       float64  `json:"max_rss_mb"`
	Threads      int      `json:"threads"`             // of the process at rest; -1: unknown
	ThreadsBusy  int      `json:"threads_busy"`        // after the load
	PerNodeThr   float64  `json:"threads_per_node"`    // added by making the Rafts
	PerNodeGo    float64  `json:"goroutines_per_node"` // likewise, at rest
	Faults       []string `json:"faults"`
}

func (r *probeResult) fault(format string, args ...interface{}) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// print writes the line that the driver looks for.
func (r *probeResult) print() {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Printf("\nPONTOONPROBE %s\n", line)
}

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
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return probeSample{
		at: time.Now(), cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano()), machine: probeMachineBusy(),
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
		OtherCPU: -1, Speed: m.speed, MaxRSS: probeMaxRSS(), Threads: m.threads1, ThreadsBusy: m.threads2,
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
	if m.before.machine >= 0 {
		others := m.after.machine - m.before.machine - cpu.Seconds()
		r.OtherCPU = others / (wall.Seconds() * float64(runtime.NumCPU()))
		// The kernel counts in hundredths of a second, which is coarse for a short run.
		r.OtherCPU = math.Min(math.Max(r.OtherCPU, 0), 1)
	}
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

// probeQuantiles returns median, 90th and 99th percentile and maximum in ms.
func probeQuantiles(latencies []time.Duration) (p50, p90, p99, max float64) {
	if len(latencies) == 0 {
		return 0, 0, 0, 0
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	at := func(share float64) float64 {
		return latencies[int(share*float64(len(latencies)-1))].Seconds() * 1e3
	}
	return at(0.5), at(0.9), at(0.99), at(1)
}

// probeThreads returns the number of OS threads of this process.
func probeThreads() int {
	status, err := ioutil.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "Threads:") {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "Threads:")))
			return n
		}
	}
	return -1
}

// probeMachineBusy returns the busy seconds of all processors since boot.
func probeMachineBusy() float64 {
	stat, err := ioutil.ReadFile("/proc/stat")
	if err != nil {
		return -1
	}
	fields := strings.Fields(strings.SplitN(string(stat), "\n", 2)[0])
	busy := 0.0
	for i, field := range fields {
		switch i { // cpu user nice system idle iowait irq softirq steal guest guest_nice
		case 1, 2, 3, 6, 7, 8:
			ticks, _ := strconv.ParseFloat(field, 64)
			busy += ticks / 100
		}
	}
	return busy
}

// probeMaxRSS returns the largest resident size so far in MB.
func probeMaxRSS() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	unit := 1024.0 // Linux counts in KiB
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return float64(u.Maxrss) * unit / 1e6
}

// probeSpeed runs a fixed loop and returns its millions of rounds per second:
// the same machine may be twice as fast in one minute as in the next.
func probeSpeed() float64 {
	const rounds = 4 << 20
	began := time.Now()
	x := uint64(88172645463325252)
	for i := 0; i < rounds; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 { // cannot be, but the compiler does not know
		return 0
	}
	return rounds / 1e6 / time.Since(began).Seconds()
}
