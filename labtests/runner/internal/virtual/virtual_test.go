package virtual

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

func TestPrints(t *testing.T) {
	fmt.Println("=== a student's own line ===")
	fmt.Print("unfinished")
}

var shared int

func TestRaces(t *testing.T) {
	done := make(chan bool)
	go func() { shared++; done <- true }()
	shared++
	<-done
}
`

// job writes labTests and returns a job whose programs run some of them.
func job(t *testing.T, clock bool, tests ...string) (Job, *bytes.Buffer) {
	t.Helper()
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"go.mod":       "module 6.5840\n\ngo 1.15\n",
		"raft.go":      "package raft\n",
		"test_test.go": labTests,
	}
	if clock == real {
		files[ProbeName], err = ProbeFile("raft")
	} else {
		files[EntryName], err = Entry("raft", tests)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out := &bytes.Buffer{}
	return Job{
		Go: goPath, Dir: dir, Work: t.TempDir(), Real: clock == real,
		Env:   gotool.Environ("GOWORK=off", "GOFLAGS=-vet=off", "GO111MODULE=on", "GOTOOLCHAIN=local"),
		Tests: tests, Jobs: 2, Wall: time.Hour, Limit: 2 * time.Hour,
		Out: out, Err: out,
	}, out
}

const (
	real    = true
	bubbled = false
)

func compiled(t *testing.T, j Job, out *bytes.Buffer) *Program {
	t.Helper()
	p, err := Compile(context.Background(), j)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return p
}

// want is what an outcome must be.
type want struct {
	verdict, how string
	ended        bool
	output, why  string // regular expressions
}

func (w want) check(t *testing.T, o Outcome) {
	t.Helper()
	if o.Verdict != w.verdict || o.How() != w.how || o.Ended != w.ended || o.Wall <= 0 ||
		!regexp.MustCompile(`(?s)`+w.output).Match(o.Output) || !regexp.MustCompile(w.why).MatchString(o.Why()) {
		t.Errorf("%s: %s, %s, ended %v, because %q, want %+v, output:\n%s", o.Test, o.Verdict, o.How(), o.Ended, o.Why(), w, o.Output)
	}
	if bytes.Contains(o.Output, []byte(mark)) || bytes.Contains(o.Output, []byte("--- ")) {
		t.Errorf("%s: the testing package's lines are in the output:\n%s", o.Test, o.Output)
	}
}

var outcomes = map[string]want{
	"TestQuick":       {Pass, "pass", true, `^quick\n$`, ``},
	"TestPrints":      {Pass, "pass", true, `^=== a student's own line ===\nunfinished\n?$`, ``},
	"TestSkips":       {Skip, "skip", true, `^    test_test\.go:\d+: not today\n$`, ``},
	"TestFails":       {Fail, "fail", true, `^    test_test\.go:\d+: expected a leader\n$`, `^test_test\.go:\d+: expected a leader$`},
	"TestErrors":      {Fail, "fail", true, `not quite`, `^test_test\.go:\d+: not quite$`},
	"TestDies":        {Fail, "exit", false, `apply error\n$`, `apply error$`},
	"TestLeavesEarly": {Fail, "exit", false, ``, `the process ended well before the test did`},
	"TestPanics":      {Fail, "panic", false, `panic: out of range.*test_test\.go:`, `^panic: out of range`},
}

func TestOutcomes(t *testing.T) {
	tests := slices.Sorted(maps.Keys(outcomes))
	for _, clock := range []bool{bubbled, real} {
		t.Run(fmt.Sprint("real ", clock), func(t *testing.T) {
			j, out := job(t, clock, tests...)
			var order []string
			compiled(t, j, out).Run(context.Background(), nil, func(o Outcome) bool {
				order = append(order, o.Test)
				outcomes[o.Test].check(t, o)
				if o.Test == "TestFails" && (o.Clock.Round(time.Second/10) != 1500*time.Millisecond && !j.Real || o.Clock < 1500*time.Millisecond) {
					t.Errorf("TestFails took %v", o.Clock)
				}
				return true
			})
			if !slices.Equal(order, tests) {
				t.Errorf("saw %v", order)
			}
		})
	}
}

