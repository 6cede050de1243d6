package explain_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pontoon.dev/go-shim/trace"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
	"pontoon.dev/labrun/internal/rustlib"
	"pontoon.dev/labrun/internal/virtual"
)

// traced is the embedded lab's tests, compiled to record what happens.
type traced struct {
	t       *testing.T
	program *virtual.Program
}

// outcome is one test's end, and its trace.
type outcome struct {
	virtual.Outcome
	trace *trace.Trace
	found []explain.Finding
}

// compile puts a Raft into the embedded tree; feature is of the Rust library, if
// that is linked; tests are those that clean runs, none is all.
func compile(t *testing.T, raft overlay.Raft, feature string, tests ...string) *traced {
	t.Helper()
	return compileIn(t, raft, feature, "labtests/src", false, tests...)
}

func compileIn(t *testing.T, raft overlay.Raft, feature, lab string, real bool, tests ...string) *traced {
	t.Helper()
	ctx := context.Background()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := checkout.Find("")
	try(err)
	goPath, err := gotool.Find(root)
	try(err)
	tree, err := labtree.Find(filepath.Join(root, lab))
	try(err)
	work := t.TempDir()
	plan, err := overlay.New(tree, overlay.Options{Shim: filepath.Join(root, "go-shim"), Work: work, Raft: raft, Trace: true})
	try(err)
	all, err := plan.Tree.Select("all", "")
	try(err)
	if len(tests) == 0 {
		tests = all.Names
	}
	if real {
		entry, err := virtual.ProbeFile(plan.Name)
		try(err)
		try(plan.Add(virtual.ProbeName, entry))
	} else {
		entry, err := virtual.Entry(plan.Name, all.Names)
		try(err)
		try(plan.Add(virtual.EntryName, entry))
		try(plan.Pace())
	}
	try(plan.Write())
	settings, flags := plan.Env(), plan.Flags()
	if plan.Library() {
		library, err := rustlib.Build(ctx, root, rustlib.Options{Feature: feature, Log: os.Stderr})
		try(err)
		settings, flags = append(settings, library.Env()...), append(flags, library.Flags()...)
	}
	env := gotool.Environ(append(settings, "GOTOOLCHAIN=local")...)
	_, err = plan.Verify(ctx, goPath, env, flags)
	try(err)
	program, err := virtual.Compile(ctx, virtual.Job{
		Go: goPath, Dir: plan.Dir, Env: env, Flags: flags, Work: work,
		Tests: tests, Real: real, Wall: 10 * time.Minute, Limit: 10 * time.Minute, Out: io.Discard, Err: os.Stderr,
	})
	try(err)
	return &traced{t, program}
}

// once runs a test, and explains its trace.
func (c *traced) once(test string, settings ...string) outcome {
	c.t.Helper()
	dir, err := os.MkdirTemp(c.program.Work, "trace-")
	if err != nil {
		c.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	o := outcome{Outcome: c.program.Once(context.Background(), test, append(settings, trace.DirEnv+"="+dir)...)}
	if o.trace, err = trace.Read(dir); err != nil {
		c.t.Fatalf("%s (%s) left no trace: %v\n%s", test, o.How(), err, o.Output)
	}
	o.found = explain.Of(o.trace)
	c.keep(dir, o)
	return o
}

// passes is how often to run everything: more with EXPLAIN_PASSES set.
func passes() int {
	n, err := strconv.Atoi(os.Getenv("EXPLAIN_PASSES"))
	if err != nil {
		return 1
	}
	return n
}

// some are the tests to run without EXPLAIN_PASSES: those that take little
// and in which much happens. nil is all.
func some() []string {
	if os.Getenv("EXPLAIN_PASSES") != "" {
		return nil
	}
	return []string{"TestManyElections2A", "TestRejoin2B", "TestBackup2B", "TestPersist12C", "TestUnreliableAgree2C", "TestSnapshotInstallUnCrash2D", "TestSnapshotAllCrash2D"}
}

// text is what labrun explain prints.
func text(o outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n", o.Test, o.How(), o.Why())
	explain.Write(&b, o.trace, o.found)
	return b.String()
}

// clean runs a Raft that is right: nothing is to be found.
func (c *traced) clean(settings ...string) {
	events, tests := 0, 0
	for range passes() {
		for _, test := range c.program.Tests {
			o := c.once(test, settings...)
			tests, events = tests+1, events+len(o.trace.Events)
			if len(o.found) > 0 || o.How() != virtual.Pass {
				c.t.Error(text(o))
			}
		}
	}
	c.t.Logf("%d tests, %d events", tests, events)
}

// keep copies a trace that says something to the directory EXPLAIN_KEEP, to look
// into.
func (c *traced) keep(dir string, o outcome) {
	keep := os.Getenv("EXPLAIN_KEEP")
	if keep == "" || len(o.found) == 0 && o.How() == virtual.Pass {
		return
	}
	if err := os.CopyFS(filepath.Join(keep, o.Test+"-"+filepath.Base(dir)), os.DirFS(dir)); err != nil {
		c.t.Error(err)
	}
}

// textbook is labrun bench's Raft with more files, and with edits: pairs of what
// is there once, and what to put in its place.
func textbook(t *testing.T, more map[string]string, edits ...string) overlay.Raft {
	t.Helper()
	paths, err := filepath.Glob("../bench/_textbook/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	texts := maps.Clone(more)
	if texts == nil {
		texts = map[string]string{}
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); name != "api_tester1.go" {
			texts[name] = string(text)
		}
	}
	for i := 0; i < len(edits); i += 2 {
		times := 0
		for name, text := range texts {
			times += strings.Count(text, edits[i])
			texts[name] = strings.Replace(text, edits[i], edits[i+1], 1)
		}
		if times != 1 {
			t.Fatalf("%q is %d times in the textbook Raft", edits[i], times)
		}
	}
	return overlay.RaftOfFiles("the textbook", texts)
}
