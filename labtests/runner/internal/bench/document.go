package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// document is what -json writes.
type document struct {
	Started         time.Time           `json:"started"`
	Go              string              `json:"go"`
	OS              string              `json:"os"`
	CPUs            int                 `json:"cpus"`
	Repeats         int                 `json:"repeats"`
	Implementations []string            `json:"implementations"`
	Runs            []Run               `json:"runs,omitempty"`
	Medians         map[string][]Median `json:"medians,omitempty"` // by scenario
	SuiteRuns       []SuiteRun          `json:"suite_runs,omitempty"`
}

// Median is what a table shows of one implementation in one scenario.
type Median struct {
	Implementation string  `json:"implementation"`
	Runs           int     `json:"runs"`
	Result         *Result `json:"result,omitempty"`
	Error          string  `json:"error,omitempty"`
}

func (o *options) document(impls []*implementation) *document {
	d := &document{
		Started: time.Now().UTC(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Repeats: o.repeats,
	}
	for _, impl := range impls {
		d.Implementations = append(d.Implementations, impl.Label)
	}
	return d
}

func (d *document) head(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d CPUs, %s: medians of %d\n", d.Go, d.OS, d.CPUs, d.Started.Format("2006-01-02 15:04 MST"), d.Repeats)
}

func (d *document) write(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o666)
}

func (d *document) add(all []group, runs []Run) {
	d.Runs, d.Medians = runs, map[string][]Median{}
	for _, g := range all {
		for _, s := range g.Scenarios {
			for _, c := range cellsOf(runs, d.Implementations, s.Key()) {
				d.Medians[s.Key()] = append(d.Medians[s.Key()], c.median())
			}
		}
	}
}

func (c cell) median() Median {
	m := Median{Implementation: c.Label, Runs: c.Runs, Error: c.Failure}
	if c.Runs > 0 {
		m.Result = &c.Median
	}
	return m
}
