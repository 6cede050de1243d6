// Command labrun runs the tests of MIT's distributed-systems labs (6.824,
// 6.5840) against Pontoon instead of the student's Raft. The lab's checkout is
// never written to.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"pontoon.dev/labrun/internal/bench"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/mutants"
)

// exitUsage is for what the user can put right: arguments, the tree, tools.
const exitUsage = 2

const usage = `labrun runs the tests of a 6.824 or 6.5840 lab with Pontoon as its Raft, and
of the key/value lab until 2025 with Pontoon's service on top.

usage:
  labrun test [flags]   run the tests of a checkout ("labrun test -h" lists the flags)
  labrun years [flags]  run the tests of all checkouts in a folder, one table ("labrun years -h")
  labrun bench [flags]  measure Pontoon and other Rafts behind the lab interface ("labrun bench -h")
  labrun compare [flags]  run the same tests and bench on Pontoon, etcd, hashicorp and others ("labrun compare -h")
  labrun mutants [flags]  put every deliberate bug back in turn: which tests notice ("labrun mutants -h")
  labrun explain TRACE  name the first rule of Raft that a recorded test breaks ("labrun explain -h")
  labrun help           print this
`

func main() {
	ctx, stop := gotool.WithSignals(context.Background())
	err := dispatch(ctx, os.Args[1:])
	stop()
	os.Exit(report(err))
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errSaid
	}
	switch args[0] {
	case "test":
		return runTest(ctx, args[1:])
	case "years":
		return runYears(ctx, args[1:])
	case "bench":
		return benchError(bench.Command(ctx, args[1:]))
	case "compare":
		return benchError(bench.Compare(ctx, args[1:]))
	case "mutants":
		return runMutants(ctx, args[1:])
	case "explain":
		return runExplain(args[1:])
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return nil
	}
	return fmt.Errorf("there is no command %q: say labrun test, labrun years, labrun bench, labrun compare, labrun mutants, labrun explain or labrun help", args[0])
}

// benchError is what package bench means by its errors.
func benchError(err error) error {
	switch {
	case errors.Is(err, bench.ErrSaid):
		return errSaid
	case errors.Is(err, bench.ErrFailed):
		return errFailed
	}
	return err
}

func runMutants(ctx context.Context, args []string) error {
	err := mutants.Command(ctx, args)
	switch {
	case errors.Is(err, mutants.ErrSaid):
		return errSaid
	case errors.Is(err, mutants.ErrSurvived):
		return errFailed
	}
	return err
}

var (
	errSaid   = errors.New("the user has been told")
	errFailed = errors.New("a test failed")
)

// report prints err, unless what failed has spoken for itself, and returns the
// exit code: go's own where go ran the tests.
func report(err error) int {
	var exit *exec.ExitError
	var interrupted gotool.Interrupted
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return exitUsage
	case errors.Is(err, errFailed):
		return 1
	case errors.As(err, &interrupted):
		fmt.Fprintln(os.Stderr, "labrun:", err)
		return 128 + int(interrupted.Signal)
	}
	if direct, ok := err.(*exec.ExitError); ok {
		exit = direct
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "labrun:", err)
	return exitUsage
}
