package bench

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/labtree"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	values := []float64{3, 1, 2}
	median(values)
	if values[0] != 3 {
		t.Errorf("median has sorted its argument")
	}
}

// Every figure has a median: one forgotten in fields would show as 0.
func TestMedianResultCoversEveryFigure(t *testing.T) {
	var r Result
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.Float64 {
			v.Field(i).SetFloat(float64(i + 1))
		}
	}
	if got := medianResult([]Result{r, r, r}); !reflect.DeepEqual(got, r) {
		t.Errorf("the median of three equal results is\n%+v, want\n%+v", got, r)
	}
	if !medianResult([]Result{{TimedOut: true}, {TimedOut: true}, {}}).TimedOut {
		t.Errorf("two of three timed out, the median has not")
	}
	if medianResult([]Result{{TimedOut: true}, {}}).TimedOut {
		t.Errorf("one of two timed out, so has the median")
	}
}

func TestParseProbe(t *testing.T) {
	r, err := parseProbe([]byte("labgob warning\n\n" + probeMark + `{"ops":20,"ops_per_s":3.5,"faults":[]}` + "\nPASS\n"))
	if err != nil || r.Ops != 20 || r.OpsPerSecond != 3.5 {
		t.Errorf("got %+v, %v", r, err)
	}
	for output, want := range map[string]string{
		"":                                  "no result",
		"a\nb\nc\nd\ne\npanic: 1\nexit\n":   ": c | d | e | panic: 1 | exit",
		probeMark + "{":                     "does not decode",
		probeMark + `{"opps":1}`:            "does not decode",
		probeMark + `{"faults":["a", "b"]}`: "a; b",
	} {
		if _, err := parseProbe([]byte(output)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseProbe(%q): %v, want an error with %q", output, err, want)
		}
	}
}

func TestParsePassed(t *testing.T) {
	for _, c := range []struct {
		line                 string
		seconds, rpcs, bytes float64
	}{
		{"Test (2A): initial election ...\n  ... Passed --   3.1  3   58   15422    0\nPASS\n", 3.1, 58, 15422},
		{"  ... Passed --  21.7  5  873  193992  16\n", 21.7, 873, 193992},
		{"  ... Passed --   3.0  3   60    0\n", 3, 60, 0}, // 2018
	} {
		seconds, rpcs, bytes, err := parsePassed([]byte(c.line))
		if err != nil || seconds != c.seconds || rpcs != c.rpcs || bytes != c.bytes {
			t.Errorf("parsePassed(%q) = %v, %v, %v, %v", c.line, seconds, rpcs, bytes, err)
		}
	}
	for _, line := range []string{"", "--- FAIL: TestX\n", "  ... Passed\n", "  ... Passed --  3.0  3\n", "  ... Passed --  3.0.1  3 1 1 1\n"} {
		if _, _, _, err := parsePassed([]byte(line)); err == nil {
			t.Errorf("parsePassed(%q) found figures", line)
		}
	}
}

func TestSuiteName(t *testing.T) {
	for full, want := range map[string]string{
		"TestBasicAgree2B": "BasicAgree", "TestFigure82C": "Figure8", "TestPersist13C": "Persist1", "TestSnapshotInit3D": "SnapshotInit",
	} {
		if got := suiteName(full); got != want {
			t.Errorf("suiteName(%s) = %s, want %s", full, got, want)
		}
	}
}

func TestScenarioKeysAreUnique(t *testing.T) {
	for _, quick := range []bool{false, true} {
		seen := map[string]bool{}
		for _, g := range groups(quick, time.Minute) {
			for _, s := range g.Scenarios {
				if seen[s.Key()] {
					t.Errorf("two scenarios are called %s", s.Key())
				}
				seen[s.Key()] = true
				if s.Limit <= 0 || s.Mode != g.Mode || s.Servers == 0 || s.Size < 8 {
					t.Errorf("%s is %+v", s.Key(), s)
				}
			}
		}
	}
}

