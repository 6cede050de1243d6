package years

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/fixture"
	"pontoon.dev/labrun/internal/labtree"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		output         string
		passed, failed int
		time           time.Duration
		rpcs           int
	}{
		"2017": {"=== RUN   TestA2A\nTest (2A): a ...\n  ... Passed\n--- PASS: TestA2A (1.00s)\nPASS\nok  \traft\t1.250s\n", 1, 0, 1250 * time.Millisecond, -1},
		"2018 to 2024": {"=== RUN   TestA2A\n  ... Passed --   1.5  3   18     442    0\n--- PASS: TestA2A (1.00s)\n" +
			"=== RUN   TestB2A\n  ... Passed --  11.5  5 2000    0\n--- PASS: TestB2A (1.00s)\nPASS\nok  \t6.824/raft\t13s\n", 2, 0, 13 * time.Second, 2018},
		"2025":             {"  ... Passed --  time  1.0s #peers 3 #RPCs    38 #Ops    0\n--- PASS: TestA3A (1.0s virtual, 0.01s wall)\n", 1, 0, 0, 38},
		"failed":           {"=== RUN   TestA2A\n--- FAIL: TestA2A (1.00s)\n    x.go:1: why\nFAIL\nFAIL\t_/home/raft\t1.500s\nFAIL\n", 0, 1, 1500 * time.Millisecond, -1},
		"process ended":    {"=== RUN   TestA2A\n--- PASS: TestA2A (1.00s)\n=== RUN   TestB2A\napply error\nFAIL\tx/raft\t2.000s\nFAIL\n", 1, 1, 2 * time.Second, -1},
		"skipped":          {"=== RUN   TestA2A\n--- SKIP: TestA2A (0.00s)\n", 0, 0, 0, -1},
		"subtest":          {"=== RUN   TestA2A\n=== RUN   TestA2A/x\n    --- PASS: TestA2A/x (0.00s)\n--- PASS: TestA2A (0.00s)\n", 1, 0, 0, -1},
		"does not compile": {"FAIL\t6.824/raft [build failed]\n", 0, 0, 0, -1},
	} {
		var r Row
		r.Read(c.output)
		if r.Passed != c.passed || r.Failed != c.failed || r.Time != c.time || r.RPCs != c.rpcs {
			t.Errorf("%s: got %+v, want %+v", name, r, c)
		}
	}
}

func TestWrite(t *testing.T) {
	tree := &labtree.Tree{Year: 2021}
	rows := []Row{
		{Checkout: Checkout{Dir: "/labs/mine", Tree: tree}, Parts: []string{"2A", "2B"}, Passed: 9, Failed: 1, Time: 61250 * time.Millisecond, RPCs: 700},
		{Checkout: Checkout{Dir: "/labs/bad"}, RPCs: -1, Remark: "has no config.go"},
	}
	var out strings.Builder
	if err := Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"year", "checkout", "parts", "passed", "failed", "seconds", "RPCs"},
		{"2021", "mine", "2A", "2B", "9", "1", "61.2", "700"},
		{"?", "bad", "0", "0", "-", "-", "has", "no", "config.go"},
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if i >= len(want) || strings.Join(strings.Fields(line), " ") != strings.Join(want[i], " ") {
			t.Errorf("line %d is %q", i, line)
		}
	}
	if rows[0].OK() || rows[1].OK() || !(Row{Passed: 1}).OK() {
		t.Error("wrong verdict")
	}
}

func TestFind(t *testing.T) {
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	labs := t.TempDir()
	for name, year := range map[string]int{"b": 2023, "a": 2024, "old/clone": 2018, "too/deep/down": 2021, ".hidden": 2021, "damaged": 2022} {
		if err := fixture.Write(root, year, filepath.Join(labs, name)); err != nil {
			t.Fatal(err)
		}
	}
	err = os.Remove(filepath.Join(labs, "damaged", "src", "raft", "config.go"))
	if err == nil {
		err = os.WriteFile(filepath.Join(labs, "file"), nil, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := Find(labs)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range found {
		name, err := filepath.Rel(labs, c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		if (c.Err != nil) != (name == "damaged") {
			t.Errorf("%s: %v", name, c.Err)
		}
	}
	if got := strings.Join(names, " "); got != "damaged old/clone b a" {
		t.Errorf("found %s", got)
	}
	for _, dir := range []string{filepath.Join(labs, "nowhere"), filepath.Join(labs, "file"), t.TempDir()} {
		if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), ": give ") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
