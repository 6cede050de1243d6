package raft

// The service above each Raft: it watches what the Raft applies. Its state is
// the list of all commands, of which it takes a snapshot now and then if the
// test is about snapshots. It lives as long as its Raft: after a restart there
// is a new one, which has applied nothing.

import (
	"bytes"
	"fmt"
	"log"
	"sync"

	"6.5840/labgob"
	"6.5840/labrpc"
	"6.5840/raftapi"
	tester "6.5840/tester1"
)

// SnapShotInterval is the number of commands between two snapshots.
const SnapShotInterval = 10

// useRaftStateMachine leaves the servers without a Raft, so that the harness
// can be tried by itself.
var useRaftStateMachine bool

// rfsrv is the service of one server in one life.
type rfsrv struct {
	ts        *Test
	me        int
	persister *tester.Persister
	drained   chan struct{} // closed when applyCh has been, and is empty

	mu   sync.Mutex
	raft raftapi.Raft // nil once killed

	// These need ts.mu.
	logs        map[int]interface{} // commands applied, by index
	lastApplied int                 // in tests of snapshots
}

func newRfsrv(ts *Test, srv int, ends []*labrpc.ClientEnd, persister *tester.Persister, snapshot bool) *rfsrv {
	rs := &rfsrv{ts: ts, me: srv, persister: persister, drained: make(chan struct{}), logs: map[int]interface{}{}}
	applyCh := make(chan raftapi.ApplyMsg)
	if !useRaftStateMachine {
		rf := Make(ends, srv, persister, applyCh)
		rs.mu.Lock()
		rs.raft = rf
		rs.mu.Unlock()
	}
	if !snapshot {
		go rs.applier(applyCh)
		return rs
	}
	// A service reads its snapshot when it boots.
	if data := persister.ReadSnapshot(); len(data) > 0 {
		ts.mu.Lock()
		wrong := rs.ingestSnap(data, -1)
		ts.mu.Unlock()
		if wrong != "" {
			rs.die(wrong)
		}
	}
	go rs.applierSnap(applyCh)
	return rs
}

// Kill forgets the Raft, which is killed right after this.
func (rs *rfsrv) Kill() {
	rs.mu.Lock()
	rs.raft = nil
	rs.mu.Unlock()
	rs.persister.Save(rs.persister.ReadRaftState(), rs.persister.ReadSnapshot())
}

// Raft returns the Raft, nil once it is killed.
func (rs *rfsrv) Raft() raftapi.Raft {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.raft
}

// die ends the process: the Raft has done what it never may.
func (rs *rfsrv) die(wrong string) {
	tester.AnnotateFatal(wrong)
	log.Fatalf("apply error: %s", wrong)
}

// applyCommand records a command. It returns what is wrong with it, if the server
// has skipped an index, or another command was applied at this one anywhere.
// Needs ts.mu.
func (rs *rfsrv) applyCommand(m raftapi.ApplyMsg) string {
	wrong, previous := rs.ts.checkLogs(rs, m)
	if m.CommandIndex > 1 && !previous {
		wrong = fmt.Sprintf("server %d applied index %d out of order: it has not applied index %d",
			rs.me, m.CommandIndex, m.CommandIndex-1)
	}
	return wrong
}

// applier checks the commands and ignores everything else.
func (rs *rfsrv) applier(applyCh chan raftapi.ApplyMsg) {
	defer close(rs.drained)
	for m := range applyCh {
		if !m.CommandValid {
			continue
		}
		rs.ts.mu.Lock()
		wrong := rs.applyCommand(m)
		rs.ts.mu.Unlock()
		if wrong != "" {
			rs.die(wrong)
		}
	}
}

// applierSnap takes snapshots and installs them, too.
func (rs *rfsrv) applierSnap(applyCh chan raftapi.ApplyMsg) {
	defer close(rs.drained)
	for m := range applyCh {
		var wrong string
		var snapshot []byte
		rs.ts.mu.Lock()
		if m.SnapshotValid {
			wrong = rs.ingestSnap(m.Snapshot, m.SnapshotIndex)
		} else if m.CommandValid {
			wrong, snapshot = rs.applyNext(m)
		}
		rs.ts.mu.Unlock()

		if wrong != "" {
			rs.die(wrong)
		}
		if rf := rs.Raft(); snapshot != nil && rf != nil {
			// From here, where the next message would be received: a Raft that
			// waits for that inside Snapshot waits for ever.
			rf.Snapshot(m.CommandIndex, snapshot)
		}
	}
}

// applyNext applies m, which must carry exactly the next index, and returns a
// snapshot if one is due. Needs ts.mu.
func (rs *rfsrv) applyNext(m raftapi.ApplyMsg) (string, []byte) {
	if m.CommandIndex != rs.lastApplied+1 {
		return fmt.Sprintf("server %d applied index %d, but %d comes next",
			rs.me, m.CommandIndex, rs.lastApplied+1), nil
	}
	if wrong := rs.applyCommand(m); wrong != "" {
		return wrong, nil
	}
	rs.lastApplied = m.CommandIndex
	if (m.CommandIndex+1)%SnapShotInterval != 0 {
		return "", nil
	}
	return "", rs.encodeSnap(m.CommandIndex)
}

// encodeSnap returns the commands up to index as a snapshot. There is no index
// 0, so element 0 is nil. Needs ts.mu.
func (rs *rfsrv) encodeSnap(index int) []byte {
	commands := make([]interface{}, index+1)
	for i := range commands {
		commands[i] = rs.logs[i]
	}
	var buf bytes.Buffer
	e := labgob.NewEncoder(&buf)
	for _, part := range []interface{}{index, commands} {
		if err := e.Encode(part); err != nil {
			log.Fatalf("snapshot encode error: %v", err)
		}
	}
	return buf.Bytes()
}

// ingestSnap makes a snapshot's commands the whole state. It returns what is
// wrong with it, if it is none, or not that of the index, of which -1 is any.
// Needs ts.mu.
func (rs *rfsrv) ingestSnap(snapshot []byte, index int) string {
	if snapshot == nil {
		return "nil snapshot"
	}
	var last int
	var commands []interface{}
	d := labgob.NewDecoder(bytes.NewReader(snapshot))
	for _, part := range []interface{}{&last, &commands} {
		if err := d.Decode(part); err != nil {
			return fmt.Sprintf("snapshot decode error at server %d: %v", rs.me, err)
		}
	}
	if index != -1 && index != last {
		return fmt.Sprintf("server %d got the snapshot of index %d as one of index %d", rs.me, last, index)
	}
	rs.logs = make(map[int]interface{}, len(commands))
	for i, command := range commands {
		rs.logs[i] = command
	}
	rs.lastApplied = last
	return ""
}
