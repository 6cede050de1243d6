package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// SuiteRun is one lab test run once.
type SuiteRun struct {
	Implementation string  `json:"implementation"`
	Test           string  `json:"test"` // without Test and the part, so that years compare
	Repeat         int     `json:"repeat"`
	Seconds        float64 `json:"seconds"` // the next three as the test itself prints them
	RPCs           float64 `json:"rpcs"`
	Bytes          float64 `json:"bytes"`
	CPUSeconds     float64 `json:"cpu_seconds"` // of the whole process
	MaxRSS         float64 `json:"max_rss_mb"`  // likewise
	Error          string  `json:"error,omitempty"`
}

var (
	passedLine = regexp.MustCompile(`\.\.\. Passed\s*--\s+([0-9. ]+)`)
	partSuffix = regexp.MustCompile(`[0-9][A-Z]$`)
)

// suiteName is what a test is called in every year: TestBasicAgree2B and
// TestBasicAgree3B are BasicAgree.
func suiteName(test string) string {
	return partSuffix.ReplaceAllString(strings.TrimPrefix(test, "Test"), "")
}

// parsePassed reads what a lab test says about itself: seconds, peers, RPCs,
// bytes (since 2020) and commands.
func parsePassed(output []byte) (seconds, rpcs, bytes float64, err error) {
	match := passedLine.FindSubmatch(output)
	if match == nil {
		return 0, 0, 0, errors.New(`it printed no "... Passed --" line`)
	}
	var figures []float64
	for _, field := range strings.Fields(string(match[1])) {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("%q is no figure", field)
		}
		figures = append(figures, x)
	}
	switch len(figures) {
	case 5:
		return figures[0], figures[2], figures[3], nil
	case 4:
		return figures[0], figures[2], 0, nil
	}
	return 0, 0, 0, fmt.Errorf("%q has %d figures; 5 are known, or 4 without bytes", match[0], len(figures))
}

// testLimit is what one lab test may take; they give up after 120 s themselves.
const testLimit = 180 * time.Second

func runTest(ctx context.Context, impl *implementation, test, work string) (run SuiteRun) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	run.Implementation, run.Test = impl.Label, suiteName(test)
	cmd := gotool.Command(ctx, work, gotool.Environ(), impl.Binary, "-test.run", "^"+test+"$", "-test.timeout", "0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	peak := make(chan float64, 1)
	ended := make(chan struct{})
	err := gotool.RunWith(ctx, cmd, func(pid int) {
		go func() { peak <- watchPeak(pid, ended) }()
	})
	close(ended)
	if state := cmd.ProcessState; state != nil {
		run.MaxRSS = <-peak
		run.CPUSeconds = (state.UserTime() + state.SystemTime()).Seconds()
	}
	if err != nil {
		run.Error = fmt.Sprintf("%v: %s", err, lastLines(out.Bytes(), 5))
		return run
	}
	if run.Seconds, run.RPCs, run.Bytes, err = parsePassed(out.Bytes()); err != nil {
		run.Error = err.Error()
	}
	return run
}

// suiteTest is a test that at least the first implementation's tree has.
type suiteTest struct {
	Name string   // as suiteName
	Full []string // by implementation; empty: its tree has no such test
}

// suiteTests lists what to run: the first implementation's tests, of the parts
// given, whose full names match pattern.
func suiteTests(impls []*implementation, pattern string, parts ...string) ([]suiteTest, error) {
	var names []string
	for _, part := range parts {
		selection, err := impls[0].Tree.Select(part, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, selection.Names...)
	}
	var tests []suiteTest
	for _, name := range names {
		t := suiteTest{Name: suiteName(name)}
		for _, impl := range impls {
			full := ""
			for _, candidate := range impl.Tree.Tests {
				if candidate.Part != "" && suiteName(candidate.Name) == t.Name {
					full = candidate.Name
				}
			}
			t.Full = append(t.Full, full)
		}
		tests = append(tests, t)
	}
	return tests, nil
}

// measureSuite runs every test for every implementation, one test a process,
// repeats times. Implementations take turns.
func measureSuite(ctx context.Context, impls []*implementation, tests []suiteTest, repeats int, work string, progress io.Writer) ([]SuiteRun, error) {
	var runs []SuiteRun
	total := len(tests) * len(impls) * repeats
	for repeat := range repeats {
		for _, test := range tests {
			for turn := range impls {
				i := (turn + repeat) % len(impls)
				if test.Full[i] == "" {
					total--
					continue
				}
				run := runTest(ctx, impls[i], test.Full[i], work)
				if ctx.Err() != nil {
					return runs, context.Cause(ctx)
				}
				run.Repeat = repeat
				runs = append(runs, run)
				words := fmt.Sprintf("%.1f s, %.0f RPCs, %.2f CPU s", run.Seconds, run.RPCs, run.CPUSeconds)
				if run.Error != "" {
					words = "FAILED: " + run.Error
				}
				fmt.Fprintf(progress, "[%d/%d] %s %s: %s\n", len(runs), total, test.Name, impls[i].Label, words)
			}
		}
	}
	return runs, nil
}
