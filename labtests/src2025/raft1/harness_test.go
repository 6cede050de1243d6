//go:build go1.25

package raft

// Tests of the harness itself, as far as they need no working Raft. Their names
// keep them out of the parts.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"6.5840/raftapi"
)

// harnessTest runs f in virtual time with a cluster without Rafts.
func harnessTest(t *testing.T, snapshot bool, f func(ts *Test)) {
	// The default of a module as old as this one rules bubbles out.
	t.Setenv("GODEBUG", "asynctimerchan=0")
	t.Setenv("VIS_ENABLE", "never")
	useRaftStateMachine = true
	defer func() { useRaftStateMachine = false }()
	// The services wait for messages as long as their Rafts would.
	synctest.Test(t, func(t *testing.T) {
		ts := &Test{t: t, n: 3, snapshot: snapshot}
		for i := 0; i < ts.n; i++ {
			ts.srvs = append(ts.srvs, harnessServer(ts, i))
		}
		f(ts)
	})
}

// harnessServer is a service that has got nothing yet.
func harnessServer(ts *Test, i int) *rfsrv {
	return &rfsrv{ts: ts, me: i, drained: make(chan struct{}), logs: map[int]interface{}{}}
}

// apply gives messages to the service of a server, and returns when it is done.
func (ts *Test) apply(i int, messages ...raftapi.ApplyMsg) {
	rs := ts.srvs[i]
	rs.drained = make(chan struct{})
	applyCh := make(chan raftapi.ApplyMsg, len(messages))
	for _, m := range messages {
		applyCh <- m
	}
	close(applyCh)
	if ts.snapshot {
		rs.applierSnap(applyCh)
	} else {
		rs.applier(applyCh)
	}
	<-rs.drained
}

func harnessCommand(index int, command interface{}) raftapi.ApplyMsg {
	return raftapi.ApplyMsg{CommandValid: true, Command: command, CommandIndex: index}
}

func TestHarnessPlainService(t *testing.T) {
	harnessTest(t, false, func(ts *Test) {
		ts.apply(0, harnessCommand(1, 10), harnessCommand(2, "text"),
			raftapi.ApplyMsg{CommandIndex: 9, Command: 90}, // neither flag
			raftapi.ApplyMsg{SnapshotValid: true, SnapshotIndex: 9},
			harnessCommand(3, 30), harnessCommand(3, 30))
		ts.apply(1, harnessCommand(1, 10), harnessCommand(2, "text"))
		for index, want := range map[int]int{0: 0, 1: 2, 2: 2, 3: 1, 4: 0} {
			if count, command := ts.nCommitted(index); count != want || count > 0 && command != ts.srvs[0].logs[index] {
				t.Errorf("nCommitted(%d) = %d, %v", index, count, command)
			}
		}
	})
}

func TestHarnessSnapshotService(t *testing.T) {
	harnessTest(t, true, func(ts *Test) {
		first, second := ts.srvs[0], ts.srvs[1]
		for index := 1; index <= 25; index++ {
			wrong, snapshot := first.applyNext(harnessCommand(index, 10*index))
			if wrong != "" || (snapshot != nil) != (index == 9 || index == 19) {
				t.Fatalf("index %d: %q, snapshot %v", index, wrong, snapshot)
			}
		}
		snapshot := first.encodeSnap(19)
		second.logs[30] = 300
		ts.apply(1, harnessCommand(1, 10),
			raftapi.ApplyMsg{CommandIndex: 9, Command: 90}, // neither flag
			raftapi.ApplyMsg{SnapshotValid: true, Snapshot: snapshot, SnapshotIndex: 19, SnapshotTerm: 3},
			harnessCommand(20, 200), harnessCommand(21, 210))
		want := map[int]interface{}{0: nil}
		for index := 1; index <= 21; index++ {
			want[index] = 10 * index
		}
		if second.lastApplied != 21 || !reflect.DeepEqual(second.logs, want) {
			t.Errorf("applied up to %d: %v", second.lastApplied, second.logs)
		}
	})
}

