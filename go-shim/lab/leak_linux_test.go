//go:build go1.25

package lab

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pontoon.dev/go-shim/internal/core"
)

// usage is what servers that ended must have given back.
type usage struct {
	handles    int // nodes in the library
	goroutines int
	threads    int // of the operating system
	heap       int // Go's, in bytes
	resident   int // the process's, so the library's memory too, in bytes
}

// measure waits until no more than so many goroutines are left. On a busy
// machine those that are about to end can take a while.
func measure(t *testing.T, goroutines int) (u usage) {
	t.Helper()
	for begin := time.Now(); runtime.NumGoroutine() > goroutines && time.Since(begin) < time.Minute; {
		time.Sleep(time.Millisecond)
	}
	u.handles = liveHandles(t)
	u.goroutines = runtime.NumGoroutine()
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	u.heap = int(memory.HeapAlloc)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "Threads: %d", &u.threads)
		fmt.Sscanf(line, "VmRSS: %d kB", &u.resident)
	}
	u.resident <<= 10
	return u
}

// liveHandles counts the library's nodes. A handle's lower half is a place, and
// free places are used before a new one: many new nodes fill them all, and the
// last place less their number is that of the old.
func liveHandles(t *testing.T) int {
	t.Helper()
	const probes = 200
	last := 0
	for range probes {
		node, err := core.Make(core.Config{ID: 1, Voters: []uint64{1}}, nil, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer node.Free()
		place := int(uint32(reflect.ValueOf(node).Elem().FieldByName("handle").Uint()))
		last = max(last, place)
	}
	return last + 1 - probes
}

func TestLiveHandles(t *testing.T) {
	before := liveHandles(t)
	node, err := core.Make(core.Config{ID: 1, Voters: []uint64{1}}, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if now := liveHandles(t); now != before+1 {
		t.Errorf("%d handles with one more node, %d before", now, before)
	}
	node.Free()
	if now := liveHandles(t); now != before {
		t.Errorf("%d handles after Free, %d before", now, before)
	}
}

func (d *disk) saves() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

// hold makes a disk's saves wait, and returns what lets them go.
func (d *disk) hold() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	gate := make(chan struct{})
	d.gate = gate
	return func() {
		d.mu.Lock()
		d.gate = nil
		d.mu.Unlock()
		close(gate)
	}
}

// liveAndDie ends and starts servers while RPC handlers, Starts and Snapshots
// are inside of them.
func liveAndDie(t *testing.T, lives int) {
	onSite(t, 3, func(s *site) {
		s.every = 5
		s.padding = " " + strings.Repeat("x", 64<<10)
		for me := range 3 {
			s.serve(me)
		}
		s.commit("begin", 0, 1, 2)
		for life := range lives {
			me := life % 3
			rf, d := s.rafts[me], s.disks[me]
			release := d.hold()
			// An RPC handler that writes what the leader sends, or the leader's own write.
			s.until("a save under way", func() bool {
				s.rafts[s.leader()].Start(life)
				return d.saves() > 0
			})
			var callers sync.WaitGroup
			for range 3 {
				callers.Go(func() { rf.Start(life) })
				callers.Go(func() { rf.Snapshot(s.snapshot(me)) })
				callers.Go(func() { rf.GetState() })
			}
			if life%2 == 0 {
				synctest.Wait() // they are inside, or through
			}
			callers.Go(func() { s.crash(me) })
			if life%4 < 2 {
				synctest.Wait() // Kill has begun
			}
			release()
			callers.Wait()
			s.serve(me)
		}
		s.commit("end", 0, 1, 2)
	})
}

func TestLivesLeaveNothing(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	liveAndDie(t, 200)
	before := measure(t, goroutines)
	liveAndDie(t, 1000)
	after := measure(t, goroutines)
	t.Logf("before %+v, after %+v", before, after)
	if after.handles > before.handles || after.goroutines > goroutines {
		t.Errorf("handles or goroutines are left: %d goroutines, then %+v, then %+v", goroutines, before, after)
	}
	// The runtime starts a thread when one is blocked, and keeps it. A server
	// holds a snapshot of 64 KiB, a thousand hold 64 MiB; the race detector takes
	// 20 MiB more for a thousand lives.
	if after.threads > before.threads+8 || after.heap > before.heap+4<<20 || after.resident > before.resident+40<<20 {
		t.Errorf("threads or memory are left: before %+v, after %+v", before, after)
	}
}
