package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	table := &table{left: 2}
	table.add("", "Raft", "µs", "")
	table.add("a row", "x", "1.5", "best")
	table.add("", "(C)*", "12")
	var out bytes.Buffer
	table.write(&out)
	want := "" +
		"       Raft   µs\n" +
		"a row  x     1.5  best\n" +
		"       (C)*   12\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func runOf(label, key string, repeat int, r Result) Run {
	return Run{Implementation: label, Scenario: key, Repeat: repeat, Result: &r}
}

// Two rows: in the first x has more ops/s and more RPCs, in the second y fails.
func sampleRuns(t *testing.T) ([]group, []Run) {
	all, err := only(groups(false, time.Minute), `^pipe/3x(1000|2000)x16$`)
	if err != nil {
		t.Fatal(err)
	}
	runs := []Run{
		runOf("x", "pipe/3x1000x16", 0, Result{OpsPerSecond: 900, CPUPerOp: 10, RPCsPerOp: 4, MachineSpeed: 100}),
		runOf("x", "pipe/3x1000x16", 1, Result{OpsPerSecond: 1000, CPUPerOp: 20, RPCsPerOp: 4, MachineSpeed: 200}),
		runOf("x", "pipe/3x1000x16", 2, Result{OpsPerSecond: 5000, CPUPerOp: 30, RPCsPerOp: 4, MachineSpeed: 150}),
		runOf("y", "pipe/3x1000x16", 0, Result{OpsPerSecond: 500, CPUPerOp: 20, RPCsPerOp: 2, TimedOut: true, MachineSpeed: 150}),
		runOf("x", "pipe/3x2000x16", 0, Result{OpsPerSecond: 1000, CPUPerOp: 1, RPCsPerOp: 1, MachineSpeed: 150}),
		runOf("y", "pipe/3x2000x16", 0, Result{OpsPerSecond: 9000, CPUPerOp: 1, RPCsPerOp: 1, MachineSpeed: 150}),
		{Implementation: "y", Scenario: "pipe/3x2000x16", Repeat: 1, Error: "servers disagree"},
	}
	return all, runs
}

// wantLine looks for a line that begins with the first part and contains the
// others in order.
func wantLine(t *testing.T, text string, parts ...string) {
	t.Helper()
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), parts[0])
		for _, part := range parts[1:] {
			var found bool
			_, rest, found = strings.Cut(rest, part)
			ok = ok && found
		}
		if ok {
			return
		}
	}
	t.Errorf("no line has %q in\n%s", parts, text)
}

func TestReport(t *testing.T) {
	all, runs := sampleRuns(t)
	var out bytes.Buffer
	report(&out, all, runs, []string{"x", "y"})
	text := out.String()
	wantLine(t, text, "3 servers, 1,000 × 16 B", "x", "1000", "best", "20.0", "best", "4.00", "3")
	wantLine(t, text, "y", "TO 500", "0.50×", "20.0", "best", "2.00", "1")
	wantLine(t, text, "(C)", "2812")
	wantLine(t, text, "y", "FAILED")
	wantLine(t, text, "Between runs", "factor of 2.00")

	_, verdicts, _ := strings.Cut(text, "against the best of the others")
	wantLine(t, verdicts, "pipe/3x1000x16", "won 2.00×", "even", "lost 2.00×")
	wantLine(t, verdicts, "pipe/3x2000x16", "won: alone")
	wantLine(t, verdicts, "won / lost", "2 / 0", "1 / 0", "1 / 1")

	out.Reset()
	report(&out, all, runs, []string{"y", "x"})
	_, verdicts, _ = strings.Cut(out.String(), "against the best of the others")
	wantLine(t, verdicts, "pipe/3x1000x16", "lost 0.50×", "even", "won 0.50×")
	wantLine(t, verdicts, "pipe/3x2000x16", "lost: failed", "lost: failed")
}

func TestDocument(t *testing.T) {
	all, runs := sampleRuns(t)
	d := (&options{repeats: 3}).document([]*implementation{{Label: "x"}, {Label: "y"}})
	d.add(all, runs)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back document
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	first := back.Medians["pipe/3x1000x16"]
	if len(back.Runs) != len(runs) || len(first) != 2 || first[0].Result.OpsPerSecond != 1000 || first[0].Runs != 3 {
		t.Errorf("got %+v with %d runs", first, len(back.Runs))
	}
	if second := back.Medians["pipe/3x2000x16"]; second[1].Error != "servers disagree" {
		t.Errorf("a failure is lost: %+v", second)
	}
}

func TestReportSuite(t *testing.T) {
	tests := []suiteTest{{Name: "BasicAgree"}, {Name: "Backup"}, {Name: "Mine"}}
	runs := []SuiteRun{
		{Implementation: "x", Test: "BasicAgree", Seconds: 0.5, RPCs: 14, Bytes: 4000, CPUSeconds: 0.01},
		{Implementation: "x", Test: "Backup", Seconds: 6, RPCs: 1000, Bytes: 2e6, CPUSeconds: 1},
		{Implementation: "y", Test: "BasicAgree", Seconds: 0.7, RPCs: 16, Bytes: 5000, CPUSeconds: 0.02},
		{Implementation: "y", Test: "Backup", Error: "exit status 1"},
		{Implementation: "x", Test: "Mine", Seconds: 1, RPCs: 1, Bytes: 1, CPUSeconds: 1},
	}
	var out bytes.Buffer
	reportSuite(&out, tests, runs, []string{"x", "y"})
	text := out.String()
	wantLine(t, text, "BasicAgree", "0.5", "14", "4000", "0.010", "0.7", "16", "5000", "0.020", "0.5 (B)", "16 (A)")
	wantLine(t, text, "Backup", "6.0", "1000", "2.0M", "1.00", "FAILED", "5.3 (B)", "1344 (A)")
	wantLine(t, text, "Mine", "1.0", "–")
	wantLine(t, text, "all together", "7.5", "1015", "2.0M", "2.01", "FAILED")
	wantLine(t, text, "seconds", "won 3, even 0, lost 0")

	out.Reset()
	reportSuite(&out, tests, runs, []string{"y", "x"})
	wantLine(t, out.String(), "RPCs", "won 0, even 0, lost 3", "BasicAgree 1.14×, Backup (failed), Mine (failed)")
	wantLine(t, text, "Their whole suite", "B 280, 18.3", "D 449, 7.10")
}
