package labtree_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/fixture"
	"pontoon.dev/labrun/internal/labtree"
)

// writeYear writes the fixture of a year and returns the checkout's real path.
func writeYear(t *testing.T, year int) string {
	t.Helper()
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := fixture.Write(root, year, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeFiles writes a tree of files given as name and text.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindEachYear(t *testing.T) {
	want := map[int]struct {
		module, prefix string
		layout         labtree.Layout
		goLine         string
		cond           bool
		digit          byte
	}{
		2017: {"", "", labtree.GOPATH, "", false, '2'},
		2018: {"", "", labtree.GOPATH, "", false, '2'},
		2020: {"", "..", labtree.Relative, "", false, '2'},
		2021: {"6.824", "6.824", labtree.Modules, "1.15", true, '2'},
		2022: {"6.824", "6.824", labtree.Modules, "1.15", true, '2'},
		2023: {"6.5840", "6.5840", labtree.Modules, "1.15", false, '2'},
		2024: {"6.5840", "6.5840", labtree.Modules, "1.15", false, '3'},
		2025: {"6.5840", "6.5840", labtree.Modules, "1.22", false, '3'},
		2026: {"6.5840", "6.5840", labtree.Modules, "1.22", false, '3'},
	}
	for _, year := range fixture.Years() {
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			dir := writeYear(t, year)
			tree, err := labtree.Find(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := tree.Supported(); err != nil {
				t.Fatal(err)
			}
			w := want[year]
			if tree.Year != year || tree.Module != w.module || tree.Import != w.prefix || tree.Layout != w.layout ||
				tree.CondInstall != w.cond || tree.Digit != w.digit || tree.GoLine != w.goLine || tree.Processes() != (year == 2026) {
				t.Errorf("got %+v, want %+v", tree, w)
			}
			if text := tree.Describe(); !strings.Contains(text, fmt.Sprint(year)) || strings.Contains(text, "\n") {
				t.Errorf("description %q", text)
			}
		})
	}
}

// What the directories are called says nothing: a tree is known by content.
func TestFindByContentAlone(t *testing.T) {
	dir := writeYear(t, 2021)
	renamed := filepath.Join(filepath.Dir(dir), "6.5840-2024")
	if err := os.Rename(dir, renamed); err != nil {
		t.Fatal(err)
	}
	defer os.Rename(renamed, dir)
	if tree, err := labtree.Find(renamed); err != nil || tree.Year != 2021 {
		t.Fatalf("got %+v, %v", tree, err)
	}
}

func TestFindFromEachDirectory(t *testing.T) {
	dir := writeYear(t, 2023)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, start := range []string{"", "src", "src/raft", "src/raft/."} {
		for _, base := range []string{dir, link} {
			tree, err := labtree.Find(filepath.Join(base, start))
			if err != nil {
				t.Fatal(err)
			}
			if tree.Src != filepath.Join(dir, "src") || tree.Raft != filepath.Join(dir, "src", "raft") || tree.ModDir != tree.Src {
				t.Errorf("from %s of %s: %+v", start, base, tree)
			}
		}
	}
	if _, err := labtree.Find(filepath.Join(dir, "src", "labrpc")); err == nil {
		t.Error("labrpc was taken for a lab")
	}
}

func TestFindWithGoModAboveSrc(t *testing.T) {
	dir := writeYear(t, 2022)
	if err := os.Rename(filepath.Join(dir, "src", "go.mod"), filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	tree, err := labtree.Find(dir)
	if err != nil || tree.ModDir != dir || tree.Year != 2022 {
		t.Fatalf("got %+v, %v", tree, err)
	}
}

// A student's files may be in any state.
func TestFindIgnoresStudentFiles(t *testing.T) {
	dir := writeYear(t, 2023)
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if err := fixture.AddStudent(root, dir); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{"src/raft/half_test.go": "package raft\n\nfunc TestHalf3A(t *testing"})
	tree, err := labtree.Find(dir)
	if err != nil || tree.Year != 2023 {
		t.Fatalf("got %+v, %v", tree, err)
	}
}

func config(imports string) string {
	return "package raft\n\nimport " + imports + "\n\nvar _ = labrpc.MakeNetwork\n"
}

// go looks for the packages of a GOPATH tree in a directory named src.
func TestGopathTreeThatIsNotInSrc(t *testing.T) {
	dir := writeYear(t, 2018)
	if err := os.Rename(filepath.Join(dir, "src"), filepath.Join(dir, "lab")); err != nil {
		t.Fatal(err)
	}
	tree, err := labtree.Find(filepath.Join(dir, "lab"))
	if err != nil || tree.Year != 2018 {
		t.Fatalf("got %+v, %v", tree, err)
	}
	if err := tree.Supported(); err == nil || !strings.Contains(err.Error(), "named src: rename it") {
		t.Errorf("got %v", err)
	}
}

// A 2020 tree that was given a module is still one of 2020: it has no snapshots.
func TestFindModernised2020(t *testing.T) {
	dir := writeYear(t, 2021)
	writeFiles(t, dir, map[string]string{"src/raft/config.go": config(`"6.824/labrpc"`)})
	tree, err := labtree.Find(dir)
	if err != nil || tree.Year != 2020 || tree.Layout != labtree.Modules || tree.Module != "6.824" || tree.Supported() != nil {
		t.Fatalf("got %+v, %v", tree, err)
	}
}

func TestFindErrors(t *testing.T) {
	for name, c := range map[string]struct {
		year   int               // 0: 2023
		remove string            // file or directory to take from a good tree
		write  map[string]string // files to put there
		at     string            // what to give to Find
		want   string            // part of the sentence
	}{
		"no such directory":    {at: "nowhere", want: "does not exist"},
		"a file":               {at: "src/go.mod", want: "is a file"},
		"no lab":               {remove: "src/raft", want: "is no 6.824 or 6.5840 lab"},
		"somebody's raft":      {remove: "src/labrpc", want: "is no 6.824 or 6.5840 lab"},
		"no config":            {remove: "src/raft/config.go", want: "has no config.go: restore it"},
		"no persister":         {remove: "src/raft/persister.go", want: "has no persister.go: restore it"},
		"no tests":             {remove: "src/raft/test_test.go", want: "has no test_test.go: restore it"},
		"no go.mod":            {remove: "src/go.mod", want: "has no go.mod"},
		"broken config":        {write: map[string]string{"src/raft/config.go": "package raft\nfunc"}, want: "restore this file"},
		"config of another":    {write: map[string]string{"src/raft/config.go": "package raft\n"}, want: "does not import labrpc"},
		"persister of another": {write: map[string]string{"src/raft/persister.go": "package raft\n"}, want: "neither Save nor SaveStateAndSnapshot"},
		"no server of 2025":    {year: 2025, remove: "src/raft1/server.go", want: "has no server.go: restore it"},
		"no tests of 2025":     {year: 2025, remove: "src/raft1/raft_test.go", want: "has no raft_test.go: restore it"},
		"no go.mod of 2025":    {year: 2025, remove: "src/go.mod", want: "has no go.mod"},
		"server of another":    {year: 2025, write: map[string]string{"src/raft1/server.go": "package raft\n", "src/raft1/test.go": "package raft\n"}, want: "no harness file in"},
		"tests without a part": {write: map[string]string{"src/raft/test_test.go": "package raft\n"}, want: "has no test named like"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeYear(t, cmp.Or(c.year, 2023))
			if c.remove != "" {
				if err := os.RemoveAll(filepath.Join(dir, c.remove)); err != nil {
					t.Fatal(err)
				}
			}
			writeFiles(t, dir, c.write)
			_, err := labtree.Find(filepath.Join(dir, c.at))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q, want one line with %q", err, c.want)
			}
		})
	}
}

