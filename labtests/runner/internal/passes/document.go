package passes

import (
	"encoding/json"
	"io"
	"path/filepath"
	"time"
)

// Schema numbers the form of Document. It grows when a field goes away or
// changes its meaning; new fields do not change it.
const Schema = 1

// Document is what labrun test -json writes. Times are in seconds. What is not
// known is null.
type Document struct {
	Schema      int             `json:"schema"`
	Tool        Tool            `json:"tool"`
	Lab         Lab             `json:"lab"`
	Impl        string          `json:"impl"`
	Flags       []string        `json:"flags"` // as given
	Clock       string          `json:"clock"` // "virtual" or "real"
	Started     time.Time       `json:"started"`
	Wall        float64         `json:"wall_seconds"`
	Passes      int             `json:"passes"` // asked for
	Jobs        int             `json:"jobs"`
	Passed      bool            `json:"passed"`      // every run did
	Interrupted bool            `json:"interrupted"` // by a signal
	Abandoned   int             `json:"abandoned"`   // runs that were not begun or not finished, and are not below
	Tests       []TestRecord    `json:"tests"`
	Failures    []FailureRecord `json:"failures"`
	Runs        []RunRecord     `json:"runs"`
	Machine     MachineRecord   `json:"machine"`
}

// Tool is what wrote the document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Go      string `json:"go"` // that labrun was built with
}

// Lab is the tree whose tests ran.
type Lab struct {
	Dir     string `json:"dir"`
	Year    int    `json:"year"`
	Package string `json:"package"` // import path
}

// TestRecord is what came of all runs of one test.
type TestRecord struct {
	Test    string   `json:"test"`
	Runs    int      `json:"runs"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Skipped int      `json:"skipped"`
	P50     *float64 `json:"p50_seconds"` // on the clock in use
	P99     *float64 `json:"p99_seconds"`
	Wall50  *float64 `json:"wall_p50_seconds"`
	Wall99  *float64 `json:"wall_p99_seconds"`
	RPCs    *int     `json:"rpcs"`  // median, as the lab counts them
	Bytes   *int     `json:"bytes"` // median
}

// FailureRecord is runs of one test that failed alike.
type FailureRecord struct {
	Test   string `json:"test"`
	Text   string `json:"text"`
	Passes []int  `json:"passes"`
}

// RunRecord is one run of one test.
type RunRecord struct {
	Test    string   `json:"test"`
	Pass    int      `json:"pass"`
	Verdict string   `json:"verdict"` // "pass", "fail" or "skip"
	How     string   `json:"how"`     // of a failure: "fail" by its own judgement, "hang", "panic" or "exit" of its process
	Seconds *float64 `json:"seconds"` // on the clock in use; null if it did not end by itself
	Wall    float64  `json:"wall_seconds"`
	CPU     float64  `json:"cpu_seconds"`
	RPCs    *int     `json:"rpcs"`
	Bytes   *int     `json:"bytes"`
	Late    float64  `json:"worst_lateness_seconds"` // of a timer, in labrun or in the test's process
	Reason  string   `json:"reason,omitempty"`       // of a failure, in one line
	Blame   string   `json:"blame,omitempty"`        // who else than the Raft may be at fault
	Log     string   `json:"log,omitempty"`          // paths
	Trace   string   `json:"trace,omitempty"`
	Page    string   `json:"page,omitempty"`
	Finding string   `json:"finding,omitempty"` // what the trace shows
}

// MachineRecord is where it ran.
type MachineRecord struct {
	CPUs int     `json:"cpus"`
	Late float64 `json:"worst_lateness_seconds"` // of labrun's own timers
}

// Document completes one with what came of the job.
func (r *Report) Document(d Document) *Document {
	d.Schema = Schema
	d.Clock = "virtual"
	if r.Job.Real {
		d.Clock = "real"
	}
	d.Wall, d.Passes, d.Jobs = r.Wall.Seconds(), r.Job.Count, r.Job.Jobs
	d.Abandoned = r.Abandoned
	d.Passed = r.Failed() == 0 && r.Abandoned == 0
	d.Machine = MachineRecord{CPUs: r.CPUs, Late: r.Machine.Worst.Seconds()}
	d.Tests, d.Failures, d.Runs = []TestRecord{}, []FailureRecord{}, []RunRecord{}
	for _, row := range r.Rows() {
		t := TestRecord{Test: row.Test, Runs: row.Runs, Passed: row.Passed, Failed: row.Failed, Skipped: row.Skipped, RPCs: count(row.RPCs), Bytes: count(row.Bytes)}
		if row.Ended > 0 {
			t.P50, t.P99 = seconds(row.P50), seconds(row.P99)
		}
		if row.Runs > 0 {
			t.Wall50, t.Wall99 = seconds(row.Wall50), seconds(row.Wall99)
		}
		d.Tests = append(d.Tests, t)
	}
	for _, g := range r.groups() {
		f := FailureRecord{Test: g.test, Text: g.text()}
		for _, run := range g.runs {
			f.Passes = append(f.Passes, run.Pass)
		}
		d.Failures = append(d.Failures, f)
	}
	for _, run := range r.Runs {
		d.Runs = append(d.Runs, run.record())
	}
	return &d
}

func (r *Run) record() RunRecord {
	rec := RunRecord{
		Test: r.Test, Pass: r.Pass, Verdict: r.Verdict, How: r.how, Wall: r.Wall.Seconds(), CPU: r.CPU.Seconds(),
		Late: max(r.Load.Runner.Worst, r.Probe.Worst).Seconds(), Reason: r.Failure.Text, Blame: r.Blame,
		Log: absolute(r.Log), Trace: absolute(r.Trace), Page: absolute(r.Page), Finding: r.Finding,
	}
	if r.Ended {
		rec.Seconds = seconds(r.Clock)
	}
	if f := r.Figures; f != nil {
		rec.RPCs, rec.Bytes = count(f.RPCs), count(f.Bytes)
	}
	return rec
}

// Write writes the document as JSON.
func (d *Document) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "\t")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

func count(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
