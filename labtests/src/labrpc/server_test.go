package labrpc

// Ends, servers and services: naming, lookup, dispatch, and the mistakes that
// end the process.

import (
	"os"
	"os/exec"
	"reflect"
	"sort"
	"strings"
	"testing"
)

func TestEndStartsDisabledAndUnconnected(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	// None of these checks that anything exists; MakeEnd begins afresh.
	for _, name := range []string{"a", "b"} {
		r.net.Connect(name, "desk")
		r.net.Enable(name, true)
	}
	r.net.DeleteServer("nobody")

	a, b := r.net.MakeEnd("a"), r.net.MakeEnd("b")
	call := func(end *ClientEnd) bool { return end.Call("Desk.Note", 1, new(string)) }
	r.net.Enable("a", true)
	if call(a) {
		t.Error("a new end is connected")
	}
	r.net.Connect("b", "desk")
	if call(b) {
		t.Error("a new end is enabled")
	}
	r.net.Connect("a", "desk")
	r.net.Enable("b", true)
	if !call(a) || !call(b) {
		t.Error("an enabled, connected end carries no call")
	}
}

func TestConnectAndAddServerOverwrite(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	call := func() bool { return r.end.Call("Desk.Note", 1, new(string)) }

	r.net.Connect("end", 7) // any comparable name will do
	if call() {
		t.Error("a call reaches a server that does not exist")
	}
	other := MakeServer()
	other.AddService(MakeService(&Desk{}))
	r.net.AddServer(7, other)
	if !call() || other.GetCount() != 1 || r.server.GetCount() != 0 {
		t.Error("the call does not go to where Connect said last")
	}

	r.net.AddServer(7, r.server)
	if !call() || r.net.GetCount(7) != 1 || other.GetCount() != 1 {
		t.Error("the call does not go to the server added last")
	}

	r.net.DeleteServer("desk")
	defer func() {
		if recover() == nil {
			t.Error("GetCount of a deleted server does not panic")
		}
		if r.net.GetCount(7) != 1 {
			t.Error("the network does not work after the panic")
		}
	}()
	r.net.GetCount("desk")
}

func TestHandlersAreThoseOfTheRightShape(t *testing.T) {
	svc := MakeService(&Desk{})
	if svc.name != "Desk" {
		t.Errorf("the service is called %q", svc.name)
	}
	var names []string
	for name := range svc.methods {
		names = append(names, name)
	}
	sort.Strings(names)
	want := []string{"Box", "Fill", "Length", "Note", "Sleep", "Unbox"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("the handlers are %v instead of %v", names, want)
	}
}

type Meeting struct{ met chan int }

// Meet returns when two calls of it meet.
func (m *Meeting) Meet(n int, other *int) {
	select {
	case m.met <- n:
	case *other = <-m.met:
	}
}

func TestServerHasSeveralServicesAndRunsHandlersConcurrently(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	r.server.AddService(MakeService(&Meeting{make(chan int)}))

	results := make(chan int)
	for n := 1; n <= 2; n++ {
		go func(n int) {
			other := 0
			if !r.end.Call("Meeting.Meet", n, &other) {
				t.Error("Meet fails")
			}
			results <- other
		}(n)
	}
	if a, b := <-results, <-results; a+b != 1 && a+b != 2 {
		t.Errorf("the handlers exchange %d and %d", a, b)
	}
	note(t, r.end, 1)
}

func TestServiceNameEndsAtTheLastDot(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	svc := MakeService(r.desk)
	svc.name = "a.b"
	r.server.AddService(svc)
	reply := ""
	if !r.end.Call("a.b.Note", 5, &reply) || reply != "note-5" {
		t.Errorf("the call answers %q", reply)
	}
}

// Arguments travel as what they are at the caller; what does not decode stays
// zero, and the handler runs.
func TestArgumentsThatDoNotDecode(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	resp := r.server.dispatch(request{
		svcMeth:  "Desk.Unbox",
		argsType: reflect.TypeOf(BoxArgs{}),
		args:     []byte("no gob"),
	})
	var reply BoxReply
	if !resp.ok || r.server.GetCount() != 1 {
		t.Error("the handler does not run")
	}
	decode(t, resp.reply, &reply)
	if reply.X != "value-0" {
		t.Errorf("the handler answers %q", reply.X)
	}
}

func TestArgumentsThatDoNotEncodePanic(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	defer func() {
		if recover() == nil {
			t.Error("a channel can be sent")
		}
		if n := r.net.GetTotalCount(); n != 0 {
			t.Errorf("it counts as %d calls", n)
		}
	}()
	r.end.Call("Desk.Note", make(chan int), new(string))
}

type Mute struct{}

func (Mute) Answer(n int, reply *chan int) {}

// Each of these ends the process with a message that names what there is.
func TestMistakesEndTheProcess(t *testing.T) {
	mistakes := []struct {
		name string
		make func(r *rig)
		want []string
	}{
		{"end name taken", func(r *rig) { r.net.MakeEnd("end") }, []string{"MakeEnd", "end"}},
		{"unknown service", func(r *rig) { r.end.Call("Desks.Note", 1, new(string)) },
			[]string{`"Desks"`, "Desks.Note", "[Desk Mute]"}},
		{"unknown method", func(r *rig) { r.end.Call("Desk.Notes", 1, new(string)) },
			[]string{`"Notes"`, "Desk.Notes", "[Box Fill Length Note Sleep Unbox]"}},
		{"not callable", func(r *rig) { r.end.Call("Desk.Result", 1, new(int)) }, []string{`"Result"`}},
		{"no dot", func(r *rig) { r.end.Call("Note", 1, new(string)) }, []string{`service ""`}},
		{"reply of another type", func(r *rig) { r.end.Call("Desk.Note", 1, new(int)) },
			[]string{"Desk.Note", "*int"}},
		{"reply that cannot be sent", func(r *rig) { r.end.Call("Mute.Answer", 1, new(int)) },
			[]string{"Mute.Answer"}},
		{"argument of another type", func(r *rig) { r.end.Call("Desk.Box", BoxArgs{1}, new(BoxReply)) },
			[]string{"panic: reflect"}},
	}
	const variable = "LABRPC_TEST_MISTAKE"
	if name := os.Getenv(variable); name != "" {
		for _, m := range mistakes {
			if m.name == name {
				r := newRig()
				r.server.AddService(MakeService(Mute{}))
				m.make(r)
			}
		}
		return
	}
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestMistakesEndTheProcess$")
			cmd.Env = append(os.Environ(), variable+"="+m.name)
			out, err := cmd.CombinedOutput()
			if _, ok := err.(*exec.ExitError); !ok {
				t.Fatalf("the process ends with %v and prints\n%s", err, out)
			}
			for _, want := range m.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("the message has no %s:\n%s", want, out)
				}
			}
		})
	}
}
