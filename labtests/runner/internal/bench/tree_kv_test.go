package bench

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
)

func embeddedKV(t *testing.T) (*builder, *labtree.Tree) {
	t.Helper()
	b := newBuilder(t)
	b.root = "../../../.."
	kv, err := embeddedTree(t).For(labtree.AllKV)
	if err != nil {
		t.Fatal(err)
	}
	return b, kv
}

// The student's service on the textbook Raft, as labrun bench -kv has it.
func TestSpeedProbeOnTheTextbook(t *testing.T) {
	b, kv := embeddedKV(t)
	impl, err := b.build(context.Background(), textbook, kv)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []int{-1, 1000} {
		s := Scenario{Mode: "kv", Servers: 3, Commands: 60, MaxState: state, Limit: time.Minute}
		r, err := runProbe(context.Background(), impl, s, t.TempDir())
		if err != nil || r.TimedOut || r.Ops != 60 {
			t.Fatalf("%s: %+v, %v", s.Key(), r, err)
		}
		for i, x := range []float64{r.Seconds, r.OpsPerSecond, r.P50, r.Max, r.CPUMillis, r.CPUPerOp, r.RPCsPerOp, r.StateBytes, r.MachineSpeed} {
			if x <= 0 {
				t.Errorf("%s: figure %d is %v: %+v", s.Key(), i, x, r)
			}
		}
		if snapshots := r.StateBytes < 1200; snapshots != (state > 0) {
			t.Errorf("%s: the Raft state has %v bytes at the end", s.Key(), r.StateBytes)
		}
	}
}

// A service that loses what it said it had done must not get a row.
func TestSpeedProbeRefusesABadService(t *testing.T) {
	b, kv := embeddedKV(t)
	raft, err := textbookFiles(kv)
	if err != nil {
		t.Fatal(err)
	}
	service, err := studentFiles(b.root, kv)
	if err != nil {
		t.Fatal(err)
	}
	const appends = "kv.data[request.Key] += request.Value"
	if !strings.Contains(service["server.go"], appends) {
		t.Fatalf("server.go does not have %q any more", appends)
	}
	service["server.go"] = strings.Replace(service["server.go"], appends, `if request.Seq != 7 {
			kv.data[request.Key] += request.Value
		}`, 1)
	impl := &implementation{Label: textbook, Binary: filepath.Join(b.work, "probe.test")}
	options := overlay.Options{Work: b.work, Raft: overlay.RaftOfFiles(textbook, raft), Service: service}
	flags, env, err := b.lay(context.Background(), impl, kv, options)
	if err == nil {
		err = b.compile(context.Background(), impl, flags, env)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := Scenario{Mode: "kv", Servers: 3, Commands: 20, MaxState: -1, Limit: 10 * time.Second}
	if r, err := runProbe(context.Background(), impl, s, t.TempDir()); err == nil || !strings.Contains(err.Error(), "that were appended") {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestReportOfTheService(t *testing.T) {
	all := kvGroups(time.Minute)
	var runs []Run
	for _, s := range all[0].Scenarios {
		runs = append(runs, runOf("x", s.Key(), 0, Result{OpsPerSecond: 10000, CPUPerOp: 100, MachineSpeed: 1}),
			runOf("y", s.Key(), 0, Result{OpsPerSecond: 2000, CPUPerOp: 50, TimedOut: true, MachineSpeed: 1}))
	}
	var out bytes.Buffer
	report(&out, all, runs, []string{"x", "y"})
	wantLine(t, out.String(), "3 servers, 1,000 operations", "x", "0.10", "best")
	wantLine(t, out.String(), "y", "TO 0.50", "5.00×")
	wantLine(t, out.String(), "(B)", "2.50")
	wantLine(t, out.String(), "3 servers, 1,000 operations, snapshots at 1,000 B", "x", "0.10")
	wantLine(t, out.String(), "kv/3x1000/state1000", "won 0.20×", "lost 2.00×")
}
