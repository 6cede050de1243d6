package virtual

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// Job is what to compile, and how its tests run.
type Job struct {
	Go    string   // path of the go command
	Dir   string   // directory of the package, and the tests' working directory
	Env   []string // whole environment of go and the tests
	Flags []string // of go test, such as -overlay and -race
	Work  string   // directory for what is built

	Tests []string // of Program.Run
	Jobs  int      // of Program.Run: tests side by side

	Real  bool          // in real time; otherwise Entry is among the package's files
	Wall  time.Duration // limit of one test in wall time
	Limit time.Duration // limit of one test in virtual time

	Out io.Writer // what go says
	Err io.Writer // what the compiler says
}

// Program is a job's compiled tests, which can be run again and again, also
// side by side.
type Program struct {
	Job
	binary string
}

// Compile compiles the tests of a job. An *exec.ExitError means that go did not.
func Compile(ctx context.Context, job Job) (*Program, error) {
	p := &Program{Job: job, binary: filepath.Join(job.Work, "lab.test")}
	args := append([]string{"test", "-c", "-o", p.binary}, p.Flags...)
	cmd := gotool.Command(ctx, p.Dir, p.Env, p.Go, args...)
	cmd.Stdout, cmd.Stderr = p.Out, p.Err
	return p, gotool.Run(ctx, cmd)
}

// Run runs the job's tests once, several side by side, with settings added to
// their environment, and shows each outcome in order. Once see returns false,
// or ctx ends, what still runs is stopped and not shown.
func (p *Program) Run(ctx context.Context, settings []string, see func(Outcome) bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, p.Jobs)
	results := make([]chan Outcome, len(p.Tests))
	for i := range results {
		results[i] = make(chan Outcome, 1)
	}
	var started sync.WaitGroup
	started.Go(func() {
		for i, name := range p.Tests {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				results[i] <- p.Once(ctx, name, settings...)
			}()
		}
	})
	for _, result := range results {
		if o := <-result; ctx.Err() == nil && !see(o) {
			cancel()
		}
	}
	started.Wait()
}
