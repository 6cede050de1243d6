package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/compare"
)

func TestComparisonOptions(t *testing.T) {
	o, err := parseComparison(nil)
	if err != nil || o.repeats != 3 || !reflect.DeepEqual(o.impls, []string{pontoon, etcd, hashi}) || !reflect.DeepEqual(o.parts, []string{"2A", "2B"}) {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	o, err = parseComparison([]string{"-quick", "-impl", "own, ../lab,", "-part", "2C,all"})
	if err != nil || o.repeats != 1 || o.run != quickTests || !reflect.DeepEqual(o.impls, []string{"own", "../lab"}) || !reflect.DeepEqual(o.parts, []string{"all"}) {
		t.Errorf("-quick with two implementations: %+v, %v", o, err)
	}
	for _, args := range [][]string{{"pontoon"}, {"-repeats", "-1"}, {"-limit", "-1s"}, {"-impl", ","}, {"-part", ""}} {
		if _, err := parseComparison(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

// All tests of the course, and none of Pontoon's own.
func TestComparedTests(t *testing.T) {
	tests, err := suiteTests([]*implementation{{Tree: embeddedTree(t)}}, notHard, "all")
	if err != nil || len(tests) != 28 {
		t.Fatalf("%d tests, %v; want 28", len(tests), err)
	}
	for _, test := range tests {
		if strings.HasPrefix(test.Name, "Hard") {
			t.Errorf("%s is Pontoon's own", test.Name)
		}
	}
}

func TestSectionsOfRuns(t *testing.T) {
	labels := []string{"x", "y"}
	scenarios := outstandingGroups(true, time.Second)[0].Scenarios
	runs := []Run{
		runOf("x", scenarios[0].Key(), 0, Result{OpsPerSecond: 10, P50: 3, MaxRSS: 20}),
		runOf("x", scenarios[0].Key(), 1, Result{OpsPerSecond: 30, P50: 1, MaxRSS: 30}),
		{Implementation: "y", Scenario: scenarios[0].Key(), Error: "it broke"},
		runOf("y", scenarios[0].Key(), 1, Result{OpsPerSecond: 99}),
	}
	row := labSection(scenarios, runs, labels).Rows[0]
	if x := row.Cells[0]; x.Runs != 2 || x.Passed != 2 || x.Values["ops"] != 20 || x.Values["p50"] != 2 || x.Values["memory"] != 25 {
		t.Errorf("x is %+v", x)
	}
	if y := row.Cells[1]; y.Runs != 2 || y.Passed != 1 || y.Failure != "it broke" {
		t.Errorf("y is %+v", y)
	}

	direct := []directRun{{implementation: "x", scenario: scenarios[1]}, {implementation: "x", scenario: scenarios[1], failure: "late"}}
	direct[0].Result.OpsPerSecond = 7
	row = directSection(scenarios, direct, labels).Rows[1]
	if x, y := row.Cells[0], row.Cells[1]; x.Runs != 2 || x.Passed != 1 || x.Failure != "late" || x.Values["ops"] != 7 || y.Runs != 0 {
		t.Errorf("without the lab x is %+v, y is %+v", x, y)
	}

	tests := []suiteTest{{Name: "A"}, {Name: "B"}}
	var suite []SuiteRun
	for _, label := range labels {
		suite = append(suite, SuiteRun{Implementation: label, Test: "A", Seconds: 2, RPCs: 5, MaxRSS: 9}, SuiteRun{Implementation: label, Test: "B", Seconds: 3})
	}
	suite[3].Error = "one(1) failed"
	s := testSection(tests, suite, labels)
	if b := s.Rows[1].Cells[1]; b.Passed != 0 || b.Failure != "one(1) failed" {
		t.Errorf("y in B is %+v", b)
	}
	want := compare.Cell{Runs: 1, Passed: 1, Values: map[string]float64{"seconds": 2, "rpcs": 5, "bytes": 0, "cpu": 0}}
	if sum := s.Rows[2]; !reflect.DeepEqual(sum.Cells, []compare.Cell{want, want}) {
		t.Errorf("the sum is %+v, want A alone", sum)
	}
}

// -from shows what -json wrote, and needs neither a tree nor tools.
func TestCompareFromADocument(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	if err := Compare(t.Context(), []string{"-from", "../compare/testdata/sample.json", "-html", page}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "<canvas") {
		t.Errorf("%v: no page in %d bytes", err, len(text))
	}
	if err := Compare(t.Context(), []string{"-from", page}); err == nil || !strings.Contains(err.Error(), "no document") {
		t.Errorf("a page as a document: %v", err)
	}
}

func TestWatchPeak(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("this system does not tell")
	}
	cmd := exec.Command("cat") // ends with its input
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	close(ended) // after one look
	if peak := watchPeak(cmd.Process.Pid, ended); peak <= 0 || peak > 50 {
		t.Errorf("cat had %v MB", peak)
	}
	input.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]float64{"": 0, "VmHWM:": 0, "VmPeak: 1 kB\nVmHWM:\t    1000 kB\n": 1.024} {
		if got := peakOf([]byte(text)); got != want {
			t.Errorf("peakOf(%q) = %v, want %v", text, got, want)
		}
	}
}