// tree returns a tree with tests of these names.
func tree(year int, digit byte, names ...string) *labtree.Tree {
	t := &labtree.Tree{Year: year, Digit: digit, Package: "raft"}
	for _, name := range names {
		test := labtree.Test{Name: name}
		if n := len(name); name[n-1] >= 'A' && name[n-1] <= 'E' {
			test.Part = name[n-2:]
		}
		t.Tests = append(t.Tests, test)
	}
	return t
}

func TestSelect(t *testing.T) {
	old := tree(2023, '2', "TestElection2A", "TestAgree2B", "TestBackup2B", "TestSnap2D", "TestHarness")
	new := tree(2024, '3', "TestElection3A", "TestAgree3B")
	for _, c := range []struct {
		tree      *labtree.Tree
		part, run string
		want      []string
		pattern   string
	}{
		{old, "2A", "", []string{"TestElection2A"}, "^Test.*2A$"},
		{old, "2b", "", []string{"TestAgree2B", "TestBackup2B"}, "^Test.*2B$"},
		{old, "B", "", []string{"TestAgree2B", "TestBackup2B"}, "^Test.*2B$"},
		{old, "2B", "Back", []string{"TestBackup2B"}, "^(TestBackup2B)$"},
		{old, "all", "", []string{"TestElection2A", "TestAgree2B", "TestBackup2B", "TestSnap2D"}, "^Test.*2[A-Z]$"},
		{old, "", "", []string{"TestElection2A", "TestAgree2B", "TestBackup2B", "TestSnap2D"}, "^Test.*2[A-Z]$"},
		{old, "all", "Agree|Harness", []string{"TestAgree2B"}, "^(TestAgree2B)$"},
		{old, "", "Agree|Harness", []string{"TestAgree2B", "TestHarness"}, "Agree|Harness"},
		{new, "2A", "", []string{"TestElection3A"}, "^Test.*3A$"},
		{new, "3A", "", []string{"TestElection3A"}, "^Test.*3A$"},
	} {
		sel, err := c.tree.Select(c.part, c.run)
		if err != nil || !slices.Equal(sel.Names, c.want) || sel.Pattern != c.pattern {
			t.Errorf("%d -part %q -run %q: got %+v, %v", c.tree.Year, c.part, c.run, sel, err)
		}
	}
	for _, c := range []struct {
		tree            *labtree.Tree
		part, run, want string
	}{
		{old, "3A", "", "has no part 3A: it has 2A, 2B, 2D"},
		{old, "2C", "", "has no part 2C: it has 2A, 2B, 2D"},
		{new, "4A", "", "has no part 4A: it has 3A, 3B"},
		{old, "election", "", `there is no part "election"`},
		{old, "2A", "Agree", "no test matches"},
		{old, "", "(", "is no regular expression"},
	} {
		if _, err := c.tree.Select(c.part, c.run); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d -part %q -run %q: got %v, want %q", c.tree.Year, c.part, c.run, err, c.want)
		}
	}
}

