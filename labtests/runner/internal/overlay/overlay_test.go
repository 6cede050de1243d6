package overlay

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/fixture"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
)

func pontoonRoot(t *testing.T) string {
	t.Helper()
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// lab writes the fixture of a year, with a student's files on request.
func lab(t *testing.T, year int, student bool) *labtree.Tree {
	t.Helper()
	dir := t.TempDir()
	err := fixture.Write(pontoonRoot(t), year, dir)
	if err == nil && student {
		err = fixture.AddStudent(pontoonRoot(t), dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return find(t, dir)
}

func find(t *testing.T, dir string) *labtree.Tree {
	t.Helper()
	tree, err := labtree.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func plan(t *testing.T, tree *labtree.Tree) *Overlay {
	t.Helper()
	return planWith(t, tree, Options{})
}

// planWith has directories of its own.
func planWith(t *testing.T, tree *labtree.Tree, options Options) *Overlay {
	t.Helper()
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	options.Shim, options.Work = filepath.Join(pontoonRoot(t), "go-shim"), work
	o, err := New(tree, options)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// goList is the environment in which go only looks at sources, so that it needs
// no Rust library.
func goList(t *testing.T, o *Overlay) (goPath string, env, flags []string) {
	t.Helper()
	goPath, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	return goPath, gotool.Environ(append(o.Env(), "GOTOOLCHAIN=local", "CGO_ENABLED=1")...), append(o.Flags(), "-tags=pontoon_external")
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Names that some year's harness or tests declare in package raft.
var harnessNames = strings.Fields(`Debug DPrintf RaftElectionTimeout internalChurn
	Persister MakePersister config make_config ncpu_once randstring makeSeed clone
	SnapShotInterval snapcommon MAXLOGSIZE
	Test makeTest rfsrv newRfsrv useRaftStateMachine
	Itester IraftServer raftServer newRaftServer NewRfsrv Rfproxy newRfproxy TesterProxy newTesterProxy
	StartArgs StartReply GetStateArgs GetStateReply CheckLogsArgs CheckLogsReply IngestLogArgs IngestLogReply
	ApplyErrArgs ApplyErrReply`)

// declared returns what a file declares outside of functions, and its methods.
func declared(t *testing.T, text string) (names []string, methods []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "raft.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv != nil {
				methods = append(methods, decl.Name.Name)
			} else {
				names = append(names, decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					names = append(names, spec.Name.Name)
				} else if decl.Tok != token.IMPORT {
					t.Errorf("the adapter declares a %v", decl.Tok)
				}
			}
		}
	}
	return names, methods
}

func TestAdapterDeclaresNothingOfTheHarness(t *testing.T) {
	for _, tree := range []labtree.Tree{
		{Year: 2017}, {Year: 2018}, {Year: 2020, Import: ".."}, {Year: 2022, Import: "6.824", CondInstall: true},
		{Year: 2024, Import: "6.5840"}, {Year: 2025, Import: "6.5840"}, {Year: 2026, Import: "6.5840"},
	} {
		text, err := Adapter(&tree, labPackage)
		if err != nil {
			t.Fatal(err)
		}
		// The language level of a file is its first build constraint's.
		if !strings.HasPrefix(text, "//go:build go1.18\n\n") {
			t.Errorf("%d: the adapter begins with %.40q", tree.Year, text)
		}
		names, methods := declared(t, text)
		for _, name := range names {
			if slices.Contains(harnessNames, name) {
				t.Errorf("%d: the adapter declares %s", tree.Year, name)
			}
		}
		want := []string{"ApplyMsg", "Raft", "Make"}
		if tree.Year >= 2025 {
			want = want[1:] // the message is raftapi's
		}
		if !slices.Equal(names, want) {
			t.Errorf("%d: the adapter declares %v, want %v", tree.Year, names, want)
		}
		for method, want := range map[string]bool{
			"Snapshot": true, "Kill": true, "CondInstallSnapshot": tree.CondInstall, "PersistBytes": tree.Year >= 2025,
		} {
			if slices.Contains(methods, method) != want {
				t.Errorf("%d: %s declared: %v, want %v", tree.Year, method, !want, want)
			}
		}
		if strings.Contains(text, "CopyOnSave") != (tree.Year <= 2020) || strings.Contains(text, "close(applyCh)") != (tree.Year >= 2025) {
			t.Errorf("%d: wrong options in\n%s", tree.Year, text)
		}
	}
}

func TestPlanOfStudentTree(t *testing.T) {
	o := plan(t, lab(t, 2023, true))
	if want := []string{"config.go", "outside_test.go", "persister.go", "test_test.go"}; !slices.Equal(o.Kept, want) {
		t.Errorf("kept %v, want %v", o.Kept, want)
	}
	if want := []string{"inside_test.go", "logstore.go"}; !slices.Equal(o.Hidden, want) {
		t.Errorf("hidden %v, want %v", o.Hidden, want)
	}
	if want := []string{"raft.go", "util.go"}; !slices.Equal(o.Replaced(), want) {
		t.Errorf("replaced %v, want %v", o.Replaced(), want)
	}
	if len(o.Broken) != 1 || !strings.Contains(o.Broken[0], "inside_test.go is left out") || !strings.Contains(o.Broken[0], "role undefined") {
		t.Errorf("reasons %q", o.Broken)
	}
	for _, test := range o.Tree.Tests {
		if test.Name == "TestInside2A" {
			t.Error("a hidden test is still offered")
		}
	}
}

// No test of the embedded lab may get lost by being taken for a student's.
func TestPlanOfEmbeddedTrees(t *testing.T) {
	for _, name := range []string{"src", "src2025"} {
		tree := find(t, filepath.Join(pontoonRoot(t), "labtests", name))
		for _, part := range append(tree.KVParts(), "all") {
			of, err := tree.For(part)
			if err != nil {
				t.Fatal(err)
			}
			if o := plan(t, of); len(o.Hidden) > 0 && !of.KV() || len(o.Broken) > 0 {
				t.Errorf("%s, part %s: hidden %v: %v", name, part, o.Hidden, o.Broken)
			}
		}
	}
}

// The Test of 2025 has what a Config of another package lends it.
func TestPlanOfTestFilesThatUseTheTester(t *testing.T) {
	for text, keep := range map[string]bool{
		"func cut(ts *Test) { ts.DisconnectAll(ts.checkOneLeader()) }": true,
		"func count(ts *Test) int { return len(ts.srvs) }":             true,
		"func term(rf *Raft) int { return rf.currentTerm }":            false,
		"func term(rs *rfsrv) int { return rs.raft.currentTerm }":      true, // of another package too
		"func state(rs *rfsrv) int { return rs.state }":                false,
	} {
		tree := lab(t, 2025, false)
		put(t, filepath.Join(tree.Raft, "zz_test.go"), "package raft\n\n"+text+"\n")
		if o := plan(t, tree); slices.Contains(o.Kept, "zz_test.go") != keep {
			t.Errorf("%s: kept %v; %v", text, !keep, o.Broken)
		}
	}
}

func TestPlanOfTestFiles(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		keep bool
	}{
		"helper of nothing":   {"package raft\n\nfunc helper() {}\n", true},
		"version in a path":   {"package raft\n\nimport \"math/rand/v2\"\n\nvar _ = rand.IntN(2)\n", true},
		"use of the harness":  {"package raft\n\nfunc count(cfg *config) int { return len(cfg.rafts) }\n", true},
		"use of the messages": {"package raft\n\nvar _ = ApplyMsg{SnapshotTerm: 1}.CommandValid\n", true},
		"another system":      {"//go:build plan9\n\npackage raft\n\nvar _ = undefined\n", false},
		"undefined name":      {"package raft\n\nvar _ = Follower\n", false},
		"field of a Raft":     {"package raft\n\nfunc terms(rf *Raft) int { return rf.currentTerm }\n", false},
		"external package":    {"package raft_test\n", false},
		"no Go":               {"package raft\n\nfunc {", false},
		"declared twice":      {"package raft\n\nfunc MakePersister() {}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			tree := lab(t, 2024, false)
			put(t, filepath.Join(tree.Raft, "zz_test.go"), c.text)
			if o := plan(t, tree); slices.Contains(o.Kept, "zz_test.go") != c.keep {
				t.Errorf("kept: %v, want %v; %v", !c.keep, c.keep, o.Broken)
			}
		})
	}
}

// A good file that needs a broken one is broken too.
func TestPlanFollowsUses(t *testing.T) {
	tree := lab(t, 2024, false)
	put(t, filepath.Join(tree.Raft, "a_test.go"), "package raft\n\nvar _ = inner\n")
	put(t, filepath.Join(tree.Raft, "b_test.go"), "package raft\n\nvar inner = Follower\n")
	if o := plan(t, tree); !slices.Equal(o.Hidden, []string{"a_test.go", "b_test.go"}) {
		t.Errorf("hidden %v", o.Hidden)
	}
}

func TestVerifyEachYear(t *testing.T) {
	for _, year := range fixture.Years() {
		for _, student := range []bool{false, true} {
			t.Run(fmt.Sprint(year, student), func(t *testing.T) {
				tree := lab(t, year, student)
				o := plan(t, tree)
				if err := o.Write(); err != nil {
					t.Fatal(err)
				}
				goPath, env, flags := goList(t, o)
				pkg, err := o.Verify(context.Background(), goPath, env, flags)
				if err != nil || !strings.HasSuffix("/"+pkg, "/"+filepath.Base(tree.Raft)) || !strings.HasPrefix(pkg, tree.Module) {
					t.Errorf("got %q, %v", pkg, err)
				}
			})
		}
	}
}

// Keys that match nothing are ignored by go without a word, and the student's
// own Raft would be tested.
func TestVerifyRefusesAnOverlayWithoutEffect(t *testing.T) {
	tree := lab(t, 2023, false)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(tree.Raft, link); err != nil {
		t.Fatal(err)
	}
	o := plan(t, tree)
	o.Dir = link
	if err := o.Write(); err != nil {
		t.Fatal(err)
	}
	o.Dir = tree.Raft
	goPath, env, flags := goList(t, o)
	if _, err := o.Verify(context.Background(), goPath, env, flags); err == nil || !strings.Contains(err.Error(), "the overlay had no effect") {
		t.Errorf("got %v", err)
	}
}

func TestVerifyRefusesOtherFiles(t *testing.T) {
	tree := lab(t, 2023, false)
	o := plan(t, tree)
	if err := o.Write(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(tree.Raft, "late.go"), "package raft\n")
	goPath, env, flags := goList(t, o)
	if _, err := o.Verify(context.Background(), goPath, env, flags); err == nil || !strings.Contains(err.Error(), "late.go") {
		t.Errorf("got %v", err)
	}
	o.Hidden = []string{"gone.go"}
	if _, err := o.Verify(context.Background(), goPath, env, flags); err == nil || !strings.Contains(err.Error(), "gone.go") {
		t.Errorf("got %v", err)
	}
}

func TestAddRefusesAnExistingName(t *testing.T) {
	tree := lab(t, 2023, false)
	o := plan(t, tree)
	if err := o.Add("extra_test.go", "package raft\n"); err != nil {
		t.Error(err)
	}
	put(t, filepath.Join(tree.Raft, "taken_test.go"), "package raft\n")
	if err := o.Add("taken_test.go", "package raft\n"); err == nil {
		t.Error("a file of the tree was replaced")
	}
}

// The lab keeps the settings of GODEBUG that its own go line gives it.
func TestWorkspaceKeepsGodebug(t *testing.T) {
	for _, line := range []string{"go 1.15", "go 1.21.3", "go 1.24", ""} {
		tree := lab(t, 2023, false)
		put(t, filepath.Join(tree.Src, "go.mod"), "module 6.5840\n\n"+line+"\n")
		tree = find(t, tree.Src)
		o := plan(t, tree)
		if err := o.Write(); err != nil {
			t.Fatal(err)
		}
		goPath, env, flags := goList(t, o)
		defaults := func(env []string, flags ...string) string {
			args := append([]string{"list", "-test", "-f", "{{if .ForTest}}{{else}}{{.DefaultGODEBUG}}{{end}}"}, flags...)
			cmd := exec.Command(goPath, args...)
			cmd.Dir, cmd.Env = tree.Raft, append(env, "PWD="+tree.Raft)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%q: %v\n%s", line, err, out)
			}
			return strings.TrimSpace(string(out))
		}
		alone := defaults(gotool.Environ("GOWORK=off", "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local"))
		if joined := defaults(env, flags...); joined != alone {
			t.Errorf("%q: GODEBUG with Pontoon\n%s\nalone\n%s", line, joined, alone)
		}
	}
}

func TestWriteQuotesPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my labs")
	if err := fixture.Write(pontoonRoot(t), 2022, dir); err != nil {
		t.Fatal(err)
	}
	o := plan(t, find(t, dir))
	if err := o.Write(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.jsonFile())
	if err != nil {
		t.Fatal(err)
	}
	var written struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	if written.Replace[filepath.Join(o.Tree.Raft, "raft.go")] == "" {
		t.Errorf("no raft.go in %s", text)
	}
	goPath, env, flags := goList(t, o)
	if _, err := o.Verify(context.Background(), goPath, env, flags); err != nil {
		t.Error(err)
	}
}

// The key/value lab's package and the Raft below it are replaced together, or
// with keep the Raft alone.
func TestPlanOfTheKeyValueLab(t *testing.T) {
	for _, year := range []int{2017, 2020, 2024} {
		tree, err := lab(t, year, true).For("kv")
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(tree.Dir, "own.go"), "package "+tree.Package+"\n\ntype own struct{ Clerk }\n")
		for _, keep := range []bool{false, true} {
			o := planWith(t, tree, Options{Keep: keep})
			if err := o.Write(); err != nil {
				t.Fatal(err)
			}
			kept, hidden := []string{"config.go", "test_test.go"}, []string{"client.go", "common.go", "own.go"}
			if keep {
				kept, hidden = []string{"client.go", "common.go", "config.go", "own.go", "server.go", "test_test.go"}, nil
			}
			if !slices.Equal(o.Kept, kept) || !slices.Equal(o.Hidden, hidden) {
				t.Errorf("%d, keep %v: kept %v, hidden %v", year, keep, o.Kept, o.Hidden)
			}
			if text := o.Describe(); !strings.Contains(text, "raft.go and util.go") || strings.Contains(text, "server.go") == keep || strings.Contains(text, "\n") {
				t.Errorf("%d, keep %v: %s", year, keep, text)
			}
			goPath, env, flags := goList(t, o)
			if pkg, err := o.Verify(context.Background(), goPath, env, flags); err != nil || !strings.HasSuffix(pkg, "kvraft") {
				t.Errorf("%d, keep %v: %q, %v", year, keep, pkg, err)
			}
		}
	}
}

