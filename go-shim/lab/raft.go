package lab

import (
	"errors"
	"fmt"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/trace"
)

// recorder is where servers record; tests have another.
var recorder = trace.Default

// step is the name of the one RPC method.
const step = "Raft.Step"

// Whoever watches the lab's network sees bytes alone.
func init() {
	trace.DescribeMessages(func(method string, data []byte, reply bool) (trace.Message, bool) {
		if method != step {
			return trace.Message{}, false
		}
		m, isReply, ok := raft.Describe(data)
		return m, ok && isReply == reply
	})
}

// Raft is one server. All methods may be called from any goroutine, also on a
// nil *Raft, which behaves like a server that was killed.
type Raft struct {
	node *raft.Node
	host *host
}

// Make starts a server: a new one if the persister is empty, else the one that
// it holds. It delivers and sends nothing itself; that is left to goroutines of
// the server's own.
//
// It panics, for it has no other way to say so, if an option is missing or if
// the persister holds something that Pontoon did not save.
func Make(o Options) *Raft {
	host, err := newHost(o)
	if err != nil {
		panic("pontoon: Make: " + err.Error())
	}
	config := raft.Config{
		ID:      uint64(o.Me),
		Profile: raft.ProfileLab,
		Trace:   recorder(),
		// The service reads the persister's snapshot itself.
		NoSnapshotRestoreOnStart: true,
	}
	for server := 0; server < o.Servers; server++ {
		config.Voters = append(config.Voters, uint64(server))
	}
	node, err := raft.New(config, host, host, host)
	if err != nil {
		panic(fmt.Sprintf("pontoon: Make: server %d cannot start from what its persister holds: %v", o.Me, err))
	}
	return &Raft{node: node, host: host}
}

// Step is the one RPC method, "Raft.Step": a request of another server and the
// reply to it. It returns when the reply may leave. An empty reply is none:
// the server is dead, or args is not a request to it.
func (rf *Raft) Step(args []byte, reply *[]byte) {
	if rf == nil {
		return
	}
	if answer, err := rf.node.Handle(args); err == nil {
		*reply = answer
	}
}

// Start appends a command to the log if this server is the leader, and returns
// at once with the index that the command will have if it is ever committed,
// the current term, and whether this server is the leader. If it is not, or is
// dead, the index is -1 and nothing was appended.
//
// The command comes back in ApplyMsg with its Go type. Plain types need
// nothing; others have to be registered, with labgob.Register or gob.Register,
// and come back as gob would bring them back. Start panics with gob's complaint
// if the command cannot be encoded, as the labs' RPC package does when such a
// command is about to be replicated, and if it is longer than 32 MiB.
func (rf *Raft) Start(command interface{}) (int, int, bool) {
	if rf == nil {
		return -1, 0, false
	}
	encoded, err := rf.host.codec.encode(command)
	if err != nil {
		panic(fmt.Sprintf("pontoon: Start: %v%s", err, registerHint(command)))
	}
	index, term, err := rf.node.Start(encoded)
	if errors.Is(err, raft.ErrTooLarge) {
		panic("pontoon: Start: " + err.Error())
	}
	if err != nil {
		return -1, int(term), false
	}
	return int(index), int(term), true
}

// GetState returns the current term and whether this server believes it is the
// leader. A dead server keeps its last term and is none.
func (rf *Raft) GetState() (int, bool) {
	if rf == nil {
		return 0, false
	}
	state := rf.node.State()
	return int(state.Term), state.Role == raft.Leader
}

// Snapshot says that the service has put everything up to and including index
// into snapshot, so that the log up to there can go. An index that was not yet
// delivered by this server, or that its last snapshot covers, is ignored.
func (rf *Raft) Snapshot(index int, snapshot []byte) {
	if rf == nil || index <= 0 {
		return
	}
	if err := rf.node.Snapshot(uint64(index), snapshot); errors.Is(err, raft.ErrTooLarge) {
		panic("pontoon: Snapshot: " + err.Error())
	}
}

// CondInstallSnapshot tells whether the service may switch to a snapshot that
// was delivered. It may: a snapshot is delivered only if it is ahead of
// everything delivered before.
func (rf *Raft) CondInstallSnapshot(lastIncludedTerm int, lastIncludedIndex int, snapshot []byte) bool {
	return rf != nil
}

// PersistBytes is the size of the persisted state, without the snapshot.
func (rf *Raft) PersistBytes() int {
	if rf == nil {
		return 0
	}
	return rf.host.persister.RaftStateSize()
}

// Kill ends the server. When it returns nothing more is delivered and no more
// RPC is made; RPCs under way may still return, and are ignored. It waits
// neither for them nor for the service, and may be called again, from any
// goroutine and with any lock of the caller's held, but not from within
// Options.Deliver and Options.Closed.
func (rf *Raft) Kill() {
	if rf == nil {
		return
	}
	rf.host.kill()
	rf.node.Stop()
	<-rf.host.stopped
}
