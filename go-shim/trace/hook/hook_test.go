package hook

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"
)

// recorded is a cluster whose events can be read.
type recorded struct {
	*cluster
	t    *testing.T
	path string
}

func record(t *testing.T) *recorded {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x"+trace.Extension)
	rec, err := trace.Create(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rec.Close() })
	return &recorded{newCluster(rec), t, path}
}

// events are those of some kinds, as text; none is all.
func (r *recorded) events(kinds ...trace.Kind) []string {
	r.t.Helper()
	tr, err := trace.Read(r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	var all []string
	for _, e := range tr.Events {
		if len(kinds) > 0 && !slices.Contains(kinds, e.Kind) {
			continue
		}
		text := fmt.Sprint(e.Kind, " ", e.Server, " ", e.Peer, " ", e.Flag)
		if e.Kind == trace.Send {
			text += fmt.Sprint(" life ", e.Last)
		}
		if e.Text != "" {
			text += " " + e.Text
		}
		all = append(all, text)
	}
	return all
}

func (r *recorded) want(events []string, want ...string) {
	r.t.Helper()
	if !slices.Equal(events, want) {
		r.t.Errorf("recorded\n\t%s\nwant\n\t%s", strings.Join(events, "\n\t"), strings.Join(want, "\n\t"))
	}
}

type (
	raft   struct{ int }
	client struct{ int }
)

// start makes server me of two, on a network of its own ends.
func (r *recorded) start(net any, me, life int) (rf *raft, ends []*client, applyCh chan int) {
	for peer := range 2 {
		e := &client{peer}
		name := fmt.Sprint(me, "to", peer, "life", life)
		r.makeEnd(net, name, e)
		r.connect(net, name, peer)
		ends = append(ends, e)
	}
	rf, applyCh = &raft{me}, make(chan int)
	r.make("a Raft", false, ends, me, applyCh).Is(rf)
	r.change(net, func(n *network) { n.servers[me] = rf })
	return rf, ends, applyCh
}

type applyMsg struct {
	CommandValid, SnapshotValid bool
	Command                     any
	CommandIndex, SnapshotIndex int
}

// A server that is made anew has its ways cut, and what is left of the life
// before is not taken for it.
func TestLives(t *testing.T) {
	r := record(t)
	end := r.startTest("a Raft", "TestX", t)
	rf, ends, applyCh := r.start("net", 0, 1)
	r.start("net", 1, 1)
	r.enable("net", "0to1life1", true)
	r.enable("net", "0to1life1", true)
	r.enable("net", "0to0life1", true)
	r.state(rf, 3, true)
	r.receive(applyCh, applyMsg{CommandValid: true, CommandIndex: 1, Command: 7})

	next, nextEnds, _ := r.start("net", 0, 2)
	r.state(rf, 4, true)
	r.propose(rf, commandOf("x"), 1, 4, true)
	r.receive(applyCh, applyMsg{CommandValid: true, CommandIndex: 2, Command: 8})
	r.killRaft(rf)
	r.enable("net", "0to1life2", true)
	r.enable("net", "0to1life1", false)
	r.enable("net", "0to1life1", true) // as the tester since 2025 does
	r.send(ends[1], "Raft.Vote", 1)
	r.send(nextEnds[1], "Raft.Vote", 1)
	r.propose(next, commandOf("y"), -1, 0, false)
	r.killRaft(next)
	r.killRaft(next)
	end()
	r.want(r.events(),
		"Run -1 -1 false a Raft", "TestStart -1 -1 false TestX", "Make 0 -1 false", "Make 1 -1 false",
		"Link 0 1 true", "State 0 -1 true", "Receive 0 -1 false 7",
		"Kill 0 -1 false", "Make 0 -1 false", "Link 0 1 false",
		"Link 0 1 true", "Send 0 1 false life 1", "Send 0 1 false life 2", "Propose 0 -1 false y", "Kill 0 -1 false",
		"TestEnd -1 -1 true TestX")
}

// A client's end belongs to no server; where it leads to, the servers' ends
// tell.
func TestClients(t *testing.T) {
	r := record(t)
	r.start("net", 0, 1)
	r.start("net", 1, 1)
	clerk := &client{9}
	r.makeEnd("net", "clerk", clerk)
	r.send(clerk, "KVServer.Get", 1)
	r.connect("net", "clerk", 1)
	r.enable("net", "clerk", true)
	call, method := r.send(clerk, "KVServer.PutAppend", 1)
	if got := r.handle([]string{"KVServer.PutAppend", "PutAppend", ""}); got != nil {
		t.Error("an equal name at another place is taken for the call's")
	}
	if got := r.handle([]string{"", method[len("KVServer."):]}); got != call {
		t.Error("the call is not known by its method's name")
	}
	if r.handle([]string{method}) != nil {
		t.Error("a call is handled twice")
	}
	call.Reply(&struct{ Err string }{"none"})
	call.Return(true, nil)
	if len(r.calls) != 2 { // those of the first, which may still arrive
		t.Errorf("%d names are kept", len(r.calls))
	}
	unknown := &client{10}
	if call, method := r.send(unknown, "KVServer.Get", 1); call != nil || method != "KVServer.Get" {
		t.Error("a call through an end that nobody has made is traced")
	}
	r.want(r.events(trace.Link, trace.Send, trace.Handle, trace.Reply, trace.Return, trace.Lost),
		"Send -1 -1 false life 0", "Send -1 1 false life 0", "Handle -1 1 false", "Reply -1 1 false", "Return -1 1 true")
}

// Who fails a test is told before its end, and a panic is one.
func TestFailures(t *testing.T) {
	r := record(t)
	func() {
		defer func() { recover() }()
		defer r.startTest("a Raft", "TestX", t)()
		panic("oh")
	}()
	r.startTest("a Raft", "TestY", t)
	r.fail("wrong\n")
	r.exit()
	r.want(r.events(), "Run -1 -1 false a Raft", "TestStart -1 -1 false TestX", "Failure -1 -1 false panic: oh", "TestEnd -1 -1 false TestX",
		"Run -1 -1 false a Raft", "TestStart -1 -1 false TestY", "Failure -1 -1 false wrong", "TestEnd -1 -1 false TestY")
}

// Without a recorder nothing happens, and a call goes on with its own name.
func TestNothingIsRecorded(t *testing.T) {
	if global.rec != nil {
		t.Skip("a trace is recorded of this very test")
	}
	life := Make("a Raft", false, nil, 0, nil)
	life.Is(&raft{})
	MakeEnd(1, 2, 3)
	Connect(1, 2, 3)
	Enable(1, 2, true)
	DeleteEnd(1, 2)
	AddServer(1, 2, 3)
	DeleteServer(1, 2)
	Reliable(1, true)
	Cleanup(1)
	Kill(1)
	State(1, 2, true)
	Propose(1, CommandOf(2), 3, 4, true)
	Receive(1, 2)
	Failed("%d", []any{1})
	defer Test("a Raft", "TestX", t)()
	call, method := Send(1, "Raft.Vote", 2)
	if method != "Raft.Vote" || Handle(method) != nil || call != nil {
		t.Errorf("got %v, %s", call, method)
	}
	call.Reply(1)
	call.Return(false, 1)
	if len(global.ends)+len(global.nets)+len(global.rafts)+len(global.calls) > 0 {
		t.Error("something is kept")
	}
}
