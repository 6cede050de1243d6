package core

// LibHash is set by the linker's -X flag to a hash of the library, so that
// Go's build and test caches notice a new one. Nothing reads it.
var LibHash string

// Config is PontoonConfig. In the fields after Seed, 0 stands for the default
// of the profile; times are milliseconds.
type Config struct {
	ID                   uint64
	Voters               []uint64
	Seed                 uint64
	Service              bool // PONTOON_PROFILE_SERVICE instead of PONTOON_PROFILE_LAB
	MaxInflight          uint32
	ElectionTimeoutMSMin uint64
	ElectionTimeoutMSMax uint64
	HeartbeatIntervalMS  uint64
	CoalesceMS           uint64
	MaxAppendBytes       uint
	SnapshotChunkBytes   uint
	TraceEvents          uint // kept for Events; 0 records none
}

// Step is what the node waits for after a call.
type Step struct {
	DeadlineMS uint64 // when Tick is due; NoDeadline if never
	Work       bool   // Work has something
	Apply      bool   // Apply has something
	Events     bool   // Events has something
}

// NoDeadline is the Step.DeadlineMS of a node that needs no Tick.
const NoDeadline = ^uint64(0)

// Started is where a command was put.
type Started struct {
	Index, Term uint64
}

// Role is a server's role in its term.
type Role uint32

// The roles.
const (
	Follower  Role = 0
	Candidate Role = 1
	Leader    Role = 2
)

// State is a node, seen from outside.
type State struct {
	ID, Term       uint64
	Role           Role
	HasLeader      bool
	Leader         uint64
	CommitIndex    uint64
	DeliveredIndex uint64
	StableIndex    uint64
	LastIndex      uint64
	LastTerm       uint64
	SnapshotIndex  uint64
	SnapshotTerm   uint64
	StateBytes     uint64
}

// Message is a message for another server. Data is a view, valid as long as
// the batch it came with.
type Message struct {
	To, Ticket uint64
	IsReply    bool
	Data       []byte
}

// Work is one batch: send Early, make State and Snapshot durable if Persist is
// set, send Messages, then call WorkDone. It and all its views are valid, and
// do not change, until WorkDone, WorkFailed or Free; other methods may be
// called meanwhile.
type Work struct {
	Sequence        uint64
	Early           []Message
	Persist         bool
	SnapshotChanged bool
	State, Snapshot []byte
	Messages        []Message
}

// Entry is an entry of the log. Data is a view, valid as long as the Apply it
// came with.
type Entry struct {
	Index, Term uint64
	Noop        bool
	Data        []byte
}

// Apply is what the state machine is to do next: install Snapshot if
// HasSnapshot is set, else apply Entries. It and all its views are valid until
// ApplyDone, the next Apply or Free; other methods may be called meanwhile.
type Apply struct {
	Entries       []Entry
	HasSnapshot   bool
	SnapshotIndex uint64
	SnapshotTerm  uint64
	Snapshot      []byte
}

// Event is PontoonEvent: pontoon.h says for each Kind, a PONTOON_EVENT number,
// which fields it has.
type Event struct {
	Kind    uint32
	Role    Role
	HasPeer bool
	Peer    uint64
	Term    uint64
	Index   uint64
	LogTerm uint64
	Last    uint64
	Digest  uint64
}

// MessageInfo is PontoonMessageInfo.
type MessageInfo struct {
	From, To       uint64
	Kind           uint32 // a PONTOON_MESSAGE number
	IsReply        bool
	Term           uint64
	Index, LogTerm uint64
	Entries        uint64
	EntriesTerm    uint64
	Commit         uint64
	OK             bool
}
