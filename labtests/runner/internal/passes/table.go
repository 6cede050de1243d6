package passes

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
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
	table := tabwriter.NewWriter(text, 0, 0, 2, ' ', tabwriter.AlignRight)
	clock := "virtual s"
	if r.Job.Real {
		clock = "s"
	}
	wide := 0
	for _, test := range r.Job.Tests {
		wide = max(wide, len(test))
	}
	fmt.Fprintf(table, "%-*s\truns\tpassed\tfailed\tp50 %s\tp99\t", wide, "test", clock)
	if !r.Job.Real {
		fmt.Fprint(table, "p50 wall s\tp99\t")
	}
	fmt.Fprintln(table, "RPCs\tbytes\t")
	total := Row{}
	for _, row := range r.Rows() {
		total.Runs += row.Runs
		total.Passed += row.Passed
		total.Failed += row.Failed
		total.Skipped += row.Skipped
		if row.Runs == 0 {
			continue
		}
		fmt.Fprintf(table, "%-*s\t%d\t%d\t%d\t%.1f\t%.1f\t", wide, row.Test, row.Runs, row.Passed, row.Failed, row.P50.Seconds(), row.P99.Seconds())
		if !r.Job.Real {
			fmt.Fprintf(table, "%.2f\t%.2f\t", row.Wall50.Seconds(), row.Wall99.Seconds())
		}
		fmt.Fprintf(table, "%s\t%s\t\n", known(row.RPCs), known(row.Bytes))
	}
	fmt.Fprintf(table, "%-*s\t%d\t%d\t%d\t\t\t\t\t", wide, "all", total.Runs, total.Passed, total.Failed)
	if !r.Job.Real {
		fmt.Fprint(table, "\t\t")
	}
	fmt.Fprintln(table)
	_ = table.Flush()
	skipped := ""
	if total.Skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", total.Skipped)
	}
	fmt.Fprintf(text, "%s of %s in %s: %d passed, %d failed%s\n",
		plural(r.Job.Count, "pass"), plural(len(r.Job.Tests), "test"), short(r.Wall), total.Passed, total.Failed, skipped)
}

// machine tells how the machine treated the tests.
func (r *Report) machine(text *strings.Builder) {
	fmt.Fprintf(text, "%d processors, %s side by side; labrun's own timers were late by up to %v\n",
		r.CPUs, plural(r.Job.Jobs, "run"), ms(r.Machine.Worst))
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
	case strings.HasSuffix(noun, "s"):
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
