// Package tester runs groups of servers and their clients on a simulated
// network, and starts, stops, connects and disconnects them.
//
// No lock of the package is held while a server's own code runs or anything
// waits, so tests may run in a testing/synctest bubble, in virtual time.
package tester

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"6.5840/labrpc"
)

// testLimit is how long a test may take from MakeConfig on.
const testLimit = 120 * time.Second

var cpuOnce sync.Once

// Config is one test's network, with servers in groups and clients. The group
// that every test has is GRP0.
type Config struct {
	*testing.T
	*Clnts  // the clients
	*Groups // the servers

	net  *labrpc.Network
	made time.Time // testLimit counts from here
	ops  int64     // atomic

	mu     sync.Mutex
	before struct { // the counters at Begin
		at   time.Time
		rpcs int
		ops  int64
	}
}

// MakeConfig starts n connected servers by mks, as group GRP0. Up to the last
// of them the network is reliable in any case.
func MakeConfig(t *testing.T, n int, reliable bool, mks FstartServer) *Config {
	cpuOnce.Do(func() {
		if runtime.NumCPU() < 2 {
			fmt.Printf("warning: only one CPU; races may go unnoticed\n")
		}
	})
	runtime.GOMAXPROCS(4)

	cfg := &Config{T: t, net: labrpc.MakeNetwork(), made: time.Now()}
	cfg.Groups = newGroups(cfg.net)
	cfg.Clnts = newClnts(cfg.net)
	cfg.MakeGroupStart(GRP0, n, mks)
	cfg.SetReliable(reliable)
	return cfg
}

// SetReliable switches between a network that delivers everything at once and
// one that delays and loses messages.
func (cfg *Config) SetReliable(reliable bool) { cfg.net.Reliable(reliable) }

// IsReliable tells what SetReliable has set.
func (cfg *Config) IsReliable() bool { return cfg.net.IsReliable() }

// SetLongReordering makes most replies arrive late and out of order.
func (cfg *Config) SetLongReordering(on bool) { cfg.net.LongReordering(on) }

// SetLongDelays makes calls that reach no server last for up to 7 s.
func (cfg *Config) SetLongDelays(on bool) { cfg.net.LongDelays(on) }

// RpcTotal returns the number of calls attempted.
func (cfg *Config) RpcTotal() int { return cfg.net.GetTotalCount() }

// BytesTotal returns the bytes of the calls attempted and of their replies.
func (cfg *Config) BytesTotal() int64 { return cfg.net.GetTotalBytes() }

// Op counts one operation of a client, for the report of End.
func (cfg *Config) Op() { atomic.AddInt64(&cfg.ops, 1) }

// Begin announces a test and remembers the counters, for End.
func (cfg *Config) Begin(title string) {
	kind := "unreliable"
	if cfg.IsReliable() {
		kind = "reliable"
	}
	fmt.Printf("%s (%s network)...\n", title, kind)
	AnnotateInfo(title, kind+" network")

	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.before.at = time.Now()
	cfg.before.rpcs = cfg.RpcTotal()
	cfg.before.ops = atomic.LoadInt64(&cfg.ops)
}

// End reports what a test that has passed took since Begin: time, peers of
// GRP0, RPCs and operations of clients.
func (cfg *Config) End() {
	if cfg.Failed() {
		return
	}
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	fmt.Printf("  ... Passed --  time %4.1fs #peers %d #RPCs %5d #Ops %4d\n",
		time.Since(cfg.before.at).Seconds(), cfg.Group(GRP0).N(),
		cfg.RpcTotal()-cfg.before.rpcs, atomic.LoadInt64(&cfg.ops)-cfg.before.ops)
}

// Fatalf fails the test, says why and where in the test's own files.
func (cfg *Config) Fatalf(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "Fatal: "+format+"\n", args...)
	for _, frame := range testFrames() {
		fmt.Fprintf(os.Stderr, "\t%s\n", frame)
	}
	cfg.FailNow()
}

// testFrames lists the calling functions that stand in a test's files.
func testFrames() []string {
	var list []string
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.File, "test.go") {
			list = append(list, fmt.Sprintf("%s:%d %s", frame.File, frame.Line, frame.Function))
		}
		if !more {
			return list
		}
	}
}

// CheckTimeout fails a test that has taken too long.
func (cfg *Config) CheckTimeout() {
	cfg.Helper()
	if !cfg.Failed() && time.Since(cfg.made) > testLimit {
		cfg.Fatalf("the test took longer than %v", testLimit)
	}
}

// Cleanup ends the clients, the servers and the network. If the test has
// failed, it leaves a page with what happened in it.
func (cfg *Config) Cleanup() {
	cfg.deleteAll()
	cfg.killAll()
	cfg.net.Cleanup()
	annotation.finish(cfg.Failed())
	cfg.CheckTimeout()
}

// Randstring returns n random characters of the URL-safe base64 alphabet.
func Randstring(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		log.Fatalf("no randomness: %v", err)
	}
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}
