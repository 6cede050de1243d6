package raft

// Tests of the harness itself, as far as they need no working Raft. Their names
// keep them out of the parts: no -run 2A selects them. What ends the process or
// fails a test is in harness_verdict_test.go.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"6.5840/labrpc"
)

// harnessConfig is a cluster without Rafts. Its network has to be cleaned up.
func harnessConfig(t *testing.T, n int) *config {
	cfg := &config{
		t:           t,
		net:         labrpc.MakeNetwork(),
		n:           n,
		made:        time.Now(),
		rafts:       make([]*Raft, n),
		connected:   make([]bool, n),
		saved:       make([]*Persister, n),
		endnames:    make([][]string, n),
		logs:        make([]map[int]interface{}, n),
		lastApplied: make([]int, n),
	}
	for i := range cfg.logs {
		cfg.logs[i] = map[int]interface{}{}
	}
	return cfg
}

// harnessBubble runs f in virtual time, where sleeps are exact and free.
func harnessBubble(t *testing.T, f func(t *testing.T)) {
	// The default of a module as old as this one rules bubbles out.
	t.Setenv("GODEBUG", "asynctimerchan=0")
	synctest.Test(t, f)
}

// harnessCommand is the message for a command.
func harnessCommand(index int, command interface{}) ApplyMsg {
	return ApplyMsg{CommandValid: true, Command: command, CommandIndex: index}
}

// harnessApply hands messages to an applier, and returns when it is done.
func harnessApply(applier func(int, chan ApplyMsg), i int, messages ...ApplyMsg) {
	applyCh := make(chan ApplyMsg, len(messages))
	for _, m := range messages {
		applyCh <- m
	}
	close(applyCh)
	applier(i, applyCh)
}

func TestHarnessPersister(t *testing.T) {
	for _, ps := range []*Persister{{}, MakePersister()} {
		if state, snapshot := ps.ReadRaftState(), ps.ReadSnapshot(); state == nil || snapshot == nil || len(state)+len(snapshot) > 0 {
			t.Errorf("a new persister holds %#v and %#v", state, snapshot)
		}
	}

	ps := MakePersister()
	holds := func(ps *Persister, state, snapshot string) {
		t.Helper()
		if got := ps.ReadRaftState(); string(got) != state || ps.RaftStateSize() != len(state) {
			t.Errorf("the state is %q of size %d, not %q", got, ps.RaftStateSize(), state)
		}
		if got := ps.ReadSnapshot(); string(got) != snapshot || ps.SnapshotSize() != len(snapshot) {
			t.Errorf("the snapshot is %q of size %d, not %q", got, ps.SnapshotSize(), snapshot)
		}
	}
	state, snapshot := []byte("state"), []byte("snap")
	ps.Save(state, snapshot)
	state[0], snapshot[0] = 'X', 'X'
	holds(ps, "state", "snap")
	ps.ReadRaftState()[0], ps.ReadSnapshot()[0] = 'X', 'X'
	holds(ps, "state", "snap")

	copied := ps.Copy()
	ps.Save([]byte("later"), nil)
	holds(ps, "later", "")
	holds(copied, "state", "snap")
	copied.Save(nil, []byte("other"))
	holds(ps, "later", "")
	holds(copied, "", "other")
	if copied.ReadRaftState() == nil {
		t.Error("an erased state reads as nil")
	}
}

func TestHarnessClone(t *testing.T) {
	orig := []byte("abc")
	c := clone(orig)
	orig[0] = 'X'
	if string(c) != "abc" || clone(nil) == nil {
		t.Errorf("%q, %#v", c, clone(nil))
	}
}

