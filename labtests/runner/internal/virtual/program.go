package virtual

import (
	"bytes"
	"context"
	"strings"
	"time"
)

// Program is a job's compiled tests, which can be run again and again.
type Program struct{ run *run }

// Compile compiles the tests of a job. An *exec.ExitError means that go did not.
func Compile(ctx context.Context, job Job) (*Program, error) {
	r := newRun(job)
	return &Program{r}, r.compile(ctx)
}

// Ending is what a test came to.
type Ending struct {
	Test   string
	How    string // "pass", "skip"; or "fail" by its own judgement, "hang", "panic", or "exit" of its process
	Reason string // the line that says why, if it did not pass
	Output []byte
	CPU    time.Duration // of its process
}

// Run runs the job's tests with settings added to their environment, and shows
// each ending in order. Once see returns false, or ctx ends, what still runs is
// stopped and not shown.
func (p *Program) Run(ctx context.Context, settings []string, see func(Ending) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := *p.run
	r.Env = append(append([]string{}, r.Env...), settings...)
	for result := range r.start(ctx) {
		o := <-result
		if ctx.Err() == nil && !see(ending(o)) {
			cancel()
		}
	}
}

func ending(o outcome) Ending {
	e := Ending{Test: o.name, How: o.verdict, Output: o.output, CPU: o.cpu}
	if o.verdict != "fail" {
		return e
	}
	switch {
	case o.timedOut, bytes.Contains(o.output, []byte("panic: the test has not ended after")):
		e.How, e.Reason = "hang", "the test does not end"
	case o.virtual != "":
		e.Reason = line(o.output, "_test.go:", "config.go:")
	case bytes.Contains(o.output, []byte("panic: ")) || bytes.Contains(o.output, []byte("fatal error: ")):
		e.How, e.Reason = "panic", line(o.output, "panic: ", "fatal error: ")
	default:
		e.How, e.Reason = "exit", line(o.output, "error", "nil snapshot")
	}
	if e.Reason == "" {
		e.Reason = o.reason
	}
	return e
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
