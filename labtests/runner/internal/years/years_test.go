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
	"pontoon.dev/labrun/internal/passes"
)

func TestTake(t *testing.T) {
	rpcs := []int{20, 18}
	d := &passes.Document{
		Wall:  1.25,
		Tests: []passes.TestRecord{{Passed: 2, Failed: 1}, {Passed: 1, Skipped: 1}},
		Runs:  []passes.RunRecord{{RPCs: &rpcs[0]}, {}, {RPCs: &rpcs[1]}},
	}
	var r Row
	r.Take(d)
	if r.Passed != 3 || r.Failed != 1 || r.Time != 1250*time.Millisecond || r.RPCs != 38 {
		t.Errorf("got %+v", r)
	}
	r.Take(&passes.Document{})
	if r.RPCs != -1 {
		t.Errorf("got %d RPCs of no run", r.RPCs)
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
