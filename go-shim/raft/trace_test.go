//go:build go1.25

package raft

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"pontoon.dev/go-shim/internal/core"
	"pontoon.dev/go-shim/trace"
)

// recorderIn makes a recorder, and a function that reads what it has.
func recorderIn(t *testing.T) (*trace.Recorder, func() []trace.Event) {
	path := filepath.Join(t.TempDir(), "1.trace")
	r, err := trace.Create(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, func() []trace.Event {
		t.Helper()
		recorded, err := trace.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		return recorded.Events
	}
}

// What the core tells stands in the trace before all that follows from it.
func TestEventsComeBeforeTheirConsequences(t *testing.T) {
	recorder, recorded := recorderIn(t)
	onFake(t, func(n *Node, machine *fake, h *host) {
		note := func(text string) { recorder.Record(&trace.Event{Kind: trace.TestStart, Peer: trace.None, Text: text}) }
		h.save = func([]byte) error { note("save"); return nil }
		h.send = func(_ uint64, request []byte, _ func([]byte, error)) { note(string(request)) }
		h.apply = func(Entry) any { note("apply"); return nil }
		n.with(func() { n.tracer = newTracer(&Config{ID: 30, Voters: []uint64{20, 30, 10}, Trace: recorder}) })
		n.with(func() {
			machine.events = []core.Event{{Kind: 4, HasPeer: true, Peer: 10, Term: 7, Index: 8, LogTerm: 9}, {Kind: 3, Role: core.Leader, Term: 7}}
			machine.messages = []core.Message{{To: 2, Data: []byte("vote")}}
		})
		n.with(func() { machine.events = []core.Event{{Kind: 11, HasPeer: true, Peer: 20, Index: 8}} })
		n.Start([]byte("command"))
		synctest.Wait()
		n.mu.Lock()
		n.die(core.ErrPanic)
		n.mu.Unlock()
	})
	var got []string
	for _, e := range recorded() {
		if e.Kind == trace.TestStart {
			got = append(got, e.Text)
			continue
		}
		if e.Server != 2 {
			t.Errorf("%v is of server %d, not 2", e.Kind, e.Server)
		}
		got = append(got, fmt.Sprint(e.Kind, e.Peer, e.Role, e.Term, e.Index, e.LogTerm, " ", e.Digest == trace.Digest("command")))
	}
	want := "Vote 0 follower 7 8 9 false, RoleChange -1 leader 7 0 0 false, save, vote, Install 1 follower 0 8 0 false, save, " +
		"Apply -1 follower 0 1 1 true, apply, Failure -1 follower 0 0 0 false"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}
