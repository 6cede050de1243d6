package kvraft

// What the harness makes of a service that misbehaves: the clients notice, or
// the test fails, for which each mistake is made in a process of its own.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"6.5840/models"
	"github.com/anishathalye/porcupine"
)

// harnessStore is a service without servers. It may be broken in one way.
type harnessStore struct {
	broken string

	mu     sync.Mutex
	values map[string]string
	old    map[string]string // what was there before the last write
	writes int
}

func (s *harnessStore) Get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == "stale" {
		return s.old[key]
	}
	return s.values[key]
}

func (s *harnessStore) Put(key, value string) { s.write(key, value) }

func (s *harnessStore) Append(key, value string) {
	s.mu.Lock()
	before := s.values[key]
	s.mu.Unlock()
	if s.broken == "reordering" {
		s.write(key, value+before)
		return
	}
	s.write(key, before+value)
}

// write does every hundredth write twice or not at all, if that is how it is
// broken.
func (s *harnessStore) write(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values, s.old = map[string]string{}, map[string]string{}
	}
	s.writes++
	before := s.values[key]
	if s.writes%100 == 0 && s.broken == "forgetful" {
		return
	}
	if s.writes%100 == 0 && s.broken == "repeating" {
		value += strings.TrimPrefix(value, before)
	}
	s.old[key], s.values[key] = before, value
}

// harnessClients runs n clients for 5 s of virtual time.
func harnessClients(h *testHistory, store *harnessStore, n int, randomkeys bool) []testOutcome {
	stop := make(chan struct{})
	time.AfterFunc(5*time.Second, func() { close(stop) })
	outcomes := make([]testOutcome, n)
	var wg sync.WaitGroup
	for i := range outcomes {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c := &testClient{h: h, id: i, store: store}
			outcomes[i] = c.testRun(i, n, randomkeys, stop)
		}(i)
	}
	wg.Wait()
	return outcomes
}

func TestHarnessClients(t *testing.T) {
	for _, tt := range []struct {
		broken     string
		randomkeys bool
		complain   bool
		verdict    porcupine.CheckResult
	}{
		{"", false, false, porcupine.Ok},
		{"", true, false, porcupine.Ok},
		{"stale", false, true, porcupine.Illegal},
		{"stale", true, false, porcupine.Illegal},
		{"forgetful", false, true, porcupine.Illegal},
		{"forgetful", true, false, porcupine.Illegal},
		{"repeating", false, true, porcupine.Illegal},
		{"repeating", true, false, porcupine.Illegal},
		{"reordering", false, true, porcupine.Illegal},
	} {
		harnessBubble(t, func(t *testing.T) {
			cfg := harnessConfig(t, 1)
			defer cfg.net.Cleanup()
			h := &testHistory{cfg: cfg}
			store := &harnessStore{broken: tt.broken}
			const n = 3
			complaints, appends := 0, 0
			for i, outcome := range harnessClients(h, store, n, tt.randomkeys) {
				if outcome.wrong != "" {
					complaints++
				}
				appends += outcome.appends
				if wrong := testAppends(store.values[strconv.Itoa(i)], i, outcome.appends); tt.broken == "" && !tt.randomkeys && wrong != "" {
					t.Error(wrong)
				}
			}
			if (complaints > 0) != tt.complain {
				t.Errorf("%+v: %d complaints", tt, complaints)
			}
			if got := porcupine.CheckOperations(models.KvModel, h.operations); got != (tt.verdict == porcupine.Ok) {
				t.Errorf("%+v: linearizable is %v", tt, got)
			}
			if len(h.operations) != int(cfg.ops) || len(h.operations) <= appends {
				t.Errorf("%+v: %d operations recorded, %d counted, %d writes", tt, len(h.operations), cfg.ops, appends)
			}
			if tt.broken == "" && (appends < 50*n || time.Since(cfg.made) > 5040*time.Millisecond) {
				t.Errorf("%+v: %d writes in %v", tt, appends, time.Since(cfg.made))
			}
		})
	}
}

func TestHarnessAppends(t *testing.T) {
	for _, tt := range []struct {
		value string
		count int
		want  string
	}{
		{"", 0, ""},
		{"x 3 0 y", 1, ""},
		{"x 4 0 yx 3 0 yx 4 1 yx 3 1 yx 3 2 y", 2, ""},
		{"x 3 0 yx 3 2 y", 3, `client 3 has appended "x 3 1 y", which is missing`},
		{"x 4 0 y", 1, `client 3 has appended "x 3 0 y", which is missing`},
		{"x 3 0 yx 3 1 yx 3 0 y", 2, `client 3 has appended "x 3 0 y" once, but it is there twice`},
		{"x 3 1 yx 3 0 y", 2, `client 3 has appended "x 3 1 y" later, but it comes before "x 3 0 y"`},
	} {
		if got := testAppends(tt.value, 3, tt.count); got != tt.want {
			t.Errorf("%q: %q", tt.value, got)
		}
	}
}

func TestHarnessDifference(t *testing.T) {
	long := strings.Repeat("a", 30)
	for want, pair := range map[string][2]string{
		`a value of 0 bytes instead of 1, from byte 0 on "" instead of "a"`: {"", "a"},
		`a value of 61 bytes instead of 31, from byte 10 on "aaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaa" instead of "aaaaaaaaaaaaaaaaaaaac"`: {
			long + "b" + long, long + "c"},
	} {
		if got := testDifference(pair[0], pair[1]); got != want {
			t.Errorf("%s", got)
		}
	}
}

