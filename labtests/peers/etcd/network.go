package etcd

import (
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// patience is how long a request may hold back the next one to the same server.
const patience = 20 * time.Millisecond

// A peer is another server, as this one sends to it. The server's peersMu
// guards it.
type peer struct {
	queue []raftpb.Message
	busy  bool // a request was sent, and its answer may come soon
}

// send queues messages for their receivers.
func (rf *Raft) send(messages []raftpb.Message) {
	rf.peersMu.Lock()
	defer rf.peersMu.Unlock()
	for _, m := range messages {
		if to := int(m.To) - 1; to >= 0 && to < len(rf.peers) {
			rf.peers[to].queue = append(rf.peers[to].queue, m)
		}
	}
	for server := range rf.peers {
		rf.next(server)
	}
}

// next sends what is queued for a server, unless it is busy. It needs peersMu.
func (rf *Raft) next(server int) {
	p := &rf.peers[server]
	if p.busy || len(p.queue) == 0 || rf.host.Killed() {
		return
	}
	messages := p.queue
	p.queue, p.busy = nil, true
	go rf.exchange(server, messages)
}

// exchange is the goroutine of one request.
func (rf *Raft) exchange(server int, messages []raftpb.Message) {
	free := func() {
		rf.peersMu.Lock()
		defer rf.peersMu.Unlock()
		rf.peers[server].busy = false
		rf.next(server)
	}
	request, err := encode(messages)
	if err != nil {
		panic("etcd: a message cannot be encoded: " + err.Error())
	}
	timer := time.AfterFunc(patience, free)
	reply, ok := rf.host.RPC(server, request)
	if timer.Stop() {
		free()
	}
	var answers []raftpb.Message
	if ok {
		answers, err = decode(reply)
		ok = err == nil
	}
	rf.mu.Lock()
	rf.step(answers)
	rf.report(messages, ok)
	rf.mu.Unlock()
	rf.signal()
}

// report tells the node what became of messages to one server. It needs mu.
func (rf *Raft) report(messages []raftpb.Message, arrived bool) {
	for _, m := range messages {
		switch {
		case m.Type == raftpb.MsgSnap && arrived:
			rf.node.ReportSnapshot(m.To, raft.SnapshotFinish)
		case m.Type == raftpb.MsgSnap:
			rf.node.ReportSnapshot(m.To, raft.SnapshotFailure)
		case m.Type == raftpb.MsgApp && !arrived:
			rf.node.ReportUnreachable(m.To)
		}
	}
}

// Step is the one RPC method, "Raft.Step". It returns when what the reply says is
// stored. An empty reply has no message.
func (rf *Raft) Step(args []byte, reply *[]byte) {
	if rf == nil || rf.host.Killed() {
		return
	}
	messages, err := decode(args)
	if err != nil || len(messages) == 0 {
		return
	}
	x := &exchange{from: messages[0].From, reply: make(chan []raftpb.Message, 1)}
	rf.mu.Lock()
	rf.step(messages)
	rf.waiting = append(rf.waiting, x)
	rf.mu.Unlock()
	rf.signal()
	select {
	case answers := <-x.reply:
		if *reply, err = encode(answers); err != nil {
			panic("etcd: a message cannot be encoded: " + err.Error())
		}
	case <-rf.host.Done():
	}
}

var errMessage = errors.New("no message of this Raft")

// encode writes each message behind its length.
func encode(messages []raftpb.Message) ([]byte, error) {
	size := 0
	for i := range messages {
		size += messages[i].Size() + binary.MaxVarintLen32
	}
	b := make([]byte, 0, size)
	for i := range messages {
		n := messages[i].Size()
		b = binary.AppendUvarint(b, uint64(n))
		b = b[:len(b)+n]
		if _, err := messages[i].MarshalTo(b[len(b)-n:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func decode(b []byte) ([]raftpb.Message, error) {
	var messages []raftpb.Message
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, errMessage
		}
		var m raftpb.Message
		if err := m.Unmarshal(b[used : used+int(n)]); err != nil {
			return nil, err
		}
		messages, b = append(messages, m), b[used+int(n):]
	}
	return messages, nil
}