func TestHarnessRandstring(t *testing.T) {
	alphabet := regexp.MustCompile(`^[A-Za-z0-9_-]*$`)
	seen := map[string]bool{}
	for _, n := range []int{0, 1, 19, 20, 20, 20, 5000} {
		s := randstring(n)
		if len(s) != n || !alphabet.MatchString(s) {
			t.Errorf("randstring(%d) = %q", n, s)
		}
		// Two of 20 characters are equal with probability 64^-20 = 8e-37.
		if n >= 20 && seen[s] {
			t.Errorf("%q comes twice", s)
		}
		seen[s] = true
	}
	// A character of 64 is missing from 5000 with probability 64 · (63/64)^5000 = 4e-33.
	used := map[rune]bool{}
	for _, r := range randstring(5000) {
		used[r] = true
	}
	if len(used) != 64 {
		t.Errorf("%d different characters", len(used))
	}
	// Three seeds are equal with probability 2^-124.
	if a := makeSeed(); a == makeSeed() && a == makeSeed() {
		t.Error("the seed is a constant")
	}
}

func TestHarnessCheckLogs(t *testing.T) {
	cfg := harnessConfig(t, 2)
	defer cfg.net.Cleanup()
	tests := []struct {
		server, index int
		command       interface{}
		good          bool
		previous      bool
		maxIndex      int
	}{
		{0, 1, 7, true, false, 1},
		{1, 1, 7, true, false, 1},
		{0, 2, "text", true, true, 2},
		{0, 2, "text", true, true, 2},
		{1, 2, "other", false, true, 2},
		{1, 2, "text", false, true, 2}, // against what it has applied itself
		{0, 4, 9, true, false, 4},
		{1, 4, int64(9), false, false, 4}, // types count
		{1, 3, 5, true, true, 4},
	}
	for _, tt := range tests {
		wrong, previous := cfg.checkLogs(tt.server, harnessCommand(tt.index, tt.command))
		if (wrong == "") != tt.good || previous != tt.previous || cfg.maxIndex != tt.maxIndex {
			t.Errorf("%+v: %q, %v, %d", tt, wrong, previous, cfg.maxIndex)
		}
		if cfg.logs[tt.server][tt.index] != tt.command {
			t.Errorf("%+v is not recorded", tt)
		}
	}
}

func TestHarnessPlainApplier(t *testing.T) {
	cfg := harnessConfig(t, 2)
	defer cfg.net.Cleanup()
	harnessApply(cfg.applier, 0,
		harnessCommand(1, 10), harnessCommand(2, "text"),
		ApplyMsg{CommandIndex: 9, Command: 90}, // neither flag
		ApplyMsg{SnapshotValid: true, SnapshotIndex: 9},
		harnessCommand(3, 30), harnessCommand(3, 30))
	if want := (map[int]interface{}{1: 10, 2: "text", 3: 30}); !reflect.DeepEqual(cfg.logs[0], want) {
		t.Errorf("applied %v", cfg.logs[0])
	}

	// After a restart it may begin again, or anywhere in what it had.
	harnessApply(cfg.applier, 0, harnessCommand(1, 10), harnessCommand(3, 30), harnessCommand(4, 40))
	harnessApply(cfg.applier, 1, harnessCommand(1, 10), harnessCommand(2, "text"))
	for index, want := range map[int]int{0: 0, 1: 2, 2: 2, 3: 1, 4: 1, 5: 0} {
		if count, command := cfg.nCommitted(index); count != want || count > 0 && command != cfg.logs[0][index] {
			t.Errorf("nCommitted(%d) = %d, %v", index, count, command)
		}
	}
}

