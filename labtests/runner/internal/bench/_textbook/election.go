package raft

import "time"

// RequestVoteArgs is Figure 2's.
type RequestVoteArgs struct {
	Term, Candidate           int
	LastLogIndex, LastLogTerm int
}

// RequestVoteReply is Figure 2's.
type RequestVoteReply struct {
	Term    int
	Granted bool
}

// ticker starts an election when the leader has been silent for too long.
func (rf *Raft) ticker() {
	for !rf.killed() {
		rf.mu.Lock()
		if rf.role == leader {
			rf.resetDeadline()
		} else if !time.Now().Before(rf.deadline) {
			rf.campaign()
		}
		wait := time.Until(rf.deadline)
		rf.mu.Unlock()
		time.Sleep(wait)
	}
}

// becomeFollower enters term, which is the current one or a later one.
func (rf *Raft) becomeFollower(term int) {
	rf.role = follower
	if term > rf.currentTerm {
		rf.currentTerm, rf.votedFor = term, -1
		rf.persist()
	}
}

// campaign asks everybody for their vote (§5.2).
func (rf *Raft) campaign() {
	rf.role = candidate
	rf.currentTerm++
	rf.votedFor = rf.me
	rf.persist()
	rf.resetDeadline()

	args := RequestVoteArgs{
		Term: rf.currentTerm, Candidate: rf.me,
		LastLogIndex: rf.lastIndex(), LastLogTerm: rf.termAt(rf.lastIndex()),
	}
	votes := 1
	if votes > len(rf.peers)/2 {
		rf.lead()
	}
	for peer := range rf.peers {
		if peer != rf.me {
			go rf.askForVote(peer, args, &votes)
		}
	}
}

// askForVote counts into votes, which belongs to the election and is guarded
// by mu.
func (rf *Raft) askForVote(peer int, args RequestVoteArgs, votes *int) {
	var reply RequestVoteReply
	if rf.killed() || !rf.peers[peer].Call("Raft.RequestVote", &args, &reply) {
		return
	}
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if reply.Term > rf.currentTerm {
		rf.becomeFollower(reply.Term)
	}
	if rf.killed() || rf.role != candidate || rf.currentTerm != args.Term || !reply.Granted {
		return
	}
	*votes++
	if *votes > len(rf.peers)/2 {
		rf.lead()
	}
}

// lead makes this peer the leader of the current term.
func (rf *Raft) lead() {
	n := len(rf.peers)
	rf.role = leader
	rf.nextIndex, rf.matchIndex = make([]int, n), make([]int, n)
	rf.sending, rf.dirty = make([]bool, n), make([]bool, n)
	for peer := range rf.peers {
		rf.nextIndex[peer] = rf.lastIndex() + 1
	}
	go rf.heartbeats(rf.currentTerm)
}

// RequestVote grants the vote to the first candidate of the term whose log is
// at least as up to date as this one (§5.4.1).
func (rf *Raft) RequestVote(args *RequestVoteArgs, reply *RequestVoteReply) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if rf.killed() {
		return
	}
	if args.Term > rf.currentTerm {
		rf.becomeFollower(args.Term)
	}
	reply.Term = rf.currentTerm
	if args.Term < rf.currentTerm || (rf.votedFor != -1 && rf.votedFor != args.Candidate) {
		return
	}
	lastTerm := rf.termAt(rf.lastIndex())
	if args.LastLogTerm < lastTerm || (args.LastLogTerm == lastTerm && args.LastLogIndex < rf.lastIndex()) {
		return
	}
	rf.votedFor = args.Candidate
	rf.persist()
	rf.resetDeadline()
	reply.Granted = true
}
