package mutants

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
	"pontoon.dev/labrun/internal/rustlib"
	"pontoon.dev/labrun/internal/virtual"
)

// ownFile holds those tests of the embedded tree that the course does not have.
const ownFile = "testhard_test.go"

// virtualLimit is what a test may take on the bubble's clock.
const virtualLimit = 10 * time.Minute

// lab is the embedded lab's tests in virtual time.
type lab struct {
	program *virtual.Program
	own     []string // which of the tests are not the course's
	passes  int
	wall    time.Duration // of one pass
}

// newLab compiles the embedded tree's tests with a library that has the bugs.
func newLab(ctx context.Context, o *options, work string) (*lab, error) {
	goPath, err := gotool.Find(o.root)
	if err != nil {
		return nil, err
	}
	tree, err := labtree.Find(filepath.Join(o.root, "labtests", "src"))
	if err != nil {
		return nil, err
	}
	plan, err := overlay.New(tree, overlay.Options{Shim: filepath.Join(o.root, "go-shim"), Work: work})
	if err != nil {
		return nil, err
	}
	selection, err := plan.Tree.Select("all", "")
	if err != nil {
		return nil, err
	}
	l := &lab{passes: o.passes, wall: o.wall}
	for _, test := range plan.Tree.Tests {
		if test.File == ownFile {
			l.own = append(l.own, test.Name)
		}
	}
	// Our own come first: the course's first failure ends a mutant's run.
	slices.SortStableFunc(selection.Names, func(a, b string) int { return l.rank(a) - l.rank(b) })
	entry, err := virtual.Entry(plan.Name, selection.Names)
	if err != nil {
		return nil, err
	}
	if err := plan.Add(virtual.EntryName, entry); err != nil {
		return nil, err
	}
	if err := plan.Write(); err != nil {
		return nil, err
	}
	library, err := rustlib.Build(ctx, o.root, rustlib.Options{Feature: "mutants", Log: os.Stderr})
	if err != nil {
		return nil, err
	}
	env := gotool.Environ(append(append(plan.Env(), library.Env()...), "GOTOOLCHAIN=local")...)
	flags := append(plan.Flags(), library.Flags()...)
	if _, err := plan.Verify(ctx, goPath, env, flags); err != nil {
		return nil, err
	}
	l.program, err = virtual.Compile(ctx, virtual.Job{
		Go: goPath, Dir: plan.Dir, Env: env, Flags: flags, Work: work,
		Tests: selection.Names, Jobs: o.jobs, Wall: o.wall, Limit: virtualLimit,
		Out: os.Stderr, Err: os.Stderr,
	})
	return l, err
}

func (l *lab) rank(test string) int {
	if slices.Contains(l.own, test) {
		return 0
	}
	return 1
}

func (l *lab) try(ctx context.Context, mutant string) (Result, error) {
	var settings []string
	passes := 1
	if mutant != "" {
		settings, passes = []string{"PONTOON_MUTANT=" + mutant}, l.passes
	}
	result := Result{}
	var own []string
	for pass := 1; pass <= passes && !result.Killed; pass++ {
		result.Tries = pass
		timed, cancel := context.WithTimeout(ctx, l.wall)
		var wrong error
		l.program.Run(timed, settings, func(o virtual.Outcome) bool {
			result.Seconds += o.CPU.Seconds()
			switch {
			case strings.Contains(string(o.Output), "PONTOON_MUTANT names no mutant"):
				wrong = fmt.Errorf("the library does not know mutant %s", mutant)
			case o.Verdict != virtual.Fail:
			case l.rank(o.Test) == 0:
				if name := fmt.Sprintf("%s (%s)", o.Test, o.How()); !slices.Contains(own, name) {
					own = append(own, name)
				}
			default:
				result.Killed, result.By, result.How, result.Reason = true, o.Test, o.How(), o.Why()
			}
			return wrong == nil && !result.Killed
		})
		late := timed.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return result, context.Cause(ctx)
		case wrong != nil:
			return result, wrong
		case late && !result.Killed:
			result.Killed, result.How, result.By = true, "hang", fmt.Sprintf("a pass that does not end within %v", l.wall)
		}
	}
	result.Own = strings.Join(own, ", ")
	return result, nil
}
