package explain

import (
	"regexp"
	"slices"

	"pontoon.dev/go-shim/trace"
)

// step is an event that counts: its place in the trace, and among the steps.
type step struct {
	at, pos int
	*trace.Event
}

// run is one test's part of a trace.
type run struct {
	t     *trace.Trace
	steps []step
	n     int          // servers; 0 if not known
	tells map[int]bool // the servers that record what goes on inside
	bad   int          // index of the Failure or of a TestEnd without Flag, or -1
	whole bool         // the recording goes on to the test's end
	// noSnapshots tells that nobody takes snapshots in this test.
	noSnapshots bool
}

// rafts matches the labs' tests of parts A to C of Raft, which take none.
var rafts = regexp.MustCompile(`(2[ABC]|3[ABC])$`)

func (r run) failed() bool { return r.bad >= 0 }

// told reports whether every server tells.
func (r run) told() bool {
	for id := range r.n {
		if !r.tells[id] {
			return false
		}
	}
	return r.n > 0
}

func inside(k trace.Kind) bool { return k >= trace.Timeout }

// runs splits a trace into its tests. Without a TestStart all is one.
func runs(t *trace.Trace) []run {
	var all []run
	begin, started := 0, false
	cut := func(end int) {
		if begin < end {
			all = append(all, newRun(t, begin, end))
		}
		begin, started = end, false
	}
	for at := range t.Events {
		switch t.Events[at].Kind {
		case trace.TestStart:
			if started {
				cut(at)
			}
			started = true
		case trace.TestEnd:
			// A failure may be said after the end of the test.
			end := at + 1
			for end < len(t.Events) && t.Events[end].Kind == trace.Failure {
				end++
			}
			cut(end)
		}
	}
	cut(len(t.Events))
	if len(all) > 0 && t.Full {
		all[len(all)-1].whole = false
	}
	return all
}

func newRun(t *trace.Trace, begin, end int) run {
	r := run{t: t, tells: map[int]bool{}, bad: -1, whole: true}
	made := map[int]bool{}
	var named, received, snapshots bool
	for at := range t.Events {
		e := &t.Events[at]
		if e.Kind == trace.Run && at < end { // one for the whole trace, or one of each process
			r.n = max(r.n, small(e.Index))
		}
		if at < begin || at >= end {
			continue
		}
		switch {
		case e.Kind == trace.Make && e.Server >= 0:
			made[e.Server] = true
		case e.Kind == trace.Failure && r.bad < 0, e.Kind == trace.TestEnd && !e.Flag && r.bad < 0:
			r.bad = at
		case inside(e.Kind):
			r.tells[e.Server] = true
		}
		switch {
		case e.Kind == trace.TestStart:
			named = rafts.MatchString(e.Text)
		case e.Kind == trace.Receive:
			received = true
			snapshots = snapshots || e.Flag
		case e.Kind == trace.Snapshot, e.Kind == trace.Install, e.Message != nil && e.Message.Type == trace.InstallSnapshot:
			snapshots = true
		}
	}
	r.noSnapshots = named && received && !snapshots
	if r.n == 0 {
		r.n = len(made)
	}
	for id := range made {
		if id >= r.n { // numbered otherwise than expected: no majority is known
			r.n = 0
			break
		}
	}
	drop := repeatedMakes(t, r.tells, begin, end)
	for at := begin; at < end; at++ {
		if !drop[at] && believable(&t.Events[at]) {
			r.steps = append(r.steps, step{at, len(r.steps), &t.Events[at]})
		}
	}
	return r
}

// believable leaves out what no test comes to: the trace is damaged there, or a
// negative number was stored in a field that has no sign.
func believable(e *trace.Event) bool {
	return e.Term < absurd && e.Index < absurd && e.LogTerm < absurd && e.Last < absurd
}

func small(n uint64) int {
	if n > 1000 {
		return 0
	}
	return int(n)
}

// repeatedMakes finds the Makes that say no more than another one: the harness
// and the node both record a start, and only the node's tells what was restored.
func repeatedMakes(t *trace.Trace, tells map[int]bool, begin, end int) map[int]bool {
	drop := map[int]bool{}
	lives := map[int][]int{} // of each server: the Makes since the latest Kill
	settle := func(server int) {
		makes := lives[server]
		lives[server] = nil
		bare := func(at int) bool { return restoredNothing(&t.Events[at]) }
		keepBare := !slices.ContainsFunc(makes, func(at int) bool { return !bare(at) })
		for i, at := range makes {
			if bare(at) && (!keepBare || i > 0) {
				drop[at] = true
			}
		}
	}
	for at := begin; at < end; at++ {
		e := &t.Events[at]
		switch {
		case e.Kind == trace.Make && tells[e.Server]:
			lives[e.Server] = append(lives[e.Server], at)
		case e.Kind == trace.Kill:
			settle(e.Server)
		}
	}
	for server := range lives {
		settle(server)
	}
	return drop
}

func restoredNothing(e *trace.Event) bool {
	return e.Term == 0 && e.Index == 0 && e.LogTerm == 0 && e.Last == 0
}
