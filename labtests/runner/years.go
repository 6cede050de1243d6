package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/passes"
	"pontoon.dev/labrun/internal/years"
)

// yearsOptions is what labrun years was asked for.
type yearsOptions struct {
	labs, root, part string
	kv               bool
	real, race       bool
	jobs             int
	verbose          bool
}

// parseYears understands the command line of labrun years.
func parseYears(args []string) (*yearsOptions, error) {
	o := &yearsOptions{}
	flags := flag.NewFlagSet("labrun years", flag.ContinueOnError)
	flags.StringVar(&o.labs, "labs", "", "folder with lab checkouts, of any years")
	flags.StringVar(&o.part, "part", "all", "2A, 2B, 2C, 2D or all, as for labrun test")
	flags.BoolVar(&o.kv, "kv", false, "the key/value lab too, where Pontoon has one: a row of its own for each of its packages")
	flags.BoolVar(&o.real, "real", false, "in real time (default virtual time, but for 2026, which has none)")
	flags.IntVar(&o.jobs, "jobs", 0, "tests of a checkout side by side (default as many as there are processors; in real time 1)")
	flags.BoolVar(&o.race, "race", false, "with go's race detector")
	flags.StringVar(&o.root, "root", "", "Pontoon checkout, as for labrun test")
	flags.BoolVar(&o.verbose, "v", false, "pass on all that is printed")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errSaid
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: the folder with the checkouts is given with -labs", flags.Arg(0))
	case o.jobs < 0:
		return nil, fmt.Errorf("-jobs %d: must be at least 1", o.jobs)
	case o.labs == "":
		return nil, errors.New("which checkouts? Give the folder that holds them with -labs")
	}
	return o, nil
}

// runYears runs the tests of every checkout in a folder, one after another, and
// prints one table.
func runYears(ctx context.Context, args []string) error {
	o, err := parseYears(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.root, err = checkout.Find(o.root); err != nil {
		return err
	}
	found, err := years.Find(o.labs)
	if err != nil {
		return err
	}
	var rows []years.Row
	failed := false
	for _, c := range found {
		for _, part := range o.partsOf(c) {
			row := o.runCheckout(ctx, c, part)
			if ctx.Err() != nil {
				break
			}
			rows = append(rows, row)
			failed = failed || !row.OK()
		}
	}
	if err := years.Write(os.Stdout, rows); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failed:
		return errFailed
	}
	return nil
}

// partsOf returns what to run of a checkout, one package each.
func (o *yearsOptions) partsOf(c years.Checkout) []string {
	parts := []string{o.part}
	if o.kv && c.Tree != nil {
		parts = append(parts, c.Tree.KVParts()...)
	}
	return parts
}

// runCheckout runs a part of one checkout with labrun test.
func (o *yearsOptions) runCheckout(ctx context.Context, c years.Checkout, part string) years.Row {
	row := years.Row{Checkout: c, RPCs: -1}
	if c.Err != nil {
		row.Remark = c.Err.Error()
		return row
	}
	tree, err := c.Tree.For(part)
	if err != nil {
		row.Remark = err.Error()
		return row
	}
	row.Parts = tree.Parts()
	if own, err := tree.Part(part); err == nil && own != "all" {
		row.Parts = []string{own}
	}
	how := ""
	if !o.real && c.Tree.Processes() {
		how = ", in real time: its servers are processes, and there is no virtual time across processes"
	}
	fmt.Fprintf(os.Stderr, "labrun: %d, %s, %s%s\n", c.Tree.Year, c.Dir, strings.Join(row.Parts, " "), how)
	if err := o.runTests(ctx, &row, part); err != nil {
		row.Remark = err.Error()
	}
	return row
}

// runTests runs labrun test, and takes the row from what it writes.
func (o *yearsOptions) runTests(ctx context.Context, row *years.Row, part string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "labrun-years-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	var out, words bytes.Buffer
	cmd := gotool.Command(ctx, o.root, gotool.Environ(), program, o.arguments(row.Checkout, part, file.Name())...)
	cmd.Stdout, cmd.Stderr = &out, &words
	if o.verbose {
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, os.Stdout), io.MultiWriter(&words, os.Stderr)
	}
	err = gotool.Run(ctx, cmd)
	var d passes.Document
	if json.NewDecoder(file).Decode(&d) == nil { // there is none if nothing ran
		row.Take(&d)
	}
	row.Remark = remark(err, *row, words.String())
	if !row.OK() && !o.verbose && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "%s%s", words.String(), lastLines(out.String(), 60))
	}
	return nil
}

// arguments are those of labrun test.
func (o *yearsOptions) arguments(c years.Checkout, part, file string) []string {
	args := []string{"test", "-lab", c.Dir, "-root", o.root, "-part", part, "-json", file}
	real := o.real || c.Tree.Processes()
	jobs := o.jobs
	if jobs == 0 {
		jobs = runtime.NumCPU()
		if real {
			jobs = 1
		}
	}
	args = append(args, "-jobs", strconv.Itoa(jobs))
	for flag, given := range map[string]bool{"-race": o.race, "-real": real, "-v": o.verbose} {
		if given {
			args = append(args, flag)
		}
	}
	return args
}

// remark says why a run is no success, where the numbers do not.
func remark(err error, row years.Row, words string) string {
	var exit *exec.ExitError
	switch {
	case err == nil && row.Passed == 0:
		return "no test ran"
	case err == nil || row.Failed > 0:
		return ""
	case strings.Contains(words, notCompiling):
		return "does not compile: see above"
	case errors.As(err, &exit) && exit.ExitCode() == exitUsage:
		return strings.TrimSpace(strings.TrimPrefix(lastLines(words, 1), "labrun: "))
	}
	return err.Error()
}

func lastLines(text string, n int) string {
	lines := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "") + "\n"
}
