package passes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/virtual"
)

// script is a Job whose runs are made up: what a test comes to in its n-th run.
type script struct {
	*Job
	out, err bytes.Buffer

	mu      sync.Mutex
	runs    map[string]int
	order   []string
	now     int
	most    int // side by side
	outcome func(ctx context.Context, test string, n int) virtual.Outcome
}

func newScript(t *testing.T, outcome func(ctx context.Context, test string, n int) virtual.Outcome, tests ...string) *script {
	s := &script{runs: map[string]int{}, outcome: outcome}
	s.Job = &Job{
		Tests: tests, Count: 1, Jobs: 1, Pkg: "6.5840/raft", Once: s.once, Out: &s.out, Err: &s.err,
		Keeper: &Keeper{Dir: filepath.Join(t.TempDir(), "logs"), Warn: func(reason string) { t.Error(reason) }},
	}
	return s
}

func (s *script) once(ctx context.Context, test string, _ ...string) virtual.Outcome {
	s.mu.Lock()
	s.runs[test]++
	n := s.runs[test]
	s.order = append(s.order, test)
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	o := s.outcome(ctx, test, n)
	o.Test = test
	s.mu.Lock()
	s.now--
	s.mu.Unlock()
	return o
}

func passed(output string) virtual.Outcome {
	return virtual.Outcome{Verdict: virtual.Pass, Ended: true, Clock: 3 * time.Second, Wall: 20 * time.Millisecond, Output: []byte(output)}
}

func failed(output string) virtual.Outcome {
	o := passed(output)
	o.Verdict = virtual.Fail
	return o
}

func (s *script) want(t *testing.T, text string, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("no %q in\n%s", pattern, text)
		}
	}
}

// One pass looks like go test, in the tests' order whatever ends first.
func TestOnePass(t *testing.T) {
	first, second := make(chan bool), make(chan bool)
	s := newScript(t, func(_ context.Context, test string, _ int) virtual.Outcome {
		switch test {
		case "TestA":
			close(first)
			<-second
			return passed("Test (2A): a ...\n  ... Passed --   3.0  3   38    1016    0\n")
		case "TestB":
			<-first
			close(second)
			return passed("no newline at its end")
		}
		o := passed("    test_test.go:9: not today\n")
		o.Verdict = virtual.Skip
		return o
	}, "TestA", "TestB", "TestC")
	s.Jobs = 2
	report := Do(context.Background(), s.Job)
	want := "^" + regexp.QuoteMeta("Test (2A): a ...\n  ... Passed --   3.0  3   38    1016    0\nno newline at its end\n    test_test.go:9: not today\nPASS\nok  \t6.5840/raft\t") + `\d+\.\d{3}s\n$`
	s.want(t, s.out.String(), want)
	if s.most != 2 || report.Failed() != 0 || len(report.Runs) != 3 || s.Keeper.Made() || s.err.Len() > 0 {
		t.Errorf("%d side by side, %+v, said %q", s.most, report, &s.err)
	}
}

func TestOnePassVerbose(t *testing.T) {
	s := newScript(t, func(_ context.Context, test string, _ int) virtual.Outcome {
		if test == "TestA" {
			return failed("many\nmany\n    config.go:1: why\n")
		}
		return passed("")
	}, "TestA", "TestB")
	s.Verbose = true
	Do(context.Background(), s.Job)
	s.want(t, s.out.String(), `^many\nmany\n    config.go:1: why\n--- FAIL: TestA \(3s virtual, 0.02s wall\)\n`, `\n--- PASS: TestB \(3s virtual, 0.02s wall\)\n`)
}

