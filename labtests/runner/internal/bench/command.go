package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
)

var (
	// ErrSaid means that the user has been told what is wrong with the arguments.
	ErrSaid = errors.New("the user has been told")
	// ErrFailed means that an implementation failed a scenario or a test.
	ErrFailed = errors.New("an implementation failed")
)

// options is what labrun bench was asked for.
type options struct {
	lab, root, only, json string
	impls                 []string
	repeats               int
	quick, suite, kv      bool
	limit                 time.Duration
}

const help = `usage: labrun bench [flags]

Measures Rafts behind the lab interface, one scenario a process, and prints
tables. -impl may be given several times: pontoon, textbook (a Go Raft in the
usual student style, part of labrun), etcd, hashicorp, own (the Raft of the tree
given with -lab) or the directory of another lab tree, whose own Raft is then measured in it.

`

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("labrun bench", flag.ContinueOnError)
	flags.StringVar(&o.lab, "lab", "", "lab checkout to measure in (default Pontoon's own lab tree)")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout (default as in labrun test)")
	flags.Func("impl", "implementation; may be repeated, the first is compared with the rest (default pontoon and textbook)", func(name string) error {
		o.impls = append(o.impls, name)
		return nil
	})
	flags.IntVar(&o.repeats, "repeats", 0, "runs of each scenario or test, of which medians are taken (default 3; with -quick or -suite 1)")
	flags.BoolVar(&o.quick, "quick", false, "fewer scenarios with fewer commands, in a minute or two")
	flags.BoolVar(&o.suite, "suite", false, "the lab's own tests: seconds, RPCs, bytes and CPU seconds of each")
	flags.BoolVar(&o.kv, "kv", false, "the key/value service: Pontoon's on Pontoon's Raft, a student's on the textbook one")
	flags.StringVar(&o.only, "only", "", "only scenarios (such as pipe/3x2000x16), or tests with -suite, that match this regular expression")
	flags.StringVar(&o.json, "json", "", "write all runs and medians to this file")
	flags.DurationVar(&o.limit, "limit", 0, "what a scenario may take; after that what was reached counts (default 1m; with -quick 10s)")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), help)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, ErrSaid
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: implementations are given with -impl", flags.Arg(0))
	case o.repeats < 0:
		return nil, fmt.Errorf("-repeats %d: must be at least 1", o.repeats)
	case o.kv && o.suite:
		return nil, errors.New("-kv and -suite are two things to measure: give one of them")
	case o.limit < 0:
		return nil, fmt.Errorf("-limit %v: must not be negative", o.limit)
	}
	o.defaults()
	return o, nil
}

func (o *options) defaults() {
	if len(o.impls) == 0 {
		o.impls = []string{pontoon, textbook}
	}
	if o.repeats == 0 {
		o.repeats = 3
		if o.quick || o.suite {
			o.repeats = 1
		}
	}
	if o.limit == 0 {
		o.limit = time.Minute
		if o.quick {
			o.limit = 10 * time.Second
		}
	}
}

// Command is labrun bench.
func Command(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.root, err = checkout.Find(o.root); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "labrun-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return err
	}
	impls, err := o.build(ctx, work)
	if err != nil {
		return err
	}
	if o.suite {
		return o.runSuite(ctx, impls, work)
	}
	return o.runBench(ctx, impls, work)
}

// build compiles every implementation before anything is measured.
func (o *options) build(ctx context.Context, work string) ([]*implementation, error) {
	gobn, err := gotool.Find(o.root)
	if err != nil {
		return nil, err
	}
	if o.lab == "" {
		o.lab = filepath.Join(o.root, "labtests", "src")
	}
	tree, err := labtree.Find(o.lab)
	if err != nil {
		return nil, err
	}
	if o.kv {
		if tree, err = tree.For(labtree.AllKV); err != nil {
			return nil, err
		}
	}
	b := &builder{root: o.root, work: work, gobn: gobn, log: os.Stderr}
	return b.buildAll(ctx, o.impls, tree)
}

func (b *builder) buildAll(ctx context.Context, names []string, tree *labtree.Tree) ([]*implementation, error) {
	var impls []*implementation
	for _, name := range names {
		impl, err := b.build(ctx, name, tree)
		if err != nil {
			return nil, err
		}
		for _, other := range impls {
			if other.Label == impl.Label {
				return nil, fmt.Errorf("-impl %s: %s is there already", name, impl.Label)
			}
		}
		impls = append(impls, impl)
	}
	return impls, nil
}

// runBench measures and reports. What was measured before an interrupt is
// reported too.
func (o *options) runBench(ctx context.Context, impls []*implementation, work string) error {
	matrix := groups(o.quick, o.limit)
	if o.kv {
		matrix = kvGroups(o.limit)
	}
	all, err := only(matrix, o.only)
	if err != nil {
		return err
	}
	d := o.document(impls)
	runs, stopped := measure(ctx, impls, all, o.repeats, work, os.Stderr)
	d.add(all, runs)
	d.head(os.Stdout)
	report(os.Stdout, all, runs, d.Implementations)
	failed := false
	for _, run := range runs {
		if run.Error != "" {
			failed = true
			fmt.Printf("FAILED: %s, %s, repeat %d: %s\n", run.Scenario, run.Implementation, run.Repeat, run.Error)
		}
	}
	return ending(stopped, d.write(o.json), failed)
}

func (o *options) runSuite(ctx context.Context, impls []*implementation, work string) error {
	tests, err := suiteTests(impls, o.only, "all")
	if err != nil {
		return err
	}
	d := o.document(impls)
	var stopped error
	d.SuiteRuns, stopped = measureSuite(ctx, impls, tests, o.repeats, work, os.Stderr)
	d.head(os.Stdout)
	reportSuite(os.Stdout, tests, d.SuiteRuns, d.Implementations)
	failed := false
	for _, run := range d.SuiteRuns {
		if run.Error != "" {
			failed = true
			fmt.Printf("FAILED: %s, %s, repeat %d: %s\n", run.Test, run.Implementation, run.Repeat, run.Error)
		}
	}
	return ending(stopped, d.write(o.json), failed)
}

// ending picks what to tell the caller: an interrupt, a file that could not be
// written, a failure.
func ending(stopped, written error, failed bool) error {
	if err := errors.Join(stopped, written); err != nil {
		return err
	}
	if failed {
		return ErrFailed
	}
	return nil
}