func TestReadsGoMod(t *testing.T) {
	for text, want := range map[string][2]string{
		"module 6.824\n\ngo 1.15\n":                         {"6.824", "1.15"},
		"// x\nmodule \"6.5840\" // course\ngo 1.21.3//y\n": {"6.5840", "1.21.3"},
		"module 6.5840\nrequire (\n\tgo.example/x v1\n)\n":  {"6.5840", ""},
	} {
		dir := writeYear(t, 2023)
		writeFiles(t, dir, map[string]string{"src/go.mod": text})
		tree, err := labtree.Find(dir)
		if err != nil || tree.Module != want[0] || tree.GoLine != want[1] {
			t.Errorf("%q: %+v, %v", text, tree, err)
		}
	}
}

// 3A is the key/value lab's until 2023, and Raft's in 2024.
func TestFor(t *testing.T) {
	for year, c := range map[int]struct {
		pkg         string
		raft, kv    []string
		first, both []string // tests of the key/value lab
		all         string
	}{
		2017: {"raftkv", []string{"", "all", "2A", "a"}, []string{"3A", "3a", "kv"}, []string{"TestSmokeBasic"}, []string{"TestSmokeBasic", "TestSmokeSnapshot"}, "kv"},
		2018: {"raftkv", []string{"2C", "3"}, []string{"3B"}, []string{"TestSmokeBasic3A"}, []string{"TestSmokeBasic3A", "TestSmokeSnapshot3B"}, "kv"},
		2023: {"kvraft", []string{"2A", "4A", "1A"}, []string{"3A", "kv"}, []string{"TestSmokeBasic3A"}, []string{"TestSmokeBasic3A", "TestSmokeSnapshot3B"}, "kv"},
		2024: {"kvraft", []string{"2A", "3A"}, []string{"4A", "4B"}, []string{"TestSmokeBasic4A"}, []string{"TestSmokeBasic4A", "TestSmokeSnapshot4B"}, "kv"},
	} {
		tree, err := labtree.Find(writeYear(t, year))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range c.raft {
			if got, err := tree.For(part); err != nil || got.KV() || got.Package != "raft" {
				t.Errorf("%d, part %q: %+v, %v", year, part, got, err)
			}
		}
		for _, part := range c.kv {
			kv, err := tree.For(part)
			if err != nil || !kv.KV() || kv.Package != c.pkg || kv.Dir != filepath.Join(tree.Src, "kvraft") || kv.Raft != tree.Raft {
				t.Fatalf("%d, part %q: %+v, %v", year, part, kv, err)
			}
			if sel, err := kv.Select("A", ""); err != nil || !slices.Equal(sel.Names, c.first) {
				t.Errorf("%d: part A is %+v, %v", year, sel, err)
			}
			if sel, err := kv.Select("kv", ""); err != nil || !slices.Equal(sel.Names, c.both) {
				t.Errorf("%d: all parts are %+v, %v", year, sel, err)
			}
		}
		if got := strings.Join(tree.KVParts(), " "); got != c.all {
			t.Errorf("%d: the key/value lab is %q", year, got)
		}
		if err := os.RemoveAll(filepath.Join(tree.Src, "kvraft")); err != nil {
			t.Fatal(err)
		}
		if _, err := tree.For("kv"); err == nil || !strings.Contains(err.Error(), "has no package kvraft") || tree.KVParts() != nil {
			t.Errorf("%d, without the package: %v, parts %v", year, err, tree.KVParts())
		}
	}
}

