package virtual

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// outcome is what one run of one test came to.
type outcome struct {
	name    string
	verdict string // "pass", "fail" or "skip"
	reason  string // why it failed, where its own output does not say so
	output  []byte
	virtual string // time on the bubble's clock; empty if the test did not end
	wall    time.Duration
	cpu     time.Duration
	// It was stopped because it exceeded the limit of wall time.
	timedOut bool
}

// outputLimit bounds what is kept of a test that prints without end, in bytes.
const outputLimit = 8 << 20

// limited is a buffer that forgets what exceeds the limit.
type limited struct {
	bytes.Buffer
	lost int
}

func (l *limited) Write(p []byte) (int, error) {
	room := min(len(p), max(0, outputLimit-l.Len()))
	l.Buffer.Write(p[:room])
	l.lost += len(p) - room
	return len(p), nil
}

// runTest runs one test once.
func (r *run) runTest(ctx context.Context, name string, pass int) outcome {
	verdictFile := fmt.Sprintf("%s.%s.%d", r.binary, name, pass)
	defer os.Remove(verdictFile)

	timed, cancel := context.WithTimeout(ctx, r.Wall)
	defer cancel()
	env := append([]string{}, r.Env...)
	env = append(env,
		"PONTOON_VIRTUAL_TEST="+name,
		"PONTOON_VIRTUAL_LIMIT="+r.Limit.String(),
		"PONTOON_VIRTUAL_VERDICT="+verdictFile,
		// A bubble needs the timers of Go 1.23, which the lab's go line predates.
		"GODEBUG="+godebug(os.Getenv("GODEBUG")))
	// -test.v, because a test's log would not be printed before its end, which
	// never comes; -test.timeout=0, because r.Wall does that.
	cmd := gotool.Command(timed, r.Dir, env, r.binary, "-test.run=^"+entryTest+"$", "-test.v", "-test.timeout=0")
	var output limited
	cmd.Stdout, cmd.Stderr = &output, &output

	begin := time.Now()
	err := gotool.Run(timed, cmd)
	o := outcome{name: name, wall: time.Since(begin), output: filter(output.Bytes())}
	if state := cmd.ProcessState; state != nil {
		o.cpu = state.UserTime() + state.SystemTime()
	}
	if output.lost > 0 {
		o.output = fmt.Appendf(o.output, "labrun: %d more bytes of output are dropped\n", output.lost)
	}
	text, _ := os.ReadFile(verdictFile)
	o.judge(string(text), err, r.Wall)
	return o
}

// godebug adds to the user's setting; the last of a key counts.
func godebug(own string) string {
	return strings.TrimPrefix(own+",asynctimerchan=0", ",")
}

// judge takes the test for passed only if it has said so itself, and the
// process agrees: the race detector speaks through the exit code.
func (o *outcome) judge(verdict string, err error, wall time.Duration) {
	o.verdict, o.virtual, _ = strings.Cut(strings.TrimSpace(verdict), " ")
	var exit *exec.ExitError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		o.verdict, o.virtual, o.timedOut = "fail", "", true
		o.reason = fmt.Sprintf("it did not end within %v of wall time: a goroutine of it computes without end, or waits for something outside of its bubble, such as a mutex (all goroutines are above)", wall)
	case err == nil && o.verdict == "":
		o.verdict = "fail"
		o.reason = "the process ended well before the test did"
	case err != nil && !errors.As(err, &exit):
		o.verdict = "fail"
		o.reason = err.Error()
	case err != nil && o.verdict == "":
		o.verdict = "fail"
		o.reason = fmt.Sprintf("the process ended before the test did: %v", err)
	case err != nil && o.verdict != "fail":
		o.verdict = "fail"
		o.reason = fmt.Sprintf("the test passed, but its process ended with %v: its output says why, such as a data race", err)
	}
}

// filter drops what -test.v adds.
func filter(output []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(output) {
		if !bytes.HasPrefix(line, []byte("=== ")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