// The harness's files of the packages since 2025 are known by what they need.
func TestPlanOf2025(t *testing.T) {
	for _, year := range []int{2025, 2026} {
		t.Run(fmt.Sprint(year), func(t *testing.T) { testPlanOf2025(t, year) })
	}
}

func testPlanOf2025(t *testing.T, year int) {
	for part, c := range map[string]struct{ kept, hidden, replaced []string }{
		"rsm": {[]string{"outside.go", "rsm_test.go", "server.go", "test.go"}, []string{"inside.go", "twice.go"}, []string{"rsm.go"}},
		"kv":  {[]string{"kvraft_test.go", "outside.go", "test.go"}, []string{"inside.go", "twice.go"}, []string{"client.go", "server.go"}},
	} {
		tree, err := lab(t, year, true).For(part)
		if err != nil {
			t.Fatal(err)
		}
		mine := map[string]string{"rsm": "RSM", "kvraft": "KVServer"}[tree.Package]
		head := "package " + tree.Package + "\n\n"
		put(t, filepath.Join(tree.Dir, "inside.go"), head+"func applied(x *"+mine+") int { return x.lastApplied }\n")
		put(t, filepath.Join(tree.Dir, "outside.go"), head+"type outside struct{ test *Test }\n")
		put(t, filepath.Join(tree.Dir, "twice.go"), head+"type "+mine+" struct{}\n")
		o := plan(t, tree)
		if !slices.Equal(o.Kept, c.kept) || !slices.Equal(o.Hidden, c.hidden) || !slices.Equal(o.Replaced(), c.replaced) || len(o.Broken) != 2 {
			t.Errorf("%s: kept %v, hidden %v, replaced %v, reasons %q", part, o.Kept, o.Hidden, o.Replaced(), o.Broken)
		}
		if err := o.Write(); err != nil {
			t.Fatal(err)
		}
		goPath, env, flags := goList(t, o)
		if pkg, err := o.Verify(context.Background(), goPath, env, flags); err != nil || pkg != "6.5840/kvraft1"+strings.TrimSuffix("/"+part, "/kv") {
			t.Errorf("%s: %q, %v", part, pkg, err)
		}
	}
}

// Of a package that the tree lacks, the word is where to put it back.
func TestVerifyMissingPackage(t *testing.T) {
	tree, err := lab(t, 2025, true).For("kv")
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(tree.Src, "kvtest1")
	if err := os.RemoveAll(missing); err != nil {
		t.Fatal(err)
	}
	o := plan(t, tree)
	if err := o.Write(); err != nil {
		t.Fatal(err)
	}
	goPath, env, flags := goList(t, o)
	if _, err := o.Verify(context.Background(), goPath, env, flags); err == nil || !strings.HasSuffix(err.Error(), "needs: restore "+missing) {
		t.Errorf("got %v", err)
	}
}
