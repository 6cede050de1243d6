package explain

import (
	"regexp"

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
			if started && t.Events[at-1].Kind == trace.Run {
				cut(at - 1)
			} else if started {
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
	var named, received, snapshots, shifted bool
	for at := begin; at < end; at++ {
		e := &t.Events[at]
		switch e.Kind {
		case trace.Run:
			r.n = max(r.n, small(e.Index))
		case trace.Make:
			made[e.Server] = true
		case trace.TestStart:
			named = rafts.MatchString(e.Text)
		case trace.Receive:
			received = true
			snapshots = snapshots || e.Flag
		case trace.Snapshot, trace.Install:
			snapshots = true
		}
		if e.Server == trace.None && r.bad < 0 && (e.Kind == trace.Failure || e.Kind == trace.TestEnd && !e.Flag) {
			r.bad = at
		}
		if inside(e.Kind) {
			r.tells[e.Server] = true
		}
		if m := e.Message; m != nil && e.Kind == trace.Send {
			snapshots = snapshots || m.Type == trace.InstallSnapshot
			shifted = shifted || shift(m)
		}
	}
	r.noSnapshots = named && received && !snapshots
	if r.n == 0 {
		r.n = len(made)
	}
	for id := range made {
		if id >= r.n || id < 0 { // numbered otherwise than expected: no majority is known
			r.n = 0
			break
		}
	}
	drop := repeatedMakes(t, begin, end)
	for at := begin; at < end; at++ {
		e := &t.Events[at]
		if drop[at] || !believable(e) {
			continue
		}
		if shifted && e.Message != nil {
			unread := *e
			message := *e.Message
			message.Known, unread.Message = false, &message
			e = &unread
		}
		r.steps = append(r.steps, step{at, len(r.steps), e})
	}
	return r
}

// shift reports whether a message shows that the Raft counts its entries from
// 0, or from the end of its snapshot: what its indexes mean is not known then.
func shift(m *trace.Message) bool {
	return m.Known && m.Index == 0 && m.LogTerm > 0 && (m.Type == trace.AppendEntries || m.Type == trace.RequestVote)
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

// repeatedMakes finds the Makes that say no more than another one of the same
// life: the node's own, with Flag, tells what was restored.
func repeatedMakes(t *trace.Trace, begin, end int) map[int]bool {
	drop := map[int]bool{}
	bare, told := map[int]int{}, map[int]bool{} // by server, in its present life
	for at := begin; at < end; at++ {
		e := &t.Events[at]
		switch {
		case e.Kind == trace.Kill:
			delete(bare, e.Server)
			delete(told, e.Server)
		case e.Kind == trace.Make && e.Flag:
			if before, also := bare[e.Server]; also && !told[e.Server] {
				drop[before] = true
			}
			told[e.Server] = true
		case e.Kind == trace.Make:
			if told[e.Server] {
				drop[at] = true
			}
			bare[e.Server] = at
		}
	}
	return drop
}

func restoredNothing(e *trace.Event) bool {
	return e.Term == 0 && e.Index == 0 && e.LogTerm == 0 && e.Last == 0
}
