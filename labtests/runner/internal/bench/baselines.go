package bench

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
)

//go:embed baselines.json
var baselinesText []byte

// published are figures taken elsewhere: they tell where a row stands, and are
// no part of any ratio.
type published struct {
	Label string `json:"label"`
	Bench []struct {
		Scenario string                  `json:"scenario"` // as Scenario.Key
		Loaded   bool                    `json:"loaded"`   // taken on a busy machine
		Results  map[string]publishedRow `json:"results"`  // by solution
	} `json:"bench"`
	Suite []struct {
		Test    string                    `json:"test"` // without Test and the part
		Results map[string]publishedSuite `json:"results"`
	} `json:"suite"`
	SuiteTotal map[string]struct {
		Seconds    float64 `json:"seconds"`
		CPUSeconds float64 `json:"cpu_seconds"`
	} `json:"suite_total"`
}

// publishedRow has zeros for what was not published.
type publishedRow struct {
	OpsPerSecond float64 `json:"ops_per_s"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	CPUPerOp     float64 `json:"cpu_us_per_op"`
	TimedOut     bool    `json:"timed_out"`
	IdleCPU      float64 `json:"cpu_ms_per_10s"`
	IdleRPCs     float64 `json:"rpcs_per_10s"`
}

type publishedSuite struct {
	Seconds float64 `json:"seconds"`
	RPCs    float64 `json:"rpcs"`
	Bytes   float64 `json:"bytes"`
}

var elsewhere = func() (p published) {
	if err := json.Unmarshal(baselinesText, &p); err != nil {
		panic(err) // it is a part of the program
	}
	return p
}()

// bestElsewhere returns the fastest published solution of a scenario; of an
// idle one, that with the least CPU.
func (p *published) bestElsewhere(key string) (solution string, row publishedRow, loaded bool) {
	for _, b := range p.Bench {
		if b.Scenario != key {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(b.Results)) {
			r := b.Results[name]
			better := r.OpsPerSecond > row.OpsPerSecond
			if r.IdleCPU > 0 {
				better = r.IdleCPU < row.IdleCPU
			}
			if solution == "" || better {
				solution, row, loaded = name, r, b.Loaded
			}
		}
	}
	return solution, row, loaded
}

// bestSuite returns the published solutions that are least in a figure of a
// test: least(seconds) is the fastest, least(RPCs) the most frugal.
func (p *published) bestSuite(test string, figure func(publishedSuite) float64) (solution string, row publishedSuite) {
	for _, t := range p.Suite {
		if t.Test != test {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(t.Results)) {
			if r := t.Results[name]; solution == "" || figure(r) < figure(row) {
				solution, row = name, r
			}
		}
	}
	return solution, row
}
