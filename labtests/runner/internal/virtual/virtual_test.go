package virtual

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// labTests is a package with every end that a lab's test may come to. Its go
// line is that of the labs.
const labTests = `package raft

import (
	"fmt"
	"log"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestPasses(t *testing.T) {
	fmt.Println("one hour ...")
	time.Sleep(time.Hour)
	fmt.Println("  ... Passed --")
}

func TestQuick(t *testing.T) { fmt.Println("quick") }

func TestLeavesGoroutines(t *testing.T) {
	go func() { select {} }()
	go func() {
		for {
			time.Sleep(time.Second)
		}
	}()
	time.Sleep(time.Minute)
}

func TestFails(t *testing.T) {
	time.Sleep(1500 * time.Millisecond)
	t.Fatalf("expected a leader")
}

func TestErrors(t *testing.T) { t.Errorf("not quite") }

func TestSkips(t *testing.T) { t.Skip("not today") }

func TestDies(t *testing.T) { log.Fatalf("apply error") }

func TestLeavesEarly(t *testing.T) { os.Exit(0) }

func TestPanics(t *testing.T) { panic("out of range") }

func TestNeverEnds(t *testing.T) {
	for {
		time.Sleep(time.Second)
	}
}

func TestHangs(t *testing.T) {
	if err := os.WriteFile(os.Getenv("HANGS"), nil, 0); err != nil {
		t.Fatal(err)
	}
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	syscall.Read(ends[0], make([]byte, 1))
}

var shared int

func TestRaces(t *testing.T) {
	done := make(chan bool)
	go func() { shared++; done <- true }()
	shared++
	<-done
}
`

// job writes labTests and returns a job that runs some of them.
func job(t *testing.T, tests ...string) (Job, *bytes.Buffer) {
	t.Helper()
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	entry, err := Entry("raft", tests)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":       "module 6.5840\n\ngo 1.15\n",
		"raft.go":      "package raft\n",
		"test_test.go": labTests,
		EntryName:      entry,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out := &bytes.Buffer{}
	return Job{
		Go: goPath, Dir: dir, Work: t.TempDir(), Pkg: "6.5840/raft",
		Env:   gotool.Environ("GOWORK=off", "GOFLAGS=-vet=off", "GO111MODULE=on", "GOTOOLCHAIN=local"),
		Tests: tests, Count: 1, Jobs: 2, Wall: time.Hour, Limit: 2 * time.Hour,
		Out: out, Err: out,
	}, out
}

func mustRun(t *testing.T, j Job, out *bytes.Buffer) (bool, string) {
	t.Helper()
	ok, err := Run(context.Background(), j)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return ok, out.String()
}

func TestOutputLooksLikeGoTest(t *testing.T) {
	j, out := job(t, "TestPasses", "TestLeavesGoroutines", "TestSkips", "TestQuick")
	ok, text := mustRun(t, j, out)
	want := regexp.MustCompile(`^one hour \.\.\.\n  \.\.\. Passed --\n    test_test\.go:\d+: not today\nquick\nPASS\nok  \t6\.5840/raft\t\d+\.\d{3}s\n$`)
	if !ok || !want.MatchString(text) {
		t.Errorf("passed %v, output:\n%s", ok, text)
	}
}

func TestVerboseTellsTheTimes(t *testing.T) {
	j, out := job(t, "TestPasses", "TestSkips")
	j.Verbose = true
	_, text := mustRun(t, j, out)
	for _, want := range []string{"--- PASS: TestPasses (1h0m0s virtual, ", "--- SKIP: TestSkips (0s virtual, "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// Each test that fails says why, and the others are run all the same.
func TestFailures(t *testing.T) {
	for test, want := range map[string][]string{
		"TestFails":       {"expected a leader", "--- FAIL: TestFails (1.5s virtual"},
		"TestErrors":      {"not quite", "--- FAIL: TestErrors (0s virtual"},
		"TestDies":        {"apply error", "ended before the test did: exit status 1"},
		"TestLeavesEarly": {"the process ended well before the test did"},
		"TestPanics":      {"panic: out of range", "test_test.go:", "ended before the test did: exit status 2"},
		"TestNeverEnds":   {"the test has not ended after 2h0m0s of virtual time", "TestNeverEnds(", "--- FAIL: TestNeverEnds (unfinished"},
	} {
		t.Run(test, func(t *testing.T) {
			j, out := job(t, test, "TestQuick")
			ok, text := mustRun(t, j, out)
			want = append(want, "quick\n", "\nFAIL\nFAIL\t6.5840/raft\t")
			for _, want := range want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			if ok || !strings.HasSuffix(text, "s\nFAIL\n") || strings.Contains(text, "=== ") {
				t.Errorf("passed %v, output:\n%s", ok, text)
			}
		})
	}
}

// hangs returns a pipe that TestHangs opens when it begins, for its environment
// and for waiting.
func hangs(t *testing.T) (setting string, wait func()) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	return "HANGS=" + pipe, func() {
		if _, err := os.ReadFile(pipe); err != nil {
			t.Error(err)
		}
	}
}

func TestHangIsQuitWithItsGoroutines(t *testing.T) {
	j, out := job(t, "TestHangs")
	setting, wait := hangs(t)
	j.Env = append(j.Env, setting)
	r := newRun(j)
	if err := r.compile(context.Background()); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The deadline passes when the test is under way, on however slow a machine.
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		wait()
		cancel(context.DeadlineExceeded)
	}()
	o := r.runTest(ctx, "TestHangs", 1)
	if o.verdict != "fail" || !strings.Contains(o.reason, "it did not end within 1h0m0s of wall time") {
		t.Errorf("got %s, %s", o.verdict, o.reason)
	}
	for _, want := range []string{"SIGQUIT", "synctest bubble 1"} {
		if !strings.Contains(string(o.output), want) {
			t.Errorf("no %q in\n%s", want, o.output)
		}
	}
}

