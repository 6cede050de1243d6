package overlay

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"
)

// pinger is a Raft that does nothing but to answer.
const pinger = `package raft

import (
	"time"

	"6.5840/labrpc"
)

type ApplyMsg struct {
	CommandValid  bool
	Command       interface{}
	CommandIndex  int
	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}

type Raft struct{}

type PingArgs struct{ N, Sleep int }
type PingReply struct{ N int }

func (rf *Raft) Ping(args *PingArgs, reply *PingReply) {
	time.Sleep(time.Duration(args.Sleep) * time.Millisecond)
	reply.N = args.N
}

func (rf *Raft) Start(command interface{}) (int, int, bool) { return 0, 0, false }
func (rf *Raft) GetState() (int, bool)                      { return 0, false }
func (rf *Raft) Snapshot(index int, snapshot []byte)        {}
func (rf *Raft) Kill()                                      {}

func Make(peers []*labrpc.ClientEnd, me int, persister *Persister, applyCh chan ApplyMsg) *Raft {
	return &Raft{}
}
`

// schedule sends messages in phases, each of which prints what labrpc counted.
const schedule = `package raft

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"6.5840/labrpc"
)

func TestSchedule2A(t *testing.T) {
	net := labrpc.MakeNetwork()
	add := func(i int) {
		srv := labrpc.MakeServer()
		srv.AddService(labrpc.MakeService(&Raft{}))
		net.AddServer(i, srv)
	}
	ends := make([][]*labrpc.ClientEnd, 2)
	for i := range ends {
		for j := range ends {
			name := fmt.Sprintf("%d%d", i, j)
			ends[i] = append(ends[i], net.MakeEnd(name))
			net.Connect(name, j)
		}
		Make(ends[i], i, MakePersister(), make(chan ApplyMsg))
		add(i)
		for j := range ends {
			net.Enable(fmt.Sprintf("%d%d", i, j), true)
		}
	}
	n := 0
	phase := func(name string, calls, sleep int, during func()) {
		sent, handled := net.GetTotalCount(), net.GetCount(1)
		var mu sync.Mutex
		answered := 0
		var wg sync.WaitGroup
		for i := 0; i < calls; i++ {
			n++
			wg.Add(1)
			go func(n int) {
				defer wg.Done()
				var reply PingReply
				if ends[0][1].Call("Raft.Ping", &PingArgs{n, sleep}, &reply) {
					mu.Lock()
					defer mu.Unlock()
					answered++
				}
			}(n)
		}
		during()
		wg.Wait()
		fmt.Println("phase", name, net.GetTotalCount()-sent, net.GetCount(1)-handled, answered)
	}
	phase("plain", 40, 0, func() {})
	net.Enable("01", false)
	phase("cut", 40, 0, func() {})
	net.LongDelays(true)
	phase("long", 40, 0, func() {})
	net.Enable("01", true)
	net.Reliable(false)
	phase("lossy", 400, 5, func() {})
	net.Reliable(true)
	phase("cutting", 40, 300, func() { time.Sleep(150 * time.Millisecond); net.Enable("01", false) })
	net.Enable("01", true)
	phase("replacing", 40, 300, func() { time.Sleep(150 * time.Millisecond); add(1) })
	net.DeleteServer(1)
	t.Log(ends[0][1].Call("Raft.Ping", &PingArgs{}, &PingReply{}))
}
`

