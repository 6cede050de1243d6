package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/passes"
)

// What -trace may be, other than a directory.
const (
	traceAuto = "auto"
	traceOff  = "off"
)

// traced reports whether the runs are recorded. With the race detector they are
// not unless asked for: the recorder's lock would put accesses in an order that
// the Raft does not.
func (o *options) traced() bool {
	return !o.plain() && o.trace != traceOff && (!o.race || o.given["trace"])
}

// tracer records each run in a directory of its own, and keeps those of failed
// runs, with a page for each.
type tracer struct {
	ctx       context.Context // after whose end nothing is explained
	recording string          // where runs that go on record
	keeper    *passes.Keeper
	all       bool // keep those of passed tests too
	title     string
	pages     atomic.Int32
}

// mostPages is how many pages are written by themselves: labrun explain -html
// writes those of other traces.
const mostPages = 20

// mostExplained is the size, in bytes, of a trace that is not looked into at
// once: that of a test which never rests takes minutes.
const mostExplained = 16 << 20

// newTracer makes the directory that runs record in, beside where their traces
// will be: they are moved there.
func (s *session) newTracer(ctx context.Context, keeper *passes.Keeper) (*tracer, error) {
	t := &tracer{ctx: ctx, keeper: keeper, title: s.overlay.Raft.Label()}
	parent := s.work
	switch {
	case s.trace != traceAuto:
		t.all, t.keeper, parent = true, &passes.Keeper{Dir: s.trace, Warn: keeper.Warn}, s.trace
	case s.out != "":
		parent = s.out
	}
	var err error
	t.recording, err = os.MkdirTemp(parent, "labrun-recording-")
	return t, err
}

func (t *tracer) close() { _ = os.RemoveAll(t.recording) }

// Begin is of passes.Tracer.
func (t *tracer) Begin(test string, pass int) []string {
	dir := filepath.Join(t.recording, passes.Base(test, pass))
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil
	}
	return []string{trace.DirEnv + "=" + dir}
}

// End is of passes.Tracer.
func (t *tracer) End(run *passes.Run) {
	dir := filepath.Join(t.recording, run.Base())
	defer os.RemoveAll(dir)
	if !run.Failed() && !t.all {
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"+trace.Extension))
	if err != nil || len(files) == 0 {
		return
	}
	for _, file := range files {
		_ = trace.Trim(file) // one that cannot be read is explained below
	}
	// What the processes of one test recorded stays together.
	from, to := files[0], run.Base()+trace.Extension
	if len(files) > 1 {
		from, to = dir, run.Base()+".traces"
	}
	path := t.keeper.Path(to)
	if path == "" {
		return
	}
	_ = os.RemoveAll(path) // of an earlier labrun that was told the same directory
	if err := os.Rename(from, path); err != nil {
		run.Explained = []string{fmt.Sprintf("its trace could not be kept: %v", err)}
		return
	}
	run.Trace = path
	switch {
	case !run.Failed() || t.ctx.Err() != nil:
	case size(path) > mostExplained:
		run.Explained = []string{fmt.Sprintf("Its trace has %d MB, which takes a while to read: labrun explain says what it shows.", size(path)>>20)}
	default:
		t.explain(run)
	}
}

// size is that of a trace, in bytes.
func size(path string) int64 {
	var sum int64
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// explain looks for what went wrong in a failed run's trace.
func (t *tracer) explain(run *passes.Run) {
	recorded, err := trace.Read(run.Trace)
	if err != nil {
		run.Explained = []string{fmt.Sprintf("its trace could not be read: %v", err)}
		return
	}
	addFailure(recorded, run.Failure.Text)
	found := explain.Of(recorded)
	if len(found) > 0 {
		run.Finding = fmt.Sprintf("%s (%s): %s", found[0].Rule.Title, found[0].Rule.Section, found[0].Because)
	}
	var text bytes.Buffer
	explain.Write(&text, recorded, found)
	run.Explained = strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	if t.pages.Add(1) > mostPages {
		return
	}
	page := strings.TrimSuffix(run.Trace, filepath.Ext(run.Trace)) + ".html"
	if err := writePage(page, recorded, found, fmt.Sprintf("%s, pass %d, %s", run.Test, run.Pass, t.title)); err == nil {
		run.Page = page
	}
}

// addFailure adds what the test found wrong, if the trace does not tell: of a
// process that has ended, for instance, only labrun knows.
func addFailure(t *trace.Trace, text string) {
	last := len(t.Events) - 1
	if last < 0 {
		return
	}
	for _, e := range t.Events {
		if e.Kind == trace.Failure {
			return
		}
	}
	t.Events = append(t.Events, trace.Event{At: t.Events[last].At, Server: trace.None, Peer: trace.None, Kind: trace.Failure, Text: text})
}

// checkTrace makes sure that -trace's directory can be used.
func (o *options) checkTrace(tree *labtree.Tree) error {
	if o.trace == traceAuto || o.trace == traceOff {
		return nil
	}
	dir, err := outside(tree, "-trace", o.trace)
	o.trace = dir
	return err
}
