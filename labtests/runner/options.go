package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
)

// options is what labrun test was asked for.
type options struct {
	lab, root    string
	part, run    string
	keep, impl   string
	count, jobs  int
	race         bool
	virtual      bool // insisted on
	real         bool
	json, out    string
	trace        string
	given        map[string]bool // flags
	args         []string
	verbose      bool
	timeout      time.Duration
	lib          string
	cargoFeature string
}

// Limits of time, where the user has set none. A whole suite takes five minutes
// in real time; in virtual time no test takes one.
const (
	realTimeout    = 20 * time.Minute // of one pass, or of one test in a process of its own
	virtualTimeout = 3 * time.Minute  // of one test, in wall time
	virtualLimit   = 10 * time.Minute // of one test, in virtual time: what go test gives
)

func parseOptions(args []string) (*options, error) {
	o := &options{args: args, given: map[string]bool{}}
	flags := flag.NewFlagSet("labrun test", flag.ContinueOnError)
	flags.StringVar(&o.lab, "lab", "", "lab checkout: its root, its src, or src/raft (default Pontoon's own lab tree)")
	flags.StringVar(&o.part, "part", "", "2A, 2B, 2C, 2D or all; a 2024 tree's 3A to 3D too; 3A or 3B of the key/value lab, 4A or 4B in 2024, or kv for both; since 2025 4A or rsm for package rsm, 4B, 4C or kv for package kvraft1 (default all of Raft, or whatever -run matches)")
	flags.StringVar(&o.keep, "keep", "", "kvraft: with a part of the key/value lab, keep the checkout's own key/value service, and rsm, and replace only the Raft below it")
	flags.StringVar(&o.impl, "impl", overlay.Pontoon, "whose Raft: pontoon; own, the checkout's, in a checkout that stays as it is; etcd or hashicorp, the well-known ones in Go; or the directory of any other package raft in Go with the lab's interface")
	flags.StringVar(&o.run, "run", "", "only tests whose names match this regular expression")
	flags.IntVar(&o.count, "count", 1, "run the tests this many times")
	flags.BoolVar(&o.race, "race", false, "with go's race detector")
	flags.BoolVar(&o.real, "real", false, "in real time; one pass of it, and nothing else asked for, is the lab's own go test")
	flags.BoolVar(&o.virtual, "virtual", false, "in virtual time, which is the default but for 2026, where there is none: insist on it")
	flags.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "tests side by side, each in a process of its own")
	flags.DurationVar(&o.timeout, "timeout", 0, "limit in wall time (default 3m for each test, in real time 20m)")
	flags.StringVar(&o.json, "json", "", "write what came of it to this file as JSON, - for standard output")
	flags.StringVar(&o.out, "out", "", "directory for the logs of failed tests (default a new one in $TMPDIR)")
	flags.StringVar(&o.trace, "trace", traceAuto, "auto: record what each test does, and keep and explain the traces of those that fail; off; or a directory for the traces of all")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout (default $PONTOON_ROOT, or looked for upwards of the working directory and of labrun)")
	flags.StringVar(&o.lib, "lib", "static", "how the Rust library is linked: static or shared")
	flags.StringVar(&o.cargoFeature, "cargo-feature", "", "build the Rust library with this feature, apart from the normal build")
	flags.BoolVar(&o.verbose, "v", false, "say what is run, and print go test's own lines")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errSaid
	}
	flags.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	return o, o.check(flags)
}

// check says what is wrong with the command line.
func (o *options) check(flags *flag.FlagSet) error {
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: the lab's directory is given with -lab", flags.Arg(0))
	case o.count < 1:
		return fmt.Errorf("-count %d: must be at least 1", o.count)
	case o.jobs < 1:
		return fmt.Errorf("-jobs %d: must be at least 1", o.jobs)
	case o.real && o.virtual:
		return errors.New("-real and -virtual: choose one, or neither")
	case o.given["json"] && o.json == "":
		return errors.New("-json needs a file to write to, or - for standard output")
	case o.trace == "":
		return errors.New("-trace needs auto, off or a directory")
	case o.timeout < 0:
		return fmt.Errorf("-timeout %v: must not be negative", o.timeout)
	case o.keep != "" && o.keep != "kvraft":
		return fmt.Errorf("-keep %q: kvraft is all that can be kept", o.keep)
	case o.impl != overlay.Pontoon && (o.cargoFeature != "" || o.lib != "static"):
		return fmt.Errorf("-impl %s: has no Rust library for -lib or -cargo-feature to tell of: leave them out", o.impl)
	case o.lib != "static" && o.lib != "shared":
		return fmt.Errorf("-lib %q: must be static or shared", o.lib)
	}
	return nil
}

// plain tells that what is wanted is one pass of the lab's own go test.
func (o *options) plain() bool {
	return o.real && o.count == 1 && !o.given["jobs"] && !o.given["json"] && !o.given["out"] && !o.given["trace"]
}

// prepare makes sure, before anything takes time, that results can be written:
// outside of the tree.
func (o *options) prepare(tree *labtree.Tree) error {
	if o.json != "" && o.json != "-" {
		file, err := os.OpenFile(o.json, os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return fmt.Errorf("-json: %w", err)
		}
		if err := file.Close(); err != nil {
			return fmt.Errorf("-json: %w", err)
		}
	}
	if err := o.checkTrace(tree); err != nil || o.out == "" {
		return err
	}
	dir, err := outside(tree, "-out", o.out)
	o.out = dir
	return err
}

// outside makes a directory that a flag names, unless it lies inside the tree,
// and returns its real path.
func outside(tree *labtree.Tree, flag, name string) (string, error) {
	dir, err := realPath(name)
	if err == nil && inside(tree, dir) {
		return "", fmt.Errorf("%s %s lies inside the lab tree, which labrun does not write to: give a directory elsewhere", flag, name)
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return dir, nil
}

// realPath is the path without symbolic links of a file that need not exist.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for dir, rest := abs, ""; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return "", err
		}
	}
}