func TestWallLimit(t *testing.T) {
	j, out := job(t, "TestHangs")
	j.Wall = time.Nanosecond
	if ok, text := mustRun(t, j, out); ok || !strings.Contains(text, "TestHangs: it did not end within 1ns of wall time") {
		t.Errorf("passed %v, output:\n%s", ok, text)
	}
}

func TestRaceDetector(t *testing.T) {
	j, out := job(t, "TestRaces", "TestPasses")
	j.Flags = []string{"-race"}
	ok, text := mustRun(t, j, out)
	for _, want := range []string{"WARNING: DATA RACE", "race detected during execution of test", "--- FAIL: TestRaces", "... Passed --"} {
		if ok || !strings.Contains(text, want) {
			t.Errorf("passed %v, no %q in\n%s", ok, want, text)
		}
	}
}

// A test has passed only if both its own word and its process say so.
func TestJudge(t *testing.T) {
	exit := exec.Command("sh", "-c", "exit 66").Run()
	for _, c := range []struct {
		said         string
		err          error
		verdict, why string
	}{
		{"pass 3s\n", nil, "pass", ""},
		{"skip 0s\n", nil, "skip", ""},
		{"fail 3s\n", exit, "fail", ""},
		{"pass 3s\n", exit, "fail", "such as a data race"},
		{"", exit, "fail", "ended before the test did: exit status 66"},
		{"", nil, "fail", "ended well before the test did"},
		{"", errors.New("no such program"), "fail", "no such program"},
		{"pass 3s\n", context.DeadlineExceeded, "fail", "did not end within"},
	} {
		var o outcome
		o.judge(c.said, c.err, time.Minute)
		if o.verdict != c.verdict || (o.reason == "") != (c.why == "") || !strings.Contains(o.reason, c.why) {
			t.Errorf("%q, %v: got %+v, want %s, %s", c.said, c.err, o, c.verdict, c.why)
		}
	}
}

func TestManyPasses(t *testing.T) {
	j, out := job(t, "TestPasses", "TestFails", "TestQuick")
	j.Count = 3
	ok, text := mustRun(t, j, out)
	if ok || strings.Contains(text, "quick") || strings.Count(text, "expected a leader") != 3 {
		t.Errorf("passed %v, output:\n%s", ok, text)
	}
	for _, want := range []string{"pass 1 of 3: 2 of 3 tests passed\n", "pass 3 of 3: 2 of 3 tests passed\n",
		"TestFails failed in 3 of 3 passes\n", "3 passes of 3 tests in ", ": 6 passed, 3 failed\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestCompileErrorsArePassedOn(t *testing.T) {
	j, out := job(t, "TestNowhere")
	_, err := Run(context.Background(), j)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(out.String(), "undefined: TestNowhere") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestASignalEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	j, out := job(t, "TestQuick", "TestHangs", "TestPasses")
	setting, wait := hangs(t)
	j.Env = append(j.Env, setting)
	j.Jobs = 1
	go func() {
		wait()
		cancel(gotool.Interrupted{Signal: syscall.SIGINT})
	}()
	_, err := Run(ctx, j)
	var interrupted gotool.Interrupted
	if !errors.As(err, &interrupted) || strings.Contains(out.String(), "FAIL") || strings.Contains(out.String(), "one hour") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestOutputIsLimited(t *testing.T) {
	var l limited
	part := bytes.Repeat([]byte("x"), outputLimit/2+1)
	for range 3 {
		if n, err := l.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if l.Len() != outputLimit || l.lost != 3*len(part)-outputLimit {
		t.Errorf("kept %d, lost %d", l.Len(), l.lost)
	}
}

func TestGodebugKeepsTheUsersSetting(t *testing.T) {
	if got := godebug(""); got != "asynctimerchan=0" {
		t.Error(got)
	}
	if got := godebug("panicnil=1"); got != "panicnil=1,asynctimerchan=0" {
		t.Error(got)
	}
}