// The pauses are 10, 20, 40 … 1280 ms and then 1280 each, 30 in all.
func TestHarnessWait(t *testing.T) {
	const ms = time.Millisecond
	for applied, want := range map[time.Duration]time.Duration{
		-1 * ms: 0, 5 * ms: 10 * ms, 1500 * ms: 2550 * ms, 30500 * ms: 30710 * ms,
	} {
		harnessTest(t, false, func(ts *Test) {
			ts.apply(2, harnessCommand(1, "text"))
			time.AfterFunc(applied, func() { ts.apply(0, harnessCommand(1, "text")) })
			synctest.Wait()
			begun := time.Now()
			if got := ts.wait(1, 2, -1); got != "text" || time.Since(begun) != want {
				t.Errorf("applied after %v, wait returns %v after %v, not %v", applied, got, time.Since(begun), want)
			}
		})
	}
}

// What a Raft may never do ends the process. Each case is one of its own.
func TestHarnessEndsTheProcess(t *testing.T) {
	plain := func(messages ...raftapi.ApplyMsg) func(ts *Test) {
		return func(ts *Test) { ts.apply(0, messages...) }
	}
	snap := func(messages ...raftapi.ApplyMsg) func(ts *Test) {
		return func(ts *Test) {
			ts.snapshot = true
			ts.apply(0, messages...)
		}
	}
	for name, c := range map[string]struct {
		make func(ts *Test)
		want string
	}{
		"another command": {plain(harnessCommand(1, 7), harnessCommand(1, 8)),
			"apply error: server 0 applied 8 at index 1, where server 0 had applied 7"},
		"another type": {plain(harnessCommand(1, 7), harnessCommand(1, int64(7))), "apply error"},
		"than another server": {func(ts *Test) {
			ts.apply(2, harnessCommand(1, 7))
			ts.apply(1, harnessCommand(1, 8))
		}, "server 1 applied 8 at index 1, where server 2 had applied 7"},
		"skipped":       {plain(harnessCommand(1, 7), harnessCommand(3, 7)), "server 0 applied index 3 out of order"},
		"begins at two": {plain(harnessCommand(2, 7)), "out of order"},
		"of an earlier life": {func(ts *Test) {
			ts.apply(0, harnessCommand(1, 7))
			ts.srvs[0] = harnessServer(ts, 0)
			ts.apply(0, harnessCommand(2, 7))
		}, "server 0 applied index 2 out of order"},
		"skipped with snapshots":  {snap(harnessCommand(1, 7), harnessCommand(3, 7)), "server 0 applied index 3, but 2 comes next"},
		"repeated with snapshots": {snap(harnessCommand(1, 7), harnessCommand(1, 7)), "server 0 applied index 1, but 2 comes next"},
		"no snapshot":             {snap(raftapi.ApplyMsg{SnapshotValid: true, SnapshotIndex: 9}), "nil snapshot"},
		"empty snapshot":          {snap(raftapi.ApplyMsg{SnapshotValid: true, Snapshot: []byte{}}), "snapshot decode error"},
		"snapshot of another index": {func(ts *Test) {
			snap(raftapi.ApplyMsg{SnapshotValid: true, SnapshotIndex: 8, Snapshot: ts.srvs[1].encodeSnap(9)})(ts)
		}, "server 0 got the snapshot of index 9 as one of index 8"},
	} {
		t.Run(name, func(t *testing.T) {
			const variable = "HARNESS_TEST_CASE"
			switch os.Getenv(variable) {
			case name:
				harnessTest(t, false, c.make)
				return
			case "":
			default:
				return
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestHarnessEndsTheProcess$/^"+strings.ReplaceAll(name, " ", "_")+"$")
			cmd.Env = append(os.Environ(), variable+"="+name)
			out, err := cmd.CombinedOutput()
			if _, ok := err.(*exec.ExitError); !ok || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "FAIL") {
				t.Errorf("the process ends with %v, and the output should have %q:\n%s", err, c.want, out)
			}
		})
	}
}

// A raft.go that compiles here has to compile with the course's files: apart from
// raft.go, package raft declares what those do.
func TestHarnessIdentifiers(t *testing.T) {
	lab := map[string]bool{}
	for _, name := range strings.Fields(`Debug DPrintf RaftElectionTimeout internalChurn
		SnapShotInterval snapcommon MAXLOGSIZE Test makeTest rfsrv newRfsrv useRaftStateMachine`) {
		lab[name] = true
	}
	own := regexp.MustCompile(`^Test.|^harness`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if path == "raft.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name, object := range file.Scope.Objects {
			if object.Kind != ast.Bad && !lab[name] && !own.MatchString(name) {
				t.Errorf("%s declares %s, which a raft.go may want", path, name)
			}
			delete(lab, name)
		}
	}
	for name := range lab {
		t.Errorf("nothing declares %s", name)
	}
}
