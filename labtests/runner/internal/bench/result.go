package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Result is what one process of the probe measured. Its JSON is the probe's.
type Result struct {
	TimedOut          bool     `json:"timed_out"`
	Ops               float64  `json:"ops"`
	Seconds           float64  `json:"seconds"`
	OpsPerSecond      float64  `json:"ops_per_s"`
	P50               float64  `json:"p50_ms"`
	P90               float64  `json:"p90_ms"`
	P99               float64  `json:"p99_ms"`
	Max               float64  `json:"max_ms"`
	CPUMillis         float64  `json:"cpu_ms"`
	CPUPerOp          float64  `json:"cpu_us_per_op"`
	RPCs              float64  `json:"rpcs"`
	RPCsPerOp         float64  `json:"rpcs_per_op"`
	BytesPerOp        float64  `json:"bytes_per_op"`
	OtherCPUShare     float64  `json:"other_cpu_share"`
	MachineSpeed      float64  `json:"machine_speed"`
	LeaderChanges     float64  `json:"leader_changes"`
	StateBytes        float64  `json:"raft_state_bytes"`
	MaxRSS            float64  `json:"max_rss_mb"`
	Threads           float64  `json:"threads"`
	ThreadsBusy       float64  `json:"threads_busy"`
	ThreadsPerNode    float64  `json:"threads_per_node"`
	GoroutinesPerNode float64  `json:"goroutines_per_node"`
	Faults            []string `json:"faults"`
}

const probeMark = "PONTOONPROBE "

// parseProbe finds the result in what a probe's process printed. A probe that
// found a fault is an error with the faults in it.
func parseProbe(output []byte) (Result, error) {
	for line := range bytes.Lines(output) {
		text, ok := bytes.CutPrefix(line, []byte(probeMark))
		if !ok {
			continue
		}
		var r Result
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&r); err != nil {
			return Result{}, fmt.Errorf("the probe's line does not decode: %v", err)
		}
		if len(r.Faults) > 0 {
			return Result{}, errors.New(strings.Join(r.Faults, "; "))
		}
		return r, nil
	}
	return Result{}, fmt.Errorf("the process printed no result: %s", lastLines(output, 5))
}

// lastLines returns the end of an output, for messages.
func lastLines(output []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// fields are the figures that medians are taken of.
func (r *Result) fields() []*float64 {
	return []*float64{
		&r.Ops, &r.Seconds, &r.OpsPerSecond, &r.P50, &r.P90, &r.P99, &r.Max, &r.CPUMillis, &r.CPUPerOp,
		&r.RPCs, &r.RPCsPerOp, &r.BytesPerOp, &r.OtherCPUShare, &r.MachineSpeed, &r.LeaderChanges, &r.StateBytes,
		&r.MaxRSS, &r.Threads, &r.ThreadsBusy, &r.ThreadsPerNode, &r.GoroutinesPerNode,
	}
}

// medianResult takes the median of every figure by itself. It has timed out if
// more than half of the runs have.
func medianResult(runs []Result) Result {
	var m Result
	timedOut := 0
	columns := make([][]float64, len(m.fields()))
	for _, r := range runs {
		if r.TimedOut {
			timedOut++
		}
		for i, field := range r.fields() {
			columns[i] = append(columns[i], *field)
		}
	}
	for i, field := range m.fields() {
		*field = median(columns[i])
	}
	m.TimedOut = 2*timedOut > len(runs)
	return m
}

// median of an even number of values is the mean of the two in the middle; of
// none it is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
