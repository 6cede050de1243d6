package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"pontoon.dev/labrun/internal/compare"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/rustlib"
)

// directImpls are those that run without the lab.
var directImpls = []string{pontoon, etcd, hashi}

// directRun is one process of the program labtests/peers/direct, whose JSON
// Result is.
type directRun struct {
	implementation string
	scenario       Scenario
	Result         struct {
		Ops          float64 `json:"ops"`
		OpsPerSecond float64 `json:"ops_per_s"`
		P50          float64 `json:"p50_ms"`
		P99          float64 `json:"p99_ms"`
		CPUPerOp     float64 `json:"cpu_us_per_op"`
		MaxRSS       float64 `json:"max_rss_mb"`
		TimedOut     bool    `json:"timed_out"`
	}
	failure string
}

// buildDirect compiles the program, "" if none of the implementations needs it.
func (b *builder) buildDirect(ctx context.Context, names []string) (string, error) {
	if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(directImpls, name) }) {
		return "", nil
	}
	library, err := rustlib.Build(ctx, b.root, rustlib.Options{Log: b.log})
	if err != nil {
		return "", err
	}
	program := filepath.Join(b.work, "direct")
	env := append(library.Env(), "GOWORK=off", "GO111MODULE=on", "GOFLAGS=", "GOTOOLCHAIN=local")
	args := append(append([]string{"build", "-o", program}, library.Flags()...), "./direct")
	cmd := gotool.Command(ctx, filepath.Join(b.root, "labtests", "peers"), gotool.Environ(env...), b.gobn, args...)
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return "", fmt.Errorf("go could not compile the bench without the lab (%w):\n%s", err, words.String())
	}
	return program, nil
}

// directCommands is larger than behind the lab: nothing there grows as fast.
func directCommands(s Scenario) int { return 5 * s.Commands }

// measureDirect runs every scenario for every implementation that can, which take
// turns.
func measureDirect(ctx context.Context, program string, scenarios []Scenario, o *comparison, work string) ([]directRun, error) {
	var impls []string
	for _, name := range o.impls {
		if slices.Contains(directImpls, name) {
			impls = append(impls, name)
		}
	}
	var runs []directRun
	for repeat := range o.repeats {
		for _, s := range scenarios {
			for turn := range impls {
				run := directRun{implementation: impls[(turn+repeat)%len(impls)], scenario: s}
				err := run.measure(ctx, program, work)
				if ctx.Err() != nil {
					return runs, context.Cause(ctx)
				}
				words := fmt.Sprintf("%.0f ops/s, %.1f CPU µs/op", run.Result.OpsPerSecond, run.Result.CPUPerOp)
				if err != nil {
					run.failure, words = err.Error(), "FAILED: "+err.Error()
				}
				runs = append(runs, run)
				fmt.Fprintf(os.Stderr, "[%d/%d] without the lab, %s, %s: %s\n", len(runs), len(impls)*len(scenarios)*o.repeats, rowName(s), run.implementation, words)
			}
		}
	}
	return runs, nil
}

func (r *directRun) measure(ctx context.Context, program, work string) error {
	ctx, cancel := context.WithTimeout(ctx, r.scenario.Limit+2*spare)
	defer cancel()
	cmd := gotool.Command(ctx, work, gotool.Environ(), program, "-impl", r.implementation,
		"-outstanding", fmt.Sprint(r.scenario.Clients), "-ops", fmt.Sprint(directCommands(r.scenario)),
		"-size", fmt.Sprint(r.scenario.Size), "-limit", r.scenario.Limit.String())
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return fmt.Errorf("%w: %s", err, lastLines(words.Bytes(), 3))
	}
	return json.Unmarshal(out.Bytes(), &r.Result)
}

func directCell(runs []directRun, label string, s Scenario) compare.Cell {
	var c compare.Cell
	columns := map[string][]float64{}
	late := 0
	for _, run := range runs {
		if run.implementation != label || run.scenario != s {
			continue
		}
		c.Runs++
		if run.failure != "" {
			if c.Failure == "" {
				c.Failure = run.failure
			}
			continue
		}
		c.Passed++
		if run.Result.TimedOut {
			late++
		}
		r := run.Result
		for key, v := range map[string]float64{"ops": r.OpsPerSecond, "p50": r.P50, "p99": r.P99, "cpu": r.CPUPerOp, "memory": r.MaxRSS} {
			columns[key] = append(columns[key], v)
		}
	}
	c.TimedOut = 2*late > c.Runs
	c.Values = medians(columns)
	return c
}
