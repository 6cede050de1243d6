package kvraft

// The clients of the tests, what they do, and what may be demanded of what they
// get. A test fails in its own goroutine: a client tells what went wrong.

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"6.5840/models"
	"github.com/anishathalye/porcupine"
)

// A testStore is what a client sees of the service: a Clerk.
type testStore interface {
	Get(key string) string
	Put(key string, value string)
	Append(key string, value string)
}

// testHistory is what the clients of one test have done.
type testHistory struct {
	cfg     *config
	clients int
	moment  int64 // atomic; a clock that ticks whenever an operation begins or ends

	mu         sync.Mutex
	operations []porcupine.Operation
}

// A testClient counts and records its operations. Each belongs to one goroutine.
type testClient struct {
	h      *testHistory
	id     int
	store  testStore
	paused time.Duration // how long it has waited of its own accord
}

// client makes a client that can reach the servers in to.
func (h *testHistory) client(to []int) *testClient {
	h.clients++
	return &testClient{h: h, id: h.clients - 1, store: h.cfg.makeClient(to)}
}

// do does one operation. The value is of interest for a Get only.
func (c *testClient) do(op uint8, key, value string, f func() string) string {
	atomic.AddInt32(&c.h.cfg.ops, 1)
	begun := time.Now()
	// Of moments, unlike of times, no two are equal.
	call := atomic.AddInt64(&c.h.moment, 1)
	got := f()
	end := atomic.AddInt64(&c.h.moment, 1)

	c.h.mu.Lock()
	c.h.operations = append(c.h.operations, porcupine.Operation{
		ClientId: c.id, Call: call, Return: end,
		Input:  models.KvInput{Op: op, Key: key, Value: value},
		Output: models.KvOutput{Value: got},
	})
	c.h.mu.Unlock()

	if time.Since(begun) == 0 {
		// This is virtual time, where only waiting takes any: clients who never
		// wait would not let five seconds pass.
		pause := time.Duration(1+rand.Intn(39)) * time.Millisecond
		c.paused += pause
		time.Sleep(pause)
	}
	return got
}

func (c *testClient) Get(key string) string {
	return c.do(models.OpGet, key, "", func() string { return c.store.Get(key) })
}

func (c *testClient) Put(key, value string) {
	c.do(models.OpPut, key, value, func() string { c.store.Put(key, value); return "" })
}

func (c *testClient) Append(key, value string) {
	c.do(models.OpAppend, key, value, func() string { c.store.Append(key, value); return "" })
}

// check demands a value.
func (c *testClient) check(key, want string) {
	c.h.cfg.t.Helper()
	if got := c.Get(key); got != want {
		c.h.cfg.t.Fatalf("Get(%q) returned %q, not %q", key, got, want)
	}
}

// testValue is the j-th value that client number i writes.
func testValue(i, j int) string {
	return fmt.Sprintf("x %d %d y", i, j)
}

// testAppends tells what is wrong with a value to which client number i has
// appended its first count values, "" if each is there once and in order.
func testAppends(value string, i, count int) string {
	last := -1
	for j := 0; j < count; j++ {
		want := testValue(i, j)
		at := strings.Index(value, want)
		switch {
		case at < 0:
			return fmt.Sprintf("client %d has appended %q, which is missing", i, want)
		case strings.LastIndex(value, want) != at:
			return fmt.Sprintf("client %d has appended %q once, but it is there twice", i, want)
		case at < last:
			return fmt.Sprintf("client %d has appended %q later, but it comes before %q", i, want, testValue(i, j-1))
		}
		last = at
	}
	return ""
}

// testOutcome is what became of a client.
type testOutcome struct {
	appends int    // with these numbers from 0
	wrong   string // what went wrong, if anything
}

// testRun is what client number i of n does until stop is closed. With random
// keys it shares its keys with the others, else it has one to itself.
func (c *testClient) testRun(i, n int, randomkeys bool, stop <-chan struct{}) testOutcome {
	key := strconv.Itoa(i)
	expected := ""
	if !randomkeys {
		c.Put(key, "")
	}
	for j := 0; ; {
		select {
		case <-stop:
			return testOutcome{appends: j}
		default:
		}
		if randomkeys {
			key = strconv.Itoa(rand.Intn(n))
		}
		value := testValue(i, j)
		switch p := rand.Intn(1000); {
		case p < 500:
			c.Append(key, value)
			expected += value
			j++
		case randomkeys && p < 550: // a tenth of the rest
			c.Put(key, value)
			j++
		default:
			if got := c.Get(key); !randomkeys && got != expected {
				return testOutcome{wrong: fmt.Sprintf("client %d got %s of its own key", i, testDifference(got, expected))}
			}
		}
	}
}

// testDifference describes a value in contrast to another, both maybe long.
func testDifference(got, want string) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	from := at - 20
	if from < 0 {
		from = 0
	}
	excerpt := func(s string) string {
		if len(s) > at+20 {
			s = s[:at+20]
		}
		return s[from:]
	}
	return fmt.Sprintf("a value of %d bytes instead of %d, from byte %d on %q instead of %q",
		len(got), len(want), from, excerpt(got), excerpt(want))
}

// checkSizes demands that Raft states are kept small where servers take
// snapshots, and that there are none where they do not.
func (cfg *config) checkSizes() {
	cfg.t.Helper()
	if size, limit := cfg.LogSize(), 8*cfg.maxraftstate; cfg.maxraftstate > 0 && size > limit {
		cfg.t.Fatalf("a Raft state of %d bytes is too large; the limit is %d", size, limit)
	}
	if size := cfg.SnapshotSize(); cfg.maxraftstate < 0 && size > 0 {
		cfg.t.Fatalf("there is a snapshot of %d bytes, but maxraftstate is %d", size, cfg.maxraftstate)
	}
}

// checkLinearizable demands that the history is linearizable, unless that takes
// longer than limit to find out; virtual time has no such limit. All operations
// have ended.
func (h *testHistory) checkLinearizable(limit time.Duration) {
	h.cfg.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	switch porcupine.CheckOperationsTimeout(models.KvModel, h.operations, limit) {
	case porcupine.Illegal:
		h.cfg.t.Fatalf("the history is not linearizable; %s", h.picture(limit))
	case porcupine.Unknown:
		fmt.Printf("info: the linearizability check ran out of time, the history is taken for linearizable\n")
	}
}

// picture draws the history and says where it is.
func (h *testHistory) picture(limit time.Duration) string {
	_, info := porcupine.CheckOperationsVerbose(models.KvModel, h.operations, limit)
	file, err := os.CreateTemp("", "kvraft-history-*.html")
	if err == nil {
		err = porcupine.Visualize(models.KvModel, info, file)
		file.Close()
	}
	if err != nil {
		return fmt.Sprintf("no picture of it: %v", err)
	}
	return "see " + file.Name()
}