// Since 2025 package rsm is between Raft and the key/value service.
func TestFor2025(t *testing.T) {
	for year, first := range map[int]string{2025: "TestSmokePartition4A", 2026: "TestSmokeCrash4A"} {
		t.Run(fmt.Sprint(year), func(t *testing.T) { testFor2025(t, year, first) })
	}
}

// testFor2025 is for a year with a first test of package rsm.
func testFor2025(t *testing.T, year int, first string) {
	dir := writeYear(t, year)
	tree, err := labtree.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tree.KVParts(), " "); got != "rsm kv" {
		t.Errorf("the key/value lab is %q", got)
	}
	for part, want := range map[string]struct {
		pkg, dir string
		tests    []string
	}{
		"2C":  {"raft", "raft1", []string{"TestSmoke3C"}},
		"3A":  {"raft", "raft1", []string{"TestSmoke3A"}},
		"all": {"raft", "raft1", []string{"TestSmoke3A", "TestSmoke3C", "TestSmoke3D"}},
		"4A":  {"rsm", "kvraft1/rsm", []string{first, "TestSmokeRestart4A"}},
		"rsm": {"rsm", "kvraft1/rsm", []string{first, "TestSmokeRestart4A", "TestSmokeSnapshot4C"}},
		"4b":  {"kvraft", "kvraft1", []string{"TestSmokeBasic4B"}},
		"4C":  {"kvraft", "kvraft1", []string{"TestSmokeSnapshot4C"}},
		"kv":  {"kvraft", "kvraft1", []string{"TestSmokeBasic4B", "TestSmokeSnapshot4C"}},
	} {
		got, err := tree.For(part)
		if err != nil || got.Package != want.pkg || got.Dir != filepath.Join(tree.Src, want.dir) || got.RSM() != (want.pkg == "rsm") || got.Daemon() != want.pkg+"1d" {
			t.Errorf("part %q: %+v, %v", part, got, err)
			continue
		}
		if sel, err := got.Select(part, ""); err != nil || !slices.Equal(sel.Names, want.tests) {
			t.Errorf("part %q is %+v, %v", part, sel, err)
		}
	}
	// The layer alone is there: its tests run, and the service's are missed by name.
	if err := os.Remove(filepath.Join(tree.Src, "kvraft1", "kvraft_test.go")); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.For("4A"); err != nil {
		t.Errorf("package rsm without package kvraft: %v", err)
	}
	for _, part := range []string{"4B", "kv"} {
		if _, err := tree.For(part); err == nil || !strings.Contains(err.Error(), "package kvraft of the lab is missing") {
			t.Errorf("part %q without tests: %v", part, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(tree.Src, "kvraft1", "rsm")); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{"rsm": "has no package rsm", "4A": "does not exist: restore it"} {
		if _, err := tree.For(part); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("part %q without the package: %v", part, err)
		}
	}
}
