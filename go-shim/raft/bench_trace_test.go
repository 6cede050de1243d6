//go:build unix

package raft_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/trace"
)

// side is one of two clusters that are compared.
type side struct {
	leader    *raft.Node
	latencies []time.Duration // medians of the blocks
	cpu       []time.Duration // per commit, of the blocks
}

const traceBlock = 500 // commits

// block commits traceBlock commands from so many clients.
func (s *side) block(b *testing.B, clients int) {
	command := make([]byte, 16)
	latencies := make([]time.Duration, traceBlock)
	before := processorTime(b)
	var running sync.WaitGroup
	for client := range clients {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := client; i < traceBlock; i += clients {
				start := time.Now()
				if _, err := s.leader.Propose(context.Background(), command); err != nil {
					b.Error(err)
					return
				}
				latencies[i] = time.Since(start)
			}
		}()
	}
	running.Wait()
	s.cpu = append(s.cpu, (processorTime(b)-before)/traceBlock)
	s.latencies = append(s.latencies, median(latencies))
}

// benchTrace is what recording costs: blocks of commits with and without it in
// turn, medians of the blocks' medians, and those' ratio.
func benchTrace(b *testing.B, clients int) {
	recorder, err := trace.Create(filepath.Join(b.TempDir(), "1.trace"), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer recorder.Close()
	// A leader that is deposed because the machine is busy would spoil it.
	config := raft.Config{ElectionTimeoutMin: 5 * time.Second, ElectionTimeoutMax: 6 * time.Second}
	traced := config
	traced.Trace = recorder
	sides := []*side{{leader: benchLeader(b, config)}, {leader: benchLeader(b, traced)}}
	for i := range sides { // warm
		sides[i].block(b, clients)
		sides[i].latencies, sides[i].cpu = nil, nil
	}
	b.ResetTimer()
	for n := range b.N {
		sides[n%2].block(b, clients)
		sides[1-n%2].block(b, clients)
	}
	b.StopTimer()
	report := func(what string, of func(*side) []time.Duration) {
		off, on := median(of(sides[0])), median(of(sides[1]))
		ratios := make([]float64, b.N)
		for i := range ratios {
			ratios[i] = float64(of(sides[1])[i]) / float64(of(sides[0])[i])
		}
		b.ReportMetric(float64(off), what+"-off-ns")
		b.ReportMetric(float64(on), what+"-on-ns")
		b.ReportMetric(median(ratios), what+"-ratio")
	}
	report("p50", func(s *side) []time.Duration { return s.latencies })
	report("cpu", func(s *side) []time.Duration { return s.cpu })
}

func BenchmarkTrace1(b *testing.B)  { benchTrace(b, 1) }
func BenchmarkTrace64(b *testing.B) { benchTrace(b, 64) }

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
