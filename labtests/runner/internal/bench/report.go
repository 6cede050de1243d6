package bench

import (
	"fmt"
	"io"
	"math"
)

// cell is one implementation's runs of one scenario.
type cell struct {
	Label   string
	Median  Result
	Runs    int
	Failure string // the first failed run's error
}

// cellsOf reduces the runs of a scenario to one cell for each implementation.
func cellsOf(runs []Run, labels []string, key string) []cell {
	var cells []cell
	for _, label := range labels {
		c := cell{Label: label}
		var good []Result
		for _, run := range runs {
			if run.Implementation != label || run.Scenario != key {
				continue
			}
			if run.Result != nil {
				good = append(good, *run.Result)
			} else if c.Failure == "" {
				c.Failure = run.Error
			}
		}
		c.Runs, c.Median = len(good), medianResult(good)
		cells = append(cells, c)
	}
	return cells
}

// good tells whether the cell has figures that may be compared: a Raft that
// fails now and then has none.
func (c cell) good() bool { return c.Failure == "" && c.Runs > 0 }

// extreme returns the best figure among the cells that are good: the largest or
// the smallest.
func extreme(cells []cell, figure func(Result) float64, largest bool) float64 {
	best := math.NaN()
	for _, c := range cells {
		if !c.good() {
			continue
		}
		if x := figure(c.Median); math.IsNaN(best) || (largest && x > best) || (!largest && x < best) {
			best = x
		}
	}
	return best
}

// ratio is a figure as a multiple of the best one.
func ratio(x, best float64) string {
	if x == best {
		return "best"
	}
	if best == 0 || math.IsNaN(best) {
		return "–"
	}
	return number(x/best) + "×"
}

func opsPerSecond(r Result) float64 { return r.OpsPerSecond }
func msPerOp(r Result) float64      { return 1e3 / r.OpsPerSecond }
func cpuPerOp(r Result) float64     { return r.CPUPerOp }
func rpcsPerOp(r Result) float64    { return r.RPCsPerOp }
func p50(r Result) float64          { return r.P50 }
func p99(r Result) float64          { return r.P99 }
func idleCPU(r Result) float64      { return per10s(r, r.CPUMillis) }
func idleRPCs(r Result) float64     { return per10s(r, r.RPCs) }

func per10s(r Result, x float64) float64 {
	if r.Seconds == 0 {
		return 0
	}
	return x * 10 / r.Seconds
}

// report prints a table for each group, then what the first implementation won
// and lost against the others.
func report(w io.Writer, all []group, runs []Run, labels []string) {
	for _, g := range all {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		t := &table{left: 2}
		t.add(headers(g.Mode)...)
		for _, s := range g.Scenarios {
			cells := cellsOf(runs, labels, s.Key())
			title := s.Title()
			for _, c := range cells {
				t.add(append([]string{title, c.Label}, figures(g.Mode, c, cells)...)...)
				title = ""
			}
			if row := elsewhereRow(s); row != nil {
				t.add(row...)
			}
		}
		t.write(w)
	}
	fmt.Fprintf(w, "\n(A) to (F): the best of those %s; not part of any ratio. * on a busy machine.\n", elsewhere.Label)
	fmt.Fprintln(w, "TO: the limit came first, the figure is what was reached by then. Medians; bytes and RPCs are those of all servers together;")
	fmt.Fprintln(w, "thr and gor: OS threads and goroutines that each server adds at rest; others: share of the machine that other processes used.")
	noise(w, runs)
	if len(labels) > 1 {
		standing(w, all, runs, labels)
	}
}

func headers(mode string) []string {
	tail := []string{"state B", "RSS MB", "thr", "gor", "changes", "others", "runs"}
	switch mode {
	case "kv":
		return []string{"", "service", "ms/op", "", "p50 ms", "p90", "p99", "max", "CPU µs/op", "", "RPC/op", "state B", "RSS MB", "others", "runs"}
	case "idle":
		return append([]string{"", "Raft", "CPU ms/10 s", "", "RPCs/10 s", ""}, tail...)
	case "pipe":
		return append([]string{"", "Raft", "ops/s", "", "CPU µs/op", "", "RPC/op", "B/op"}, tail...)
	}
	return append([]string{"", "Raft", "ops/s", "", "p50 ms", "p90", "p99", "max", "CPU µs/op", "", "RPC/op", "B/op"}, tail...)
}

