package passes

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// group is runs of one test that failed alike.
type group struct {
	test string
	runs []*Run
}

// groupKey is the same for failures that differ in figures at most.
func groupKey(run *Run) string {
	if !run.Failed() {
		return ""
	}
	return run.Test + "\n" + general(run.Failure.Text)
}

// text is what the failures say; where they differ there is an ellipsis.
func (g *group) text() string {
	text := g.runs[0].Failure.Text
	for _, run := range g.runs {
		if run.Failure.Text != text {
			return general(text)
		}
	}
	return text
}

// groups sorts the failed runs by test, in the job's order, and by what they
// failed of.
func (r *Report) groups() []*group {
	byKey := map[string]*group{}
	var all []*group
	for _, run := range r.Runs {
		if !run.Failed() {
			continue
		}
		key := groupKey(run)
		if byKey[key] == nil {
			byKey[key] = &group{test: run.Test}
			all = append(all, byKey[key])
		}
		byKey[key].runs = append(byKey[key].runs, run)
	}
	slices.SortStableFunc(all, func(a, b *group) int {
		return slices.Index(r.Job.Tests, a.test) - slices.Index(r.Job.Tests, b.test)
	})
	return all
}

// failures lists what failed, and where its logs are.
func (r *Report) failures(text *strings.Builder) {
	groups := r.groups()
	if len(groups) == 0 {
		return
	}
	where := ""
	if r.Job.Keeper.Made() {
		where = ", logs in " + r.Job.Keeper.Dir
	}
	fmt.Fprintf(text, "failures%s:\n", where)
	for _, g := range groups {
		fmt.Fprintf(text, "  %s: %s: %q", g.test, plural(len(g.runs), "time"), g.text())
		var logs []string
		for _, run := range g.runs {
			if run.Log != "" {
				logs = append(logs, filepath.Base(run.Log))
			}
		}
		if len(logs) > mostLogs {
			logs = append(logs[:mostLogs], fmt.Sprintf("and %d more", len(logs)-mostLogs))
		}
		if len(logs) > 0 {
			fmt.Fprintf(text, ": %s", strings.Join(logs, " "))
		}
		text.WriteByte('\n')
		r.blames(text, g)
		g.findings(text)
	}
}

// mostLogs is how many logs of alike failures are named.
const mostLogs = 8

// findings tells what the traces of alike failures show, and how often.
func (g *group) findings(text *strings.Builder) {
	times := map[string]int{}
	var order []string
	for _, run := range g.runs {
		if key := general(run.Finding); run.Finding != "" {
			if times[key] == 0 {
				order = append(order, run.Finding)
			}
			times[key]++
		}
	}
	for _, finding := range first(order, mostFindings) {
		fmt.Fprintf(text, "    in %s: %s\n", plural(times[general(finding)], "trace"), finding)
	}
}

// mostFindings is how many are told of alike failures.
const mostFindings = 3

// blames tells how many of alike failures may not be the Raft's.
func (r *Report) blames(text *strings.Builder, g *group) {
	n := 0
	var one string
	for _, run := range g.runs {
		if run.Blame != "" {
			n++
			one = run.Blame
		}
	}
	switch {
	case n > 0 && len(g.runs) == 1:
		fmt.Fprintf(text, "    %s\n", one)
	case n > 0:
		fmt.Fprintf(text, "    in %d of them, such as: %s\n", n, one)
	}
}