// Of many passes failures are told, alike ones in one line, and all of it is
// summed up.
func TestManyPasses(t *testing.T) {
	s := newScript(t, func(_ context.Context, test string, n int) virtual.Outcome {
		switch {
		case test == "TestB" && n <= 3:
			return failed(fmt.Sprintf("Test (2B): b ...\nnoise\n    config.go:601: one(%d) failed to reach agreement\n", 100+n))
		case test == "TestB" && n == 4:
			o := virtual.Outcome{Verdict: virtual.Fail, Wall: time.Second, Output: []byte("panic: oh\n\ngoroutine 1 [running]:\nraft.f()\n\t/src/raft/raft.go:12 +0x1\n"), Reason: "the process ended before the test did: exit status 2"}
			return o
		}
		o := passed(fmt.Sprintf("  ... Passed --   3.0  3   %d    1016    0\n", 36+n))
		o.Clock += time.Duration(n) * time.Second
		return o
	}, "TestA", "TestB")
	s.Count = 5
	report := Do(context.Background(), s.Job)
	text := s.out.String()
	s.want(t, text,
		`(?m)^--- FAIL: TestB \(3s virtual, 0.02s wall\), pass 1\nTest \(2B\): b ...\n    config.go:601: one\(101\) failed to reach agreement\n    labrun: and 1 more line in \S+TestB-001.log$`,
		`(?m)^--- FAIL: TestB \(3s virtual, 0.02s wall\), pass 2, as in pass 1: config.go:601: one\(10[12]\) failed to reach agreement$`,
		`(?m)^--- FAIL: TestB \(unfinished, 1.00s wall\), pass 4\npanic: oh\n`,
		`(?m)^test   runs  passed  failed  virtual p50 s  p99 s  wall p50 s  p99 s  RPCs  bytes$`,
		`(?m)^TestA     5       5       0            6.0    8.0        0.02   0.02    39   1016$`,
		`(?m)^TestB     5       1       4            3.0    8.0        0.02   1.00    41   1016$`,
		`(?m)^all      10       6       4$`,
		`(?m)^5 passes of 2 tests in \S+: 6 passed, 4 failed$`,
		`(?m)^failures, logs in \S+logs:\n  TestB: 3 times: "config.go:601: one\(…\) failed to reach agreement": TestB-001.log TestB-002.log TestB-003.log\n  TestB: 1 time: "panic: oh at raft/raft.go:12": TestB-004.log$`,
		`(?m)^\d+ processors, one run at a time; labrun's own timers were late by up to \S+$`,
		`\nFAIL\nFAIL\t6.5840/raft\t\d+\.\d{3}s\nFAIL\n$`)
	if n := strings.Count(text, "... Passed"); n != 0 {
		t.Errorf("%d tests that passed are told of in\n%s", n, text)
	}
	log, err := os.ReadFile(report.Runs[slices.IndexFunc(report.Runs, func(r *Run) bool { return r.how == "panic" })].Log)
	if err != nil || !strings.HasSuffix(string(log), "raft.go:12 +0x1\nlabrun: the process ended before the test did: exit status 2\n") {
		t.Errorf("the log is %q (%v)", log, err)
	}
	if s.most != 1 || len(report.Runs) != 10 || report.Failed() != 4 {
		t.Errorf("%d side by side, %+v", s.most, report)
	}
}

// A failure that may be the machine's is told as such, where it happens and at
// the end.
func TestBlameIsTold(t *testing.T) {
	s := newScript(t, func(_ context.Context, test string, n int) virtual.Outcome {
		o := failed("    config.go:601: too slow\n")
		o.Wall, o.CPU, o.Probe = 10*time.Second, time.Second, virtual.Probe{Waited: 5 * time.Second}
		return o
	}, "TestA")
	s.Real, s.Count = true, 2
	report := Do(context.Background(), s.Job)
	s.want(t, s.out.String(), `\n    labrun: TestA: this failure is likely the machine's: the test's threads waited 5.0 s`,
		`(?m)^  TestA: 2 times: .*\n    in 2 of them, such as: this failure is likely`, `--- FAIL: TestA \(10.00s wall\), pass 1\n`)
	if log, err := os.ReadFile(report.Runs[0].Log); err != nil || !strings.Contains(string(log), "likely the machine's") {
		t.Errorf("the log is %q (%v)", log, err)
	}
}

