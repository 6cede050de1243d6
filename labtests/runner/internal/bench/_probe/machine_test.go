package raft

// What a probe prints, and what it asks the machine: of no use of a package's
// own, so the probe of the key/value service has this file too.

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

// probeCPU returns the processor time of this process.
func probeCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// probeOthers returns the share of the machine that other processes had, of
// the busy seconds between two calls of probeMachineBusy; -1 if unknown. The
// kernel counts in hundredths of a second, which is coarse for a short run.
func probeOthers(before, after float64, wall, cpu time.Duration) float64 {
	if before < 0 {
		return -1
	}
	share := (after - before - cpu.Seconds()) / (wall.Seconds() * float64(runtime.NumCPU()))
	return math.Min(math.Max(share, 0), 1)
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
func probeThreads() int { return probeStatus("Threads:") }

// probeStatus returns a number that Linux tells of this process; -1: unknown.
func probeStatus(name string) int {
	status, err := ioutil.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, name) {
			if fields := strings.Fields(line[len(name):]); len(fields) > 0 {
				n, _ := strconv.Atoi(fields[0])
				return n
			}
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

// probeMaxRSS returns the largest resident size so far in MB. getrusage's is no
// smaller than that of the process that started this one.
func probeMaxRSS() float64 {
	if kib := probeStatus("VmHWM:"); kib >= 0 {
		return float64(kib) * 1024 / 1e6
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Maxrss) / 1e6 // no Linux: in bytes
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
