package raft

// What the harness does about a Raft that misbehaves: some mistakes end the
// process, others fail the test. Each is made in a process of its own.

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A harnessCase makes one mistake in virtual time.
type harnessCase struct {
	name string
	make func(cfg *config)
	want string // in the output; "elapsed 10s" is how long make took
}

// harnessVerdicts runs each case in a process of its own, by running the named
// test again, and returns the outputs of those processes.
func harnessVerdicts(t *testing.T, test string, cases []harnessCase) map[string]string {
	const variable = "HARNESS_TEST_CASE"
	if name := os.Getenv(variable); name != "" {
		for _, c := range cases {
			if c.name == name {
				harnessBubble(t, func(t *testing.T) {
					cfg := harnessConfig(t, 3)
					defer func() { fmt.Printf("elapsed %v\n", time.Since(cfg.made)) }()
					c.make(cfg)
				})
			}
		}
		return nil
	}

	outputs := map[string]string{}
	for _, c := range cases {
		cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
		cmd.Env = append(os.Environ(), variable+"="+c.name)
		out, err := cmd.CombinedOutput()
		if _, ok := err.(*exec.ExitError); !ok {
			t.Errorf("%s: the process ends with %v", c.name, err)
		}
		if !strings.Contains(string(out), c.want) {
			t.Errorf("%s: the output has no %q:\n%s", c.name, c.want, out)
		}
		outputs[c.name] = string(out)
	}
	return outputs
}

// harnessPlain and harnessSnap apply messages on server 0 as the services do.
func harnessPlain(messages ...ApplyMsg) func(cfg *config) {
	return func(cfg *config) { harnessApply(cfg.applier, 0, messages...) }
}

func harnessSnap(messages ...ApplyMsg) func(cfg *config) {
	return func(cfg *config) {
		cfg.rafts[0] = new(Raft)
		harnessApply(cfg.applierSnap, 0, messages...)
	}
}

func TestHarnessEndsTheProcess(t *testing.T) {
	other := harnessConfig(t, 1)
	other.net.Cleanup()
	for index := 1; index <= 9; index++ {
		other.logs[0][index] = index
	}
	good := other.encodeSnap(0, 9)
	wrapped := append([]byte{1, 2, 3, 4}, good...)

	cases := []harnessCase{
		{"another command", harnessPlain(harnessCommand(1, 7), harnessCommand(1, 8)),
			"apply error: server 0 applied 8 at index 1, where server 0 had applied 7"},
		{"another type", harnessPlain(harnessCommand(1, 7), harnessCommand(1, int64(7))), "apply error"},
		{"than another server", func(cfg *config) {
			harnessApply(cfg.applier, 2, harnessCommand(1, 7))
			harnessApply(cfg.applier, 1, harnessCommand(1, 8))
		}, "server 1 applied 8 at index 1, where server 2 had applied 7"},
		{"skipped", harnessPlain(harnessCommand(1, 7), harnessCommand(3, 7)), "server 0 applied index 3 out of order"},
		{"begins at two", harnessPlain(harnessCommand(2, 7)), "out of order"},
		{"skipped with snapshots", harnessSnap(harnessCommand(1, 7), harnessCommand(3, 7)),
			"server 0 applied index 3, but 2 comes next"},
		{"repeated with snapshots", harnessSnap(harnessCommand(1, 7), harnessCommand(1, 7)),
			"server 0 applied index 1, but 2 comes next"},
		{"another command with snapshots", func(cfg *config) {
			harnessApply(cfg.applier, 1, harnessCommand(1, 7))
			harnessSnap(harnessCommand(1, 8))(cfg)
		}, "server 0 applied 8 at index 1"},
		{"old after snapshot", harnessSnap(
			ApplyMsg{SnapshotValid: true, Snapshot: good, SnapshotIndex: 9}, harnessCommand(9, 9)),
			"server 0 applied index 9, but 10 comes next"},
		{"no snapshot", harnessSnap(ApplyMsg{SnapshotValid: true, SnapshotIndex: 9}), "nil snapshot"},
		{"empty snapshot", harnessSnap(ApplyMsg{SnapshotValid: true, Snapshot: []byte{}, SnapshotIndex: 9}),
			"snapshot decode error"},
		{"wrapped snapshot", harnessSnap(ApplyMsg{SnapshotValid: true, Snapshot: wrapped, SnapshotIndex: 9}),
			"snapshot decode error"},
		{"cut snapshot", harnessSnap(ApplyMsg{SnapshotValid: true, Snapshot: good[:10], SnapshotIndex: 9}),
			"snapshot decode error"},
		{"snapshot of another index", harnessSnap(ApplyMsg{SnapshotValid: true, Snapshot: good, SnapshotIndex: 8}),
			"apply error: server 0 got the snapshot of index 9 as one of index 8"},
		{"wrapped snapshot at a restart", func(cfg *config) {
			cfg.saved[0] = MakePersister()
			cfg.saved[0].Save(nil, wrapped)
			cfg.start1(0, cfg.applierSnap)
		}, "snapshot decode error"},
	}
	for name, out := range harnessVerdicts(t, "TestHarnessEndsTheProcess", cases) {
		if strings.Contains(out, "elapsed") || strings.Contains(out, "FAIL") {
			t.Errorf("%s: the process does not end at once:\n%s", name, out)
		}
	}
}