// Once it is known how long tests take, a pass begins with the longest.
func TestLongTestsComeFirst(t *testing.T) {
	s := newScript(t, func(_ context.Context, test string, _ int) virtual.Outcome {
		o := passed("")
		o.Wall = map[string]time.Duration{"TestA": 1, "TestB": 3, "TestC": 2}[test] * time.Second
		return o
	}, "TestA", "TestB", "TestC")
	s.Count = 2
	Do(context.Background(), s.Job)
	if got := strings.Join(s.order, " "); got != "TestA TestB TestC TestB TestC TestA" {
		t.Error(got)
	}
}

func TestLeft(t *testing.T) {
	e := &engine{Job: &Job{Tests: []string{"A", "B", "C"}, Count: 3, Jobs: 2}, seen: map[string]*durations{}, running: map[*Run]string{}, pass: 1}
	if got := e.left(); got != -1 {
		t.Errorf("with nothing known: %v", got)
	}
	e.seen["A"] = &durations{sum: 4 * time.Second, n: 2} // 2 s
	e.seen["B"] = &durations{sum: 10 * time.Second, n: 1}
	e.queue = []string{"C"} // not seen: 6 s, as the others' mean
	if got := e.left(); got != 21*time.Second {
		t.Errorf("2 passes of 18 s and 6 s, by two: got %v", got)
	}
	e.pass, e.queue = 3, []string{"B"}
	if got := e.left(); got != 10*time.Second {
		t.Errorf("one run of 10 s is left: got %v", got)
	}
	e.queue = nil
	e.running[&Run{Begin: time.Now().Add(-time.Hour)}] = "A"
	if got := e.left(); got != 0 {
		t.Errorf("a run that takes longer than ever: got %v", got)
	}
	// A test that has not ended yet takes as long as it has been running, at least.
	e.pass, e.running = 2, map[*Run]string{{Begin: time.Now().Add(-time.Hour)}: "C"}
	if got := e.left(); got < time.Hour || got > time.Hour+time.Minute {
		t.Errorf("one more pass with a test that takes an hour: got %v", got)
	}
}

// An interrupt stops what runs, and what has ended is told of.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newScript(t, func(ctx context.Context, test string, n int) virtual.Outcome {
		switch {
		case n < 3:
			return passed("")
		case test == "TestA":
			return failed("    config.go:1: why\n")
		}
		cancel(gotool.Interrupted{Signal: syscall.SIGINT})
		<-ctx.Done()
		return virtual.Outcome{Verdict: virtual.Stopped}
	}, "TestA", "TestB")
	s.Count = 10
	report := Do(ctx, s.Job)
	s.want(t, s.out.String(), `(?m)^all +5 +4 +1$`, `(?m)^interrupted: 15 runs abandoned, of 20$`, `\nFAIL\n$`)
	if report.Abandoned != 15 || len(s.order) != 6 {
		t.Errorf("%d runs were begun, %d abandoned", len(s.order), report.Abandoned)
	}
}

// Of a single pass that is interrupted, what ended out of order is told too.
func TestInterruptedPass(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newScript(t, func(ctx context.Context, test string, n int) virtual.Outcome {
		if test == "TestB" {
			defer cancel(gotool.Interrupted{Signal: syscall.SIGINT})
			return passed("b is done\n")
		}
		<-ctx.Done()
		return virtual.Outcome{Verdict: virtual.Stopped}
	}, "TestA", "TestB", "TestC")
	s.Jobs = 2
	Do(ctx, s.Job)
	s.want(t, s.out.String(), `(?m)^b is done\n.*\ninterrupted: 2 runs abandoned, of 3\n$`)
}

// Where nothing can be kept, the tests go on.
func TestKeeperThatCannot(t *testing.T) {
	s := newScript(t, func(context.Context, string, int) virtual.Outcome { return failed("    config.go:1: why\n") }, "TestA")
	var warnings []string
	s.Count, s.Keeper = 2, &Keeper{Dir: "/dev/null/logs", Warn: func(reason string) { warnings = append(warnings, reason) }}
	Do(context.Background(), s.Job)
	if len(warnings) != 1 || strings.Contains(s.out.String(), ".log") || !strings.Contains(s.out.String(), "failures:\n") {
		t.Errorf("warned %q and said\n%s", warnings, &s.out)
	}
}