func TestVirtualTime(t *testing.T) {
	j, out := job(t, bubbled, "TestPasses", "TestLeavesGoroutines", "TestNeverEnds")
	compiled(t, j, out).Run(context.Background(), nil, func(o Outcome) bool {
		switch o.Test {
		case "TestPasses":
			want{Pass, "pass", true, `^one hour \.\.\.\n  \.\.\. Passed --\n$`, ``}.check(t, o)
			if o.Clock != time.Hour {
				t.Errorf("it took %v", o.Clock)
			}
		case "TestLeavesGoroutines":
			want{Pass, "pass", true, `^$`, ``}.check(t, o)
		case "TestNeverEnds":
			want{Fail, "hang", false, `has not ended after 2h0m0s of virtual time.*TestNeverEnds\(`, `does not end`}.check(t, o)
		}
		return true
	})
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

// A limit that passes, or a signal, when the test is under way, on however slow
// a machine.
func TestHangIsEnded(t *testing.T) {
	for _, clock := range []bool{bubbled, real} {
		for _, cause := range []error{context.DeadlineExceeded, gotool.Interrupted{Signal: syscall.SIGINT}} {
			t.Run(fmt.Sprint("real ", clock, " ", cause), func(t *testing.T) {
				j, out := job(t, clock, "TestHangs")
				p := compiled(t, j, out)
				setting, wait := hangs(t)
				ctx, cancel := context.WithCancelCause(context.Background())
				go func() {
					wait()
					cancel(cause)
				}()
				o := p.Once(ctx, "TestHangs", setting)
				w := want{Fail, "hang", false, `SIGQUIT.*TestHangs`, `does not end`}
				if cause != context.DeadlineExceeded {
					w = want{Stopped, "stopped", false, ``, `^$`}
				}
				w.check(t, o)
				if w.verdict == Fail && !strings.Contains(o.Reason, "it did not end within 1h0m0s of wall time") {
					t.Error(o.Reason)
				}
			})
		}
	}
}

func TestWallLimit(t *testing.T) {
	j, out := job(t, bubbled, "TestHangs")
	j.Wall = time.Nanosecond
	o := compiled(t, j, out).Once(context.Background(), "TestHangs")
	if o.Verdict != Fail || !o.Late || !strings.Contains(o.Reason, "did not end within 1ns of wall time: a goroutine") {
		t.Errorf("got %+v", o)
	}
}

// Once see has seen enough, what still runs is stopped.
func TestRunStops(t *testing.T) {
	j, out := job(t, bubbled, "TestQuick", "TestHangs", "TestPasses")
	p := compiled(t, j, out)
	setting, wait := hangs(t)
	p.Run(context.Background(), []string{setting}, func(o Outcome) bool {
		if o.Test != "TestQuick" {
			t.Errorf("saw %s", o.Test)
		}
		wait() // TestHangs is under way
		return false
	})
}

func TestRaceDetector(t *testing.T) {
	for _, clock := range []bool{bubbled, real} {
		j, out := job(t, clock, "TestRaces", "TestQuick")
		j.Flags = []string{"-race"}
		p := compiled(t, j, out)
		want{Fail, "fail", true, `WARNING: DATA RACE.*race detected during execution of test`, `test_test.go`}.check(t, p.Once(context.Background(), "TestRaces"))
		outcomes["TestQuick"].check(t, p.Once(context.Background(), "TestQuick"))
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
		{"pass", nil, Pass, ""},
		{"skip", nil, Skip, ""},
		{"fail", exit, Fail, ""},
		{"pass", exit, Fail, "such as a data race"},
		{"", exit, Fail, "ended before the test did: exit status 66"},
		{"", nil, Fail, "ended well before the test did"},
		{"", errors.New("no such program"), Fail, "no such program"},
		{"pass", context.DeadlineExceeded, Fail, "did not end within"},
		{"pass", gotool.Interrupted{Signal: syscall.SIGINT}, Stopped, ""},
	} {
		var o Outcome
		o.judge(c.said, c.err, time.Minute)
		if o.Verdict != c.verdict || (o.Reason == "") != (c.why == "") || !strings.Contains(o.Reason, c.why) {
			t.Errorf("%q, %v: got %+v, want %s, %s", c.said, c.err, o, c.verdict, c.why)
		}
	}
}

// The process tells again and again what it has measured, so that an end by
// os.Exit loses little of it.
func TestProbe(t *testing.T) {
	j, out := job(t, real, "TestFails")
	o := compiled(t, j, out).Once(context.Background(), "TestFails")
	if o.Probe.Worst <= 0 || o.Probe.Late > o.Wall {
		t.Errorf("got %+v of a run of %v", o.Probe, o.Wall)
	}
	if got := parseProbe("  12   0   3\n"); got != (Probe{12, 0, 3}) {
		t.Errorf("got %+v", got)
	}
	if got := parseProbe("  12   0"); got != (Probe{}) {
		t.Errorf("got %+v of a torn file", got)
	}
}

func TestCompileErrorsArePassedOn(t *testing.T) {
	j, out := job(t, bubbled, "TestNowhere")
	_, err := Compile(context.Background(), j)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(out.String(), "undefined: TestNowhere") {
		t.Errorf("got %v\n%s", err, out)
	}
}

// Of endless output both ends are kept, whatever the sizes it comes in.
func TestOutputIsLimited(t *testing.T) {
	for _, size := range []int{1 << 19, 3<<20 + 1, 20 << 20} {
		var l limited
		var all []byte
		for i := range 40<<20/size + 1 {
			part := bytes.Repeat([]byte{byte('a' + i%26)}, size)
			all = append(all, part...)
			if n, err := l.Write(part); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		notice := fmt.Sprintf("\nlabrun: %d bytes of output are dropped here\n", len(all)-headLimit-tailLimit)
		want := string(all[:headLimit]) + notice + string(all[len(all)-tailLimit:])
		if got := string(l.bytes()); got != want {
			t.Errorf("writes of %d: kept %d bytes, want %d", size, len(got), len(want))
		}
	}
	var l limited
	_, _ = l.Write([]byte("short"))
	if got := string(l.bytes()); got != "short" {
		t.Errorf("got %q", got)
	}
}

func TestFilter(t *testing.T) {
	in := mark + "=== RUN   TestX\n=== mine\nhalf" + mark + "=== NAME  TestX\n    x.go:1: \x0fwhy\x0e\n" + mark + "--- FAIL: TestX (0.10s)\n" + mark + "FAIL\n"
	if got, want := string(filter([]byte(in))), "=== mine\nhalf\n    x.go:1: why\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if how, clock := verdict([]byte(in), "TestX"); how != Fail || clock != 100*time.Millisecond {
		t.Errorf("got %s, %v", how, clock)
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
