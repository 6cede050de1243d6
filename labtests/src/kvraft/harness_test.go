package kvraft

// Tests of the harness itself, as far as they need no working service. Their
// names keep them out of the parts: no -run 3A selects them. What fails a test
// is in harness_verdict_test.go.

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"6.5840/labrpc"
	"6.5840/raft"
)

// harnessConfig is a cluster without servers. Its network has to be cleaned up.
func harnessConfig(t *testing.T, n int) *config {
	cfg := &config{
		t:         t,
		net:       labrpc.MakeNetwork(),
		n:         n,
		made:      time.Now(),
		kvservers: make([]*KVServer, n),
		saved:     make([]*raft.Persister, n),
		endnames:  make([][]string, n),
		clerks:    map[*Clerk][]string{},
	}
	for i := range cfg.saved {
		cfg.saved[i] = raft.MakePersister()
	}
	return cfg
}

// harnessBubble runs f in virtual time, where sleeps are exact and free.
func harnessBubble(t *testing.T, f func(t *testing.T)) {
	// The default of a module as old as this one rules bubbles out.
	t.Setenv("GODEBUG", "asynctimerchan=0")
	synctest.Test(t, f)
}

// harnessStdout returns what f prints.
func harnessStdout(t *testing.T, f func()) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdout")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	os.Stdout = file
	f()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// HarnessEcho is a service to be reached. Its number is not zero.
type HarnessEcho struct{ number int }

// Reach answers with the number.
func (e *HarnessEcho) Reach(_ int, reply *int) { *reply = e.number }

// harnessServers makes every server an echo.
func harnessServers(cfg *config) {
	for i := 0; i < cfg.n; i++ {
		server := labrpc.MakeServer()
		server.AddService(labrpc.MakeService(&HarnessEcho{i + 1}))
		cfg.net.AddServer(i, server)
	}
}

// harnessReach tries all ends at once and lists those that get an answer, which
// has to be that of the end's own server: "12" is ends[1][2].
func harnessReach(t *testing.T, ends [][]*labrpc.ClientEnd) string {
	t.Helper()
	var mu sync.Mutex
	var reached []string
	var wg sync.WaitGroup
	for i := range ends {
		for j := range ends[i] {
			wg.Add(1)
			go func(i, j int) {
				defer wg.Done()
				number := 0
				if ends[i][j].Call("HarnessEcho.Reach", 1, &number) {
					mu.Lock()
					defer mu.Unlock()
					reached = append(reached, fmt.Sprintf("%d%d", i, j))
					if number != j+1 {
						t.Errorf("the end to server %d reaches server %d", j, number-1)
					}
				}
			}(i, j)
		}
	}
	wg.Wait()
	sort.Strings(reached)
	return strings.Join(reached, " ")
}

func TestHarnessConnect(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 3)
		defer cfg.net.Cleanup()
		harnessServers(cfg)
		ends := make([][]*labrpc.ClientEnd, cfg.n)
		cfg.disconnect(1, cfg.All()) // before there are ends
		for i := range ends {
			ends[i], cfg.endnames[i] = cfg.makeEnds()
		}
		const all = "00 01 02 10 11 12 20 21 22"
		steps := []struct {
			change func()
			want   string
		}{
			{func() {}, ""},
			{func() { cfg.connect(0, []int{0, 2}) }, "00 02 20"},
			{func() { cfg.connect(1, []int{2}) }, "00 02 12 20 21"},
			{cfg.ConnectAll, all},
			{func() { cfg.disconnect(2, []int{0}) }, "00 01 10 11 12 21 22"},
			{func() { cfg.partition([]int{0, 2}, []int{1}) }, "00 02 11 20 22"},
			{func() { cfg.partition(nil, []int{2, 1, 0}) }, all},
			{func() { cfg.partition([]int{1, 0, 2}, nil) }, all},
			{func() { cfg.partition([]int{1}, []int{0, 2}) }, "00 02 11 20 22"},
			{func() { cfg.ShutdownServer(2) }, "00 11"},
			{cfg.ConnectAll, "00 01 10 11 20 21"},
		}
		for k, step := range steps {
			step.change()
			if got := harnessReach(t, ends); got != step.want {
				t.Errorf("after step %d the ends that work are %q, not %q", k, got, step.want)
			}
		}
	})
}

func TestHarnessConnectClient(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 4)
		defer cfg.net.Cleanup()
		harnessServers(cfg)
		clerk, other := &Clerk{}, &Clerk{}
		ends := make([][]*labrpc.ClientEnd, 2)
		ends[0], cfg.clerks[clerk] = cfg.makeEnds()
		ends[1], cfg.clerks[other] = cfg.makeEnds()
		cfg.ConnectClient(clerk, []int{3, 1})
		if got := harnessReach(t, ends); got != "01 03" {
			t.Errorf("the ends that work are %q", got)
		}
		cfg.ConnectClient(clerk, []int{0})
		cfg.ConnectClient(other, cfg.All())
		if got := harnessReach(t, ends); got != "00 01 03 10 11 12 13" {
			t.Errorf("the ends that work are %q", got)
		}
	})
}

