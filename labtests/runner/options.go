package main

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"time"

	"pontoon.dev/labrun/internal/overlay"
)

// options is what labrun test was asked for.
type options struct {
	lab, root    string
	part, run    string
	keep, impl   string
	count, jobs  int
	race         bool
	virtual      bool
	verbose      bool
	timeout      time.Duration
	lib          string
	cargoFeature string
}

// Limits of time, where the user has set none. A whole suite takes five minutes
// in real time; in virtual time no test takes one.
const (
	realTimeout    = 20 * time.Minute // of one pass
	virtualTimeout = 3 * time.Minute  // of one test, in wall time
	virtualLimit   = 10 * time.Minute // of one test, in virtual time: what go test gives
)

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("labrun test", flag.ContinueOnError)
	flags.StringVar(&o.lab, "lab", "", "lab checkout: its root, its src, or src/raft (default Pontoon's own lab tree)")
	flags.StringVar(&o.part, "part", "", "2A, 2B, 2C, 2D or all; a 2024 tree's 3A to 3D too; 3A or 3B of the key/value lab, 4A or 4B in 2024, or kv for both; since 2025 4A or rsm for package rsm, 4B, 4C or kv for package kvraft1 (default all of Raft, or whatever -run matches)")
	flags.StringVar(&o.keep, "keep", "", "kvraft: with a part of the key/value lab, keep the checkout's own key/value service, and rsm, and replace only the Raft below it")
	flags.StringVar(&o.impl, "impl", overlay.Pontoon, "whose Raft: pontoon; own, the checkout's, in a checkout that stays as it is; etcd or hashicorp, the well-known ones in Go; or the directory of any other package raft in Go with the lab's interface")
	flags.StringVar(&o.run, "run", "", "only tests whose names match this regular expression")
	flags.IntVar(&o.count, "count", 1, "run the tests this many times")
	flags.BoolVar(&o.race, "race", false, "with go's race detector")
	flags.BoolVar(&o.virtual, "virtual", false, "in virtual time, each test in a process of its own")
	flags.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "with -virtual: tests side by side")
	flags.DurationVar(&o.timeout, "timeout", 0, "limit in wall time (default 20m for each pass; with -virtual 3m for each test)")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout (default $PONTOON_ROOT, or looked for upwards of the working directory and of labrun)")
	flags.StringVar(&o.lib, "lib", "static", "how the Rust library is linked: static or shared")
	flags.StringVar(&o.cargoFeature, "cargo-feature", "", "build the Rust library with this feature, apart from the normal build")
	flags.BoolVar(&o.verbose, "v", false, "say what is run, and print go test's own lines")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errSaid
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: the lab's directory is given with -lab", flags.Arg(0))
	case o.count < 1:
		return nil, fmt.Errorf("-count %d: must be at least 1", o.count)
	case o.jobs < 1:
		return nil, fmt.Errorf("-jobs %d: must be at least 1", o.jobs)
	case o.timeout < 0:
		return nil, fmt.Errorf("-timeout %v: must not be negative", o.timeout)
	case o.keep != "" && o.keep != "kvraft":
		return nil, fmt.Errorf("-keep %q: kvraft is all that can be kept", o.keep)
	case o.impl != overlay.Pontoon && (o.cargoFeature != "" || o.lib != "static"):
		return nil, fmt.Errorf("-impl %s: has no Rust library for -lib or -cargo-feature to tell of: leave them out", o.impl)
	case o.lib != "static" && o.lib != "shared":
		return nil, fmt.Errorf("-lib %q: must be static or shared", o.lib)
	}
	return o, nil
}
