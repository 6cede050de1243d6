package bench

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
)

const labSource = "../../../src"

func newBuilder(t *testing.T) *builder {
	t.Helper()
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	gobn, err := gotool.Find(work)
	if err != nil {
		t.Fatal(err)
	}
	return &builder{work: work, gobn: gobn, log: os.Stderr}
}

// buildWith compiles the yardstick in tree, with change applied to its files and
// the probe's self tests beside it.
func buildWith(t *testing.T, tree *labtree.Tree, change func(map[string]string)) *implementation {
	t.Helper()
	b := newBuilder(t)
	files, err := textbookFiles(tree)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile("testdata/selftest_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files["pontoon_selftest_test.go"] = string(self)
	change(files)
	impl := &implementation{Label: textbook, Binary: filepath.Join(b.work, "raft.test")}
	options := overlay.Options{Work: b.work, Raft: overlay.RaftOfFiles(textbook, files)}
	flags, env, err := b.lay(context.Background(), impl, tree, options)
	if err == nil {
		err = b.compile(context.Background(), impl, flags, env)
	}
	if err != nil {
		t.Fatal(err)
	}
	return impl
}

func embeddedTree(t *testing.T) *labtree.Tree {
	t.Helper()
	tree, err := labtree.Find(labSource)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func selfTest(t *testing.T, impl *implementation) {
	t.Helper()
	out, err := exec.Command(impl.Binary, "-test.run", "^TestProbeSelf", "-test.v").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestProbeSelfAgreement") {
		t.Errorf("the probe's self tests: %v\n%s", err, out)
	}
}

// checkSample runs a small scenario of each mode.
func checkSample(t *testing.T, impl *implementation) {
	t.Helper()
	for _, s := range []Scenario{
		{Mode: "seq", Servers: 3, Commands: 50, Size: 16},
		{Mode: "conc", Servers: 3, Commands: 200, Size: 1024, Clients: 5, SnapshotEvery: 20},
		{Mode: "pipe", Servers: 5, Commands: 300, Size: 16, SnapshotEvery: 50},
		{Mode: "outstanding", Servers: 3, Commands: 300, Size: 16, Clients: 32},
		{Mode: "idle", Servers: 3, Size: 16},
	} {
		s.Limit = time.Minute
		if s.Mode == "idle" {
			s.Limit = time.Second
		}
		r, err := runProbe(context.Background(), impl, s, t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", s.Key(), err)
			continue
		}
		if r.TimedOut || r.Ops != float64(s.Commands) {
			t.Errorf("%s: %v of %d commands, timed out: %v", s.Key(), r.Ops, s.Commands, r.TimedOut)
		}
		positive := []float64{r.Seconds, r.CPUMillis, r.RPCs, r.MachineSpeed, r.StateBytes, r.MaxRSS, r.GoroutinesPerNode}
		if s.Mode != "idle" {
			positive = append(positive, r.OpsPerSecond, r.CPUPerOp, r.RPCsPerOp, r.BytesPerOp)
		}
		if s.Mode == "seq" || s.Mode == "conc" || s.Mode == "outstanding" {
			positive = append(positive, r.P50, r.P90, r.P99, r.Max)
		}
		for i, x := range positive {
			if x <= 0 {
				t.Errorf("%s: figure %d is %v: %+v", s.Key(), i, x, r)
			}
		}
	}
}

func TestProbeInTheEmbeddedTree(t *testing.T) {
	impl := buildWith(t, embeddedTree(t), func(map[string]string) {})
	selfTest(t, impl)
	checkSample(t, impl)
}

// Rafts that break their promises must not get a row.
func TestProbeRefusesBadRafts(t *testing.T) {
	send := "case rf.applyCh <- m:"
	for name, c := range map[string]struct{ raft, want string }{
		"differs": {`case rf.applyCh <- differing(rf.me, m):`, "applied another command"},
		"skips":   {`case rf.applyCh <- skipping(m):`, "where 10 was next"},
	} {
		t.Run(name, func(t *testing.T) {
			impl := buildWith(t, embeddedTree(t), func(files map[string]string) {
				if !strings.Contains(files["raft.go"], send) {
					t.Fatalf("raft.go does not have %q any more", send)
				}
				files["raft.go"] = strings.Replace(files["raft.go"], send, c.raft, 1) + `
func differing(me int, m ApplyMsg) ApplyMsg {
	if me == 2 && m.CommandIndex == 10 {
		m.Command = "00000001 is not it"
	}
	return m
}

func skipping(m ApplyMsg) ApplyMsg {
	if m.CommandIndex >= 10 {
		m.CommandIndex++
	}
	return m
}
`
			})
			s := Scenario{Mode: "pipe", Servers: 3, Commands: 20, Size: 16, Limit: 10 * time.Second}
			if r, err := runProbe(context.Background(), impl, s, t.TempDir()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v; want an error with %q", r, err, c.want)
			}
		})
	}
}

// A tree of 2025 has ApplyMsg and Persister in packages of its own.
func TestProbeInA2025Tree(t *testing.T) {
	src, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"labrpc", "labgob"} {
		if err := os.CopyFS(filepath.Join(src, dir), os.DirFS(filepath.Join(labSource, dir))); err != nil {
			t.Fatal(err)
		}
	}
	persister, err := os.ReadFile(filepath.Join(labSource, "raft", "persister.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":               "module 6.5840\n\ngo 1.22\n",
		"tester1/persister.go": strings.Replace(string(persister), "package raft", "package tester", 1),
		"raft1/util.go":        "package raft\n",
		"raftapi/raftapi.go": `package raftapi

type Raft interface {
	Start(command interface{}) (int, int, bool)
	GetState() (term int, isLeader bool)
	Snapshot(index int, snapshot []byte)
	PersistBytes() int
	Kill()
}

type ApplyMsg struct {
	CommandValid  bool
	Command       interface{}
	CommandIndex  int
	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}
`,
	} {
		file := filepath.Join(src, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree := &labtree.Tree{Src: src, Dir: filepath.Join(src, "raft1"), Raft: filepath.Join(src, "raft1"), Year: 2025, Import: "6.5840"}
	impl := buildWith(t, tree, func(map[string]string) {})
	selfTest(t, impl)
	checkSample(t, impl)
}

// go ignores an overlay that matches no file, and so must nobody else.
func TestAnOverlayWithoutEffectIsAnError(t *testing.T) {
	tree := *embeddedTree(t)
	b := newBuilder(t)
	aside := filepath.Join(b.work, "link")
	if err := os.Symlink(tree.Raft, aside); err != nil {
		t.Fatal(err)
	}
	through := tree
	through.Dir, through.Raft = aside, aside
	options, err := b.options(own, &through, b.work)
	if err != nil {
		t.Fatal(err)
	}
	impl := &implementation{Label: own, Binary: filepath.Join(b.work, "raft.test")}
	flags, env, err := b.lay(context.Background(), impl, &through, options)
	if err != nil {
		t.Fatal(err)
	}
	impl.Tree = &tree
	if err := b.compile(context.Background(), impl, flags, env); err == nil || !strings.Contains(err.Error(), "had no effect") {
		t.Errorf("got %v", err)
	}
}

// The yardstick behind the lab's own tests: the whole suite is for labrun bench
// -suite, one test of each kind is enough to see that it fits.
func TestSuiteOnTheTextbook(t *testing.T) {
	b := newBuilder(t)
	impl, err := b.build(context.Background(), textbook, embeddedTree(t))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := suiteTests([]*implementation{impl}, "BasicAgree|SnapshotInit", "2B", "2D")
	if err != nil {
		t.Fatal(err)
	}
	if want := []suiteTest{
		{Name: "BasicAgree", Full: []string{"TestBasicAgree2B"}},
		{Name: "SnapshotInit", Full: []string{"TestSnapshotInit2D"}},
	}; !reflect.DeepEqual(tests, want) {
		t.Fatalf("the tests are %+v, want %+v", tests, want)
	}
	var progress bytes.Buffer
	runs, err := measureSuite(context.Background(), []*implementation{impl}, tests, 1, b.work, &progress)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		if run.Error != "" || run.Seconds <= 0 || run.RPCs <= 0 || run.Bytes <= 0 || run.CPUSeconds <= 0 {
			t.Errorf("got %+v", run)
		}
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	b := newBuilder(t)
	for name, want := range map[string]string{
		"/no/such/directory": "does not exist",
		t.TempDir():          "is no 6.824 or 6.5840 lab",
	} {
		_, err := b.build(context.Background(), name, embeddedTree(t))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-impl %s: %v, want an error with %q", name, err, want)
		}
	}
}