// figures are a cell's columns, in the order of headers.
func figures(mode string, c cell, cells []cell) []string {
	if !c.good() {
		if c.Failure == "" {
			return []string{"not run"}
		}
		return []string{"FAILED"}
	}
	m := c.Median
	tail := []string{fmt.Sprintf("%.0f", m.StateBytes), number(m.MaxRSS), number(m.ThreadsPerNode), number(m.GoroutinesPerNode),
		number(m.LeaderChanges), percent(m.OtherCPUShare), fmt.Sprint(c.Runs)}
	least := func(figure func(Result) float64) []string {
		return []string{number(figure(m)), ratio(figure(m), extreme(cells, figure, false))}
	}
	late := func(figures []string) []string { // marks one whose run was cut short
		if m.TimedOut {
			figures[0] = "TO " + figures[0]
		}
		return figures
	}
	latencies := []string{number(m.P50), number(m.P90), number(m.P99), number(m.Max)}
	if mode == "kv" {
		row := append(late(least(msPerOp)), latencies...)
		row = append(append(row, least(cpuPerOp)...), number(m.RPCsPerOp))
		return append(row, fmt.Sprintf("%.0f", m.StateBytes), number(m.MaxRSS), percent(m.OtherCPUShare), fmt.Sprint(c.Runs))
	}
	if mode == "idle" {
		return append(append(least(idleCPU), least(idleRPCs)...), tail...)
	}
	row := late([]string{number(m.OpsPerSecond), ratio(m.OpsPerSecond, extreme(cells, opsPerSecond, true))})
	if mode != "pipe" {
		row = append(row, latencies...)
	}
	row = append(row, least(cpuPerOp)...)
	return append(append(row, number(m.RPCsPerOp), number(m.BytesPerOp)), tail...)
}

// elsewhereRow is the best published row of a scenario, nil if there is none.
func elsewhereRow(s Scenario) []string {
	name, r, loaded := elsewhere.bestElsewhere(s.Key())
	if name == "" {
		return nil
	}
	label := "(" + name + ")"
	if loaded {
		label += "*"
	}
	some := func(x float64) string {
		if x == 0 {
			return ""
		}
		return number(x)
	}
	ops := some(r.OpsPerSecond)
	if r.TimedOut {
		ops = "TO " + ops
	}
	switch s.Mode {
	case "kv":
		return []string{"", label, some(1e3 / r.OpsPerSecond)}
	case "idle":
		return []string{"", label, some(r.IdleCPU), "", some(r.IdleRPCs)}
	case "pipe":
		return []string{"", label, ops}
	}
	return []string{"", label, ops, "", some(r.P50), "", some(r.P99), "", some(r.CPUPerOp)}
}

// busyShare is the share of the machine that others may use unmentioned.
const busyShare = 0.25

// noise says how much the machine itself varied between runs that are compared.
func noise(w io.Writer, runs []Run) {
	slowest, fastest, busiest := math.Inf(1), 0.0, 0.0
	for _, run := range runs {
		if run.Result != nil {
			slowest, fastest = min(slowest, run.Result.MachineSpeed), max(fastest, run.Result.MachineSpeed)
			busiest = max(busiest, run.Result.OtherCPUShare)
		}
	}
	if fastest > 0 && slowest > 0 {
		fmt.Fprintf(w, "Between runs one thread's speed on this machine varied by a factor of %.2f; other processes used up to %s of it.\n",
			fastest/slowest, percent(busiest))
	}
	if busiest > busyShare {
		fmt.Fprintln(w, "These are figures of a busy machine: only the ratios mean something, and small differences do not.")
	}
}
