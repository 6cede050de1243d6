package labrpc

// What a user of the package relies on, mostly in real time. The exact rules of
// loss, delay and accounting are in network_test.go.

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Desk is the receiver in these tests.
type Desk struct {
	mu       sync.Mutex
	texts    []string
	ints     []int
	finished int // runs of Sleep
}

type BoxArgs struct{ X int }
type BoxReply struct{ X string }

// Note takes a value and answers with a string.
func (d *Desk) Note(n int, reply *string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ints = append(d.ints, n)
	*reply = fmt.Sprintf("note-%d", n)
}

// Length takes a string and answers with a number.
func (d *Desk) Length(text string, reply *int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.texts = append(d.texts, text)
	*reply = len(text)
}

// Fill answers with n characters.
func (d *Desk) Fill(n int, reply *string) {
	*reply = strings.Repeat("x", n)
}

// Box takes a pointer.
func (d *Desk) Box(args *BoxArgs, reply *BoxReply) {
	reply.X = fmt.Sprintf("pointer-%d", args.X)
}

// Unbox takes a struct by value.
func (d *Desk) Unbox(args BoxArgs, reply *BoxReply) {
	reply.X = fmt.Sprintf("value-%d", args.X)
}

// Sleep takes some milliseconds.
func (d *Desk) Sleep(ms int, done *bool) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finished++
	*done = true
}

func (d *Desk) slept() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.finished
}

// What follows is not callable.

func (d *Desk) OneArgument(n int)                   {}
func (d *Desk) NoPointer(n int, m int)              {}
func (d *Desk) Result(n int, reply *int) error      { return nil }
func (d *Desk) ThreeArguments(n int, m, reply *int) {}
func (d *Desk) hidden(n int, reply *int)            {}

// A rig is a network with one server, "desk", and one working end to it.
type rig struct {
	net    *Network
	end    *ClientEnd // named "end"
	server *Server
	desk   *Desk
}

func newRig() *rig {
	r := &rig{net: MakeNetwork(), server: MakeServer(), desk: &Desk{}}
	r.server.AddService(MakeService(r.desk))
	r.net.AddServer("desk", r.server)
	r.end = r.addEnd("end")
	return r
}

func (r *rig) addEnd(name interface{}) *ClientEnd {
	end := r.net.MakeEnd(name)
	r.net.Connect(name, "desk")
	r.net.Enable(name, true)
	return end
}

// note calls Note and demands the right answer.
func note(t *testing.T, end *ClientEnd, n int) {
	t.Helper()
	reply := ""
	if !end.Call("Desk.Note", n, &reply) || reply != fmt.Sprintf("note-%d", n) {
		t.Errorf("Note(%d) answers %q", n, reply)
	}
}

func TestBasic(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	note(t, r.end, 111)
	length := 0
	if !r.end.Call("Desk.Length", "9099", &length) || length != 4 {
		t.Errorf("Length answers %d", length)
	}
	if !reflect.DeepEqual(r.desk.ints, []int{111}) || !reflect.DeepEqual(r.desk.texts, []string{"9099"}) {
		t.Errorf("the handlers got %v and %v", r.desk.ints, r.desk.texts)
	}
}

func TestTypes(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	var pointer, value BoxReply
	if !r.end.Call("Desk.Box", &BoxArgs{7}, &pointer) || pointer.X != "pointer-7" {
		t.Errorf("Box answers %q", pointer.X)
	}
	if !r.end.Call("Desk.Unbox", BoxArgs{8}, &value) || value.X != "value-8" {
		t.Errorf("Unbox answers %q", value.X)
	}
}

func TestDisconnect(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	r.net.Enable("end", false)
	reply := "untouched"
	if r.end.Call("Desk.Note", 111, &reply) || reply != "untouched" {
		t.Errorf("a disabled end answers %q", reply)
	}
	r.net.Enable("end", true)
	note(t, r.end, 111)
}

func TestCounts(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	for i := 0; i < 17; i++ {
		note(t, r.end, i)
	}
	if n := r.net.GetCount("desk"); n != 17 {
		t.Errorf("17 calls are counted as %d", n)
	}
}

func TestBytes(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	text := strings.Repeat("x", 284)
	for i := 0; i < 17; i++ {
		length := 0
		if !r.end.Call("Desk.Length", text, &length) || length != len(text) {
			t.Fatalf("Length answers %d", length)
		}
	}
	before := r.net.GetTotalBytes()
	if before < 4828 || before > 6000 {
		t.Errorf("17 arguments of 284 bytes are counted as %d", before)
	}

	for i := 0; i < 17; i++ {
		reply := ""
		if !r.end.Call("Desk.Fill", 107, &reply) || len(reply) != 107 {
			t.Fatalf("Fill answers with %d bytes", len(reply))
		}
	}
	if n := r.net.GetTotalBytes() - before; n < 1800 || n > 2500 {
		t.Errorf("17 replies of 107 bytes are counted as %d", n)
	}
}

