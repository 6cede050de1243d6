package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// probeTest is the probe's name as a Go test.
const probeTest = "TestPontoonProbe"

// Run is one process of the probe.
type Run struct {
	Implementation string  `json:"implementation"`
	Scenario       string  `json:"scenario"`
	Repeat         int     `json:"repeat"` // from 0
	Result         *Result `json:"result,omitempty"`
	Error          string  `json:"error,omitempty"`
}

// spare is what a process may take beyond the scenario's limit, for the first
// election, the warm-up and the comparison at the end.
const spare = 60 * time.Second

// runProbe runs one scenario in one process.
func runProbe(ctx context.Context, impl *implementation, s Scenario, work string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Limit+spare)
	defer cancel()
	cmd := gotool.Command(ctx, work, gotool.Environ(s.env()...), impl.Binary, "-test.run", "^"+probeTest+"$", "-test.timeout", "0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := gotool.Run(ctx, cmd)
	result, parseErr := parseProbe(out.Bytes())
	if parseErr != nil {
		if err != nil {
			return Result{}, fmt.Errorf("%w (%v)", parseErr, err)
		}
		return Result{}, parseErr
	}
	return result, err
}

// measure runs every scenario for every implementation, repeats times. Those
// that a row compares run right after each other, and take turns in being first.
func measure(ctx context.Context, impls []*implementation, all []group, repeats int, work string, progress io.Writer) ([]Run, error) {
	var runs []Run
	total := 0
	for _, g := range all {
		total += len(g.Scenarios) * len(impls) * repeats
	}
	for repeat := range repeats {
		for _, g := range all {
			for _, s := range g.Scenarios {
				for turn := range impls {
					impl := impls[(turn+repeat)%len(impls)]
					run := Run{Implementation: impl.Label, Scenario: s.Key(), Repeat: repeat}
					result, err := runProbe(ctx, impl, s, work)
					if ctx.Err() != nil {
						return runs, context.Cause(ctx)
					}
					if err != nil {
						run.Error = err.Error()
					} else {
						run.Result = &result
					}
					runs = append(runs, run)
					fmt.Fprintf(progress, "[%d/%d] %s %s: %s\n", len(runs), total, s.Key(), impl.Label, run.brief(s))
				}
			}
		}
	}
	return runs, nil
}

// brief says in a few words how a run went.
func (r Run) brief(s Scenario) string {
	switch {
	case r.Result == nil:
		return "FAILED: " + r.Error
	case s.Mode == "idle":
		return fmt.Sprintf("%.0f CPU ms, %.0f RPCs in %.0f s", r.Result.CPUMillis, r.Result.RPCs, r.Result.Seconds)
	case s.Mode == "kv":
		return fmt.Sprintf("%.2f ms/op, %.0f CPU µs/op", msPerOp(*r.Result), r.Result.CPUPerOp)
	case r.Result.TimedOut:
		return fmt.Sprintf("%.0f ops/s when the limit came", r.Result.OpsPerSecond)
	}
	return fmt.Sprintf("%.0f ops/s, %.0f CPU µs/op", r.Result.OpsPerSecond, r.Result.CPUPerOp)
}
