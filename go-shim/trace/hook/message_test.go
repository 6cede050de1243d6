package hook

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"
)

type logEntry struct {
	Term    int
	Command any
}

type (
	voteArgs  struct{ Term, CandidateId, LastLogIndex, LastLogTerm int }
	voteReply struct {
		Term        int
		VoteGranted bool
	}
	appendArgs struct {
		Term, LeaderId, PrevLogIndex, PrevLogTerm int
		Entries                                   []logEntry
		LeaderCommit                              int
	}
	appendReply struct {
		Term                int
		Success             bool
		XTerm, XIndex, XLen int
	}
	snapshotArgs struct {
		Term, LeaderId, LastIncludedIndex, LastIncludedTerm int
		Data                                                []byte
	}
	loweredArgs struct {
		TERM         uint64
		PrevIndex    int64
		PrevTerm     int64
		Log          []*logEntry
		CommitIndex  int32
		Hint, hidden string
	}
	strangeArgs struct {
		Epoch int
		Blob  []byte
		List  []int
		Map   map[string]int
	}
)

// Figure 2's names are understood, and some that students use; of anything else
// there is what Go prints.
func TestDescribe(t *testing.T) {
	for i, c := range []struct {
		method string
		value  any
		reply  bool
		want   trace.Message
	}{
		{"Raft.RequestVote", &voteArgs{3, 1, 7, 2}, false, trace.Message{Type: trace.RequestVote, Known: true, Term: 3, Index: 7, LogTerm: 2}},
		{"Raft.RequestVote", voteArgs{Term: 3}, false, trace.Message{Type: trace.RequestVote, Known: true, Term: 3}},
		{"Raft.RequestVote", &voteReply{3, true}, true, trace.Message{Type: trace.RequestVote, Known: true, Term: 3, OK: true}},
		{"Raft.AppendEntries", &appendArgs{4, 0, 8, 3, []logEntry{{3, "x"}, {4, "y"}}, 6}, false,
			trace.Message{Type: trace.AppendEntries, Known: true, Term: 4, Index: 8, LogTerm: 3, Entries: 2, EntriesTerm: 4, Commit: 6}},
		{"Raft.AppendEntries", &appendArgs{Term: 4}, false, trace.Message{Type: trace.AppendEntries, Known: true, Term: 4}},
		{"Raft.AppendEntries", &appendReply{4, false, 2, 5, 9}, true, trace.Message{Type: trace.AppendEntries, Known: true, Term: 4, Text: "XTerm:2 XIndex:5 XLen:9"}},
		{"Raft.InstallSnapshot", &snapshotArgs{5, 1, 30, 4, []byte("abc")}, false, trace.Message{Type: trace.InstallSnapshot, Known: true, Term: 5, Index: 30, LogTerm: 4}},
		{"Raft.InstallSnapshot", &struct{ Term int }{5}, true, trace.Message{Type: trace.InstallSnapshot, Known: true, Term: 5}},
		{"Raft.Heartbeat", &loweredArgs{6, -1, 3, []*logEntry{{5, 1}, {6, 1}}, 7, "h", ""}, false,
			trace.Message{Type: trace.AppendEntries, Known: true, Term: 6, LogTerm: 3, Entries: 2, EntriesTerm: 6, Commit: 7, Text: "Hint:h"}},
		{"Raft.AppendEntries", &voteArgs{3, 1, 7, 2}, false, trace.Message{Type: trace.AppendEntries, Text: "Term:3 CandidateId:1 LastLogIndex:7 LastLogTerm:2"}},
		{"Raft.AppendEntries", &strangeArgs{1, make([]byte, 5000), []int{1, 2}, nil}, false, trace.Message{Type: trace.AppendEntries, Text: "Epoch:1 Blob:(5000) List:[1 2] Map:(0)"}},
		{"Raft.Other", &voteArgs{Term: 1}, false, trace.Message{Text: "Term:1 CandidateId:0 LastLogIndex:0 LastLogTerm:0"}},
		{"Raft.Step", []byte("opaque"), false, trace.Message{Bytes: 6}},
		{"Raft.AppendEntries", nil, false, trace.Message{Type: trace.AppendEntries}},
		{"Raft.RequestVote", (*voteArgs)(nil), false, trace.Message{Type: trace.RequestVote, Text: "<nil>"}},
		{"Raft.RequestVote", 17, false, trace.Message{Type: trace.RequestVote, Text: "17"}},
	} {
		call := &Call{method: c.method, service: true}
		if got := call.describe(c.value, c.reply); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d, %s:\ngot  %+v\nwant %+v", i, c.method, got, c.want)
		}
	}
	// A service's method whose name is like an RPC's is none.
	if m := (&Call{method: "KVServer.PutAppend"}).describe(&appendArgs{}, false); m.Type != trace.Other || m.Known {
		t.Errorf("a client's request is described as %+v", m)
	}
}

// Pontoon's messages are bytes, which it explains itself.
func TestDescribeBytes(t *testing.T) {
	trace.DescribeMessages(func(method string, data []byte, reply bool) (trace.Message, bool) {
		return trace.Message{Type: trace.RequestVote, Known: true, Term: uint64(data[0]), OK: reply}, method == "Raft.Step"
	})
	t.Cleanup(func() { trace.DescribeMessages(nil) })
	data := []byte{9}
	for _, value := range []any{data, &data} {
		want := trace.Message{Type: trace.RequestVote, Known: true, Term: 9, OK: true, Bytes: 1}
		if got := (&Call{method: "Raft.Step"}).describe(value, true); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
	}
	if got := (&Call{method: "KV.Do"}).describe(data, true); !reflect.DeepEqual(got, trace.Message{Bytes: 1}) {
		t.Errorf("got %+v", got)
	}
}

// Every year's ApplyMsg is understood.
func TestReceived(t *testing.T) {
	type old struct {
		Index       int
		Command     any
		UseSnapshot bool
		Snapshot    []byte
	}
	for i, c := range []struct {
		message any
		want    string // flag, index, text; empty if there is nothing in it
	}{
		{old{Index: 3, Command: 5}, "false 3 5"},
		{old{Index: 4, UseSnapshot: true}, "true 4 "},
		{old{}, ""},
		{struct {
			CommandValid bool
			Command      any
			CommandIndex int
		}{true, "x", 2}, "false 2 x"},
		{applyMsg{CommandValid: true, CommandIndex: 9, Command: struct{ K, V string }{"a", "b"}}, "false 9 {K:a V:b}"},
		{applyMsg{SnapshotValid: true, SnapshotIndex: 9}, "true 9 "},
		{applyMsg{}, ""},
		{"no message", ""},
	} {
		got := ""
		if e, ok := received(reflect.ValueOf(c.message)); ok {
			got = fmt.Sprint(e.Flag, " ", e.Index, " ", e.Text)
			if (e.Digest != 0) != (e.Text != "") {
				t.Errorf("%d: digest %d of %q", i, e.Digest, e.Text)
			}
		}
		if got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

// Long commands are cut, but told apart.
func TestLongCommands(t *testing.T) {
	one, other := commandOf(strings.Repeat("é", 400)+"1"), commandOf(strings.Repeat("é", 400)+"2")
	if one.text != other.text || one.digest == other.digest || len(one.text) > maxText+4 || !strings.HasSuffix(one.text, "é…") {
		t.Errorf("got %+v and %+v", one, other)
	}
}
