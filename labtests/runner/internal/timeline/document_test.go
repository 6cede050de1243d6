package timeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/timeline/sample"
)

const none = trace.None

func msg(id uint64) *trace.Message { return &trace.Message{ID: id} }

// beat is an AppendEntries of nothing.
func beat(id, term uint64) *trace.Message {
	return &trace.Message{ID: id, Type: trace.AppendEntries, Known: true, Term: term}
}

func TestArrowsPairSendersAndArrivals(t *testing.T) {
	all := []trace.Event{
		0:  {Kind: trace.Send, Server: 0, Peer: 1, Message: beat(1, 1)},
		1:  {Kind: trace.Send, Server: 0, Peer: 2, Message: beat(2, 1)},
		2:  {Kind: trace.Lost, Server: 0, Peer: 2, Message: msg(2)},
		3:  {Kind: trace.Handle, Server: 0, Peer: 1, Message: msg(1)},
		4:  {Kind: trace.Reply, Server: 0, Peer: 1, Message: &trace.Message{ID: 1, OK: true}},
		5:  {Kind: trace.Return, Server: 0, Peer: 1, Flag: true, Message: msg(1)},
		6:  {Kind: trace.Send, Server: 0, Peer: 1, Message: &trace.Message{ID: 3}},
		7:  {Kind: trace.Return, Server: 0, Peer: 1, Message: msg(3)}, // given up
		8:  {Kind: trace.Handle, Server: 0, Peer: 1, Message: msg(3)}, // and handled after all
		9:  {Kind: trace.Reply, Server: 0, Peer: 1, Message: msg(3)},
		10: {Kind: trace.Send, Server: 0, Peer: 1, Message: &trace.Message{ID: 4}},
		11: {Kind: trace.Return, Server: 0, Peer: 1, Message: msg(4)}, // nobody knows why
		12: {Kind: trace.Send, Server: 0, Peer: 1, Message: &trace.Message{ID: 5}},
		13: {Kind: trace.TestEnd, Server: none, Peer: none},
	}
	kept, left := thin(all, nil, 100)
	if left != nil {
		t.Fatalf("left out: %v", left)
	}
	var got []string
	a := newArrows(all, kept, kept)
	for i := range a.From {
		got = append(got, fmt.Sprintf("%d-%d fate %d beat %d other %d", a.From[i], a.To[i], a.Fate[i], a.Beat[i], a.Other[i]))
	}
	want := []string{
		"0-3 fate 1 beat 1 other 3", "1-2 fate 2 beat 1 other 0", "4-5 fate 1 beat 1 other 1", "6-8 fate 1 beat 0 other 5",
		"9-9 fate 2 beat 0 other 4", "10-11 fate 2 beat 0 other 0", "12-13 fate 0 beat 0 other 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("arrows\n%q\nwant\n%q", got, want)
	}
}

// lastOf is what a lane is at the end.
func lastOf(l *lane) string {
	return fmt.Sprintf("role %d term %d log %d base %d commit %d", l.Role.now(), l.Term.now(), l.Log.now(), l.Base.now(), l.Commit.now())
}

func TestLanesOfServersThatTell(t *testing.T) {
	all := []trace.Event{
		{Kind: trace.Make, Server: 0, Peer: none, Term: 3, Index: 9, LogTerm: 3, Last: 4},
		{Kind: trace.RoleChange, Server: 0, Peer: none, Role: trace.Candidate, Term: 4},
		{Kind: trace.RoleChange, Server: 0, Peer: none, Role: trace.Leader, Term: 4},
		{Kind: trace.Append, Server: 0, Peer: 0, Term: 4, Index: 10, Last: 12},
		{Kind: trace.Commit, Server: 0, Peer: none, Last: 4, Index: 11},
		{Kind: trace.Snapshot, Server: 0, Peer: none, Index: 8},
		{Kind: trace.Truncate, Server: 0, Peer: 1, Index: 12, Last: 12},
		{Kind: trace.State, Server: 0, Peer: none, Term: 9},                                                                   // what it answers is not what it is
		{Kind: trace.Send, Server: 0, Peer: 1, Message: &trace.Message{ID: 1, Known: true, Term: 7, Type: trace.RequestVote}}, // nor is that
	}
	lanes, inferred := newLanes(all, 2)
	if got := lastOf(lanes[0]); inferred || got != "role 2 term 4 log 11 base 8 commit 11" {
		t.Errorf("%s, inferred %v", got, inferred)
	}
	if got := lastOf(lanes[1]); got != "role 3 term 0 log 0 base 0 commit 0" {
		t.Errorf("a server that never started: %s", got)
	}
	if got := lanes[0].Commit; !slices.Equal(got.At, ints{0, 4}) || !slices.Equal(got.Value, column{4, 11}) {
		t.Errorf("commit index %v", got)
	}
}

