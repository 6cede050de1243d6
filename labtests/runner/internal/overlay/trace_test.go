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

// tracedTest is one test that was run.
type tracedTest struct {
	*trace.Trace
	output string
}

// traced runs the tests of a tree in virtual time, which must pass, and returns
// the trace of each.
func traced(t *testing.T, o *Overlay, flags ...string) map[string]tracedTest {
	t.Helper()
	return tracedTo(t, o, "pass", flags...)
}

// tracedTo is traced with another end than to pass.
func tracedTo(t *testing.T, o *Overlay, how string, flags ...string) map[string]tracedTest {
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
	outputs := map[string]string{}
	program.Run(ctx, []string{trace.DirEnv + "=" + dir}, func(e virtual.Outcome) bool {
		if e.How() != how {
			t.Errorf("%s: %s, %s\n%s", e.Test, e.How(), e.Why(), e.Output)
		}
		outputs[e.Test] = string(e.Output)
		return true
	})
	files, err := filepath.Glob(filepath.Join(dir, "*"+trace.Extension))
	if err != nil || len(files) != len(names) {
		t.Fatalf("%d tests left %d traces (%v)", len(names), len(files), err)
	}
	traces := map[string]tracedTest{}
	for _, file := range files {
		tr, err := trace.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range tr.Events {
			if e.Kind == trace.TestStart {
				traces[e.Text] = tracedTest{tr, outputs[e.Text]}
			}
		}
	}
	return traces
}

func counts(tr tracedTest) map[trace.Kind]int {
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
				if tr.Trace == nil {
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

func endsWell(tr tracedTest) bool {
	for _, e := range tr.Events {
		if e.Kind == trace.TestEnd {
			return e.Flag
		}
	}
	return false
}

// changed is the textbook with one statement of raft.go changed.
func changed(t *testing.T, tree *labtree.Tree, old, new string) Raft {
	t.Helper()
	raft := textbookOf(t, tree)
	if !strings.Contains(raft.texts["raft.go"], old) {
		t.Fatalf("raft.go does not have %q any more", old)
	}
	raft.texts["raft.go"] = strings.Replace(raft.texts["raft.go"], old, new, 1)
	return raft
}

// What a test finds wrong is told before its end: by the test, by the tester's
// own Fatalf since 2025, and by the harness as it ends the process.
func TestTraceOfFailures(t *testing.T) {
	for _, c := range []struct {
		year int
		how  string
		raft func(tree *labtree.Tree) Raft
		want string
	}{
		{2017, "fail", func(*labtree.Tree) Raft { return Raft{own: true} }, "no connected server became leader"},
		{2025, "fail", func(tree *labtree.Tree) Raft {
			return changed(t, tree, "GetState() (int, bool) {", "GetState() (int, bool) {\nif rf != nil {\nreturn 0, false\n}\n")
		}, "no connected server became leader"},
		{2024, "exit", func(tree *labtree.Tree) Raft {
			return changed(t, tree, "case rf.applyCh <- m:", "case rf.applyCh <- ApplyMsg{CommandValid: true, Command: rf.me, CommandIndex: m.CommandIndex}:")
		}, "apply error"},
	} {
		t.Run(fmt.Sprint(c.year), func(t *testing.T) {
			tree := lab(t, c.year, false)
			tree.Tests = tree.Tests[:2][map[string]int{"fail": 0, "exit": 1}[c.how]:][:1]
			o := planWith(t, tree, Options{Raft: c.raft(tree), Trace: true})
			for name, test := range tracedTo(t, o, c.how) {
				failure := ""
				for _, e := range test.Events {
					switch e.Kind {
					case trace.Failure:
						failure += e.Text + "\n"
					case trace.TestEnd:
						if e.Flag || !strings.Contains(failure, c.want) {
							t.Errorf("%s: passed %v, failures %q, and the output is\n%s", name, e.Flag, failure, test.output)
						}
					}
				}
				if counts(test)[trace.TestEnd] != 1 {
					t.Errorf("%s has no end", name)
				}
			}
		})
	}
}

// With the race detector nothing of it is noticed.
func TestTraceWithoutRaces(t *testing.T) {
	tree := lab(t, 2022, false)
	o := planWith(t, tree, Options{Raft: textbookOf(t, tree), Trace: true})
	traced(t, o, "-race")
}