// scripted is the trace of the schedule, in a tree whose labrpc has in its
// server.go what change makes of it.
func scripted(t *testing.T, change func(server string) string) (*Overlay, tracedTest) {
	t.Helper()
	tree := lab(t, 2023, false)
	put(t, filepath.Join(tree.Raft, "test_test.go"), schedule)
	file := filepath.Join(tree.Src, "labrpc", "server.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put(t, file, change(string(text)))
	o := planWith(t, find(t, tree.Src), Options{Raft: RaftOfFiles("the pinger", map[string]string{"raft.go": pinger}), Trace: true})
	return o, traced(t, o)["TestSchedule2A"]
}

// fate is what a trace tells of one message.
type fate struct {
	n     string // what it carries, of the request and of the answer
	back  string
	kinds []trace.Kind
	lost  string
	ok    bool
}

func fatesOf(tr tracedTest) map[uint64]*fate {
	fates := map[uint64]*fate{}
	for _, e := range tr.Events {
		if e.Message == nil {
			continue
		}
		f := fates[e.Message.ID]
		if f == nil {
			f = &fate{}
			fates[e.Message.ID] = f
		}
		f.kinds = append(f.kinds, e.Kind)
		switch e.Kind {
		case trace.Send:
			f.n, _, _ = strings.Cut(e.Message.Text, " ")
		case trace.Reply:
			f.back = e.Message.Text
		case trace.Lost:
			f.lost = e.Text
		case trace.Return:
			f.ok = e.Flag
		}
	}
	return fates
}

// phasesOf sorts the fates of the schedule by its phases.
func phasesOf(t *testing.T, tr tracedTest) [][]*fate {
	t.Helper()
	fates := fatesOf(tr)
	if len(fates) != 601 {
		t.Fatalf("%d messages were traced", len(fates))
	}
	var phases [][]*fate
	id := uint64(0)
	for _, size := range []int{40, 40, 40, 400, 40, 40, 1} {
		var phase []*fate
		for range size {
			id++
			phase = append(phase, fates[id])
		}
		phases = append(phases, phase)
	}
	return phases
}

// handlers are statements of labrpc that call a handler, as it could be.
var handlers = []string{
	"method.Func.Call([]reflect.Value{svc.receiver, args.Elem(), reply})",
	"in := []reflect.Value{svc.receiver, args.Elem(), reply}\n\tmethod.Func.Call(in)",
	"function := svc.receiver.MethodByName(name)\n\tfunction.Call([]reflect.Value{args.Elem(), reply})",
}

// Every message's fate is told, and told of that message: equal ones that are
// under way at once are not mixed up. The sums are labrpc's own.
func TestTraceTellsFates(t *testing.T) {
	for _, handler := range handlers {
		o, tr := scripted(t, func(server string) string {
			if !strings.Contains(server, handlers[0]) {
				t.Fatal("labrpc calls handlers in another way")
			}
			return strings.Replace(server, handlers[0], handler, 1)
		})
		if len(o.Untraced) > 0 {
			t.Errorf("%s: %q", handler, o.Untraced)
		}
		testFates(t, tr)
	}
}

// Where labrpc's inside is not understood, a trace has what the callers see.
func TestTraceWithoutHandlers(t *testing.T) {
	o, tr := scripted(t, func(server string) string {
		return strings.Replace(server, handlers[0], "invoke(method, []reflect.Value{svc.receiver, args.Elem(), reply})", 1) +
			"\nfunc invoke(method reflect.Method, in []reflect.Value) { method.Func.Call(in) }\n"
	})
	if len(o.Untraced) != 1 || !strings.Contains(o.Untraced[0], "when a message arrives") {
		t.Errorf("said %q", o.Untraced)
	}
	for i, phase := range phasesOf(t, tr) {
		for _, f := range phase {
			want := []trace.Kind{trace.Send, trace.Lost, trace.Return}
			if f.ok {
				want = []trace.Kind{trace.Send, trace.Reply, trace.Return}
			}
			lost := map[int]string{1: cutWay, 2: cutWay, 6: noServer}[i]
			if lost == "" && !f.ok {
				lost = "no answer"
			}
			if !slices.Equal(f.kinds, want) || f.lost != lost || f.back != "" && f.back != f.n {
				t.Errorf("phase %d: %+v, want %v, %q", i, *f, want, lost)
			}
		}
	}
}

func testFates(t *testing.T, tr tracedTest) {
	t.Helper()
	phases := phasesOf(t, tr)
	answered := []trace.Kind{trace.Send, trace.Handle, trace.Reply, trace.Return}
	never := []trace.Kind{trace.Send, trace.Lost, trace.Return}
	unheard := []trace.Kind{trace.Send, trace.Handle, trace.Reply, trace.Lost, trace.Return}
	early := []trace.Kind{trace.Send, trace.Handle, trace.Lost, trace.Return, trace.Reply} // the answer's fate is known before it is
	for i, c := range []struct {
		name    string
		allowed map[string][]trace.Kind // by what was said of the loss
	}{
		{"plain", map[string][]trace.Kind{"": answered}},
		{"cut", map[string][]trace.Kind{cutWay: never}},
		{"long", map[string][]trace.Kind{cutWay: never}},
		{"lossy", map[string][]trace.Kind{"": answered, "answer": unheard, dropped: never}},
		{"cutting", map[string][]trace.Kind{cutWay: early}},
		{"replacing", map[string][]trace.Kind{noServer: early}},
		{"gone", map[string][]trace.Kind{noServer: never}},
	} {
		handled, ok := 0, 0
		for _, f := range phases[i] {
			if slices.Contains(f.kinds, trace.Handle) {
				handled++
			}
			if f.ok {
				ok++
			}
			why := f.lost
			if why == dropped && slices.Contains(f.kinds, trace.Handle) {
				why = "answer"
			}
			if want := c.allowed[why]; !slices.Equal(f.kinds, want) || f.ok != (why == "") {
				t.Errorf("%s: %+v, want %v", c.name, *f, want)
			}
			if f.back != "" && f.back != f.n {
				t.Errorf("%s: the answer to %s says %s", c.name, f.n, f.back)
			}
		}
		if counted := fmt.Sprintln("phase", c.name, len(phases[i]), handled, ok); c.name != "gone" && c.name != "replacing" && !strings.Contains(tr.output, counted) {
			t.Errorf("labrpc has not counted %s but\n%s", counted, tr.output)
		}
	}
	for _, e := range tr.Events {
		if e.Kind == trace.Send && (e.Server != 0 || e.Peer != 1 || e.Last != 1 || e.Message.Method != "Raft.Ping") {
			t.Fatalf("sent: %+v", e)
		}
	}
}

// What hook says of a loss.
const (
	cutWay   = "the way is cut"
	noServer = "the server is gone"
	dropped  = "the network dropped it"
)
