package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"

	"pontoon.dev/labrun/internal/explain"
)

// keptTraces reads what -trace has left in a directory, by name.
func keptTraces(t *testing.T, dir string) map[string]*trace.Trace {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.trace*"))
	if err != nil {
		t.Fatal(err)
	}
	traces := map[string]*trace.Trace{}
	for _, file := range files {
		if traces[filepath.Base(file)], err = trace.Read(file); err != nil {
			t.Fatal(err)
		}
	}
	return traces
}

// missingKinds are the kinds of events that no trace has.
func missingKinds(t *testing.T, traces map[string]*trace.Trace, want ...trace.Kind) (missing []trace.Kind) {
	t.Helper()
	for _, kind := range want {
		found := false
		for _, tr := range traces {
			found = found || slices.ContainsFunc(tr.Events, func(e trace.Event) bool { return e.Kind == kind })
		}
		if !found {
			missing = append(missing, kind)
		}
	}
	return missing
}

// noFindings checks that nothing is found in traces of tests that passed.
func noFindings(t *testing.T, traces map[string]*trace.Trace) {
	t.Helper()
	for name, tr := range traces {
		for _, f := range explain.Of(tr) {
			t.Errorf("%s passed, and %s is found in it: %s", name, f.Rule.ID, f.Because)
		}
	}
}

// The first year's harness has other messages and no labgob; Pontoon tells of
// itself what the hooks cannot see.
func TestTraceOfPontoonIn2017(t *testing.T) {
	l, dir := newLab(t, 2017, nil), t.TempDir()
	code, out, words := l.run(nil, "-trace", dir)
	traces := keptTraces(t, dir)
	if code != 0 || len(traces) != 3 {
		t.Fatalf("exit code %d, %d traces\n%s%s", code, len(traces), out, words)
	}
	missing := missingKinds(t, traces, trace.Run, trace.TestStart, trace.TestEnd, trace.Make, trace.Kill, trace.Link, trace.Propose, trace.State,
		trace.Receive, trace.Send, trace.Handle, trace.Reply, trace.Return, trace.Lost, trace.Vote, trace.Append, trace.Commit, trace.Apply)
	if len(missing) > 0 {
		t.Errorf("there is no event of %v", missing)
	}
	noFindings(t, traces)
}

// Where servers are processes, a message is told of by its sender alone, and
// labrun says so.
func TestTraceOfProcesses(t *testing.T) {
	l, dir := newLab(t, 2026, nil), t.TempDir()
	code, out, words := l.run(nil, "-part", "2A", "-trace", dir)
	traces := keptTraces(t, dir)
	if code != 0 || len(traces) != 1 || strings.Count(words, "because servers are processes") != 1 {
		t.Fatalf("exit code %d, %d traces\n%s%s", code, len(traces), out, words)
	}
	if missing := missingKinds(t, traces, trace.TestStart, trace.TestEnd, trace.Make, trace.State, trace.Send, trace.Reply, trace.Return); len(missing) > 0 {
		t.Errorf("there is no event of %v", missing)
	}
	calls := map[uint64]int{}
	for _, tr := range traces {
		for _, e := range tr.Events {
			switch e.Kind {
			case trace.Handle, trace.Link:
				t.Errorf("%v is recorded", e.Kind)
			case trace.Send:
				calls[e.Message.ID]++
			}
		}
	}
	for id, n := range calls {
		if n > 1 {
			t.Errorf("%d messages have the number %d", n, id)
		}
	}
	noFindings(t, traces)
}