func TestHarnessSnapshotApplier(t *testing.T) {
	cfg := harnessConfig(t, 2)
	defer cfg.net.Cleanup()

	// A server that is gone applies nothing.
	harnessApply(cfg.applierSnap, 0, harnessCommand(1, 10))
	if len(cfg.logs[0]) > 0 {
		t.Errorf("applied %v", cfg.logs[0])
	}

	// A snapshot is due after index 9, 19 ….
	for index := 1; index <= 25; index++ {
		wrong, snapshot := cfg.applyNext(0, harnessCommand(index, 10*index))
		if wrong != "" || (snapshot != nil) != (index == 9 || index == 19) {
			t.Fatalf("index %d: %q, snapshot %v", index, wrong, snapshot)
		}
	}
	snapshot := cfg.encodeSnap(0, 19)
	index, commands := cfg.decodeSnap(snapshot)
	if index != 19 || len(commands) != 20 || commands[0] != nil || commands[1] != 10 || commands[19] != 190 {
		t.Errorf("the snapshot is of index %d with %v", index, commands)
	}

	// It replaces what the other server had, in both directions.
	cfg.rafts[1] = new(Raft)
	cfg.logs[1][30] = 300
	harnessApply(cfg.applierSnap, 1,
		harnessCommand(1, 10),
		ApplyMsg{CommandIndex: 9, Command: 90}, // neither flag
		ApplyMsg{SnapshotValid: true, Snapshot: snapshot, SnapshotIndex: 19, SnapshotTerm: 3},
		harnessCommand(20, 200), harnessCommand(21, 210))
	if cfg.lastApplied[1] != 21 || len(cfg.logs[1]) != 22 || cfg.logs[1][30] != nil {
		t.Errorf("applied up to %d: %v", cfg.lastApplied[1], cfg.logs[1])
	}
	for index := 1; index <= 21; index++ {
		if cfg.logs[1][index] != 10*index {
			t.Errorf("index %d holds %v", index, cfg.logs[1][index])
		}
	}
}

func TestHarnessCrashKeepsWhatWasSaved(t *testing.T) {
	cfg := harnessConfig(t, 2)
	defer cfg.net.Cleanup()
	cfg.crash1(0) // nothing to crash
	if cfg.saved[0] != nil {
		t.Error("something is saved")
	}

	old := MakePersister()
	cfg.saved[0], cfg.saved[1] = old, MakePersister()
	old.Save([]byte("state"), []byte("snapshot"))
	cfg.connected[0] = true
	cfg.crash1(0)
	old.Save([]byte("written by the dying instance"), nil)
	if cfg.connected[0] || string(cfg.saved[0].ReadRaftState()) != "state" || string(cfg.saved[0].ReadSnapshot()) != "snapshot" {
		t.Errorf("saved %q, connected %v", cfg.saved[0].ReadRaftState(), cfg.connected[0])
	}

	cfg.saved[1].Save([]byte("larger than the other"), []byte("a snapshot, which does not count"))
	if n := cfg.LogSize(); n != len("larger than the other") {
		t.Errorf("LogSize is %d", n)
	}
}

// harnessEcho is a service to be reached.
type harnessEcho struct{}

// Reach answers with its argument.
func (harnessEcho) Reach(n int, reply *int) { *reply = n }

// harnessReach makes every server an echo and returns how to try all ends.
func harnessReach(cfg *config) func() string {
	ends := make([][]*labrpc.ClientEnd, cfg.n)
	for i := range ends {
		for j := 0; j < cfg.n; j++ {
			name := fmt.Sprintf("%d to %d", i, j)
			ends[i] = append(ends[i], cfg.net.MakeEnd(name))
			cfg.net.Connect(name, j)
			cfg.endnames[i] = append(cfg.endnames[i], name)
		}
		server := labrpc.MakeServer()
		server.AddService(labrpc.MakeService(harnessEcho{}))
		cfg.net.AddServer(i, server)
	}
	return func() string {
		var reached []string
		for i := range ends {
			for j, end := range ends[i] {
				if end.Call("harnessEcho.Reach", 1, new(int)) {
					reached = append(reached, fmt.Sprintf("%d%d", i, j))
				}
			}
		}
		return strings.Join(reached, " ")
	}
}

func TestHarnessConnect(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 3)
		defer cfg.net.Cleanup()
		cfg.disconnect(1) // before there are ends
		reach := harnessReach(cfg)
		steps := []struct {
			change func(i int)
			server int
			want   string
		}{
			{cfg.connect, 0, "00"},
			{cfg.connect, 1, "00 01 10 11"},
			{cfg.connect, 2, "00 01 02 10 11 12 20 21 22"},
			{cfg.disconnect, 1, "00 02 20 22"},
			{cfg.disconnect, 1, "00 02 20 22"},
			{cfg.disconnect, 2, "00"},
			{cfg.connect, 1, "00 01 10 11"},
			{cfg.disconnect, 0, "11"},
			{cfg.crash1, 1, ""},
		}
		for k, step := range steps {
			step.change(step.server)
			if got := reach(); got != step.want {
				t.Errorf("after step %d the ends that work are %q, not %q", k, got, step.want)
			}
		}
		if n := cfg.rpcCount(0); n == 0 {
			t.Error("server 0 has got no RPC")
		}
	})
}

