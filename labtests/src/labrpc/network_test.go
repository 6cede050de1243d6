//go:debug asynctimerchan=0

package labrpc

// The rules of the network, exact in virtual time: inside a synctest bubble a
// sleep takes precisely its time and everything else takes none.
//
// Bounds on random outcomes are by Hoeffding's inequality: over n trials, a
// mean of values within a range r is off by d or more with a probability below
// 2·exp(-2n(d/r)²).

import (
	"bytes"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"6.5840/labgob"
)

const ms = time.Millisecond

// encoded returns the size of v in a message of its own.
func encoded(t *testing.T, v interface{}) int64 {
	t.Helper()
	var buf bytes.Buffer
	if err := labgob.NewEncoder(&buf).Encode(v); err != nil {
		t.Fatal(err)
	}
	return int64(buf.Len())
}

func decode(t *testing.T, b []byte, v interface{}) {
	t.Helper()
	if err := labgob.NewDecoder(bytes.NewReader(b)).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// An outcome is the result of one call and the time it took.
type outcome struct {
	ok   bool
	took time.Duration
}

// repeat makes n calls, 200 at a time.
func repeat(n int, call func() bool) []outcome {
	outcomes := make([]outcome, n)
	var wg sync.WaitGroup
	for w := 0; w < 200; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			for i := w; i < n; i += 200 {
				begun := time.Now()
				ok := call()
				outcomes[i] = outcome{ok, time.Since(begun)}
			}
		}(w)
	}
	wg.Wait()
	return outcomes
}

// everyMillisecond demands that exactly the durations of 0, 1 … limit-1 ms
// occur. A duration of probability p is missing from n outcomes with
// probability (1-p)^n.
func everyMillisecond(t *testing.T, outcomes []outcome, limit int) {
	t.Helper()
	seen := map[time.Duration]bool{}
	for _, o := range outcomes {
		seen[o.took] = true
	}
	for i := 0; i < limit; i++ {
		if !seen[milliseconds(i)] {
			t.Errorf("no call takes %d ms", i)
		}
		delete(seen, milliseconds(i))
	}
	for d := range seen {
		t.Errorf("a call takes %v", d)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if got < want-tolerance || got > want+tolerance {
		t.Errorf("%s is %.4f, not %.4f", what, got, want)
	}
}

func TestRefusal(t *testing.T) {
	refuse := func(t *testing.T, r *rig, n int, limit int) {
		outcomes := repeat(n, func() bool { return r.end.Call("Desk.Note", 1, new(string)) })
		everyMillisecond(t, outcomes, limit)
		for _, o := range outcomes {
			if o.ok {
				t.Fatal("a call succeeds")
			}
		}
		if r.desk.ints != nil || r.server.GetCount() != 0 {
			t.Error("a request reaches the server")
		}
		if got := r.net.GetTotalCount(); got != n {
			t.Errorf("%d attempts are counted as %d", n, got)
		}
		if got := r.net.GetTotalBytes(); got != int64(n)*encoded(t, 1) {
			t.Errorf("%d attempts are counted as %d bytes", n, got)
		}
	}
	cut := map[string]func(r *rig){
		"disabled":    func(r *rig) { r.net.Enable("end", false) },
		"unconnected": func(r *rig) { r.net.Connect("end", nil) },
		"no server":   func(r *rig) { r.net.Connect("end", "nobody") },
		"deleted":     func(r *rig) { r.net.DeleteServer("desk") },
	}
	for name, f := range cut {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				defer r.net.Cleanup()
				f(r)
				refuse(t, r, 10000, 100) // one missing: 100 · 0.99^10000 = 2e-42
			})
		})
	}
	// Loss and reordering are for those that reach a server.
	t.Run("unreliable", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			defer r.net.Cleanup()
			r.net.Enable("end", false)
			r.net.Reliable(false)
			r.net.LongReordering(true)
			refuse(t, r, 10000, 100)
		})
	})
}

func TestLongDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.LongDelays(true)
		for _, o := range repeat(1000, func() bool { return r.end.Call("Desk.Note", 1, new(string)) }) {
			if !o.ok || o.took != 0 {
				t.Fatalf("an enabled end gives %+v", o)
			}
		}

		r.net.Enable("end", false)
		const n = 20000
		var sum time.Duration
		for _, o := range repeat(n, func() bool { return r.end.Call("Desk.Note", 1, new(string)) }) {
			if o.ok || o.took >= 7000*ms || o.took%ms != 0 {
				t.Fatalf("a disabled end gives %+v", o)
			}
			sum += o.took
		}
		// Off with probability 2·exp(-2·20000·(350/7000)²) = 7e-44.
		near(t, "the mean delay in ms", float64(sum/ms)/n, 3499.5, 350)
	})
}

func TestLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.Reliable(false)

		const n = 40000
		outcomes := repeat(n, func() bool { return r.end.Call("Desk.Fill", 10, new(string)) })
		// Lost calls fail as fast as others succeed: at once after the delay.
		everyMillisecond(t, outcomes, 27) // one missing: 27 · (26/27)^40000 < 1e-650
		succeeded := 0
		for _, o := range outcomes {
			if o.ok {
				succeeded++
			}
		}

		handled := r.server.GetCount()
		if got := r.net.GetCount("desk"); got != handled {
			t.Errorf("the network counts %d, the server %d", got, handled)
		}
		if got := r.net.GetTotalCount(); got != n {
			t.Errorf("%d attempts are counted as %d", n, got)
		}
		// Each is off with probability 2·exp(-2·40000·0.03²) = 1e-31, the last,
		// with at least 34800 trials, 2·exp(-2·34800·0.03²) = 1e-27.
		near(t, "the share handled", float64(handled)/n, 0.9, 0.03)
		near(t, "the share succeeding", float64(succeeded)/n, 0.81, 0.03)
		near(t, "the share of handled ones succeeding", float64(succeeded)/float64(handled), 0.9, 0.03)

		want := n*encoded(t, 10) + int64(succeeded)*encoded(t, "xxxxxxxxxx")
		if got := r.net.GetTotalBytes(); got != want {
			t.Errorf("%d bytes are counted instead of %d: lost requests and no lost replies", got, want)
		}
	})
}

func TestLongReordering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.LongReordering(true)

		const n = 40000
		late, sum := 0, time.Duration(0)
		for _, o := range repeat(n, func() bool { return r.end.Call("Desk.Fill", 10, new(string)) }) {
			if !o.ok {
				t.Fatal("a call fails on a reliable network")
			}
			if o.took == 0 {
				continue
			}
			if o.took < 200*ms || o.took >= 2200*ms || o.took%ms != 0 {
				t.Fatalf("a reply is %v late", o.took)
			}
			late++
			sum += o.took
		}
		// Off with probability 2·exp(-2·40000·0.03²) = 1e-31.
		near(t, "the share of late replies", float64(late)/n, 2.0/3, 0.03)
		// Two nested draws: 200 + half of half of 1999. One draw would give
		// 1200. Off with probability 2·exp(-2·25000·(100/2000)²) = 1e-54.
		near(t, "the mean lateness in ms", float64(sum/ms)/float64(late), 699.75, 100)

		if got, want := r.net.GetTotalBytes(), n*(encoded(t, 10)+encoded(t, "xxxxxxxxxx")); got != want {
			t.Errorf("%d bytes are counted instead of %d", got, want)
		}
	})
}

// A late reply counts when it arrives.
func TestLateBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		defer r.net.Cleanup()
		r.net.LongReordering(true)

		for try := 0; ; try++ {
			before := r.net.GetTotalBytes()
			result := make(chan bool, 1)
			go func() { result <- r.end.Call("Desk.Fill", 10, new(string)) }()
			time.Sleep(199 * ms)
			synctest.Wait()
			waiting := len(result) == 0
			if got := r.net.GetTotalBytes() - before; waiting && got != encoded(t, 10) {
				t.Errorf("%d bytes are counted before the reply arrives", got)
			}
			<-result
			if got, want := r.net.GetTotalBytes()-before, encoded(t, 10)+encoded(t, "xxxxxxxxxx"); got != want {
				t.Errorf("%d bytes are counted instead of %d", got, want)
			}
			if waiting {
				return
			}
			if try == 100 { // with probability 3^-101
				t.Fatal("no reply is late")
			}
		}
	})
}