func TestConcurrentMany(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	var wg sync.WaitGroup
	for i := 0; i < 20; i++ {
		end := r.addEnd(i)
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 10; j++ {
				note(t, end, 100*i+j)
			}
		}(i)
	}
	wg.Wait()
	if n := r.net.GetCount("desk"); n != 200 {
		t.Errorf("200 calls are counted as %d", n)
	}
}

func TestUnreliable(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()
	r.net.Reliable(false)

	results := make(chan bool, 300)
	for i := 0; i < 300; i++ {
		end := r.addEnd(i)
		go func(i int) {
			reply := ""
			ok := end.Call("Desk.Note", i, &reply)
			if ok && reply != fmt.Sprintf("note-%d", i) {
				t.Errorf("Note(%d) answers %q", i, reply)
			}
			results <- ok
		}(i)
	}
	succeeded := 0
	for i := 0; i < 300; i++ {
		if <-results {
			succeeded++
		}
	}
	// All succeed with probability 0.81^300 = 4e-28.
	if succeeded == 0 || succeeded == 300 {
		t.Errorf("%d of 300 calls succeed on an unreliable network", succeeded)
	}
}

func TestConcurrentOne(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	var wg sync.WaitGroup
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			note(t, r.end, i)
		}(i)
	}
	wg.Wait()
	if n := r.net.GetCount("desk"); n != 20 || len(r.desk.ints) != 20 {
		t.Errorf("20 calls are counted as %d and handled %d times", n, len(r.desk.ints))
	}
}

// Calls that will fail late do not hold up one that can succeed.
func TestRegression1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.LongDelays(true)
		r.net.Enable("end", false)

		var wg sync.WaitGroup
		for i := 0; i < 20; i++ {
			wg.Add(1)
			go func(i int) {
				defer wg.Done()
				reply := ""
				if r.end.Call("Desk.Note", i, &reply) {
					t.Errorf("a call on a disabled end succeeds")
				}
			}(i)
		}
		synctest.Wait() // all are on their way
		time.Sleep(100 * time.Millisecond)

		begun := time.Now()
		r.net.Enable("end", true)
		note(t, r.end, 99)
		if took := time.Since(begun); took > 30*time.Millisecond {
			t.Errorf("the call takes %v", took)
		}
		wg.Wait()
		if n := r.net.GetCount("desk"); n != 1 || len(r.desk.ints) != 1 {
			t.Errorf("%d requests reach the server", n)
		}
	})
}

// A handler does not keep its caller waiting when its server is deleted.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()

		result := make(chan bool)
		go func() {
			done := false
			result <- r.end.Call("Desk.Sleep", 20000, &done)
		}()
		time.Sleep(time.Second)
		select {
		case <-result:
			t.Fatalf("the call returns before its handler")
		default:
		}

		r.net.DeleteServer("desk")
		begun := time.Now()
		if <-result {
			t.Errorf("the call succeeds without its server")
		}
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("the call is abandoned only after %v", took)
		}
		time.Sleep(20 * time.Second) // the handler finishes
	})
}

func TestBenchmark(t *testing.T) {
	r := newRig()
	defer r.net.Cleanup()

	const n = 100000
	begun := time.Now()
	for i := 0; i < n; i++ {
		reply := ""
		if !r.end.Call("Desk.Fill", 1, &reply) || reply != "x" {
			t.Fatalf("Fill answers %q", reply)
		}
	}
	fmt.Printf("%d calls take %v\n", n, time.Since(begun))
}

// Switching modes during calls is not a race.
func TestModeRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.Enable("end", false)

		var wg sync.WaitGroup
		for i := 0; i < 100; i++ {
			wg.Add(1)
			go func(i int) {
				defer wg.Done()
				reply := ""
				r.end.Call("Desk.Note", i, &reply)
			}(i)
			r.net.LongDelays(i%2 == 0)
			r.net.LongReordering(i%3 == 0)
			r.net.Reliable(i%5 == 0)
			r.net.Enable("end", i%7 == 0)
		}
		wg.Wait()
		if n := r.net.GetTotalCount(); n != 100 {
			t.Errorf("100 calls are counted as %d", n)
		}
	})
}
