package core

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// single makes the only server of a cluster.
func single(t *testing.T) *Node {
	t.Helper()
	n, err := Make(Config{ID: 7, Voters: []uint64{7}, Seed: 1}, nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Free)
	return n
}

// settle does all work at time now.
func settle(t *testing.T, n *Node, now uint64) (state []byte) {
	t.Helper()
	for {
		w, err := n.Work(now)
		if err == ErrNoWork {
			return state
		}
		if err != nil {
			t.Fatal(err)
		}
		if w.Persist {
			state = bytes.Clone(w.State)
		}
		if _, err := n.WorkDone(now, w.Sequence); err != nil {
			t.Fatal(err)
		}
	}
}

// lead makes the only server leader.
func lead(t *testing.T, n *Node) (now uint64) {
	t.Helper()
	step, err := n.Tick(0)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		now = step.DeadlineMS
		if step, err = n.Tick(now); err != nil {
			t.Fatal(err)
		}
		settle(t, n, now)
		if state, _ := n.State(); state.Role == Leader {
			return now
		}
	}
	t.Fatal("the only server of a cluster does not become leader")
	return 0
}

func TestHeaderIsTheLibrarys(t *testing.T) {
	want, err := os.ReadFile("../../../include/pontoon.h")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("this module was taken out of its repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.ReadFile("pontoon.h"); err != nil || !bytes.Equal(have, want) {
		t.Fatalf("pontoon.h differs from include/pontoon.h (%v): run make header", err)
	}
}

func TestBuildWithoutCgo(t *testing.T) {
	build := exec.Command("go", "build", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	out, err := build.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("install a C compiler such as gcc and build with CGO_ENABLED=1")) {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestCommandsComeBack(t *testing.T) {
	n := single(t)
	now := lead(t, n)
	commands := [][]byte{[]byte("one"), nil, bytes.Repeat([]byte("x"), 100_000)}
	for i, command := range commands {
		started, step, err := n.Start(now, command)
		if err != nil || started.Index != uint64(i+1) || !step.Work {
			t.Fatalf("Start: %+v, %+v, %v", started, step, err)
		}
	}
	saved := settle(t, n, now)
	for i := 0; i < len(commands); {
		a, err := n.Apply(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range a.Entries {
			if entry.Index != uint64(i+1) || entry.Noop || !bytes.Equal(entry.Data, commands[i]) {
				t.Fatalf("entry %d is %d, %v, %d bytes", i+1, entry.Index, entry.Noop, len(entry.Data))
			}
			i++
		}
		n.ApplyDone()
	}
	if _, err := n.Apply(1); err != ErrNoWork {
		t.Fatalf("Apply after the last entry: %v", err)
	}
	again, err := Make(Config{ID: 7, Voters: []uint64{7}, Seed: 1}, saved, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Free()
	if state, err := again.State(); err != nil || state.LastIndex != 3 || state.Term != 1 {
		t.Fatalf("restarted: %+v, %v", state, err)
	}
}

func TestErrors(t *testing.T) {
	if _, err := Make(Config{ID: 1, Voters: []uint64{2}}, nil, nil, 0); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "does not name this server") {
		t.Errorf("voters without the server: %v", err)
	}
	if _, err := Make(Config{ID: 1}, nil, nil, 0); !errors.Is(err, ErrConfig) {
		t.Errorf("no voters: %v", err)
	}
	if _, err := Make(Config{ID: 1, Voters: []uint64{1}}, []byte("garbage"), nil, 0); !errors.Is(err, ErrDecode) && !errors.Is(err, ErrVersion) {
		t.Errorf("garbage as state: %v", err)
	}
	n := single(t)
	if _, _, err := n.Start(0, []byte("x")); err != ErrNotLeader {
		t.Errorf("Start on a follower: %v", err)
	}
	var detailed *Error
	if _, err := n.Receive(0, 1, []byte{1, 2, 3}); !errors.As(err, &detailed) || detailed.Status != ErrDecode || detailed.Text == "" {
		t.Errorf("Receive of garbage: %v", err)
	}
	if _, err := n.Receive(0, 1, nil); !errors.Is(err, ErrDecode) {
		t.Errorf("Receive of nothing: %v", err)
	}
	if _, err := n.Snapshot(0, 5, nil); err != ErrOutOfRange {
		t.Errorf("Snapshot of the future: %v", err)
	}
	for status := ErrNull; status <= ErrLimit; status++ {
		if status.Error() == "" || status.Error() == Status(99).Error() {
			t.Errorf("status %d has no text", status)
		}
	}
	n.Free()
	if _, err := n.Tick(0); err != ErrBadHandle {
		t.Errorf("Tick after Free: %v", err)
	}
	n.Free()
}

func TestWorkFailedEndsTheNode(t *testing.T) {
	n := single(t)
	now := lead(t, n)
	if _, _, err := n.Start(now, []byte("x")); err != nil {
		t.Fatal(err)
	}
	w, err := n.Work(now)
	if err != nil || !w.Persist {
		t.Fatalf("%+v, %v", w, err)
	}
	if _, err := n.Work(now); !errors.Is(err, ErrWorkOutstanding) {
		t.Errorf("second Work: %v", err)
	}
	if err := n.WorkFailed(w.Sequence); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Tick(now); !errors.Is(err, ErrStorage) {
		t.Errorf("Tick after a failed write: %v", err)
	}
}

// A crossing allocates nothing, wherever its arguments live.
func TestCrossingsDoNotAllocate(t *testing.T) {
	n := single(t)
	now := lead(t, n)
	var command [16]byte
	drain := func() {
		for {
			w, err := n.Work(now)
			if err != nil {
				break
			}
			if _, err = n.WorkDone(now, w.Sequence); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.Apply(1 << 20); err != nil {
			t.Fatal(err)
		}
		n.ApplyDone()
	}
	allocs := testing.AllocsPerRun(100, func() {
		if _, _, err := n.Start(now, command[:]); err != nil {
			t.Fatal(err)
		}
		drain()
		_, _ = n.State()
		_, _ = n.Tick(now)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// The views of a batch survive the garbage collector and other calls.
func TestViewsStayConstant(t *testing.T) {
	n := single(t)
	now := lead(t, n)
	if _, _, err := n.Start(now, []byte("first")); err != nil {
		t.Fatal(err)
	}
	w, err := n.Work(now)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(w.State)
	for range 1000 {
		if _, _, err := n.Start(now, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	if !bytes.Equal(before, w.State) {
		t.Error("the state changed under its reader")
	}
	if _, err := n.WorkDone(now, w.Sequence); err != nil {
		t.Fatal(err)
	}
	// No address of the library's memory stays where Go's collector looks.
	if w.State != nil || w.Early != nil || n.work.state.data != nil {
		t.Error("the batch still shows its views")
	}
	if a, err := n.Apply(1 << 20); err != nil || a.Entries[0].Data == nil {
		t.Errorf("%+v, %v", a, err)
	}
	entries := n.applying.Entries
	n.ApplyDone()
	if entries[0].Data != nil || n.apply.entries != nil {
		t.Error("the entries still show their views")
	}
}

func BenchmarkState(b *testing.B) {
	n, err := Make(Config{ID: 7, Voters: []uint64{7}, Seed: 1}, nil, nil, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer n.Free()
	b.ReportAllocs()
	for range b.N {
		if _, err := n.State(); err != nil {
			b.Fatal(err)
		}
	}
}
