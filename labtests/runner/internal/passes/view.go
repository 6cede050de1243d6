package passes

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// plainEvery is how often progress is told where there is no terminal.
const plainEvery = 10 * time.Second

// view says what happens, as it happens.
type view struct {
	job     *Job
	next    int             // of a single pass: index of the test to be told of
	early   map[string]*Run // of a single pass: ended before one that stands before it
	groups  map[string]*group
	failed  map[string]int
	order   []string // the tests that failed
	plain   time.Duration
	written bool
}

// state is what there is to tell in between.
type state struct {
	done, total   int
	pass, passes  int
	elapsed, left time.Duration
	running       []running
}

type running struct {
	test string
	age  time.Duration
}

func newView(job *Job) *view {
	return &view{job: job, early: map[string]*Run{}, groups: map[string]*group{}, failed: map[string]int{}}
}

// write prints results, above what is drawn.
func (v *view) write(format string, args ...any) {
	v.job.Screen.Erase()
	fmt.Fprintf(v.job.Out, format, args...)
}

// add tells of a run, if it is worth telling.
func (v *view) add(run *Run) {
	if run.Failed() {
		if v.failed[run.Test] == 0 {
			v.order = append(v.order, run.Test)
		}
		v.failed[run.Test]++
	}
	if v.job.Count > 1 {
		// Of many passes only the failures are worth reading.
		if run.Failed() || v.job.Verbose {
			v.tell(run)
		}
		return
	}
	told := *run // its output goes with it
	v.early[run.Test] = &told
	for v.next < len(v.job.Tests) && v.early[v.job.Tests[v.next]] != nil {
		v.tell(v.early[v.job.Tests[v.next]])
		delete(v.early, v.job.Tests[v.next])
		v.next++
	}
}

// flush tells of what waits for a test that has not ended, and will not.
func (v *view) flush() {
	for _, test := range v.job.Tests {
		if run := v.early[test]; run != nil {
			v.tell(run)
		}
	}
}

// tell prints one run as go test would, with the clock in use.
func (v *view) tell(run *Run) {
	var text strings.Builder
	key := groupKey(run)
	before := v.groups[key]
	whole := v.job.Verbose || !run.Failed()
	if whole {
		text.Write(run.Output)
		if n := len(run.Output); n > 0 && run.Output[n-1] != '\n' {
			text.WriteByte('\n')
		}
	}
	if run.Failed() || v.job.Verbose {
		fmt.Fprintf(&text, "--- %s: %s (%s)", strings.ToUpper(run.Verdict), run.Test, v.times(run))
		if v.job.Count > 1 {
			fmt.Fprintf(&text, ", pass %d", run.Pass)
		}
		switch {
		case !run.Failed():
			text.WriteByte('\n')
		case before != nil && !v.job.Verbose:
			fmt.Fprintf(&text, ", as in pass %d: %s\n", before.runs[0].Pass, before.text())
		default:
			text.WriteByte('\n')
			v.explain(&text, run, whole)
		}
	}
	if run.Failed() {
		if before == nil {
			before = &group{test: run.Test}
			v.groups[key] = before
		}
		before.runs = append(before.runs, run)
	}
	v.write("%s", text.String())
}

// explain prints what matters of a failure.
func (v *view) explain(text *strings.Builder, run *Run, whole bool) {
	if !whole {
		for _, line := range run.Failure.Lines {
			fmt.Fprintln(text, line)
		}
	}
	for _, reason := range []string{run.Reason, run.Blame} {
		if reason != "" {
			fmt.Fprintf(text, "    labrun: %s: %s\n", run.Test, reason)
		}
	}
	for _, line := range run.Explained {
		fmt.Fprintln(text, strings.TrimRight("    "+line, " "))
	}
	if run.Trace != "" {
		fmt.Fprintf(text, "    labrun: trace %s\n", run.Trace)
	}
	if run.Page != "" {
		fmt.Fprintf(text, "    labrun: its page %s\n", run.Page)
	}
	if run.Log != "" && run.Failure.Folded > 0 && !whole {
		fmt.Fprintf(text, "    labrun: and %s in %s\n", plural(run.Failure.Folded, "more line"), run.Log)
	} else if run.Log != "" {
		fmt.Fprintf(text, "    labrun: all of it in %s\n", run.Log)
	}
}

func (v *view) times(run *Run) string {
	wall := fmt.Sprintf("%.2fs wall", run.Wall.Seconds())
	if v.job.Real {
		return wall
	}
	if !run.Ended {
		return "unfinished, " + wall
	}
	return fmt.Sprintf("%v virtual, %s", run.Clock.Round(time.Millisecond), wall)
}

// progress tells how far the job is.
func (v *view) progress(s state) {
	if v.job.Screen != nil {
		v.job.Screen.Draw(v.lines(s)...)
		return
	}
	if v.job.Count > 1 && s.elapsed >= v.plain+plainEvery && s.done < s.total {
		v.plain = s.elapsed
		fmt.Fprintf(v.job.Err, "labrun: %s\n", strings.Join(v.lines(s), "; "))
	}
}

// lines are how far the job is, what failed, and what runs now.
func (v *view) lines(s state) []string {
	noun := "test"
	if s.passes > 1 {
		noun = "run"
	}
	head := fmt.Sprintf("%d of %s done", s.done, plural(s.total, noun))
	if s.passes > 1 {
		head += fmt.Sprintf(" (pass %d of %d)", s.pass, s.passes)
	}
	head += ", " + v.failures() + ", " + short(s.elapsed)
	if s.left >= 0 {
		head += ", about " + short(s.left) + " left"
	}
	var now []string
	for _, r := range s.running {
		now = append(now, fmt.Sprintf("%s %s", r.test, short(r.age)))
	}
	return []string{head, "running: " + strings.Join(now, ", ")}
}

func (v *view) failures() string {
	if len(v.order) == 0 {
		return "none failed"
	}
	tests := slices.Clone(v.order)
	slices.SortStableFunc(tests, func(a, b string) int { return v.failed[b] - v.failed[a] })
	var each []string
	n := 0
	for _, test := range tests {
		each = append(each, fmt.Sprintf("%s %d", strings.TrimPrefix(test, "Test"), v.failed[test]))
		n += v.failed[test]
	}
	return fmt.Sprintf("%d failed (%s)", n, strings.Join(each, ", "))
}

// close prints the results.
func (v *view) close(r *Report) {
	v.flush()
	var text strings.Builder
	if v.job.Count > 1 {
		r.table(&text)
	}
	r.failures(&text)
	if v.job.Count > 1 || r.Abandoned > 0 || r.Failed() > 0 {
		r.machine(&text)
	}
	if r.Abandoned > 0 {
		fmt.Fprintf(&text, "interrupted: %s abandoned, of %d\n", plural(r.Abandoned, "run"), len(r.Runs)+r.Abandoned)
	}
	seconds := r.Wall.Seconds()
	switch {
	case r.Failed() > 0:
		fmt.Fprintf(&text, "FAIL\nFAIL\t%s\t%.3fs\nFAIL\n", v.job.Pkg, seconds)
	case r.Abandoned > 0:
	default:
		fmt.Fprintf(&text, "PASS\nok  \t%s\t%.3fs\n", v.job.Pkg, seconds)
	}
	v.write("%s", text.String())
}
