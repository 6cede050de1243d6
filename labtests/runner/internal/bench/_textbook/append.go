package raft

import (
	"sort"
	"time"
)

// AppendEntriesArgs is Figure 2's.
type AppendEntriesArgs struct {
	Term                      int
	PrevLogIndex, PrevLogTerm int
	Entries                   []Entry
	LeaderCommit              int
}

// AppendEntriesReply adds to Figure 2's what lets the leader skip a whole term
// at a time (end of §5.3).
type AppendEntriesReply struct {
	Term          int
	Success       bool
	ConflictTerm  int // term at PrevLogIndex, 0 if the log does not reach there
	ConflictIndex int // first index of ConflictTerm, or where the log ends
}

// heartbeats tells everybody at once and then every heartbeatInterval who leads
// term, along with all that a peer lacks. It waits for no answer, since one may
// take seconds.
func (rf *Raft) heartbeats(term int) {
	for !rf.killed() {
		rf.mu.Lock()
		if rf.role != leader || rf.currentTerm != term {
			rf.mu.Unlock()
			return
		}
		for peer := range rf.peers {
			if peer != rf.me {
				rf.send(peer, func() {})
			}
		}
		rf.mu.Unlock()
		time.Sleep(heartbeatInterval)
	}
}

// replicate sees to it that every peer learns of the log and the commit index.
func (rf *Raft) replicate() {
	for peer := range rf.peers {
		if peer != rf.me {
			rf.tell(peer)
		}
	}
}

// tell sends to a peer now, or when the exchange with it that is under way has
// ended: meanwhile news gather.
func (rf *Raft) tell(peer int) {
	if rf.sending[peer] {
		rf.dirty[peer] = true
	} else {
		rf.exchange(peer, rf.currentTerm)
	}
}

// exchange sends to a peer until there is no more to tell it.
func (rf *Raft) exchange(peer, term int) {
	rf.sending[peer], rf.dirty[peer] = true, false
	rf.send(peer, func() {
		if rf.role != leader || rf.currentTerm != term || rf.killed() {
			return
		}
		rf.sending[peer] = false
		if rf.dirty[peer] {
			rf.exchange(peer, term)
		}
	})
}

// send sends what the peer lacks, in a goroutine of its own, which calls
// answered under mu when the call has returned, successful or not.
func (rf *Raft) send(peer int, answered func()) {
	if rf.nextIndex[peer] <= rf.base {
		rf.sendSnapshot(peer, answered)
		return
	}
	prev := rf.nextIndex[peer] - 1
	args := &AppendEntriesArgs{
		Term: rf.currentTerm, PrevLogIndex: prev, PrevLogTerm: rf.termAt(prev),
		Entries: rf.from(prev + 1), LeaderCommit: rf.commitIndex,
	}
	go func() {
		var reply AppendEntriesReply
		ok := !rf.killed() && rf.peers[peer].Call("Raft.AppendEntries", args, &reply)
		rf.mu.Lock()
		defer rf.mu.Unlock()
		if ok {
			rf.appended(peer, args, &reply)
		}
		answered()
	}()
}

// appended takes in a peer's answer.
func (rf *Raft) appended(peer int, args *AppendEntriesArgs, reply *AppendEntriesReply) {
	if reply.Term > rf.currentTerm {
		rf.becomeFollower(reply.Term)
	}
	if rf.killed() || rf.role != leader || rf.currentTerm != args.Term || reply.Term < args.Term {
		return
	}
	if reply.Success {
		rf.matched(peer, args.PrevLogIndex+len(args.Entries))
		return
	}
	if rf.nextIndex[peer] != args.PrevLogIndex+1 {
		return // an earlier answer has moved it already
	}
	next := reply.ConflictIndex
	if reply.ConflictTerm != 0 {
		for i := args.PrevLogIndex; i > rf.base && rf.termAt(i) >= reply.ConflictTerm; i-- {
			if rf.termAt(i) == reply.ConflictTerm {
				next = i + 1
				break
			}
		}
	}
	if next <= rf.matchIndex[peer] {
		next = rf.matchIndex[peer] + 1
	}
	rf.nextIndex[peer] = next
	rf.tell(peer)
}

// matched notes that the peer has the log up to index.
func (rf *Raft) matched(peer, index int) {
	if index <= rf.matchIndex[peer] {
		return
	}
	rf.matchIndex[peer] = index
	rf.nextIndex[peer] = index + 1
	if rf.advanceCommit() {
		rf.replicate()
	}
}

// advanceCommit commits what a majority has, if the last of it is of the
// current term (§5.4.2).
func (rf *Raft) advanceCommit() bool {
	match := append([]int(nil), rf.matchIndex...)
	match[rf.me] = rf.lastIndex()
	sort.Ints(match)
	index := match[(len(match)-1)/2]
	if index <= rf.commitIndex || rf.termAt(index) != rf.currentTerm {
		return false
	}
	rf.commitIndex = index
	rf.applyCond.Broadcast()
	return true
}

// AppendEntries makes this log agree with the leader's, as far as it is sent.
func (rf *Raft) AppendEntries(args *AppendEntriesArgs, reply *AppendEntriesReply) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if !rf.heardLeader(args.Term, &reply.Term) {
		return
	}
	prev, entries := args.PrevLogIndex, args.Entries
	if prev < rf.base { // that part is committed, hence equal
		skip := rf.base - prev
		if skip > len(entries) {
			skip = len(entries)
		}
		prev, entries = prev+skip, entries[skip:]
		if prev < rf.base {
			reply.Success = true
			return
		}
	} else if prev > rf.lastIndex() {
		reply.ConflictIndex = rf.lastIndex() + 1
		return
	} else if term := rf.termAt(prev); term != args.PrevLogTerm {
		reply.ConflictTerm, reply.ConflictIndex = term, prev
		for reply.ConflictIndex > rf.base+1 && rf.termAt(reply.ConflictIndex-1) == term {
			reply.ConflictIndex--
		}
		return
	}
	reply.Success = true
	rf.merge(prev, entries)

	if last := prev + len(entries); args.LeaderCommit > rf.commitIndex && last > rf.commitIndex {
		rf.commitIndex = args.LeaderCommit
		if last < rf.commitIndex {
			rf.commitIndex = last
		}
		rf.applyCond.Broadcast()
	}
}

// merge puts entries after index prev, and truncates only on a real conflict:
// messages may arrive out of order.
func (rf *Raft) merge(prev int, entries []Entry) {
	for i, entry := range entries {
		index := prev + 1 + i
		if index <= rf.lastIndex() && rf.termAt(index) == entry.Term {
			continue
		}
		rf.log = append(rf.log[:index-rf.base], entries[i:]...)
		rf.persist()
		return
	}
}

// heardLeader handles the term of a leader's message. False: it is stale.
func (rf *Raft) heardLeader(term int, answer *int) bool {
	if rf.killed() {
		return false
	}
	if term > rf.currentTerm {
		rf.becomeFollower(term)
	}
	*answer = rf.currentTerm
	if term < rf.currentTerm {
		return false
	}
	rf.role = follower
	rf.resetDeadline()
	return true
}
