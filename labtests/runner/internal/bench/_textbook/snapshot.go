package raft

// InstallSnapshotArgs is Figure 13's, with the snapshot in one piece.
type InstallSnapshotArgs struct {
	Term                                int
	LastIncludedIndex, LastIncludedTerm int
	Data                                []byte
}

// InstallSnapshotReply is Figure 13's.
type InstallSnapshotReply struct {
	Term int
}

// Snapshot drops the log up to index, which the service has saved.
func (rf *Raft) Snapshot(index int, snapshot []byte) {
	if rf == nil {
		return // the 2021 harness asks crashed peers, too
	}
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if rf.killed() || index <= rf.base || index > rf.lastApplied {
		return
	}
	rf.dropUpTo(index, rf.termAt(index), snapshot)
	rf.persist()
}

// CondInstallSnapshot always agrees: snapshots are delivered in order anyway.
func (rf *Raft) CondInstallSnapshot(term, index int, snapshot []byte) bool { return rf != nil }

// dropUpTo makes the entry at index the base of the log. The rest moves to new
// memory, so that what was dropped can be freed.
func (rf *Raft) dropUpTo(index, term int, snapshot []byte) {
	kept := []Entry{{Term: term}}
	if index < rf.lastIndex() {
		kept = append(kept, rf.log[index-rf.base+1:]...)
	}
	rf.base, rf.log, rf.snapshot = index, kept, snapshot
}

// sendSnapshot is send for a peer that needs entries which are gone.
func (rf *Raft) sendSnapshot(peer int, answered func()) {
	args := &InstallSnapshotArgs{
		Term: rf.currentTerm, LastIncludedIndex: rf.base, LastIncludedTerm: rf.log[0].Term, Data: rf.snapshot,
	}
	go func() {
		var reply InstallSnapshotReply
		ok := !rf.killed() && rf.peers[peer].Call("Raft.InstallSnapshot", args, &reply)
		rf.mu.Lock()
		defer rf.mu.Unlock()
		if ok {
			rf.installed(peer, args, &reply)
		}
		answered()
	}()
}

func (rf *Raft) installed(peer int, args *InstallSnapshotArgs, reply *InstallSnapshotReply) {
	if reply.Term > rf.currentTerm {
		rf.becomeFollower(reply.Term)
	}
	if rf.killed() || rf.role != leader || rf.currentTerm != args.Term || reply.Term < args.Term {
		return
	}
	rf.matched(peer, args.LastIncludedIndex)
	rf.tell(peer) // the entries behind it
}

// InstallSnapshot replaces what this peer has by the leader's snapshot.
func (rf *Raft) InstallSnapshot(args *InstallSnapshotArgs, reply *InstallSnapshotReply) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if !rf.heardLeader(args.Term, &reply.Term) {
		return
	}
	if args.LastIncludedIndex <= rf.commitIndex {
		return // on its way to the service as entries
	}
	index, term := args.LastIncludedIndex, args.LastIncludedTerm
	if index > rf.lastIndex() || rf.termAt(index) != term {
		rf.log = rf.log[:1] // no suffix to keep (Figure 13, rule 7)
		rf.base = index
	}
	rf.dropUpTo(index, term, args.Data)
	rf.persist()
	rf.commitIndex = index
	rf.pending = &ApplyMsg{SnapshotValid: true, Snapshot: args.Data, SnapshotTerm: term, SnapshotIndex: index}
	rf.applyCond.Broadcast()
}