func TestHarnessMakePartition(t *testing.T) {
	for n, want := range map[int][2][]int{3: {{1, 2}, {0}}, 4: {{1, 2, 3}, {0}}, 5: {{1, 2, 3}, {4, 0}}} {
		cfg := harnessConfig(t, n)
		defer cfg.net.Cleanup()
		// Without a leader, 0 is taken for it.
		if p1, p2 := cfg.make_partition(); !reflect.DeepEqual([2][]int{p1, p2}, want) {
			t.Errorf("%d servers are split into %v and %v", n, p1, p2)
		}
	}
}

func TestHarnessPartitioner(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 3)
		defer cfg.net.Cleanup()
		harnessServers(cfg)
		ends := make([][]*labrpc.ClientEnd, cfg.n)
		for i := range ends {
			ends[i], cfg.endnames[i] = cfg.makeEnds()
		}
		// Partitions are made at whole milliseconds, so not while ends are tried.
		time.Sleep(500 * time.Microsecond)
		possible := map[string]bool{
			"00 01 02 10 11 12 20 21 22": true, "00 11 12 21 22": true, "00 02 11 20 22": true, "00 01 10 11 22": true,
		}
		seen := map[string]bool{}
		for k := 0; k < 100; k++ {
			stop := make(chan struct{})
			time.AfterFunc(time.Millisecond/4, func() { close(stop) })
			begun := time.Now()
			cfg.partitioner(stop)
			if took := time.Since(begun); took < 1000*time.Millisecond || took > 1199*time.Millisecond {
				t.Fatalf("a partition lasts %v", took)
			}
			reached := harnessReach(t, ends)
			if !possible[reached] {
				t.Fatalf("the ends that work are %q", reached)
			}
			seen[reached] = true
		}
		// Each of the four is missing with probability 0.75^100 = 3e-13.
		if len(seen) != len(possible) {
			t.Errorf("only these partitions are made: %v", seen)
		}

		stop := make(chan struct{})
		close(stop)
		begun := time.Now()
		if cfg.partitioner(stop); time.Since(begun) != 0 {
			t.Error("it does not stop when told")
		}
	})
}

func TestHarnessShutdownKeepsWhatWasSaved(t *testing.T) {
	cfg := harnessConfig(t, 2)
	defer cfg.net.Cleanup()
	old := cfg.saved[0]
	old.Save([]byte("state"), []byte("a snapshot"))
	cfg.ShutdownServer(0)
	old.Save([]byte("written by the dying server"), nil)
	if state, snapshot := cfg.saved[0].ReadRaftState(), cfg.saved[0].ReadSnapshot(); string(state) != "state" || string(snapshot) != "a snapshot" {
		t.Errorf("saved %q and %q", state, snapshot)
	}

	cfg.saved[1].Save([]byte("a larger state"), []byte("small"))
	if cfg.LogSize() != len("a larger state") || cfg.SnapshotSize() != len("a snapshot") {
		t.Errorf("LogSize is %d, SnapshotSize is %d", cfg.LogSize(), cfg.SnapshotSize())
	}
}

func TestHarnessReport(t *testing.T) {
	harnessBubble(t, func(t *testing.T) {
		cfg := harnessConfig(t, 2)
		defer cfg.net.Cleanup()
		harnessServers(cfg)
		ends := make([][]*labrpc.ClientEnd, cfg.n)
		for i := range ends {
			ends[i], cfg.endnames[i] = cfg.makeEnds()
		}
		c := &testClient{h: &testHistory{cfg: cfg}, store: &harnessStore{}}
		cfg.ConnectAll()
		harnessReach(t, ends) // not part of the test
		c.Get("k")

		got := harnessStdout(t, func() {
			cfg.begin("Test: a title (3X)")
			begun := time.Now()
			harnessReach(t, ends)
			c.Put("k", "v")
			c.Append("k", "w")
			c.check("k", "vw")
			time.Sleep(time.Until(begun.Add(3540 * time.Millisecond)))
			cfg.end()
		})
		if want := "Test: a title (3X) ...\n  ... Passed --   3.5  2     4    3\n"; got != want {
			t.Errorf("printed\n%sinstead of\n%s", got, want)
		}
	})
}

func TestHarnessTitle(t *testing.T) {
	for want, got := range map[string]string{
		"Test: one client (3A)":                   testTitle("3A", 1, false, false, false, -1, false),
		"Test: unreliable net, many clients (3A)": testTitle("3A", 5, true, false, false, -1, false),
		"Test: unreliable net, restarts, partitions, snapshots, random keys, many clients (3B)": testTitle("3B", 15, true, true, true, 1000, true),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// Student files and drop-ins declare what they like. So apart from those, this
// package declares few names, and none that is likely to be wanted.
func TestHarnessIdentifiers(t *testing.T) {
	known := regexp.MustCompile(`^(Test|test|Harness|harness).|^(config|make_config|randstring|makeSeed|ncpu_once|GenericTest|electionTimeout|linearizabilityCheckTimeout)$`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range files {
		if path == "server.go" || path == "client.go" || path == "common.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name := range file.Scope.Objects {
			if !known.MatchString(name) {
				t.Errorf("%s declares %s, which a server.go may want", path, name)
			}
		}
	}
}