func TestHarnessReport(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 2)
		defer cfg.net.Cleanup()
		reach := harnessReach(cfg)
		cfg.connect(0)
		cfg.connect(1)
		cfg.maxIndex = 4
		reach() // not part of the test

		stdout := os.Stdout
		defer func() { os.Stdout = stdout }()
		path := filepath.Join(t.TempDir(), "stdout")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		os.Stdout = f

		cfg.begin("Test (2X): a title")
		before := cfg.bytesTotal()
		for k := 0; k < 3; k++ {
			reach()
		}
		cfg.maxIndex = 9
		time.Sleep(3540 * time.Millisecond)
		cfg.end()

		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := "Test (2X): a title ...\n" +
			fmt.Sprintf("  ... Passed --   3.5  2   12 %7d    5\n", cfg.bytesTotal()-before)
		if string(got) != want {
			t.Errorf("printed\n%sinstead of\n%s", got, want)
		}
	})
}

// A raft.go that compiles here has to compile with the course's files, and the
// other way round: apart from raft.go, package raft declares what those do.
func TestHarnessIdentifiers(t *testing.T) {
	lab := map[string]bool{}
	for _, name := range strings.Fields(`Debug DPrintf RaftElectionTimeout internalChurn
		Persister MakePersister config make_config ncpu_once randstring makeSeed
		clone SnapShotInterval snapcommon MAXLOGSIZE`) {
		lab[name] = true
	}
	own := regexp.MustCompile(`^Test|^harness`)

	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if path == "raft.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range harnessDeclared(file) {
			if !lab[name] && !own.MatchString(name) {
				t.Errorf("%s declares %s, which a raft.go may want", path, name)
			}
			delete(lab, name)
		}
	}
	for name := range lab {
		t.Errorf("nothing declares %s", name)
	}
}

// harnessDeclared lists what a file declares at package level.
func harnessDeclared(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

// The pauses are 10, 20, 40 … 1280 ms and then 1280 each, 30 in all: polls are
// at 0, 10, 30, 70 … 2550, 3830 … 29430 and 30710 ms.
func TestHarnessWait(t *testing.T) {
	const ms = time.Millisecond
	for applied, want := range map[time.Duration]time.Duration{
		-1 * ms:    0,
		5 * ms:     10 * ms,
		25 * ms:    30 * ms,
		1500 * ms:  2550 * ms,
		2600 * ms:  3830 * ms,
		29000 * ms: 29430 * ms,
		30500 * ms: 30710 * ms,
	} {
		harnessBubble(t, func(t *testing.T) {
			cfg := harnessConfig(t, 3)
			defer cfg.net.Cleanup()
			harnessApply(cfg.applier, 2, harnessCommand(1, "text"))
			time.AfterFunc(applied, func() { harnessApply(cfg.applier, 0, harnessCommand(1, "text")) })
			synctest.Wait()

			begun := time.Now()
			if got := cfg.wait(1, 2, -1); got != "text" || time.Since(begun) != want {
				t.Errorf("applied after %v, wait returns %v after %v, not %v", applied, got, time.Since(begun), want)
			}
		})
	}
}

func TestHarnessOneEndsWithTheTest(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 3)
		time.AfterFunc(1020*time.Millisecond, cfg.cleanup)
		begun := time.Now()
		// Without a leader it asks again every 50 ms.
		if got := cfg.one(1, 3, false); got != -1 || time.Since(begun) != 1050*time.Millisecond {
			t.Errorf("one returns %d after %v", got, time.Since(begun))
		}
	})
}