func TestLanesOfServersThatDoNot(t *testing.T) {
	send := func(id uint64, life uint64, m trace.Message) trace.Event {
		m.ID, m.Known = id, true
		return trace.Event{Kind: trace.Send, Server: 0, Peer: 1, Last: life, Message: &m}
	}
	answer := func(id uint64, m trace.Message) trace.Event {
		m.ID, m.Known = id, true
		return trace.Event{Kind: trace.Reply, Server: 0, Peer: 1, Message: &m}
	}
	all := []trace.Event{
		{Kind: trace.Make, Server: 0, Peer: none}, {Kind: trace.Make, Server: 1, Peer: none},
		send(1, 1, trace.Message{Type: trace.RequestVote, Term: 2}),
		answer(1, trace.Message{Type: trace.RequestVote, Term: 2, OK: true}),
		send(2, 1, trace.Message{Type: trace.AppendEntries, Term: 2, Index: 3, Entries: 2, Commit: 4}),
		answer(2, trace.Message{Type: trace.AppendEntries, Term: 2, OK: true}),
	}
	lanes, inferred := newLanes(all, 2)
	if got := lastOf(lanes[0]); !inferred || got != "role 2 term 2 log 5 base 0 commit 4" {
		t.Errorf("the sender of AppendEntries: %s, inferred %v", got, inferred)
	}
	if got := lastOf(lanes[1]); got != "role 0 term 2 log 5 base 0 commit 4" {
		t.Errorf("who answered it: %s", got)
	}
	more := append(all, trace.Event{Kind: trace.Kill, Server: 0, Peer: none}, trace.Event{Kind: trace.Make, Server: 0, Peer: none},
		send(3, 1, trace.Message{Type: trace.AppendEntries, Term: 2, Commit: 5}))
	lanes, _ = newLanes(more, 2)
	if got := lanes[0].Role.now(); got != uint64(trace.Follower) {
		t.Errorf("what a dead life sends makes the new one role %d", got)
	}
	lanes, _ = newLanes(append(all, trace.Event{Kind: trace.Propose, Server: 1, Peer: none, Flag: true, Term: 3, Index: 6}), 2)
	if got := lastOf(lanes[1]); got != "role 2 term 3 log 6 base 0 commit 4" {
		t.Errorf("who took a command: %s", got)
	}
	lanes, _ = newLanes(append(all, trace.Event{Kind: trace.State, Server: 0, Peer: none, Term: 3}), 2)
	if got := lastOf(lanes[0]); got != "role 0 term 3 log 5 base 0 commit 4" {
		t.Errorf("after GetState: %s", got)
	}
}

func TestWaysThatAreCut(t *testing.T) {
	link := func(a, b int, open bool) trace.Event {
		return trace.Event{Kind: trace.Link, Server: a, Peer: b, Flag: open}
	}
	lanes, _ := newLanes([]trace.Event{link(0, 1, false), link(1, 0, false), link(2, 0, false), link(0, 1, true), link(1, 0, true)}, 3)
	if got := lanes[0].Cut.Value; !slices.Equal(got, column{2, 6, 4}) {
		t.Errorf("server 0 cannot reach %b", got)
	}
	if got := lanes[2].Cut.Value; !slices.Equal(got, column{1}) {
		t.Errorf("server 2 cannot reach %b", got)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	run, findings := sample.Run(sample.Options{Rounds: 40})
	total := len(run.Events)
	for _, limit := range []int{total, total * 3 / 4, total / 2, total / 5} {
		d, err := newDocument(run, findings, "", limit)
		if err != nil {
			t.Fatal(err)
		}
		gone := 0
		for _, l := range d.Left {
			gone += l.Count
		}
		if got := len(d.Events.At); got+gone != total || got > limit+400 {
			t.Errorf("limit %d: %d shown and %d said to be left out, of %d", limit, got, gone, total)
		}
		for i, f := range d.Findings {
			if k := d.Events.Kind[f.At]; k != int(run.Events[findings[i].At].Kind) {
				t.Errorf("limit %d: finding %d points at an event of kind %d", limit, i, k)
			}
		}
		for i := range d.Arrows.From {
			if d.Arrows.From[i] > d.Arrows.To[i] {
				t.Fatalf("limit %d: an arrow ends before it begins", limit)
			}
		}
	}
}

func TestTimesAddUp(t *testing.T) {
	at := []time.Duration{0, 1500 * time.Nanosecond, 1999 * time.Nanosecond, time.Second, 900 * time.Millisecond}
	var all []trace.Event
	for _, a := range at {
		all = append(all, trace.Event{Kind: trace.Make, At: a, Peer: none})
	}
	d, err := newDocument(&trace.Trace{Events: all}, []explain.Finding{{At: 2, Context: []int{0}}}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Events.At; !slices.Equal(got, column{0, 1, 0, 999999, 0}) {
		t.Errorf("times %v µs apart", got)
	}
}
