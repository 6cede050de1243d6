package kvraft

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPontoonProbe is the lab's test of speed, with figures: one client appends
// to one key, one operation after the other.
func TestPontoonProbe(t *testing.T) {
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv("PROBE_" + name))
		if err != nil {
			t.Fatalf("PROBE_%s is %q; it must be a number", name, os.Getenv("PROBE_"+name))
		}
		return n
	}
	cfg := make_config(t, number("SERVERS"), false, number("MAX_STATE"))
	defer cfg.cleanup()
	clerk := cfg.makeClient(cfg.All())
	clerk.Get("x") // so that the first election does not count

	commands, limit := number("COMMANDS"), time.Duration(number("LIMIT_MS"))*time.Millisecond
	var want strings.Builder
	var latencies []time.Duration
	speed, machine, cpu, rpcs := probeSpeed(), probeMachineBusy(), probeCPU(), cfg.net.GetTotalCount()
	begun := time.Now()
	before := begun
	for len(latencies) < commands && before.Sub(begun) < limit {
		value := "x 0 " + strconv.Itoa(len(latencies)) + " y"
		clerk.Append("x", value)
		now := time.Now()
		latencies = append(latencies, now.Sub(before))
		want.WriteString(value)
		before = now
	}
	wall := before.Sub(begun)
	cpu = probeCPU() - cpu
	ops := float64(len(latencies))
	r := &probeResult{
		TimedOut: len(latencies) < commands, Ops: len(latencies), Seconds: wall.Seconds(), OpsPerSecond: ops / wall.Seconds(),
		CPUMillis: cpu.Seconds() * 1e3, CPUPerOp: cpu.Seconds() * 1e6 / ops,
		RPCs: int64(cfg.net.GetTotalCount() - rpcs), OtherCPU: probeOthers(machine, probeMachineBusy(), wall, cpu),
		Speed: (speed + probeSpeed()) / 2, MaxRSS: probeMaxRSS(), StateBytes: cfg.LogSize(),
		Faults: []string{},
	}
	r.RPCsPerOp = float64(r.RPCs) / ops
	r.P50, r.P90, r.P99, r.Max = probeQuantiles(latencies)
	if got := clerk.Get("x"); got != want.String() {
		r.fault("the value has %d bytes and is not the %d that were appended", len(got), want.Len())
	}
	r.print()
	for _, fault := range r.Faults {
		t.Error(fault)
	}
}