// harnessTenRounds measures many failing checkOneLeaders. Each has ten rounds of
// 450 to 549 ms. By Hoeffding, the mean of 2000 is off by more than 250 ms with
// a probability below 2·exp(-2·2000·(250/990)²) = 8e-111.
func harnessTenRounds(cfg *config) {
	defer cfg.net.Cleanup()
	const n = 2000
	var took [n]time.Duration
	var wg sync.WaitGroup
	for i := range took {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			defer func() { took[i] = time.Since(cfg.made) }()
			cfg.checkOneLeader()
		}(i)
	}
	wg.Wait()
	sum := time.Duration(0)
	for _, d := range took {
		if d < 4500*time.Millisecond || d > 5490*time.Millisecond {
			return
		}
		sum += d
	}
	if off := sum/n - 4995*time.Millisecond; off > -250*time.Millisecond && off < 250*time.Millisecond {
		fmt.Println("about 5s")
	}
}

func TestHarnessFailsTheTest(t *testing.T) {
	cases := []harnessCase{
		{"nobody leads", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.one(7, 3, true)
		}, "one(7) failed to reach agreement"},
		{"nobody leads in time", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.one(7, 3, false)
		}, "elapsed 10s"},
		{"nobody is elected", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.checkOneLeader()
		}, "no connected server became leader"},
		{"nobody is elected in time", harnessTenRounds, "about 5s"},
		{"too few apply", func(cfg *config) {
			defer cfg.net.Cleanup()
			harnessApply(cfg.applier, 1, harnessCommand(1, 7))
			cfg.wait(1, 2, -1)
		}, "only 1 servers applied index 1; 2 should have"},
		{"too few apply in time", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.wait(1, 1, -1)
		}, "elapsed 30.71s"},
		{"servers differ", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.logs[0][1], cfg.logs[2][1] = 7, int64(7)
			cfg.nCommitted(1)
		}, "servers applied 7 and 7 at index 1"},
	}
	for name, out := range harnessVerdicts(t, "TestHarnessFailsTheTest", cases) {
		if !strings.Contains(out, "--- FAIL") || !strings.Contains(out, "elapsed") {
			t.Errorf("%s: the test does not fail:\n%s", name, out)
		}
	}
}

func TestHarnessEnd(t *testing.T) {
	pass := func(cfg *config, after time.Duration, f func()) {
		cfg.begin("Test (2X): a title")
		time.Sleep(after)
		f()
	}
	cases := []harnessCase{
		{"late end", func(cfg *config) {
			defer cfg.net.Cleanup()
			pass(cfg, 120*time.Second+1, cfg.end)
		}, "longer than 120 seconds"},
		{"late cleanup", func(cfg *config) {
			pass(cfg, 120*time.Second+1, cfg.cleanup)
		}, "longer than 120 seconds"},
		{"failed before", func(cfg *config) {
			defer cfg.net.Cleanup()
			cfg.t.Error("this went wrong")
			pass(cfg, time.Second, cfg.end)
		}, "this went wrong"},
		{"in time", func(cfg *config) {
			pass(cfg, 120*time.Second, cfg.end)
			cfg.cleanup()
			cfg.t.Error("all is well")
		}, "  ... Passed --  120.0  3    0       0    0\n"},
	}
	for name, out := range harnessVerdicts(t, "TestHarnessEnd", cases) {
		if passed := strings.Contains(out, "Passed"); passed != (name == "in time") {
			t.Errorf("%s: passed is %v:\n%s", name, passed, out)
		}
	}
}
