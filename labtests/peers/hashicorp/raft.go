package hashicorp

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"pontoon.dev/go-shim/lab"
	"pontoon.dev/peers/internal/host"
)

// What the lab's adapters know of a Raft, by the names of package lab.
type (
	// ApplyMsg is what a server delivers.
	ApplyMsg = lab.ApplyMsg
	// Options is what a server needs of its lab.
	Options = lab.Options
	// Encoder is a gob encoder or a wrapper of one.
	Encoder = lab.Encoder
	// Decoder is a gob decoder or a wrapper of one.
	Decoder = lab.Decoder
)

// Raft is one server. All methods may be called from any goroutine, also on a
// nil *Raft, which behaves like a server that was killed.
type Raft struct {
	host  *host.Host
	store *store
	fsm   *fsm
	trans *transport
	node  atomic.Pointer[raft.Raft] // nil while raft.NewRaft runs

	proposals chan struct{} // wakes propose; has room for one
	snapshots chan struct{} // wakes snapshot; has room for one
}

// Make starts a server: a new one if the persister is empty, else the one that it
// holds. It panics if an option is missing or the persister holds something else.
func Make(o Options) *Raft {
	rf, err := newRaft(o)
	if err != nil {
		panic(fmt.Sprintf("hashicorp: Make: server %d: %v", o.Me, err))
	}
	return rf
}

func newRaft(o Options) (*Raft, error) {
	h, err := host.New(o)
	if err != nil {
		return nil, err
	}
	rf := &Raft{host: h, proposals: make(chan struct{}, 1), snapshots: make(chan struct{}, 1)}
	if rf.store, err = newStore(h, rf.leads); err != nil {
		return nil, err
	}
	rf.fsm = &fsm{host: h, store: rf.store}
	rf.trans = newTransport(h)
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(address(o.Me))
	config.BatchApplyCh = true
	config.TrailingLogs = 0
	config.SnapshotInterval = 365 * 24 * time.Hour
	config.LogOutput, config.LogLevel = io.Discard, "OFF"
	if rf.store.empty() {
		var servers raft.Configuration
		for server := range o.Servers {
			servers.Servers = append(servers.Servers, raft.Server{ID: raft.ServerID(address(server)), Address: address(server)})
		}
		if err := raft.BootstrapCluster(config, rf.store, rf.store, rf.store, rf.trans, servers); err != nil {
			return nil, err
		}
	}
	delivered := rf.store.serviceIndex()
	node, err := raft.NewRaft(config, rf.fsm, rf.store, rf.store, rf.store, rf.trans)
	if err != nil {
		return nil, err
	}
	rf.node.Store(node)
	go h.Run(delivered)
	go rf.propose()
	go rf.snapshot()
	return rf, nil
}

// address is a server's address, and its ID.
func address(server int) raft.ServerAddress { return raft.ServerAddress(strconv.Itoa(server)) }

// leads tells whether raft takes this server for a leader.
func (rf *Raft) leads() bool {
	node := rf.node.Load()
	return node != nil && node.State() == raft.Leader
}

// Start proposes a command; package documentation says how it knows the index.
func (rf *Raft) Start(command interface{}) (int, int, bool) {
	if rf == nil {
		return -1, 0, false
	}
	data := rf.host.Encode(make([]byte, headerMax, headerMax+32), command)
	node := rf.node.Load()
	s := rf.store
	s.mu.Lock()
	defer s.mu.Unlock()
	term, leads := rf.state(node)
	if !leads {
		return -1, int(term), false
	}
	s.proposed++
	putHeader(data, term, s.last()+s.proposed)
	s.queue = append(s.queue, proposal{term, data})
	signal(rf.proposals)
	return int(s.indexes.Lab(s.indexes.Last()) + s.proposed), int(term), true
}

// GetState returns the term and whether this server leads it. A dead server does
// not lead.
func (rf *Raft) GetState() (int, bool) {
	if rf == nil {
		return 0, false
	}
	rf.store.mu.Lock()
	defer rf.store.mu.Unlock()
	term, leads := rf.state(rf.node.Load())
	return int(term), leads
}

// state needs the store's mu. A new leader is none before its first entry is in
// the log.
func (rf *Raft) state(node *raft.Raft) (term uint64, leads bool) {
	term = node.CurrentTerm()
	return term, rf.store.leaderTerm == term && node.State() == raft.Leader && !rf.host.Killed()
}

// propose hands what Start has queued to raft, in order. What is of an older
// term than the leader's has no chance to end up where it was to be.
func (rf *Raft) propose() {
	node := rf.node.Load()
	var queue []proposal
	for {
		select {
		case <-rf.proposals:
		case <-rf.host.Done():
			return
		}
		s := rf.store
		s.mu.Lock()
		queue, s.queue = s.queue, queue[:0]
		s.mu.Unlock()
		for i, p := range queue {
			if p.term == node.CurrentTerm() {
				node.Apply(p.data, 0) // returns once raft has taken it
			}
			queue[i] = proposal{}
		}
	}
}

// Snapshot says that the service has put everything up to and including index
// into snapshot. One that was not delivered yet, or is covered already, is
// ignored. raft takes it over a little later: it waits for what is being applied.
func (rf *Raft) Snapshot(index int, snapshot []byte) {
	if rf != nil && index > 0 && rf.fsm.taken(uint64(index), snapshot) {
		signal(rf.snapshots)
	}
}

func (rf *Raft) snapshot() {
	for {
		select {
		case <-rf.snapshots:
			_ = rf.node.Load().Snapshot().Error() // the next one covers what this one could not
		case <-rf.host.Done():
			return
		}
	}
}

// CondInstallSnapshot tells whether the service may switch to a snapshot that was
// delivered. It may: none is delivered that would go back.
func (rf *Raft) CondInstallSnapshot(term int, index int, snapshot []byte) bool { return rf != nil }

// PersistBytes is the size of the persisted state, without the snapshot.
func (rf *Raft) PersistBytes() int {
	if rf == nil {
		return 0
	}
	return rf.host.Persister.RaftStateSize()
}

// Step is the one RPC method, "Raft.Step".
func (rf *Raft) Step(args []byte, reply *[]byte) {
	if rf != nil {
		*reply = rf.trans.handle(args)
	}
}

// Kill ends the server. When it returns nothing more is delivered and no more
// RPC is made. raft's own goroutines end soon after.
func (rf *Raft) Kill() {
	if rf != nil {
		rf.node.Load().Shutdown()
		rf.host.Kill()
	}
}

func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// A command's entry begins with the term and the index that Start promised.
const headerMax = 16

func putHeader(data []byte, term, index uint64) {
	binary.LittleEndian.PutUint64(data, term)
	binary.LittleEndian.PutUint64(data[8:], index)
}

// commandOf returns the encoded command in an entry, or false if the lab is not
// to see it.
func commandOf(log *raft.Log) ([]byte, bool) {
	if log.Type != raft.LogCommand || len(log.Data) < headerMax {
		return nil, false
	}
	term, index := binary.LittleEndian.Uint64(log.Data), binary.LittleEndian.Uint64(log.Data[8:])
	return log.Data[headerMax:], term == log.Term && index == log.Index
}
