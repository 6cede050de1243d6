// Package passes runs a lab's tests many times, several side by side, and tells
// what came of it: while they run, at the end, and in a document for programs.
package passes

import (
	"context"
	"io"
	"time"

	"pontoon.dev/labrun/internal/virtual"
)

// Job is what to run, and where to say what comes of it.
type Job struct {
	Tests   []string
	Count   int  // passes
	Jobs    int  // runs side by side
	Real    bool // in real time
	Verbose bool // whole logs, and a line for each run

	Pkg    string // the package's import path, for the last line
	GoRoot string // frames below it are not worth showing

	// Once runs a test once.
	Once func(ctx context.Context, test string, settings ...string) virtual.Outcome
	// Keeper keeps what there is of failed runs.
	Keeper *Keeper
	// Tracer records runs; nil if they are not recorded.
	Tracer Tracer

	Out    io.Writer // for results
	Err    io.Writer // for progress
	Screen *Screen   // what Err is, if that is a terminal; else nil
}

// Tracer records runs. It is used by several goroutines.
type Tracer interface {
	// Begin returns settings for a run's environment.
	Begin(test string, pass int) []string
	// End is told what came of it, and completes the Run.
	End(run *Run)
}

// Run is one run of one test.
type Run struct {
	virtual.Outcome
	Pass    int    // from 1
	how     string // Outcome.How, which needs its output
	Begin   time.Time
	Figures *Figures // nil if the test printed none
	Load    Load
	Blame   string // who else than the Raft may be at fault, if it failed

	Failure Failure // if it failed
	Log     string  // path of the whole output, if it failed
	Trace   string  // path of its trace, if kept
	Page    string  // path of the page of its trace
	Finding string  // what the trace shows, in one sentence
	// Explained is what to print of it.
	Explained []string
}

// Failed tells whether the test did.
func (r *Run) Failed() bool { return r.Verdict == virtual.Fail }

// Report is what came of a job.
type Report struct {
	Job       *Job
	Runs      []*Run // that ended, in the order in which they did
	Abandoned int    // runs that were not begun, or not ended
	Wall      time.Duration
	Machine   Lateness // over the whole of it
	CPUs      int
}

// Failed tells how many runs failed.
func (r *Report) Failed() int {
	n := 0
	for _, run := range r.Runs {
		if run.Failed() {
			n++
		}
	}
	return n
}
