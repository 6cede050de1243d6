// Command direct measures Rafts as a Go service meets them, without the lab:
// three servers in one process, on whatever transport in memory each of them
// has, and one closed loop for all. It prints one line of JSON about one run.
//
//	go run ./direct -impl pontoon -outstanding 64
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// cluster is three servers of which one leads.
type cluster interface {
	// propose replicates a command and returns once the leader has applied it.
	// Any goroutine may call it.
	propose(command []byte) error
	// counts are how many commands each server has applied.
	counts() []int64
	close()
}

var clusters = map[string]func() (cluster, error){
	"pontoon":   newPontoon,
	"etcd":      newEtcd,
	"hashicorp": newHashicorp,
}

const servers = 3

// result is about the measured part, after a warm-up.
type result struct {
	Ops          int     `json:"ops"`
	OpsPerSecond float64 `json:"ops_per_s"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	CPUPerOp     float64 `json:"cpu_us_per_op"`
	MaxRSS       float64 `json:"max_rss_mb"`
	TimedOut     bool    `json:"timed_out"`
}

func main() {
	impl := flag.String("impl", "", "pontoon, etcd or hashicorp")
	outstanding := flag.Int("outstanding", 1, "commands on their way at once")
	ops := flag.Int("ops", 20000, "commands in all")
	size := flag.Int("size", 16, "bytes of a command")
	limit := flag.Duration("limit", time.Minute, "after that what was reached counts")
	flag.Parse()
	r, err := run(*impl, *outstanding, *ops, *size, *limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, "direct:", err)
		os.Exit(1)
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func run(impl string, outstanding, ops, size int, limit time.Duration) (*result, error) {
	start, ok := clusters[impl]
	if !ok {
		return nil, fmt.Errorf("-impl %q: say pontoon, etcd or hashicorp", impl)
	}
	if outstanding < 1 || ops < 1 || size < 8 {
		return nil, errors.New("-outstanding and -ops must be at least 1, and -size 8")
	}
	c, err := start()
	if err != nil {
		return nil, err
	}
	defer c.close()
	warm := min(ops, 20*outstanding)
	if _, _, err := load(c, outstanding, warm, size, limit); err != nil {
		return nil, err
	}
	began, cpu := time.Now(), cpuTime()
	latencies, late, err := load(c, outstanding, ops, size, limit)
	took, used := time.Since(began), cpuTime()-cpu
	if err != nil {
		return nil, err
	}
	if err := settle(c, int64(warm+len(latencies))); err != nil {
		return nil, err
	}
	n := float64(len(latencies))
	slices.Sort(latencies)
	at := func(share float64) float64 { return latencies[int(share*(n-1))].Seconds() * 1e3 }
	return &result{
		Ops: len(latencies), OpsPerSecond: n / took.Seconds(), P50: at(0.5), P99: at(0.99),
		CPUPerOp: used.Seconds() * 1e6 / n, MaxRSS: peakMemory(), TimedOut: late,
	}, nil
}

// load is the closed loop: so many clients, each with one command on its way.
func load(c cluster, clients, ops, size int, limit time.Duration) (latencies []time.Duration, late bool, err error) {
	end := time.Now().Add(limit)
	command := []byte(strings.Repeat("x", size))
	var taken atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			mine := make([]time.Duration, 0, 1+ops/clients)
			var failed error
			for failed == nil && taken.Add(1) <= int64(ops) && time.Now().Before(end) {
				began := time.Now()
				// A copy each: what a Raft keeps, it keeps of its own.
				if failed = c.propose(slices.Clone(command)); failed == nil {
					mine = append(mine, time.Since(began))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, mine...)
			if failed != nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return latencies, len(latencies) < ops, err
}

// settle makes sure that every server comes to have applied every command, and
// none twice.
func settle(c cluster, want int64) error {
	var counts []int64
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		counts = c.counts()
		if slices.Min(counts) >= want {
			break
		}
	}
	if slices.Min(counts) != want || slices.Max(counts) != want {
		return fmt.Errorf("the servers applied %v commands, of %d that were acknowledged", counts, want)
	}
	return nil
}

// cpuTime is this process's.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMemory is this process's in MB, 0 where the system does not tell.
// getrusage's is no smaller than that of the process that started this one.
func peakMemory() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0.0
	_, _ = fmt.Sscan(rest, &kib)
	return kib * 1024 / 1e6
}

// await asks often for something that takes an election.
func await(what string, ok func() bool) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return fmt.Errorf("no %s within 30 s", what)
}