// Forty appends at once, of which a Get shows nothing after all: there are too
// many orders to try.
func TestHarnessUndecided(t *testing.T) {
	cfg := harnessConfig(t, 1)
	defer cfg.net.Cleanup()
	h := &testHistory{cfg: cfg}
	for i := 0; i < 40; i++ {
		h.operations = append(h.operations, porcupine.Operation{
			Call: 1, Return: 2, Input: models.KvInput{Op: models.OpAppend, Key: "k", Value: strconv.Itoa(i)}, Output: models.KvOutput{}})
	}
	h.operations = append(h.operations, porcupine.Operation{
		Call: 3, Return: 4, Input: models.KvInput{Key: "k"}, Output: models.KvOutput{Value: "nothing"}})
	got := harnessStdout(t, func() { h.checkLinearizable(time.Millisecond) })
	if want := "info: the linearizability check ran out of time, the history is taken for linearizable\n"; got != want {
		t.Errorf("printed %q", got)
	}
}

// A harnessCase is one demand, met or not.
type harnessCase struct {
	name string
	make func(cfg *config)
	want string // in the output, if the test fails; "" if it must pass
}

// harnessCases runs each case in a process of its own, by running the named
// test again.
func harnessCases(t *testing.T, test string, cases []harnessCase) {
	const variable = "HARNESS_TEST_CASE"
	if name := os.Getenv(variable); name != "" {
		for _, c := range cases {
			if c.name == name {
				harnessBubble(t, func(t *testing.T) {
					cfg := harnessConfig(t, 2)
					defer cfg.cleanup()
					c.make(cfg)
					fmt.Println("all demands are met")
				})
			}
		}
		return
	}
	temp := t.TempDir()
	for _, c := range cases {
		cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
		cmd.Env = append(os.Environ(), variable+"="+c.name, "TMPDIR="+temp)
		out, err := cmd.CombinedOutput()
		if _, failed := err.(*exec.ExitError); failed != (c.want != "") || !strings.Contains(string(out), c.want) ||
			failed && !strings.Contains(string(out), "--- FAIL") {
			t.Errorf("%s: the process ends with %v, and should with %q:\n%s", c.name, err, c.want, out)
		}
		if met := strings.Contains(string(out), "all demands are met"); met && c.want != "" && !strings.HasPrefix(c.name, "late cleanup") {
			t.Errorf("%s: the test goes on:\n%s", c.name, out)
		}
	}
	if pictures, _ := filepath.Glob(filepath.Join(temp, "kvraft-history-*.html")); len(pictures) != 1 {
		t.Errorf("the pictures of the one bad history are %v", pictures)
	}
}

func TestHarnessFailsTheTest(t *testing.T) {
	client := func(cfg *config, broken string) *testClient {
		return &testClient{h: &testHistory{cfg: cfg}, store: &harnessStore{broken: broken}}
	}
	sizes := func(max, state, snapshot int) func(cfg *config) {
		return func(cfg *config) {
			cfg.maxraftstate = max
			cfg.saved[1].Save(make([]byte, state), make([]byte, snapshot))
			cfg.checkSizes()
		}
	}
	written := func(count int, wrong string, randomkeys bool) func(cfg *config) {
		return func(cfg *config) {
			c := client(cfg, "")
			c.Append("7", testValue(7, 0))
			c.audit(7, testOutcome{appends: count, wrong: wrong}, randomkeys)
		}
	}
	history := func(broken string) func(cfg *config) {
		return func(cfg *config) {
			c := client(cfg, broken)
			harnessClients(c.h, c.store.(*harnessStore), 3, true)
			c.h.checkLinearizable(time.Second)
		}
	}
	harnessCases(t, "TestHarnessFailsTheTest", []harnessCase{
		{"largest state", sizes(1000, 8000, 100000), ""},
		{"state too large", sizes(1000, 8001, 0), "a Raft state of 8001 bytes is too large; the limit is 8000"},
		{"no snapshots", sizes(-1, 100000, 0), ""},
		{"snapshot against orders", sizes(-1, 0, 1), "there is a snapshot of 1 bytes, but maxraftstate is -1"},
		{"all written", written(1, "", false), ""},
		{"not all written", written(2, "", false), `client 7 has appended "x 7 1 y", which is missing`},
		{"not all written to random keys", written(2, "", true), ""},
		{"a complaint", written(1, "this went wrong", true), "this went wrong"},
		{"the value", func(cfg *config) { client(cfg, "").check("k", "") }, ""},
		{"another value", func(cfg *config) { client(cfg, "").check("k", "v") }, `Get("k") returned "", not "v"`},
		{"linearizable", history(""), ""},
		{"not linearizable", history("stale"), "the history is not linearizable; see "},
		{"end in time", func(cfg *config) { time.Sleep(120 * time.Second); cfg.end() }, ""},
		{"late end", func(cfg *config) { time.Sleep(120*time.Second + 1); cfg.end() }, "longer than 120 seconds"},
		{"late cleanup", func(cfg *config) { time.Sleep(120*time.Second + 1) }, "longer than 120 seconds"},
	})
}
