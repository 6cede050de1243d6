package virtual

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// What a test came to.
const (
	Pass = "pass"
	Skip = "skip"
	Fail = "fail"
	// Stopped is a test that a signal to labrun, or the caller, has ended.
	Stopped = "stopped"
)

// Outcome is what one run of one test came to.
type Outcome struct {
	Test    string
	Verdict string // Pass, Fail, Skip or Stopped
	Reason  string // why it failed, where its own output does not say so
	Output  []byte // without what the testing package adds
	Dropped int    // bytes of the output that are not there
	Ended   bool   // by its own word: it neither hung nor took its process down
	Late    bool   // stopped, because it exceeded the limit of wall time
	Clock   time.Duration
	Wall    time.Duration // of its process
	CPU     time.Duration // of its process
	Probe   Probe         // of its process, in real time
}

// How tells in a word how a test ended: "pass", "skip" or "stopped"; or "fail"
// by its own judgement, "hang", "panic", or "exit" of its process.
func (o *Outcome) How() string {
	switch {
	case o.Verdict != Fail:
		return o.Verdict
	case o.Late, bytes.Contains(o.Output, []byte("panic: the test has not ended after")):
		return "hang"
	case o.Ended:
		return "fail"
	case bytes.Contains(o.Output, []byte("panic: ")) || bytes.Contains(o.Output, []byte("fatal error: ")):
		return "panic"
	}
	return "exit"
}

// Why is the line of the output that says why the test failed, or else the
// reason.
func (o *Outcome) Why() string {
	why := ""
	switch o.How() {
	case "hang":
		return "the test does not end"
	case "fail":
		why = line(o.Output, "_test.go:", "config.go:")
	case "panic":
		why = line(o.Output, "panic: ", "fatal error: ")
	case "exit":
		why = line(o.Output, "error", "nil snapshot")
	}
	if why == "" {
		return o.Reason
	}
	return why
}

// line returns the first line of output with one of the marks in it.
func line(output []byte, marks ...string) string {
	for text := range strings.Lines(string(output)) {
		for _, mark := range marks {
			if strings.Contains(text, mark) {
				return strings.TrimSpace(text)
			}
		}
	}
	return ""
}

// judge takes the test for passed only if it has said so itself, and the
// process agrees: the race detector speaks through the exit code.
func (o *Outcome) judge(verdict string, err error, wall time.Duration) {
	o.Verdict, o.Ended = verdict, verdict != ""
	var exit *exec.ExitError
	var interrupted gotool.Interrupted
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		o.Verdict, o.Ended, o.Late = Fail, false, true
		o.Reason = fmt.Sprintf("it did not end within %v of wall time", wall)
	case errors.As(err, &interrupted) || errors.Is(err, context.Canceled):
		o.Verdict, o.Ended = Stopped, false
	case err == nil && verdict == "":
		o.Verdict, o.Reason = Fail, "the process ended well before the test did"
	case err != nil && !errors.As(err, &exit):
		o.Verdict, o.Reason = Fail, err.Error()
	case err != nil && verdict == "":
		o.Verdict, o.Reason = Fail, fmt.Sprintf("the process ended before the test did: %v", err)
	case err != nil && verdict != Fail:
		o.Verdict = Fail
		o.Reason = fmt.Sprintf("the test passed, but its process ended with %v: its output says why, such as a data race", err)
	}
}

// mark is what -test.v=test2json puts before the lines of the testing package.
const mark = "\x16"

var verdictLine = regexp.MustCompile(`\x16--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)`)

// verdict finds what the testing package says of a test.
func verdict(output []byte, test string) (how string, clock time.Duration) {
	for _, match := range verdictLine.FindAllSubmatch(output, -1) {
		if string(match[2]) == test {
			clock, _ = time.ParseDuration(string(match[3]) + "s")
			how = strings.ToLower(string(match[1]))
		}
	}
	return how, clock
}

// filter drops what -test.v adds.
func filter(output []byte) []byte {
	var kept []byte
	for text := range bytes.Lines(output) {
		own, _, marked := bytes.Cut(text, []byte(mark))
		switch {
		case marked && len(own) > 0: // the test left its line unfinished
			kept = append(append(kept, own...), '\n')
		case marked:
		default:
			kept = append(kept, text...)
		}
	}
	// Later versions of Go enclose errors in these.
	return bytes.ReplaceAll(bytes.ReplaceAll(kept, []byte{0x0e}, nil), []byte{0x0f}, nil)
}
