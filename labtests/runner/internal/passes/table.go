package passes

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/virtual"
)

// Row is what came of all runs of one test.
type Row struct {
	Test                          string
	Runs, Passed, Failed, Skipped int
	Ended                         int           // runs that did so by themselves
	P50, P99                      time.Duration // on the clock in use, of those
	Wall50, Wall99                time.Duration
	RPCs, Bytes                   int // medians, of the runs that passed; -1 if not known
}

// Rows are in the job's order.
func (r *Report) Rows() []Row {
	var rows []Row
	for _, test := range r.Job.Tests {
		row := Row{Test: test, RPCs: -1, Bytes: -1}
		var clock, wall []time.Duration
		var rpcs, bytes []int
		for _, run := range r.Runs {
			if run.Test != test {
				continue
			}
			row.count(run)
			wall = append(wall, run.Wall)
			if run.Ended {
				clock = append(clock, run.Clock)
			}
			if f := run.Figures; f != nil && run.Verdict == virtual.Pass {
				rpcs = append(rpcs, f.RPCs)
				bytes = append(bytes, f.Bytes)
			}
		}
		row.Ended = len(clock)
		row.P50, row.P99 = quantile(clock, 0.5, 0), quantile(clock, 0.99, 0)
		row.Wall50, row.Wall99 = quantile(wall, 0.5, 0), quantile(wall, 0.99, 0)
		row.RPCs, row.Bytes = quantile(rpcs, 0.5, -1), quantile(bytes, 0.5, -1)
		rows = append(rows, row)
	}
	return rows
}

func (row *Row) count(run *Run) {
	row.Runs++
	switch run.Verdict {
	case virtual.Pass:
		row.Passed++
	case virtual.Skip:
		row.Skipped++
	default:
		row.Failed++
	}
}

// quantile is the smallest value that the share q of all values does not exceed.
func quantile[T ~int | ~int64](values []T, q float64, none T) T {
	if len(values) == 0 {
		return none
	}
	slices.Sort(values)
	return values[int(math.Ceil(q*float64(len(values))))-1]
}

// table prints a row for each test, and one for all.
func (r *Report) table(text *strings.Builder) {
	head := []string{"test", "runs", "passed", "failed", "p50 s", "p99 s", "RPCs", "bytes"}
	if !r.Job.Real {
		head = slices.Concat(head[:4], []string{"virtual p50 s", "p99 s", "wall p50 s", "p99 s"}, head[6:])
	}
	lines := [][]string{head}
	var all Row
	for _, row := range r.Rows() {
		all.Runs += row.Runs
		all.Passed += row.Passed
		all.Failed += row.Failed
		all.Skipped += row.Skipped
		if row.Runs > 0 {
			lines = append(lines, row.cells(r.Job.Real))
		}
	}
	lines = append(lines, []string{"all", strconv.Itoa(all.Runs), strconv.Itoa(all.Passed), strconv.Itoa(all.Failed)})
	align(text, lines)
	skipped := ""
	if all.Skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", all.Skipped)
	}
	fmt.Fprintf(text, "%s of %s in %s: %d passed, %d failed%s\n",
		plural(r.Job.Count, "pass"), plural(len(r.Job.Tests), "test"), short(r.Wall), all.Passed, all.Failed, skipped)
}

func (row *Row) cells(real bool) []string {
	cells := []string{row.Test, strconv.Itoa(row.Runs), strconv.Itoa(row.Passed), strconv.Itoa(row.Failed)}
	if row.Ended > 0 {
		cells = append(cells, fmt.Sprintf("%.1f", row.P50.Seconds()), fmt.Sprintf("%.1f", row.P99.Seconds()))
	} else {
		cells = append(cells, "-", "-")
	}
	if !real {
		cells = append(cells, fmt.Sprintf("%.2f", row.Wall50.Seconds()), fmt.Sprintf("%.2f", row.Wall99.Seconds()))
	}
	return append(cells, known(row.RPCs), known(row.Bytes))
}

// align prints lines of cells: the first column to the left, all others to the
// right.
func align(text *strings.Builder, lines [][]string) {
	wide := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			wide[i] = max(wide[i], len(cell))
		}
	}
	for _, line := range lines {
		fmt.Fprintf(text, "%-*s", wide[0], line[0])
		for i, cell := range line[1:] {
			fmt.Fprintf(text, "  %*s", wide[i+1], cell)
		}
		text.WriteByte('\n')
	}
}

// machine tells how the machine treated the tests.
func (r *Report) machine(text *strings.Builder) {
	jobs := "one run at a time"
	if r.Job.Jobs > 1 {
		jobs = fmt.Sprintf("%d runs side by side", r.Job.Jobs)
	}
	fmt.Fprintf(text, "%s, %s; labrun's own timers were late by up to %v\n", plural(r.CPUs, "processor"), jobs, ms(r.Machine.Worst))
}

func known(n int) string {
	if n < 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ss"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// short is a duration as one speaks of it.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

var figure = regexp.MustCompile(`0x[0-9a-f]+|\d+(\.\d+)?`)
var place = regexp.MustCompile(`\w+\.go:\d+`)

// general replaces figures, other than those of places, by ellipses.
func general(text string) string {
	var out strings.Builder
	at := 0
	for _, p := range place.FindAllStringIndex(text, -1) {
		out.WriteString(figure.ReplaceAllString(text[at:p[0]], "…"))
		out.WriteString(text[p[0]:p[1]])
		at = p[1]
	}
	out.WriteString(figure.ReplaceAllString(text[at:], "…"))
	return out.String()
}
