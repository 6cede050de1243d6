package passes

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"time"

	"pontoon.dev/labrun/internal/virtual"
)

// refresh is how often a terminal's progress is drawn anew.
const refresh = 250 * time.Millisecond

// engine is owned by one goroutine, that of Do.
type engine struct {
	*Job
	view    *view
	probe   *lateness
	queue   []string // what is left of the present pass
	pass    int
	running map[*Run]string // the test; the rest of a Run is its goroutine's until it has ended
	ended   chan *Run
	seen    map[string]*durations
	report  *Report
}

// durations of a test's runs so far, in wall time.
type durations struct {
	sum time.Duration
	n   int
}

func (d *durations) mean() time.Duration { return d.sum / time.Duration(d.n) }

// Do runs a job to its end. Once ctx ends no more runs are begun, and those that
// run are stopped.
func Do(ctx context.Context, job *Job) *Report {
	e := &engine{
		Job: job, running: map[*Run]string{}, ended: make(chan *Run), seen: map[string]*durations{},
		probe: watch(), report: &Report{Job: job, CPUs: runtime.NumCPU()},
	}
	defer e.probe.stop()
	e.view = newView(job)
	begin := time.Now()
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		for ctx.Err() == nil && len(e.running) < e.Jobs && e.begin(ctx) {
		}
		if len(e.running) == 0 {
			break
		}
		select {
		case run := <-e.ended:
			e.end(run)
		case <-tick.C:
		}
		e.view.progress(e.state(time.Since(begin)))
	}
	e.report.Wall = time.Since(begin)
	e.report.Abandoned = e.Count*len(e.Tests) - len(e.report.Runs)
	e.report.Machine = e.probe.between(begin, time.Now())
	e.view.close(e.report)
	return e.report
}

// begin starts the next run, if there is one.
func (e *engine) begin(ctx context.Context) bool {
	if len(e.queue) == 0 {
		if e.pass == e.Count {
			return false
		}
		e.pass++
		e.queue = e.order()
	}
	run := &Run{Outcome: virtual.Outcome{Test: e.queue[0]}, Pass: e.pass, Begin: time.Now()}
	e.queue = e.queue[1:]
	e.running[run] = run.Test
	var settings []string
	if e.Tracer != nil {
		settings = e.Tracer.Begin(run.Test, run.Pass)
	}
	go func() {
		run.Outcome = e.Once(ctx, run.Test, settings...)
		if run.Verdict != virtual.Stopped {
			e.complete(run)
		}
		e.ended <- run
	}()
	return true
}

// order is that of the tests in a pass: the tree's, until it is known how long
// they take. From then on long ones come first, so that none is left alone at
// the end.
func (e *engine) order() []string {
	tests := slices.Clone(e.Tests)
	slices.SortStableFunc(tests, func(a, b string) int { return cmp.Compare(e.mean(b), e.mean(a)) })
	return tests
}

// mean is 0 for a test that has not ended yet.
func (e *engine) mean(test string) time.Duration {
	if d := e.seen[test]; d != nil {
		return d.mean()
	}
	return 0
}

// complete finds out all there is to say of a run. It takes nothing that another
// goroutine changes.
func (e *engine) complete(run *Run) {
	run.how = run.How()
	run.Figures = ParseFigures(run.Output)
	run.Load = Load{
		Real: e.Real, Late: run.Late, Wall: run.Wall, CPU: run.CPU, CPUs: e.report.CPUs, Jobs: e.Jobs,
		Runner: e.probe.between(run.Begin, run.Begin.Add(run.Wall)), Test: run.Probe,
	}
	if run.Failed() {
		run.Blame = Judge(run.Load)
		run.Failure = fold(&run.Outcome, e.GoRoot)
		run.Log = e.Keeper.log(run)
	}
	if e.Tracer != nil {
		e.Tracer.End(run)
	}
}

func (e *engine) end(run *Run) {
	delete(e.running, run)
	if run.Verdict == virtual.Stopped {
		return // it has nothing to say about the Raft
	}
	d := e.seen[run.Test]
	if d == nil {
		d = &durations{}
		e.seen[run.Test] = d
	}
	d.sum += run.Wall
	d.n++
	e.report.Runs = append(e.report.Runs, run)
	e.view.add(run)
	run.Output = nil // of thousands of runs it would not fit
}

// state is what progress shows.
func (e *engine) state(elapsed time.Duration) state {
	s := state{
		done: len(e.report.Runs), total: e.Count * len(e.Tests), pass: e.pass, passes: e.Count,
		elapsed: elapsed, left: e.left(),
	}
	now := time.Now()
	for run, test := range e.running {
		s.running = append(s.running, running{test, now.Sub(run.Begin)})
	}
	slices.SortFunc(s.running, func(a, b running) int { return cmp.Compare(b.age, a.age) })
	return s
}

// left estimates how long the rest takes, from how long each test has taken so
// far; -1 if none has ended. A test that has not ended yet counts as the mean of
// the others, or as long as it has been running.
func (e *engine) left() time.Duration {
	var all durations
	for _, d := range e.seen {
		all.sum += d.mean()
		all.n++
	}
	if all.n == 0 {
		return -1
	}
	ages := map[string]time.Duration{}
	for run, test := range e.running {
		ages[test] = max(ages[test], time.Since(run.Begin))
	}
	expect := func(test string) time.Duration {
		if mean := e.mean(test); mean > 0 {
			return mean
		}
		return max(all.mean(), ages[test])
	}
	var work, longest time.Duration
	add := func(d time.Duration) {
		work += d
		longest = max(longest, d)
	}
	for run, test := range e.running {
		add(max(0, expect(test)-time.Since(run.Begin)))
	}
	for _, test := range e.queue {
		add(expect(test))
	}
	if rest := e.Count - e.pass; rest > 0 {
		for _, test := range e.Tests {
			d := expect(test)
			work += d * time.Duration(rest)
			longest = max(longest, d)
		}
	}
	return max(work/time.Duration(e.Jobs), longest)
}