// A reply is delivered only if its server is there and its end enabled when
// the handler is done, and neither was found missing before, at a multiple of
// 100 ms after the start.
func TestServerDeath(t *testing.T) {
	remove := func(r *rig) { r.net.DeleteServer("desk") }
	restore := func(r *rig) { r.net.AddServer("desk", r.server) }
	replace := func(r *rig) { r.net.AddServer("desk", MakeServer()) }
	disable := func(r *rig) { r.net.Enable("end", false) }
	enable := func(r *rig) { r.net.Enable("end", true) }
	point := func(r *rig) { r.net.Connect("end", "nobody") }
	nothing := func(r *rig) {}
	tests := []struct {
		name     string
		handler  int // ms
		at50     func(r *rig)
		at55     func(r *rig)
		want     bool
		wantTook time.Duration
	}{
		{"alive", 20000, nothing, nothing, true, 20000 * ms},
		{"deleted", 20000, remove, nothing, false, 100 * ms},
		{"replaced", 20000, replace, nothing, false, 100 * ms},
		{"disabled", 20000, disable, nothing, false, 100 * ms},
		{"deleted, short handler", 60, remove, nothing, false, 60 * ms},
		{"replaced, short handler", 60, replace, nothing, false, 60 * ms},
		{"disabled, short handler", 60, disable, nothing, false, 60 * ms},
		{"deleted for a moment", 20000, remove, restore, true, 20000 * ms},
		{"disabled for a moment", 20000, disable, enable, true, 20000 * ms},
		{"disabled and too late enabled", 52, disable, enable, false, 52 * ms},
		{"connected elsewhere", 120, point, nothing, true, 120 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				defer r.net.Cleanup()
				time.AfterFunc(50*ms, func() { tt.at50(r) })
				time.AfterFunc(55*ms, func() { tt.at55(r) })

				begun := time.Now()
				done := false
				got := r.end.Call("Desk.Sleep", tt.handler, &done)
				if took := time.Since(begun); got != tt.want || took != tt.wantTook {
					t.Errorf("the call returns %v after %v, not %v after %v", got, took, tt.want, tt.wantTook)
				}
				if done != tt.want {
					t.Errorf("with %v, the reply is %v", got, done)
				}
				time.Sleep(20 * time.Second) // handlers finish, abandoned or not
				if r.desk.slept() != 1 || r.server.GetCount() != 1 {
					t.Error("the handler has not run to its end")
				}
				want := encoded(t, tt.handler)
				if tt.want {
					want += encoded(t, true)
				}
				if n := r.net.GetTotalBytes(); n != want {
					t.Errorf("%d bytes are counted instead of %d", n, want)
				}
			})
		})
	}
}

func TestCleanup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		accepted := make(chan bool)
		go func() { accepted <- r.end.Call("Desk.Sleep", 1000, new(bool)) }()
		synctest.Wait()
		// Both count a call when it comes, not when it is over.
		if a, b, n := r.net.GetTotalCount(), r.net.GetCount("desk"), r.net.GetTotalBytes(); a != 1 || b != 1 || n != encoded(t, 1000) {
			t.Errorf("a call under way is counted as %d, at its server %d, with %d bytes", a, b, n)
		}

		r.net.Cleanup()
		synctest.Wait() // until the network no longer listens
		for i := 0; i < 100; i++ {
			reply := "untouched"
			if r.end.Call("Desk.Note", 1, &reply) || reply != "untouched" {
				t.Fatal("a call succeeds after Cleanup")
			}
		}
		if !<-accepted {
			t.Error("Cleanup fails a call that was under way")
		}
		if n := r.net.GetTotalCount(); n != 1 {
			t.Errorf("%d calls are counted", n)
		}
		defer func() {
			if recover() == nil {
				t.Error("a second Cleanup does not panic")
			}
		}()
		r.net.Cleanup()
	})
}
