package trace

import "time"

// Kind says what happened. The comment of each tells which fields of an Event
// it sets beside At, Server and Kind; all others are zero.
type Kind uint8

// What the test and the network do. Whoever drives the servers records it, so
// it is there for any Raft.
const (
	_ Kind = iota
	// Run begins a trace. Text names the implementation; Index is the number
	// of servers, 0 if not known yet. Server is None.
	Run
	// TestStart and TestEnd enclose one test. Text is its name; Flag of TestEnd
	// tells that it passed. Server is None.
	TestStart
	TestEnd
	// Failure is what the test found wrong, in its own words: Text. Server is
	// None; otherwise that node ended of itself, and Text says why.
	Failure
	// Make is a server's start, the first one or the one after a crash. A node
	// that tells records one more, with Flag, once it has read what was
	// persisted: Term is the persisted term, Index and LogTerm are of its last
	// entry and Last is its snapshot's last index.
	Make
	// Kill is a server's end: by the test, or because it was replaced.
	Kill
	// Link is a way from Server to Peer that is opened (Flag) or cut.
	Link
	// Propose is a call of Start: Flag tells that the server took the command,
	// at Index in Term. Text is the command.
	Propose
	// State is what a GetState answered: Term, and Flag if it says leader.
	State
	// Receive is a message from applyCh, as the test received it: Index, Text
	// the command, Digest of Text. Flag tells that it is a snapshot through
	// Index.
	Receive
	// Send is a request on its way from Server to Peer, with its Message. Last
	// is the life of the server that sends it: 1 for what left through an end
	// that was made for its first Make, and so on; 0 if not known. What is left
	// of a killed server may go on sending.
	Send
	// Handle is that request's arrival at Peer, just before its handler runs.
	Handle
	// Reply is the handler's end: the answer on its way from Peer back to
	// Server, with its Message.
	Reply
	// Return is that answer's arrival at Server. Flag tells that the call
	// succeeded; if not, no Reply of the same Message.ID reached the caller.
	Return
	// Lost is what the network did to a request or (Flag) its answer: dropped,
	// or its way was cut; Text says which.
	Lost
)

// What happens inside a server. Only a Raft that tells of it itself, such as
// Pontoon, has these.
const (
	// Timeout is an election timeout that ran out: Term is the one before.
	Timeout Kind = iota + 64
	// TimerReset is an election timer set anew, because of Peer (a message from
	// the current leader, a vote that was granted, or Server itself).
	TimerReset
	// Role is a change of role or term: Role, Term.
	RoleChange
	// Vote is a vote granted to Peer in Term, whose last entry has Index and
	// LogTerm. A candidate's vote for itself is one too.
	Vote
	// Append is entries Index to Last put into the log, all of LogTerm. Term is
	// the server's. Digest is of the command of the last one, and Peer is who
	// sent them: Server itself for a leader's own.
	Append
	// Truncate is entries Index to Last taken out of the log, because they
	// conflict with what Peer sent in Term. LogTerm is the term of the first.
	Truncate
	// Persist is everything up to Index (of LogTerm) and the vote of Term made
	// durable. Peer is whom that vote was given to, None if nobody.
	Persist
	// Commit is a commit index that moved from Last to Index, an entry of
	// LogTerm. Role tells whether a leader counted it or a follower was told.
	Commit
	// Apply is an entry taken from the log to be handed to the state machine:
	// Index, LogTerm, Digest of the command. A batch of them is recorded when it
	// is taken; a server that is killed may not come to the last ones.
	Apply
	// Snapshot is the service's snapshot of everything through Index, LogTerm.
	Snapshot
	// Install is a snapshot of Peer's through Index, LogTerm, that replaces the
	// log up to there. What stood after it is there still, unless a Truncate
	// came just before.
	Install
)

// None is the Server or Peer of an event that has none.
const None = -1

// Role is a server's role in its term.
type Role uint8

// The roles.
const (
	Follower Role = iota
	Candidate
	Leader
)

// Event is one thing that happened. Servers are numbered from 0, as in the
// labs. Its place in a Trace is its place in time: two events of one At are in
// the order in which they were recorded.
type Event struct {
	At      time.Duration // since the first event of the trace, on its process's clock
	Server  int           // whose; for messages, the caller's
	Peer    int           // the other one, or None
	Kind    Kind
	Role    Role
	Flag    bool
	Term    uint64
	Index   uint64
	LogTerm uint64
	Last    uint64
	Digest  uint64 // FNV-1a, 64 bits
	Text    string
	Message *Message // of Send, Handle, Reply, Return and Lost
}

// Type is an RPC of Figures 2 and 13.
type Type uint8

// The RPCs. Other is any that is not Raft's, or not understood.
const (
	Other Type = iota
	AppendEntries
	RequestVote
	InstallSnapshot
)

// Message is a request or an answer. Handle, Return and Lost have only its ID:
// the rest is in the Send or Reply of the same ID.
type Message struct {
	ID     uint64 // of the call: an answer has its request's
	Type   Type
	Method string // as labrpc calls it, such as Raft.AppendEntries
	// Known tells that the fields below are what they say. They are not if the
	// sender's structs do not follow Figure 2's names.
	Known bool
	Term  uint64
	// Index and LogTerm are prevLogIndex and prevLogTerm, a candidate's last
	// entry, or a snapshot's last entry. In an answer to AppendEntries Index is
	// how far the follower's log agrees, if the answer says so.
	Index, LogTerm uint64
	Entries        int    // how many, in an AppendEntries
	EntriesTerm    uint64 // the term of the last one
	Commit         uint64 // leaderCommit
	OK             bool   // success, or voteGranted
	Bytes          int    // on the wire, if known
	Text           string // the struct as Go prints it, shortened; empty if Known says it all
}

// Trace is what was recorded, in order.
type Trace struct {
	Events []Event
	// Full tells that the recording stopped at its limit of size, with the test
	// still going on.
	Full bool
}
