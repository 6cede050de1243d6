package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"time"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/passes"
	"pontoon.dev/labrun/internal/virtual"
)

// addFiles puts into the package what runs tests in processes of their own.
func (s *session) addFiles() error {
	if s.real {
		text, err := virtual.ProbeFile(s.overlay.Name)
		if err != nil {
			return err
		}
		return s.overlay.Add(virtual.ProbeName, text)
	}
	text, err := virtual.Entry(s.overlay.Name, s.sel.Names)
	if err != nil {
		return err
	}
	if err := s.overlay.Add(virtual.EntryName, text); err != nil {
		return err
	}
	return s.overlay.Pace()
}

// runPasses runs every test of every pass in a process of its own.
func (s *session) runPasses(ctx context.Context) error {
	screen := passes.NewScreen(os.Stderr)
	screen.Draw("compiling the tests")
	program, err := s.compile(ctx)
	screen.Erase()
	if err != nil {
		return err
	}
	job := &passes.Job{
		Tests: s.sel.Names, Count: s.count, Jobs: s.jobs, Real: s.real, Verbose: s.verbose,
		Pkg: s.pkg, GoRoot: gotool.Root(s.goPath), Once: program.Once,
		Keeper: &passes.Keeper{Dir: s.out, Warn: func(reason string) { fmt.Fprintf(os.Stderr, "labrun: %s\n", reason) }},
		Out:    os.Stdout, Err: os.Stderr, Screen: screen,
	}
	if s.json == "-" {
		job.Out = os.Stderr
	}
	if s.traced() {
		tracer, err := s.newTracer(ctx, job.Keeper)
		if err != nil {
			return fmt.Errorf("-trace: %w", err)
		}
		defer tracer.close()
		job.Tracer = tracer
	}
	started := time.Now().UTC()
	report := passes.Do(ctx, job)
	if err := s.document(ctx, report, started); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case report.Failed() > 0:
		return errFailed
	}
	return nil
}

// compile compiles the tests once for all passes.
func (s *session) compile(ctx context.Context) (*virtual.Program, error) {
	wall := s.timeout
	switch {
	case wall == 0 && s.real:
		wall = realTimeout
	case wall == 0:
		wall = virtualTimeout
	}
	program, err := virtual.Compile(ctx, virtual.Job{
		Go: s.goPath, Dir: s.overlay.Dir, Env: s.env, Flags: s.flags, Work: s.work,
		Real: s.real, Wall: wall, Limit: virtualLimit,
		Out: os.Stderr, Err: s.compilerWords("package " + s.overlay.Name),
	})
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, errSaid
	}
	return program, err
}

// document writes what -json asks for.
func (s *session) document(ctx context.Context, report *passes.Report, started time.Time) error {
	if s.json == "" {
		return nil
	}
	d := report.Document(passes.Document{
		Tool: passes.Tool{Name: "labrun", Version: version(), Go: runtime.Version()},
		Lab:  passes.Lab{Dir: cmp.Or(s.overlay.Tree.Origin, s.overlay.Tree.Dir), Year: s.overlay.Tree.Year, Package: s.pkg},
		Impl: s.impl, Flags: s.args, Started: started, Interrupted: ctx.Err() != nil,
	})
	if s.json == "-" {
		return d.Write(os.Stdout)
	}
	file, err := os.Create(s.json)
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return errors.Join(d.Write(file), file.Close())
}

// version is that of this program, as go has built it in.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
