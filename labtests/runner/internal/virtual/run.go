package virtual

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// Job is what to run.
type Job struct {
	Go    string   // path of the go command
	Dir   string   // directory of the package, and the tests' working directory
	Env   []string // whole environment of go and the tests
	Flags []string // of go test, such as -overlay and -race
	Work  string   // directory for what is built
	Pkg   string   // the package's import path, for the last line

	Tests   []string      // Entry has been given the same
	Count   int           // passes
	Jobs    int           // tests side by side
	Wall    time.Duration // limit of one test in wall time
	Limit   time.Duration // limit of one test in virtual time
	Verbose bool          // a line per test with its times

	Out io.Writer // what go test would print
	Err io.Writer // what the compiler says
}

type run struct {
	Job
	binary string
}

func newRun(job Job) *run {
	return &run{Job: job, binary: filepath.Join(job.Work, "raft.test")}
}

func (r *run) compile(ctx context.Context) error {
	args := append([]string{"test", "-c", "-o", r.binary}, r.Flags...)
	cmd := gotool.Command(ctx, r.Dir, r.Env, r.Go, args...)
	cmd.Stdout, cmd.Stderr = r.Out, r.Err
	return gotool.Run(ctx, cmd)
}

// Run compiles the tests and runs them, and reports whether all passed. An
// error means that it could not, and is an *exec.ExitError if go did not
// compile them.
func Run(ctx context.Context, job Job) (bool, error) {
	r := newRun(job)
	if err := r.compile(ctx); err != nil {
		return false, err
	}

	begin := time.Now()
	report := &report{job: job, failures: map[string]int{}}
	for result := range r.start(ctx) {
		o := <-result
		// A test that was stopped has nothing to say about Raft. The loop goes on
		// until the last process has ended.
		if ctx.Err() == nil {
			report.add(o)
		}
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	return report.end(time.Since(begin)), nil
}

// start runs every test of every pass, several side by side. Where the outcome
// of each will come is sent in order. Once ctx has ended no more are begun.
func (r *run) start(ctx context.Context) <-chan chan outcome {
	slots := make(chan struct{}, r.Jobs)
	results := make(chan chan outcome, r.Count*len(r.Tests))
	go func() {
		defer close(results)
		for pass := 1; pass <= r.Count; pass++ {
			for _, name := range r.Tests {
				slots <- struct{}{}
				if ctx.Err() != nil {
					return
				}
				result := make(chan outcome, 1)
				results <- result
				go func() {
					defer func() { <-slots }()
					result <- r.runTest(ctx, name, pass)
				}()
			}
		}
	}()
	return results
}
