package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/checkout"
)

var (
	// ErrSaid means that the user has been told what is wrong with the arguments.
	ErrSaid = errors.New("the user has been told")
	// ErrSurvived means that no suite noticed some mutant.
	ErrSurvived = errors.New("a mutant survived everything")
)

var suiteNames = []string{"paper", "sim", "lab"}

// options is what labrun mutants was asked for.
type options struct {
	root, only, json            string
	suites                      []string
	passes, seeds, ranges, jobs int
	wall                        time.Duration
	markdown                    bool
}

func parseOptions(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("labrun mutants", flag.ContinueOnError)
	suites := flags.String("suites", strings.Join(suiteNames, ","), "which tests to try: some of these, with commas")
	flags.StringVar(&o.only, "only", "", "only these mutants, with commas (default all of "+source+")")
	flags.IntVar(&o.passes, "passes", 3, "lab: whole passes over its tests before a mutant has survived")
	flags.DurationVar(&o.wall, "wall", 3*time.Minute, "limit of one lab pass, one range of seeds, or the paper tests, in wall time; exceeding it is a kill by hanging")
	flags.IntVar(&o.seeds, "seeds", 2000, "sim: seeds of a range before a mutant has survived it")
	flags.IntVar(&o.ranges, "ranges", 5, "sim: ranges of seeds, of which medians are taken")
	flags.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "lab: tests side by side")
	flags.BoolVar(&o.markdown, "markdown", false, "print the table as docs/mutants.md has it")
	flags.StringVar(&o.json, "json", "", "write all results to this file")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout (default as in labrun test)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, ErrSaid
	}
	o.suites = strings.Split(*suites, ",")
	for _, name := range o.suites {
		if !slices.Contains(suiteNames, name) {
			return nil, fmt.Errorf("-suites %q: say some of %s", name, strings.Join(suiteNames, ","))
		}
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: mutants are given with -only", flags.Arg(0))
	}
	if min(o.passes, o.seeds, o.ranges, o.jobs) < 1 || o.wall <= 0 {
		return nil, errors.New("-passes, -seeds, -ranges, -jobs and -wall must be positive")
	}
	return o, nil
}

// Command is labrun mutants.
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
	all, err := List(o.root)
	if err != nil {
		return err
	}
	if all, err = pick(all, o.only); err != nil {
		return err
	}
	tested := commit(ctx, o.root) // before anybody changes the checkout
	work, err := os.MkdirTemp("", "labrun-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return err
	}
	suites, err := o.build(ctx, work)
	if err != nil {
		return err
	}
	rows, stopped := o.tryAll(ctx, all, suites)
	if o.markdown {
		writeMarkdown(os.Stdout, rows, o, tested, args)
	} else {
		writeText(os.Stdout, rows, o)
	}
	if err := errors.Join(stopped, writeJSON(o.json, rows)); err != nil {
		return err
	}
	if slices.ContainsFunc(rows, Row.survived) {
		return ErrSurvived
	}
	return nil
}

// build compiles each suite once, and makes sure that it passes as it is:
// otherwise its failures would say nothing about mutants.
func (o *options) build(ctx context.Context, work string) (map[string]suite, error) {
	suites := map[string]suite{}
	for _, name := range o.suites {
		fmt.Fprintf(os.Stderr, "labrun: building %s\n", name)
		var s suite
		var program string
		var err error
		switch name {
		case "paper":
			program, err = cargoBuild(ctx, o.root, "mutants", "test", "--no-run", "-p", "pontoon-core", "--test", "mutants")
			s = &paper{root: o.root, program: program, limit: o.wall}
		case "sim":
			program, err = cargoBuild(ctx, o.root, "pontoon-sim", "build", "--release", "-p", "pontoon-sim")
			s = &simulator{root: o.root, program: program, seeds: o.seeds, ranges: o.ranges, limit: o.wall}
		case "lab":
			s, err = newLab(ctx, o, work)
		}
		if err != nil {
			return nil, err
		}
		result, err := s.try(ctx, "")
		if err != nil {
			return nil, err
		}
		if result.Killed || result.Own != "" {
			return nil, fmt.Errorf("%s fails without any mutant (%s %s %s): what it says about mutants would mean nothing", name, result.By, result.Own, result.Reason)
		}
		fmt.Fprintf(os.Stderr, "labrun: %s passes without a bug, in %.1f s of processor time\n", name, result.Seconds)
		suites[name] = s
	}
	return suites, nil
}

// tryAll returns the rows that are complete, should ctx end.
func (o *options) tryAll(ctx context.Context, all []Mutant, suites map[string]suite) ([]Row, error) {
	var rows []Row
	for i, m := range all {
		row := Row{Mutant: m, Suites: map[string]Result{}}
		for _, name := range o.suites {
			result, err := suites[name].try(ctx, m.Name)
			if err != nil {
				return rows, err
			}
			row.Suites[name] = result
			fmt.Fprintf(os.Stderr, "[%d/%d] %s, %s: %s\n", i+1, len(all), m.Name, name, cell(name, m.Name, result))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func writeJSON(file string, rows []Row) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(rows, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o666)
}
