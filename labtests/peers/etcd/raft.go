package etcd

import (
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

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

const (
	tick           = 100 * time.Millisecond
	electionTicks  = 10
	maxInflight    = 256
	maxMessageSize = 512 << 10
)

// Raft is one server. All methods may be called from any goroutine, also on a
// nil *Raft, which behaves like a server that was killed.
type Raft struct {
	host    *host.Host
	id      uint64 // the server's number, from 1
	storage *storage
	wake    chan struct{} // for pump; has room for one

	mu         sync.Mutex
	node       *raft.RawNode
	indexes    host.Indexes
	proposed   uint64 // entries in the node's log beyond indexes.Last: all commands
	leaderTerm uint64 // in which this server leads and indexes knew its whole log
	applied    uint64 // the lab's index of what was last pushed to host
	appliedLog uint64 // and the log's
	waiting    []*exchange

	disk disk

	peersMu sync.Mutex
	peers   []peer
}

// Make starts a server: a new one if the persister is empty, else the one that it
// holds. It panics if an option is missing or the persister holds something else.
func Make(o Options) *Raft {
	rf, err := newRaft(o)
	if err != nil {
		panic(fmt.Sprintf("etcd: Make: server %d: %v", o.Me, err))
	}
	go rf.host.Run(int(rf.applied))
	go rf.pump()
	go rf.clock()
	return rf
}

func newRaft(o Options) (*Raft, error) {
	h, err := host.New(o)
	if err != nil {
		return nil, err
	}
	rf := &Raft{host: h, id: uint64(o.Me) + 1, wake: make(chan struct{}, 1), peers: make([]peer, o.Servers)}
	if err := rf.load(); err != nil {
		return nil, err
	}
	rf.node, err = raft.NewRawNode(&raft.Config{
		ID: rf.id, ElectionTick: electionTicks, HeartbeatTick: 1, Storage: rf.storage, Applied: rf.appliedLog,
		MaxSizePerMsg: maxMessageSize, MaxInflightMsgs: maxInflight, DisableProposalForwarding: true,
		Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)},
	})
	return rf, err
}

// Start proposes a command. The index is exact, for the node appends it at once,
// under the same lock, after all that the map of indexes knows of.
func (rf *Raft) Start(command interface{}) (int, int, bool) {
	if rf == nil {
		return -1, 0, false
	}
	data := rf.host.Encode(nil, command)
	rf.mu.Lock()
	defer rf.mu.Unlock()
	term, leads := rf.state()
	if !leads || rf.node.Propose(data) != nil {
		return -1, term, false
	}
	rf.proposed++
	rf.signal()
	return int(rf.indexes.Lab(rf.indexes.Last()) + rf.proposed), term, true
}

// GetState returns the term and whether this server leads it. A dead server does
// not lead.
func (rf *Raft) GetState() (int, bool) {
	if rf == nil {
		return 0, false
	}
	rf.mu.Lock()
	defer rf.mu.Unlock()
	return rf.state()
}

// state needs mu. A new leader is none until its empty entry is known here: the
// index of a command is what comes after it.
func (rf *Raft) state() (term int, leads bool) {
	status := rf.node.BasicStatus()
	return int(status.Term), status.RaftState == raft.StateLeader && rf.leaderTerm == status.Term && !rf.host.Killed()
}

// Snapshot says that the service has put everything up to and including index
// into snapshot. One that was not delivered yet, or is covered already, is
// ignored.
func (rf *Raft) Snapshot(index int, snapshot []byte) {
	if rf == nil || index <= 0 {
		return
	}
	rf.mu.Lock()
	at, ok := rf.indexes.Log(uint64(index))
	if !ok || uint64(index) > rf.applied || rf.host.Killed() {
		rf.mu.Unlock()
		return
	}
	taken, err := rf.storage.CreateSnapshot(at, &rf.storage.voters, joinSnapshot(uint64(index), snapshot))
	if err == nil {
		err = rf.storage.Compact(at)
	}
	rf.indexes.Compact(at)
	rf.mu.Unlock()
	if err != nil {
		panic(fmt.Sprintf("etcd: Snapshot(%d), entry %d: %v", index, at, err))
	}
	rf.saveSnapshot(taken.Metadata, uint64(index), snapshot)
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

// Kill ends the server. When it returns nothing more is delivered and no more
// RPC is made.
func (rf *Raft) Kill() {
	if rf != nil {
		rf.host.Kill()
	}
}

// signal wakes pump.
func (rf *Raft) signal() {
	select {
	case rf.wake <- struct{}{}:
	default:
	}
}

func (rf *Raft) clock() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			rf.mu.Lock()
			rf.node.Tick()
			rf.mu.Unlock()
			rf.signal()
		case <-rf.host.Done():
			return
		}
	}
}

// step gives messages to the node.
func (rf *Raft) step(messages []raftpb.Message) {
	for _, m := range messages {
		_ = rf.node.Step(m) // what it does not take it has no use for
	}
}