func TestOnly(t *testing.T) {
	kept, err := only(groups(false, time.Minute), `^pipe/3x20000x16`)
	if err != nil || len(kept) != 1 || len(kept[0].Scenarios) != 2 {
		t.Fatalf("got %+v, %v", kept, err)
	}
	if got, want := kept[0].Scenarios[1].Key(), "pipe/3x20000x16/snap500"; got != want {
		t.Errorf("the second is %s, want %s", got, want)
	}
	if got, want := kept[0].Scenarios[1].Title(), "3 servers, 20,000 × 16 B, snapshot/500"; got != want {
		t.Errorf("its title is %q, want %q", got, want)
	}
	for _, pattern := range []string{"nothing", "("} {
		if _, err := only(groups(true, time.Minute), pattern); err == nil {
			t.Errorf("-only %q is accepted", pattern)
		}
	}
}

// The published figures are found by name: a name that no scenario or test has
// would never be shown.
func TestBaselinesMatchTheMatrix(t *testing.T) {
	keys := map[string]bool{}
	for _, g := range append(groups(false, time.Minute), kvGroups(time.Minute)...) {
		for _, s := range g.Scenarios {
			keys[s.Key()] = true
		}
	}
	for _, b := range elsewhere.Bench {
		if !keys[b.Scenario] {
			t.Errorf("no scenario is called %s", b.Scenario)
		}
	}
	tree, err := labtree.Find("../../../src")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, test := range tree.Tests {
		tests[suiteName(test.Name)] = true
	}
	for _, s := range elsewhere.Suite {
		if !tests[s.Test] {
			t.Errorf("the embedded lab has no test %s", s.Test)
		}
	}
	if len(elsewhere.Bench) != 19 || len(elsewhere.Suite) != 28 {
		t.Errorf("%d scenarios and %d tests are published, want 19 and 28", len(elsewhere.Bench), len(elsewhere.Suite))
	}
}

func TestBestElsewhere(t *testing.T) {
	if name, row, loaded := elsewhere.bestElsewhere("seq/3x500x16"); name != "C" || row.OpsPerSecond != 2628 || loaded {
		t.Errorf("got %s %+v %v", name, row, loaded)
	}
	if name, row, loaded := elsewhere.bestElsewhere("pipe/3x20000x16"); name != "C" || !row.TimedOut || !loaded {
		t.Errorf("got %s %+v %v", name, row, loaded)
	}
	if name, row, _ := elsewhere.bestElsewhere("idle/3"); name != "C" || row.IdleCPU != 71 {
		t.Errorf("got %s %+v", name, row)
	}
	if name, _, _ := elsewhere.bestElsewhere("idle/7"); name != "" {
		t.Errorf("got %s for what nobody measured", name)
	}
	if name, row := elsewhere.bestSuite("Backup", func(r publishedSuite) float64 { return r.Seconds }); name != "B" || row.Seconds != 5.3 {
		t.Errorf("got %s %+v", name, row)
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(nil)
	if err != nil || o.repeats != 3 || o.limit != time.Minute || !reflect.DeepEqual(o.impls, []string{pontoon, textbook}) {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	o, err = parseOptions([]string{"-quick", "-impl", "own", "-impl", "../lab"})
	if err != nil || o.repeats != 1 || o.limit != 10*time.Second || !reflect.DeepEqual(o.impls, []string{own, "../lab"}) {
		t.Errorf("-quick with two implementations: %+v, %v", o, err)
	}
	for _, args := range [][]string{{"pontoon"}, {"-repeats", "-1"}, {"-limit", "-1s"}, {"-kv", "-suite"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{
		-1: "–", 0: "0", 0.0123: "0.012", 0.5: "0.50", 9.876: "9.88", 12.34: "12.3", 99.96: "100", 12345.6: "12346",
	} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %s, want %s", x, got, want)
		}
	}
	if got := ratio(3, math.NaN()); got != "–" {
		t.Errorf("a ratio to nothing is %s", got)
	}
}
