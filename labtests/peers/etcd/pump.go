package etcd

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"pontoon.dev/peers/internal/host"
)

// An exchange is a request of another server that waits for what the node has
// to say to it.
type exchange struct {
	from  uint64
	reply chan []raftpb.Message // has room for one
}

// pump does what the node wants to have done, one Ready after the other. While
// it stores and sends, the node takes more in.
func (rf *Raft) pump() {
	for {
		select {
		case <-rf.wake:
		case <-rf.host.Done():
			return
		}
		for rf.turn() {
		}
	}
}

// turn deals with one Ready, and tells whether there may be another.
func (rf *Raft) turn() bool {
	rf.mu.Lock()
	waiting := rf.waiting
	rf.waiting = nil
	if rf.host.Killed() || !rf.node.HasReady() {
		rf.mu.Unlock()
		answer(waiting, nil)
		return false
	}
	rd := rf.node.Ready()
	rf.note(&rd)
	leads := rf.leaderTerm != 0
	rf.mu.Unlock()

	requests, answers := sort(rd.Messages)
	if leads {
		rf.send(requests)
		requests = nil
	}
	if err := rf.saveReady(&rd); err != nil {
		panic(fmt.Sprintf("etcd: server %d: %v", rf.host.Me, err))
	}
	rf.send(requests)
	rf.send(answer(waiting, answers))

	rf.mu.Lock()
	rf.apply(&rd)
	rf.node.Advance(rd)
	rf.mu.Unlock()
	return true
}

// sort tells requests from what may go into a reply.
func sort(messages []raftpb.Message) (requests, answers []raftpb.Message) {
	for _, m := range messages {
		if raft.IsResponseMsg(m.Type) {
			answers = append(answers, m)
		} else {
			requests = append(requests, m)
		}
	}
	return requests, answers
}

// answer ends the exchanges. It returns the messages that none of them is for.
func answer(waiting []*exchange, answers []raftpb.Message) []raftpb.Message {
	for _, x := range waiting {
		var mine, rest []raftpb.Message
		for _, m := range answers {
			if m.To == x.from {
				mine = append(mine, m)
			} else {
				rest = append(rest, m)
			}
		}
		x.reply <- mine
		answers = rest
	}
	return answers
}

// apply pushes what was committed. It needs mu, for Snapshot.
func (rf *Raft) apply(rd *raft.Ready) {
	var items []host.Item
	if !raft.IsEmptySnap(rd.Snapshot) {
		meta := rd.Snapshot.Metadata
		index, snapshot := splitSnapshot(rd.Snapshot.Data)
		items = append(items, host.Item{IsSnapshot: true, Index: int(index), Snapshot: snapshot, Term: int(meta.Term)})
		rf.applied = index
	}
	for _, e := range rd.CommittedEntries {
		if len(e.Data) > 0 {
			rf.applied++
			items = append(items, host.Item{Index: int(rf.applied), Command: e.Data})
		}
	}
	rf.host.Push(items...)
}

// note brings the map of indexes up to date with the node's log, all of whose
// new entries are in rd.
func (rf *Raft) note(rd *raft.Ready) {
	if !raft.IsEmptySnap(rd.Snapshot) {
		index, _ := splitSnapshot(rd.Snapshot.Data)
		rf.indexes.Reset(rd.Snapshot.Metadata.Index, index)
	}
	for i, e := range rd.Entries {
		if i == 0 {
			rf.indexes.Truncate(e.Index)
		}
		rf.indexes.Append(len(e.Data) == 0)
	}
	rf.proposed = 0
	rf.leaderTerm = 0
	if status := rf.node.BasicStatus(); status.RaftState == raft.StateLeader {
		rf.leaderTerm = status.Term
	}
}
