package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/compare"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
)

// comparison is what labrun compare was asked for.
type comparison struct {
	lab, root, run   string
	html, json, from string
	impls, parts     []string
	repeats          int
	quick            bool
	limit            time.Duration
}

const compareHelp = `usage: labrun compare [flags]

Runs the lab's tests and a bench on several Rafts, taking turns, and prints what
each of them came to: as text, and on request as JSON and as a page with plots.
What is measured three times over: the lab's tests; a number of commands
outstanding behind the lab interface; and the same without the lab, each Raft on
its own transport in memory.

Implementations are pontoon, etcd, hashicorp, textbook, own (the Raft of the tree
given with -lab) or the directory of another lab tree. The first is held against
the others. It is an error if that one fails a test, but not if another does.

`

func parseComparison(args []string) (*comparison, error) {
	o := &comparison{}
	flags := flag.NewFlagSet("labrun compare", flag.ContinueOnError)
	impl := flags.String("impl", strings.Join([]string{pontoon, etcd, hashi}, ","), "implementations, with commas between them")
	part := flags.String("part", "2A,2B", "parts of the lab, with commas between them, or all")
	flags.StringVar(&o.lab, "lab", "", "lab checkout to measure in (default Pontoon's own lab tree)")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout (default as in labrun test)")
	flags.StringVar(&o.run, "run", "", "only tests whose names match this regular expression (default all but those that begin with TestHard, which are Pontoon's own)")
	flags.IntVar(&o.repeats, "repeats", 0, "runs of everything, of which medians are taken (default 3; with -quick 1)")
	flags.BoolVar(&o.quick, "quick", false, "a few tests, and fewer commands: a minute")
	flags.StringVar(&o.html, "html", "", "write the page to this file")
	flags.StringVar(&o.json, "json", "", "write the document to this file")
	flags.StringVar(&o.from, "from", "", "measure nothing, but show the document in this file, which -json wrote")
	flags.DurationVar(&o.limit, "limit", 0, "what a bench run may take; after that what was reached counts (default 20s; with -quick 5s)")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), compareHelp)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, ErrSaid
	}
	o.impls, o.parts = split(*impl), split(*part)
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: implementations are given with -impl", flags.Arg(0))
	case o.repeats < 0:
		return nil, fmt.Errorf("-repeats %d: must be at least 1", o.repeats)
	case o.limit < 0:
		return nil, fmt.Errorf("-limit %v: must not be negative", o.limit)
	case len(o.impls) == 0:
		return nil, errors.New("-impl is empty: name at least one implementation, such as pontoon")
	case len(o.parts) == 0:
		return nil, errors.New("-part is empty: say 2A, 2B, 2C, 2D or all")
	}
	o.defaults()
	return o, nil
}

func split(list string) []string {
	var items []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

const (
	notHard    = `^Test([^H]|H[^a])` // Go's expressions cannot say "not TestHard"
	quickTests = `^Test(InitialElection|BasicAgree|ConcurrentStarts)`
)

func (o *comparison) defaults() {
	if o.run == "" {
		o.run = notHard
		if o.quick {
			o.run = quickTests
		}
	}
	if o.repeats == 0 {
		o.repeats = 3
		if o.quick {
			o.repeats = 1
		}
	}
	if o.limit == 0 {
		o.limit = 20 * time.Second
		if o.quick {
			o.limit = 5 * time.Second
		}
	}
	if slices.Contains(o.parts, "all") {
		o.parts = []string{"all"}
	}
}

// Compare is labrun compare.
func Compare(ctx context.Context, args []string) error {
	o, err := parseComparison(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	var d *compare.Document
	if o.from != "" {
		d, err = compare.Read(o.from)
	} else {
		d, err = o.measure(ctx)
	}
	if d == nil {
		return err
	}
	d.Text(os.Stdout)
	if o.json != "" {
		err = errors.Join(err, d.Write(o.json))
	}
	if o.html != "" {
		err = errors.Join(err, writeTo(o.html, d.HTML))
	}
	return ending(err, nil, o.from == "" && failedFirst(d))
}

func writeTo(file string, write func(io.Writer) error) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(write(out), out.Close())
}

// failedFirst tells whether the first implementation failed anything, and says so.
func failedFirst(d *compare.Document) bool {
	failed := false
	for _, s := range d.Sections {
		for _, r := range s.Rows {
			if c := r.Cells[0]; c.Failure != "" {
				failed = true
				fmt.Printf("FAILED: %s, %s: %s\n", d.Implementations[0].Name, r.Name, c.Failure)
			}
		}
	}
	return failed
}

// measure does everything. What was measured before an interrupt is in the
// document too.
func (o *comparison) measure(ctx context.Context) (*compare.Document, error) {
	var err error
	if o.root, err = checkout.Find(o.root); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "labrun-compare-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return nil, err
	}
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
	b := &builder{root: o.root, work: work, gobn: gobn, log: os.Stderr}
	impls, err := b.buildAll(ctx, o.impls, tree)
	if err != nil {
		return nil, err
	}
	tests, err := suiteTests(impls, o.run, o.parts...)
	if err != nil {
		return nil, err
	}
	direct, err := b.buildDirect(ctx, o.impls)
	if err != nil {
		return nil, err
	}

	d := &compare.Document{
		Format: compare.Format, Started: time.Now().UTC(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Repeats: o.repeats, Quick: o.quick,
	}
	var labels []string
	for i, impl := range impls {
		labels = append(labels, impl.Label)
		d.Implementations = append(d.Implementations, compare.Implementation{Name: impl.Label, About: about(o.impls[i])})
	}
	scenarios := outstandingGroups(o.quick, o.limit)
	labRuns, err := measure(ctx, impls, scenarios, o.repeats, work, os.Stderr)
	d.Sections = append(d.Sections, labSection(scenarios[0].Scenarios, labRuns, labels))
	if err == nil {
		var runs []directRun
		runs, err = measureDirect(ctx, direct, scenarios[0].Scenarios, o, work)
		d.Sections = append(d.Sections, directSection(scenarios[0].Scenarios, runs, labels))
	}
	if err == nil {
		var runs []SuiteRun
		runs, err = measureSuite(ctx, impls, tests, o.repeats, work, os.Stderr)
		d.Sections = append(d.Sections, testSection(tests, runs, labels))
	}
	return d, err
}
