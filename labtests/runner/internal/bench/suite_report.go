package bench

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// suiteCell is one implementation's runs of one test, or of all tests.
type suiteCell struct {
	Seconds, RPCs, Bytes, CPUSeconds float64
	Runs                             int
	Failed                           bool
}

func suiteCellOf(runs []SuiteRun, label, test string) suiteCell {
	var c suiteCell
	var seconds, rpcs, bytes, cpu []float64
	for _, run := range runs {
		if run.Implementation != label || run.Test != test {
			continue
		}
		c.Runs++
		c.Failed = c.Failed || run.Error != ""
		seconds, rpcs = append(seconds, run.Seconds), append(rpcs, run.RPCs)
		bytes, cpu = append(bytes, run.Bytes), append(cpu, run.CPUSeconds)
	}
	c.Seconds, c.RPCs, c.Bytes, c.CPUSeconds = median(seconds), median(rpcs), median(bytes), median(cpu)
	return c
}

func (c suiteCell) columns() []string {
	switch {
	case c.Runs == 0:
		return []string{"–", "", "", ""}
	case c.Failed:
		return []string{"FAILED", "", "", ""}
	}
	return []string{fmt.Sprintf("%.1f", c.Seconds), fmt.Sprintf("%.0f", c.RPCs), size(c.Bytes), number(c.CPUSeconds)}
}

// size prints bytes in at most six characters.
func size(bytes float64) string {
	switch {
	case bytes >= 1e6:
		return fmt.Sprintf("%.1fM", bytes/1e6)
	case bytes >= 1e4:
		return fmt.Sprintf("%.0fk", bytes/1e3)
	}
	return fmt.Sprintf("%.0f", bytes)
}

// reportSuite prints the tests as rows, the implementations side by side, and
// the published extremes of each test last.
func reportSuite(w io.Writer, tests []suiteTest, runs []SuiteRun, labels []string) {
	t := &table{left: 1}
	top, header := []string{""}, []string{""}
	for _, label := range labels {
		top = append(top, "", "", "", label)
		header = append(header, "s", "RPCs", "bytes", "CPU s")
	}
	t.add(append(top, "fastest", "fewest")...)
	t.add(append(header, "s", "RPCs")...)

	totals := make([]suiteCell, len(labels))
	for _, test := range tests {
		row := []string{test.Name}
		for i, label := range labels {
			c := suiteCellOf(runs, label, test.Name)
			row = append(row, c.columns()...)
			total := &totals[i]
			total.Seconds, total.RPCs = total.Seconds+c.Seconds, total.RPCs+c.RPCs
			total.Bytes, total.CPUSeconds = total.Bytes+c.Bytes, total.CPUSeconds+c.CPUSeconds
			total.Runs, total.Failed = total.Runs+c.Runs, total.Failed || c.Failed
		}
		t.add(append(row, publishedExtremes(test.Name)...)...)
	}
	row := []string{"all together"}
	for _, total := range totals {
		row = append(row, total.columns()...)
	}
	t.add(row...)
	t.write(w)

	fmt.Fprintf(w, "\nThe last two columns: %s.\n", elsewhere.Label)
	fmt.Fprintf(w, "Their whole suite of 28 tests, in seconds and CPU seconds:")
	for _, name := range slices.Sorted(maps.Keys(elsewhere.SuiteTotal)) {
		total := elsewhere.SuiteTotal[name]
		fmt.Fprintf(w, "  %s %.0f, %s", name, total.Seconds, number(total.CPUSeconds))
	}
	fmt.Fprintln(w)
	if len(labels) > 1 {
		suiteStanding(w, tests, runs, labels)
	}
}

// suiteStanding prints in how many tests the first implementation beat the best
// of the others, and names those where it did not.
func suiteStanding(w io.Writer, tests []suiteTest, runs []SuiteRun, labels []string) {
	fmt.Fprintf(w, "\n%s against the best of the others in this run\n", labels[0])
	t := &table{left: 3}
	for _, c := range []struct {
		name   string
		figure func(suiteCell) float64
	}{
		{"seconds", func(c suiteCell) float64 { return c.Seconds }},
		{"RPCs", func(c suiteCell) float64 { return c.RPCs }},
		{"bytes", func(c suiteCell) float64 { return c.Bytes }},
		{"CPU", func(c suiteCell) float64 { return c.CPUSeconds }},
	} {
		won, equal := 0, 0
		var lost []string
		for _, test := range tests {
			mine := suiteCellOf(runs, labels[0], test.Name)
			theirs := math.Inf(1)
			for _, label := range labels[1:] {
				if other := suiteCellOf(runs, label, test.Name); other.Runs > 0 && !other.Failed {
					theirs = min(theirs, c.figure(other))
				}
			}
			switch {
			case mine.Runs == 0 || mine.Failed:
				lost = append(lost, test.Name+" (failed)")
			case c.figure(mine) < theirs:
				won++
			case c.figure(mine) == theirs:
				equal++
			default:
				lost = append(lost, test.Name+" "+ratio(c.figure(mine), theirs))
			}
		}
		t.add(c.name, fmt.Sprintf("won %d, even %d, lost %d", won, equal, len(lost)), strings.Join(lost, ", "))
	}
	t.write(w)
}

func publishedExtremes(test string) []string {
	fastest, s := elsewhere.bestSuite(test, func(r publishedSuite) float64 { return r.Seconds })
	if fastest == "" {
		return nil
	}
	fewest, r := elsewhere.bestSuite(test, func(r publishedSuite) float64 { return r.RPCs })
	return []string{fmt.Sprintf("%.1f (%s)", s.Seconds, fastest), fmt.Sprintf("%.0f (%s)", r.RPCs, fewest)}
}
