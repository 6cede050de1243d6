package passes

import (
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/virtual"
)

func TestJudge(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	calm := Load{Real: true, Wall: 10 * s, CPU: s, CPUs: 2, Jobs: 2, Runner: Lateness{Worst: 20 * ms}, Test: virtual.Probe{Worst: 20 * ms, Waited: 100 * ms}}
	for name, c := range map[string]struct {
		change func(*Load)
		want   string // "": nobody else is to blame
	}{
		"calm":                     {func(l *Load) {}, ""},
		"one late timer":           {func(l *Load) { l.Runner = Lateness{Worst: 400 * ms, Late: 400 * ms} }, ""},
		"late timers":              {func(l *Load) { l.Runner = Lateness{Worst: 312 * ms, Late: 1200 * ms} }, "likely the machine's: timers were late by up to 312ms, and by over 50ms for 12 % of the run; run with -jobs 1 or in virtual time"},
		"late timers, one job":     {func(l *Load) { l.Jobs, l.Runner = 1, Lateness{Worst: 312 * ms, Late: 1200 * ms} }, "run it on a machine with less to do"},
		"starved":                  {func(l *Load) { l.Test.Waited = 2 * s }, "likely the machine's: the test's threads waited 2.0 s for a processor, and got one for 1.0 s"},
		"starved, and its timers":  {func(l *Load) { l.Test = virtual.Probe{Worst: 90 * ms, Late: 2 * s, Waited: 2 * s} }, "likely the machine's: the test's threads"},
		"waits and computes a lot": {func(l *Load) { l.CPU, l.Test.Waited = 6*s, 2*s }, ""},
		"it computes":              {func(l *Load) { l.CPU, l.Runner = 19*s, Lateness{Worst: 312 * ms, Late: 1200 * ms} }, "its process kept 1.9 of 2 processors busy"},
		"only its own timers":      {func(l *Load) { l.CPU, l.Test = 6*s, virtual.Probe{Worst: 312 * ms, Late: 1200 * ms} }, "its process kept 0.6 of 2 processors busy"},
		"limit of real time":       {func(l *Load) { l.Late = true }, ""},
		"virtual":                  {func(l *Load) { l.Real, l.Runner = false, Lateness{Worst: 3 * s, Late: 9 * s} }, ""},
		"virtual, limit":           {func(l *Load) { l.Real, l.Late = false, true }, ""},
		"virtual, busy":            {func(l *Load) { l.Real, l.Late, l.CPU, l.Runner = false, true, 7*s, Lateness{Worst: 3 * s, Late: 9 * s} }, "its process computed for 7 of the 10 s"},
		"virtual, limit and load":  {func(l *Load) { l.Real, l.Late, l.Runner = false, true, Lateness{Worst: 3 * s, Late: 9 * s} }, "load does not make a test fail in virtual time, but the limit that it exceeded is wall time, and timers were late by up to 3s"},
	} {
		l := calm
		c.change(&l)
		got := Judge(l)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestLatenessBetween(t *testing.T) {
	l := &lateness{origin: time.Now()}
	at := func(seconds float64) time.Time { return l.origin.Add(time.Duration(seconds * float64(time.Second))) }
	l.note(at(0.5), 300*time.Millisecond)
	l.note(at(1.5), 40*time.Millisecond) // not late
	l.note(at(2.1), 60*time.Millisecond)
	l.note(at(2.2), 70*time.Millisecond)
	for _, c := range []struct {
		begin, end float64
		want       Lateness
	}{
		{0, 3, Lateness{300 * time.Millisecond, 430 * time.Millisecond}},
		{1.2, 1.4, Lateness{40 * time.Millisecond, 0}},
		{1.9, 2.5, Lateness{70 * time.Millisecond, 130 * time.Millisecond}},
		{7, 8, Lateness{}},
	} {
		if got := l.between(at(c.begin), at(c.end)); got != c.want {
			t.Errorf("from %v to %v: got %v, want %v", c.begin, c.end, got, c.want)
		}
	}
}

// The measurement itself goes on until it is stopped.
func TestWatch(t *testing.T) {
	l := watch()
	for l.between(l.origin, time.Now()) == (Lateness{}) {
		time.Sleep(virtual.ProbeEvery)
	}
	l.stop()
}
