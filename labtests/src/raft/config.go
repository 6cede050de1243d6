package raft

// The test harness: a cluster of Rafts on a simulated network, what happens to
// it (start, crash, connect, disconnect), and the services that watch what each
// Raft applies. What a test may demand of the cluster is in checks_test.go.

import (
	"bytes"
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

	"6.5840/labgob"
	"6.5840/labrpc"
)

// SnapShotInterval is the number of commands between two snapshots.
const SnapShotInterval = 10

var ncpu_once sync.Once

// config is one test's cluster. Its own lock is never held while Raft code
// runs or anything waits.
type config struct {
	t        *testing.T
	net      *labrpc.Network
	n        int
	made     time.Time // the 120 seconds count from here
	finished int32     // atomic; set by cleanup

	mu          sync.Mutex
	rafts       []*Raft               // nil while crashed
	connected   []bool                // whether server i is on the network
	saved       []*Persister          // what server i's Raft saves into
	endnames    [][]string            // endnames[i][j] is the end from i to j
	logs        []map[int]interface{} // commands server i has applied, by index
	lastApplied []int                 // snapshotting servers only
	maxIndex    int                   // highest index any server has applied

	before struct { // the counters at begin
		at       time.Time
		rpcs     int
		bytes    int64
		maxIndex int
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

// make_config starts n connected servers. With snapshot, their services take a
// snapshot every SnapShotInterval commands.
func make_config(t *testing.T, n int, unreliable bool, snapshot bool) *config {
	ncpu_once.Do(func() {
		if runtime.NumCPU() < 2 {
			fmt.Printf("warning: only one CPU; races may go unnoticed\n")
		}
		rand.Seed(makeSeed())
	})
	runtime.GOMAXPROCS(4)

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
	cfg.setunreliable(unreliable)
	cfg.net.LongDelays(true)

	applier := cfg.applier
	if snapshot {
		applier = cfg.applierSnap
	}
	for i := 0; i < n; i++ {
		cfg.logs[i] = map[int]interface{}{}
		cfg.start1(i, applier)
	}
	// Every Raft exists, and may be electing, before any can be heard.
	for i := 0; i < n; i++ {
		cfg.connect(i)
	}
	return cfg
}

// start1 starts server i, or restarts it with what it had saved. It is left
// disconnected.
func (cfg *config) start1(i int, applier func(int, chan ApplyMsg)) {
	cfg.crash1(i)

	// Ends with new names, so that the previous incarnation stays cut off.
	names := make([]string, cfg.n)
	ends := make([]*labrpc.ClientEnd, cfg.n)
	for j := range ends {
		names[j] = randstring(20)
		ends[j] = cfg.net.MakeEnd(names[j])
		cfg.net.Connect(names[j], j)
	}

	cfg.mu.Lock()
	cfg.endnames[i] = names
	cfg.lastApplied[i] = 0
	if cfg.saved[i] == nil {
		cfg.saved[i] = MakePersister()
	} else {
		cfg.saved[i] = cfg.saved[i].Copy()
	}
	persister := cfg.saved[i]
	// A service reads its snapshot when it boots.
	if snapshot := persister.ReadSnapshot(); len(snapshot) > 0 {
		index, commands := cfg.decodeSnap(snapshot)
		cfg.ingestSnap(i, index, commands)
	}
	cfg.mu.Unlock()

	applyCh := make(chan ApplyMsg)
	rf := Make(ends, i, persister, applyCh)

	cfg.mu.Lock()
	cfg.rafts[i] = rf
	cfg.mu.Unlock()

	go applier(i, applyCh)

	server := labrpc.MakeServer()
	server.AddService(labrpc.MakeService(rf))
	cfg.net.AddServer(i, server)
}

// crash1 stops server i, if it runs. What it has saved by now survives, and
// nothing that the dying Raft may still save.
func (cfg *config) crash1(i int) {
	cfg.disconnect(i)
	cfg.net.DeleteServer(i)

	cfg.mu.Lock()
	if cfg.saved[i] != nil {
		cfg.saved[i] = cfg.saved[i].Copy()
	}
	rf := cfg.rafts[i]
	cfg.mu.Unlock()
	if rf != nil {
		rf.Kill()
	}

	cfg.mu.Lock()
	cfg.rafts[i] = nil
	cfg.mu.Unlock()
}

// checkLogs records a command that server i has applied. It returns what is
// wrong with it, if another command was applied at its index anywhere, and
// whether server i has applied the index before. Needs mu.
func (cfg *config) checkLogs(i int, m ApplyMsg) (string, bool) {
	wrong := ""
	for j, entries := range cfg.logs {
		// Comparing interfaces compares the types too.
		if old, ok := entries[m.CommandIndex]; ok && old != m.Command {
			wrong = fmt.Sprintf("server %d applied %v at index %d, where server %d had applied %v",
				i, m.Command, m.CommandIndex, j, old)
		}
	}
	_, previous := cfg.logs[i][m.CommandIndex-1]
	cfg.logs[i][m.CommandIndex] = m.Command
	if m.CommandIndex > cfg.maxIndex {
		cfg.maxIndex = m.CommandIndex
	}
	return wrong, previous
}

// applyCommand is checkLogs plus the demand that server i skips no index.
// Needs mu.
func (cfg *config) applyCommand(i int, m ApplyMsg) string {
	wrong, previous := cfg.checkLogs(i, m)
	if m.CommandIndex > 1 && !previous {
		wrong = fmt.Sprintf("server %d applied index %d out of order: it has not applied index %d",
			i, m.CommandIndex, m.CommandIndex-1)
	}
	return wrong
}

// applier is server i's service in the tests without snapshots: it checks the
// commands and ignores everything else.
func (cfg *config) applier(i int, applyCh chan ApplyMsg) {
	for m := range applyCh {
		if !m.CommandValid {
			continue
		}
		cfg.mu.Lock()
		wrong := cfg.applyCommand(i, m)
		cfg.mu.Unlock()
		if wrong != "" {
			log.Fatalf("apply error: %s", wrong)
		}
	}
}

// applierSnap is server i's service in the tests with snapshots: its state is
// the list of all commands, of which it takes a snapshot now and then.
func (cfg *config) applierSnap(i int, applyCh chan ApplyMsg) {
	cfg.mu.Lock()
	rf := cfg.rafts[i]
	cfg.mu.Unlock()
	if rf == nil {
		return
	}

	for m := range applyCh {
		var wrong string
		var snapshot []byte
		cfg.mu.Lock()
		if m.SnapshotValid {
			wrong = cfg.applySnapshot(i, m)
		} else if m.CommandValid {
			wrong, snapshot = cfg.applyNext(i, m)
		}
		cfg.mu.Unlock()

		if wrong != "" {
			log.Fatalf("apply error: %s", wrong)
		}
		if snapshot != nil {
			// From here, where the next message would be received: a Raft that
			// waits for that inside Snapshot waits for ever.
			rf.Snapshot(m.CommandIndex, snapshot)
		}
	}
}

// applySnapshot replaces server i's state by that in m. Needs mu.
func (cfg *config) applySnapshot(i int, m ApplyMsg) string {
	index, commands := cfg.decodeSnap(m.Snapshot)
	if index != m.SnapshotIndex {
		return fmt.Sprintf("server %d got the snapshot of index %d as one of index %d", i, index, m.SnapshotIndex)
	}
	cfg.ingestSnap(i, index, commands)
	return ""
}

// applyNext applies m, which must carry exactly the next index, and returns a
// snapshot if one is due. Needs mu.
func (cfg *config) applyNext(i int, m ApplyMsg) (string, []byte) {
	if m.CommandIndex != cfg.lastApplied[i]+1 {
		return fmt.Sprintf("server %d applied index %d, but %d comes next",
			i, m.CommandIndex, cfg.lastApplied[i]+1), nil
	}
	if wrong := cfg.applyCommand(i, m); wrong != "" {
		return wrong, nil
	}
	cfg.lastApplied[i] = m.CommandIndex
	if (m.CommandIndex+1)%SnapShotInterval != 0 {
		return "", nil
	}
	return "", cfg.encodeSnap(i, m.CommandIndex)
}

// encodeSnap returns server i's commands up to index as a snapshot. There is
// no index 0, so element 0 is nil. Needs mu.
func (cfg *config) encodeSnap(i int, index int) []byte {
	commands := make([]interface{}, index+1)
	for j := range commands {
		commands[j] = cfg.logs[i][j]
	}
	var buf bytes.Buffer
	e := labgob.NewEncoder(&buf)
	if err := e.Encode(index); err != nil {
		log.Fatalf("snapshot encode error: %v", err)
	}
	if err := e.Encode(commands); err != nil {
		log.Fatalf("snapshot encode error: %v", err)
	}
	return buf.Bytes()
}

// decodeSnap is the inverse of encodeSnap. Bytes that are no snapshot end the
// process: the Raft did not keep what it was given.
func (cfg *config) decodeSnap(snapshot []byte) (int, []interface{}) {
	if snapshot == nil {
		log.Fatalf("nil snapshot")
	}
	var index int
	var commands []interface{}
	d := labgob.NewDecoder(bytes.NewReader(snapshot))
	if err := d.Decode(&index); err != nil {
		log.Fatalf("snapshot decode error: index: %v", err)
	}
	if err := d.Decode(&commands); err != nil {
		log.Fatalf("snapshot decode error: commands: %v", err)
	}
	return index, commands
}

// ingestSnap makes a snapshot's commands server i's whole state. Needs mu.
func (cfg *config) ingestSnap(i int, index int, commands []interface{}) {
	entries := make(map[int]interface{}, len(commands))
	for j, command := range commands {
		entries[j] = command
	}
	cfg.logs[i] = entries
	cfg.lastApplied[i] = index
}

// connect puts server i on the network, with the servers that are on it.
func (cfg *config) connect(i int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.connected[i] = true
	for j := 0; j < cfg.n; j++ {
		if cfg.connected[j] {
			cfg.net.Enable(cfg.endnames[i][j], true)
			cfg.net.Enable(cfg.endnames[j][i], true)
		}
	}
}

// disconnect takes server i off the network.
func (cfg *config) disconnect(i int) {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	cfg.connected[i] = false
	for j := 0; j < cfg.n; j++ {
		if cfg.endnames[i] != nil {
			cfg.net.Enable(cfg.endnames[i][j], false)
		}
		if cfg.endnames[j] != nil {
			cfg.net.Enable(cfg.endnames[j][i], false)
		}
	}
}

func (cfg *config) setunreliable(unreliable bool)     { cfg.net.Reliable(!unreliable) }
func (cfg *config) setlongreordering(reordering bool) { cfg.net.LongReordering(reordering) }
func (cfg *config) rpcCount(server int) int           { return cfg.net.GetCount(server) }
func (cfg *config) rpcTotal() int                     { return cfg.net.GetTotalCount() }
func (cfg *config) bytesTotal() int64                 { return cfg.net.GetTotalBytes() }

// raft returns server i's Raft, nil if it is crashed.
func (cfg *config) raft(i int) *Raft {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	return cfg.rafts[i]
}

// onNetwork returns server i's Raft if it is connected, else nil.
func (cfg *config) onNetwork(i int) *Raft {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	if !cfg.connected[i] {
		return nil
	}
	return cfg.rafts[i]
}

// LogSize returns the size of the largest saved Raft state in bytes.
func (cfg *config) LogSize() int {
	cfg.mu.Lock()
	defer cfg.mu.Unlock()
	max := 0
	for _, ps := range cfg.saved {
		if size := ps.RaftStateSize(); size > max {
			max = size
		}
	}
	return max
}

func (cfg *config) checkTimeout() {
	cfg.t.Helper()
	if time.Since(cfg.made) > 120*time.Second {
		cfg.t.Fatalf("the test took longer than 120 seconds")
	}
}

// cleanup ends the cluster.
func (cfg *config) cleanup() {
	cfg.t.Helper()
	atomic.StoreInt32(&cfg.finished, 1)
	for i := 0; i < cfg.n; i++ {
		if rf := cfg.raft(i); rf != nil {
			rf.Kill()
		}
	}
	cfg.net.Cleanup()
	cfg.checkTimeout()
}
