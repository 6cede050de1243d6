package kvraft

// The test harness: a cluster of key/value servers on a simulated network, what
// happens to it (start, shutdown, partition), and the clerks of its clients.
// What the clients do is in generic_test.go.

import (
	crand "crypto/rand"
	"encoding/base64"
	"fmt"
	"log"
	"math/big"
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"6.5840/labrpc"
	"6.5840/raft"
)

var ncpu_once sync.Once

// config is one test's cluster. Its own lock is not held while anything waits.
type config struct {
	t            *testing.T
	net          *labrpc.Network
	n            int
	maxraftstate int
	made         time.Time // the 120 seconds count from here
	ops          int32     // atomic; operations the clients have begun

	mu        sync.Mutex
	kvservers []*KVServer         // nil while shut down
	saved     []*raft.Persister   // what server i saves into
	endnames  [][]string          // endnames[i][j] is the end from server i to j
	clerks    map[*Clerk][]string // clerks[ck][j] is the end from ck to server j

	before struct { // the counters at begin
		at   time.Time
		rpcs int
		ops  int32
	}
}

// randstring returns n random characters of the URL-safe base64 alphabet.
func randstring(n int) string {
	b := make([]byte, n)
	if _, err := crand.Read(b); err != nil {
		log.Fatalf("no randomness: %v", err)
	}
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

func makeSeed() int64 {
	seed, err := crand.Int(crand.Reader, big.NewInt(1<<62))
	if err != nil {
		log.Fatalf("no randomness: %v", err)
	}
	return seed.Int64()
}

// make_config starts n connected servers, which take snapshots if their Raft
// state exceeds maxraftstate bytes; never if that is -1.
func make_config(t *testing.T, n int, unreliable bool, maxraftstate int) *config {
	ncpu_once.Do(func() {
		if runtime.NumCPU() < 2 {
			fmt.Printf("warning: only one CPU; races may go unnoticed\n")
		}
		rand.Seed(makeSeed())
	})
	runtime.GOMAXPROCS(4)

	cfg := &config{
		t:            t,
		net:          labrpc.MakeNetwork(),
		n:            n,
		maxraftstate: maxraftstate,
		made:         time.Now(),
		kvservers:    make([]*KVServer, n),
		saved:        make([]*raft.Persister, n),
		endnames:     make([][]string, n),
		clerks:       map[*Clerk][]string{},
	}
	cfg.net.Reliable(!unreliable)

	for i := 0; i < n; i++ {
		cfg.StartServer(i)
	}
	cfg.ConnectAll()
	return cfg
}

// makeEnds makes an end to each server, not enabled, and returns their names.
func (cfg *config) makeEnds() ([]*labrpc.ClientEnd, []string) {
	ends := make([]*labrpc.ClientEnd, cfg.n)
	names := make([]string, cfg.n)
	for j := range ends {
		names[j] = randstring(20)
		ends[j] = cfg.net.MakeEnd(names[j])
		cfg.net.Connect(names[j], j)
	}
	return ends, names
}

// StartServer starts server i, or restarts it with what it had saved. It is
// left disconnected.
func (cfg *config) StartServer(i int) {
	// Ends with new names, so that the previous incarnation stays cut off.
	ends, names := cfg.makeEnds()

	cfg.mu.Lock()
	cfg.endnames[i] = names
	if cfg.saved[i] == nil {
		cfg.saved[i] = raft.MakePersister()
	} else {
		cfg.saved[i] = cfg.saved[i].Copy()
	}
	persister := cfg.saved[i]
	cfg.mu.Unlock()

	kv := StartKVServer(ends, i, persister, cfg.maxraftstate)

	cfg.mu.Lock()
	cfg.kvservers[i] = kv
	cfg.mu.Unlock()

	server := labrpc.MakeServer()
	server.AddService(labrpc.MakeService(kv))
	server.AddService(labrpc.MakeService(kv.rf))
	cfg.net.AddServer(i, server)
}

// ShutdownServer stops server i, if it runs. What it has saved by now survives,
// and nothing that the dying server may still save.
func (cfg *config) ShutdownServer(i int) {
	cfg.disconnect(i, cfg.All())
	cfg.net.DeleteServer(i)

	cfg.mu.Lock()
	if cfg.saved[i] != nil {
		cfg.saved[i] = cfg.saved[i].Copy()
	}
	kv := cfg.kvservers[i]
	cfg.kvservers[i] = nil
	cfg.mu.Unlock()
	if kv != nil {
		kv.Kill()
	}
}

// All returns the numbers of all servers.
func (cfg *config) All() []int {
	all := make([]int, cfg.n)
	for i := range all {
		all[i] = i
	}
	return all
}

// enable switches the ends between server i and each of others, in both
// directions. Needs mu.
func (cfg *config) enable(i int, others []int, enabled bool) {
	for _, j := range others {
		if cfg.endnames[i] != nil {
			cfg.net.Enable(cfg.endnames[i][j], enabled)
		}
		if cfg.endnames[j] != nil {
			cfg.net.Enable(cfg.endnames[j][i], enabled)
		}
	}
}

func (cfg *config) connect(i int, others []int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.enable(i, others, true)
}

func (cfg *config) disconnect(i int, others []int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.enable(i, others, false)
}

// ConnectAll connects every server with every other.
func (cfg *config) ConnectAll() {
	for i := 0; i < cfg.n; i++ {
		cfg.connect(i, cfg.All())
	}
}

// partition connects the servers of either side with each other, and with none
// of the other side.
func (cfg *config) partition(p1 []int, p2 []int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	for _, i := range p1 {
		cfg.enable(i, p2, false)
		cfg.enable(i, p1, true)
	}
	for _, i := range p2 {
		cfg.enable(i, p2, true)
	}
}

// Leader returns the first server that believes to lead, else server 0.
func (cfg *config) Leader() int {
	// Under the lock on purpose, as Kill is in cleanup: neither may wait for
	// anything that another goroutine does.
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	for i, kv := range cfg.kvservers {
		if kv != nil {
			if _, leads := kv.rf.GetState(); leads {
				return i
			}
		}
	}
	return 0
}

// make_partition splits the servers into a majority and a minority. The leader
// is in the minority.
func (cfg *config) make_partition() (majority []int, minority []int) {
	leader := cfg.Leader()
	for k := 1; k <= cfg.n; k++ {
		if i := (leader + k) % cfg.n; len(majority) <= cfg.n/2 {
			majority = append(majority, i)
		} else {
			minority = append(minority, i)
		}
	}
	return majority, minority
}

// makeClient makes a clerk that can reach the servers in to.
func (cfg *config) makeClient(to []int) *Clerk {
	ends, names := cfg.makeEnds()
	rand.Shuffle(len(ends), func(a, b int) { ends[a], ends[b] = ends[b], ends[a] })
	ck := MakeClerk(ends)

	cfg.mu.Lock()
	cfg.clerks[ck] = names
	cfg.mu.Unlock()
	cfg.ConnectClient(ck, to)
	return ck
}

// ConnectClient lets a clerk reach the servers in to as well.
func (cfg *config) ConnectClient(ck *Clerk, to []int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	for _, j := range to {
		cfg.net.Enable(cfg.clerks[ck][j], true)
	}
}

// largest returns the largest of what size says about the servers' disks.
func (cfg *config) largest(size func(ps *raft.Persister) int) int {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	max := 0
	for _, ps := range cfg.saved {
		if n := size(ps); n > max {
			max = n
		}
	}
	return max
}

// LogSize returns the size of the largest saved Raft state in bytes.
func (cfg *config) LogSize() int { return cfg.largest((*raft.Persister).RaftStateSize) }

// SnapshotSize returns the size of the largest saved snapshot in bytes.
func (cfg *config) SnapshotSize() int { return cfg.largest((*raft.Persister).SnapshotSize) }

func (cfg *config) checkTimeout() {
	cfg.t.Helper()
	if time.Since(cfg.made) > 120*time.Second {
		cfg.t.Fatalf("the test took longer than 120 seconds")
	}
}

// cleanup ends the cluster.
func (cfg *config) cleanup() {
	cfg.t.Helper()
	cfg.mu.Lock()
	for _, kv := range cfg.kvservers {
		if kv != nil {
			kv.Kill()
		}
	}
	cfg.mu.Unlock()
	cfg.net.Cleanup()
	cfg.checkTimeout()
}

// begin announces a test and remembers the counters, for end.
func (cfg *config) begin(title string) {
	fmt.Printf("%s ...\n", title)
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.before.at = time.Now()
	cfg.before.rpcs = cfg.net.GetTotalCount()
	cfg.before.ops = atomic.LoadInt32(&cfg.ops)
}

// end reports what a test that has passed took since begin: seconds, peers,
// RPCs, and operations of the clients.
func (cfg *config) end() {
	cfg.t.Helper()
	cfg.checkTimeout()
	if cfg.t.Failed() {
		return
	}
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	fmt.Printf("  ... Passed --  %4.1f  %d %5d %4d\n",
		time.Since(cfg.before.at).Seconds(), cfg.n,
		cfg.net.GetTotalCount()-cfg.before.rpcs, atomic.LoadInt32(&cfg.ops)-cfg.before.ops)
}
