package bench

import (
	"fmt"
	"io"
	"math"
)

// contest is a figure that implementations can be better or worse in.
type contest struct {
	name    string
	figure  func(Result) float64
	largest bool
}

func contests(mode string) []contest {
	switch mode {
	case "idle":
		return []contest{{"CPU", idleCPU, false}, {"RPCs", idleRPCs, false}}
	case "kv":
		return []contest{{"ms/op", msPerOp, false}, {"CPU/op", cpuPerOp, false}, {"RPC/op", rpcsPerOp, false}, {"p50", p50, false}, {"p99", p99, false}}
	case "pipe":
		return []contest{{"ops/s", opsPerSecond, true}, {"CPU/op", cpuPerOp, false}, {"RPC/op", rpcsPerOp, false}}
	}
	return []contest{{"ops/s", opsPerSecond, true}, {"CPU/op", cpuPerOp, false}, {"RPC/op", rpcsPerOp, false},
		{"p50", p50, false}, {"p99", p99, false}}
}

// standing prints how the first implementation stands against the best of the
// others, row by row, lost rows in the same words as won ones.
func standing(w io.Writer, all []group, runs []Run, labels []string) {
	fmt.Fprintf(w, "\n%s against the best of the others, as a multiple of its figure\n", labels[0])
	names := []string{"ops/s", "CPU/op", "RPC/op", "p50", "p99", "CPU", "RPCs"}
	if all[0].Mode == "kv" {
		names = []string{"ms/op", "CPU/op", "RPC/op", "p50", "p99"}
	}
	t := &table{left: 1}
	t.add(append([]string{""}, names...)...)
	won, lost := map[string]int{}, map[string]int{}
	for _, g := range all {
		for _, s := range g.Scenarios {
			cells := cellsOf(runs, labels, s.Key())
			verdicts := map[string]string{}
			for _, c := range contests(g.Mode) {
				text, outcome := verdict(c, cells)
				verdicts[c.name] = text
				switch outcome {
				case better:
					won[c.name]++
				case worse:
					lost[c.name]++
				}
			}
			row := []string{s.Key()}
			for _, name := range names {
				row = append(row, verdicts[name])
			}
			t.add(row...)
		}
	}
	total := []string{"won / lost"}
	for _, name := range names {
		text := ""
		if won[name]+lost[name] > 0 {
			text = fmt.Sprintf("%d / %d", won[name], lost[name])
		}
		total = append(total, text)
	}
	t.add(total...)
	t.write(w)
}

type outcome int

const (
	even outcome = iota // equal, or nothing to compare
	better
	worse
)

// verdict compares the first cell with the best of the others. One that fails
// loses, and one whose opponents all fail wins.
func verdict(c contest, cells []cell) (string, outcome) {
	theirs := extreme(cells[1:], c.figure, c.largest)
	if !cells[0].good() {
		if math.IsNaN(theirs) {
			return "–", even
		}
		return "lost: failed", worse
	}
	if math.IsNaN(theirs) {
		return "won: alone", better
	}
	mine := c.figure(cells[0].Median)
	text := "–"
	if theirs != 0 {
		text = number(mine/theirs) + "×"
	}
	switch {
	case mine == theirs:
		return "even", even
	case (mine > theirs) == c.largest:
		return "won " + text, better
	}
	return "lost " + text, worse
}
