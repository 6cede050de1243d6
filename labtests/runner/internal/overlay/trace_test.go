package overlay

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pontoon.dev/go-shim/trace"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/virtual"
)

// textbookOf is labrun bench's Raft as a student of the tree's year would have it.
func textbookOf(t *testing.T, tree *labtree.Tree) Raft {
	t.Helper()
	paths, err := filepath.Glob("../bench/_textbook/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if name == "api_classic.go" && tree.Year >= 2025 || name == "api_tester1.go" && tree.Year < 2025 {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		imports := `"`
		if tree.Import != "" {
			imports += tree.Import + "/"
		}
		texts[name] = strings.ReplaceAll(string(text), `"6.5840/`, imports)
	}
	return RaftOfFiles("the textbook", texts)
}

// traced runs the tests of a tree in virtual time, and returns the trace of each.
func traced(t *testing.T, o *Overlay, flags ...string) map[string]*trace.Trace {
	t.Helper()
	var names []string
	for _, test := range o.Tree.Tests {
		names = append(names, test.Name)
	}
	entry, err := virtual.Entry(o.Name, names)
	if err == nil {
		err = o.Add(virtual.EntryName, entry)
	}
	if err == nil {
		err = o.Pace()
	}
	if err == nil {
		err = o.Write()
	}
	if err != nil {
		t.Fatal(err)
	}
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	env := gotool.Environ(append(o.Env(), "GOTOOLCHAIN=local")...)
	flags = append(o.Flags(), flags...)
	ctx := context.Background()
	if _, err := o.Verify(ctx, goPath, env, flags); err != nil {
		t.Fatal(err)
	}
	program, err := virtual.Compile(ctx, virtual.Job{
		Go: goPath, Dir: o.Dir, Env: env, Flags: flags, Work: o.Work,
		Tests: names, Jobs: 2, Wall: 5 * time.Minute, Limit: 10 * time.Minute, Out: io.Discard, Err: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program.Run(ctx, []string{trace.DirEnv + "=" + dir}, func(e virtual.Outcome) bool {
		if e.How() != "pass" {
			t.Errorf("%s: %s, %s\n%s", e.Test, e.How(), e.Why(), e.Output)
		}
		return true
	})
	files, err := filepath.Glob(filepath.Join(dir, "*"+trace.Extension))
	if err != nil || len(files) != len(names) {
		t.Fatalf("%d tests left %d traces (%v)", len(names), len(files), err)
	}
	traces := map[string]*trace.Trace{}
	for _, file := range files {
		tr, err := trace.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range tr.Events {
			if e.Kind == trace.TestStart {
				traces[e.Text] = tr
			}
		}
	}
	return traces
}

func counts(tr *trace.Trace) map[trace.Kind]int {
	n := map[trace.Kind]int{}
	for _, e := range tr.Events {
		n[e.Kind]++
	}
	return n
}

// In every year a trace says who was made, what was sent and received.
func TestTraceEachYear(t *testing.T) {
	for _, year := range []int{2018, 2020, 2021, 2022, 2023, 2024, 2025} {
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			tree := lab(t, year, false)
			o := planWith(t, tree, Options{Raft: textbookOf(t, tree), Trace: true})
			if len(o.Untraced) > 0 {
				t.Errorf("not traced: %q", o.Untraced)
			}
			traces := traced(t, o)
			all := map[trace.Kind]int{}
			for _, test := range o.Tree.Tests {
				tr := traces[test.Name]
				if tr == nil {
					t.Errorf("%s has no trace", test.Name)
					continue
				}
				n := counts(tr)
				for kind := range n {
					all[kind] += n[kind]
				}
				if first := tr.Events[0]; first.Kind != trace.Run || first.Index != 3 || first.Text != "the Raft of the textbook" || tr.Events[1].Kind != trace.TestStart {
					t.Errorf("%s begins with %+v", test.Name, first)
				}
				if n[trace.TestEnd] != 1 || n[trace.Failure] != 0 || !endsWell(tr) {
					t.Errorf("%s does not end well", test.Name)
				}
			}
			for _, kind := range []trace.Kind{trace.Make, trace.Kill, trace.Link, trace.Propose, trace.State, trace.Receive, trace.Send, trace.Handle, trace.Reply, trace.Return, trace.Lost} {
				if all[kind] < 3 {
					t.Errorf("%d events of kind %v", all[kind], kind)
				}
			}
		})
	}
}

func endsWell(tr *trace.Trace) bool {
	for _, e := range tr.Events {
		if e.Kind == trace.TestEnd {
			return e.Flag
		}
	}
	return false
}
