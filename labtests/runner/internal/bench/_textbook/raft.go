// Package raft is the Raft of the paper's Figures 2 and 13 in plain Go, written
// the way lab solutions usually are: structs over gob, a goroutine for each
// message, the whole state encoded and saved on every change of it. It is the
// yardstick other implementations are measured against in the same run, so it
// is meant to be correct and unremarkable, with no deliberate slowness: what a
// burst of commands can share in one message, it shares.
package raft

import (
	"bytes"
	"log"
	"math/rand"
	"sync"
	"time"

	"6.5840/labgob"
	"6.5840/labrpc"
)

const (
	heartbeatInterval  = 100 * time.Millisecond
	electionTimeoutMin = 350 * time.Millisecond
	electionTimeoutMax = 700 * time.Millisecond
)

type role int

const (
	follower role = iota
	candidate
	leader
)

// Entry is one command with the term in which a leader took it.
type Entry struct {
	Term    int
	Command interface{}
}

// Raft is one peer. Everything below mu is guarded by it; it is held neither
// during a Call nor while sending on applyCh.
type Raft struct {
	peers   []*labrpc.ClientEnd
	me      int
	store   storage
	applyCh chan ApplyMsg
	done    chan struct{} // closed by Kill

	mu        sync.Mutex
	applyCond *sync.Cond // commitIndex or pending has changed, or Kill
	killOnce  sync.Once

	// Persistent state (Figure 2). log[0] stands for the last entry of the
	// snapshot, or for the beginning of time; log[i] has index base+i.
	currentTerm int
	votedFor    int // -1: nobody
	base        int
	log         []Entry
	snapshot    []byte

	// Volatile state.
	role        role
	commitIndex int
	lastApplied int
	deadline    time.Time // when to start an election
	pending     *ApplyMsg // snapshot from the leader, not yet delivered

	// Leader's state, valid while role is leader.
	nextIndex  []int
	matchIndex []int
	sending    []bool // an exchange with the peer is under way
	dirty      []bool // and there is something more to tell it
}

func makeRaft(peers []*labrpc.ClientEnd, me int, store storage, applyCh chan ApplyMsg) *Raft {
	rf := &Raft{
		peers: peers, me: me, store: store, applyCh: applyCh, done: make(chan struct{}),
		votedFor: -1, log: make([]Entry, 1),
	}
	rf.applyCond = sync.NewCond(&rf.mu)
	rf.readPersist()
	rf.resetDeadline()
	go rf.ticker()
	go rf.applier()
	return rf
}

func (rf *Raft) lastIndex() int         { return rf.base + len(rf.log) - 1 }
func (rf *Raft) termAt(index int) int   { return rf.log[index-rf.base].Term }
func (rf *Raft) from(index int) []Entry { return append([]Entry(nil), rf.log[index-rf.base:]...) }

// persist saves everything that must survive a crash.
func (rf *Raft) persist() {
	var buf bytes.Buffer
	e := labgob.NewEncoder(&buf)
	for _, v := range []interface{}{rf.currentTerm, rf.votedFor, rf.base, rf.log} {
		if err := e.Encode(v); err != nil {
			log.Fatalf("textbook raft: the state does not encode: %v", err)
		}
	}
	rf.store.save(buf.Bytes(), rf.snapshot)
}

func (rf *Raft) readPersist() {
	state, snapshot := rf.store.read()
	if len(state) == 0 {
		return
	}
	d := labgob.NewDecoder(bytes.NewReader(state))
	var term, votedFor, base int
	var entries []Entry
	for _, v := range []interface{}{&term, &votedFor, &base, &entries} {
		if err := d.Decode(v); err != nil {
			log.Fatalf("textbook raft: the saved state does not decode: %v", err)
		}
	}
	rf.currentTerm, rf.votedFor, rf.base = term, votedFor, base
	rf.log, rf.snapshot = entries, snapshot
	rf.commitIndex, rf.lastApplied = rf.base, rf.base
}

// GetState returns the current term and whether this peer believes to lead it.
func (rf *Raft) GetState() (int, bool) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	return rf.currentTerm, rf.role == leader && !rf.killed()
}

// Start appends command to the log if this peer is the leader.
func (rf *Raft) Start(command interface{}) (int, int, bool) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if rf.role != leader || rf.killed() {
		return -1, rf.currentTerm, false
	}
	rf.log = append(rf.log, Entry{Term: rf.currentTerm, Command: command})
	rf.persist()
	rf.advanceCommit() // a cluster of one needs no answer
	rf.replicate()
	return rf.lastIndex(), rf.currentTerm, true
}

// Kill stops the peer: nothing is sent after it, to peers or to the service.
func (rf *Raft) Kill() {
	rf.killOnce.Do(func() {
		close(rf.done)
		rf.mu.Lock()
		defer rf.mu.Unlock()
		rf.applyCond.Broadcast()
	})
}

func (rf *Raft) killed() bool {
	select {
	case <-rf.done:
		return true
	default:
		return false
	}
}

// applier hands committed entries and snapshots to the service, in order.
func (rf *Raft) applier() {
	defer closeApply(rf.applyCh)
	for {
		rf.mu.Lock()
		for rf.pending == nil && rf.lastApplied >= rf.commitIndex && !rf.killed() {
			rf.applyCond.Wait()
		}
		var batch []ApplyMsg
		if rf.pending != nil {
			batch = append(batch, *rf.pending)
			rf.lastApplied, rf.pending = rf.pending.SnapshotIndex, nil
		} else {
			for rf.lastApplied < rf.commitIndex {
				rf.lastApplied++
				command := rf.log[rf.lastApplied-rf.base].Command
				batch = append(batch, ApplyMsg{CommandValid: true, Command: command, CommandIndex: rf.lastApplied})
			}
		}
		rf.mu.Unlock()

		for _, m := range batch {
			select {
			case <-rf.done:
				return
			default:
			}
			select {
			case rf.applyCh <- m:
			case <-rf.done:
				return
			}
		}
		if rf.killed() {
			return
		}
	}
}

func (rf *Raft) resetDeadline() {
	spread := int64(electionTimeoutMax - electionTimeoutMin)
	rf.deadline = time.Now().Add(electionTimeoutMin + time.Duration(rand.Int63n(spread)))
}
