package explain

import (
	"fmt"
	"strings"

	"pontoon.dev/go-shim/trace"
)

// Owner is the server at which e happens: a request arrives at, and is answered
// by, the one that it was sent to.
func Owner(e *trace.Event) int {
	if e.Kind == trace.Handle || e.Kind == trace.Reply {
		return e.Peer
	}
	return e.Server
}

// Words says in a few words what happened, for a reader who sees whose event it
// is. Sent is the request that a Handle, Return, Reply or Lost belongs to, or nil.
func Words(e *trace.Event, sent *trace.Message) string {
	if e.Message != nil {
		return messageWords(e, sent)
	}
	if inside(e.Kind) {
		return insideWords(e)
	}
	switch e.Kind {
	case trace.Run:
		return "a run of " + e.Text
	case trace.TestStart:
		return "test " + e.Text + " begins"
	case trace.TestEnd:
		return e.Text + verdict(e.Flag)
	case trace.Failure:
		return "the test finds: " + e.Text
	case trace.Make:
		if restoredNothing(e) {
			return "is started"
		}
		return fmt.Sprintf("is started with term %d, a log up to index %d (term %d), snapshot up to %d", e.Term, e.Index, e.LogTerm, e.Last)
	case trace.Kill:
		return "is killed"
	case trace.Link:
		if e.Flag {
			return fmt.Sprintf("is connected to %d", e.Peer)
		}
		return fmt.Sprintf("is cut off from %d", e.Peer)
	case trace.Propose:
		if !e.Flag {
			return "Start: no, it does not lead"
		}
		return fmt.Sprintf("Start(%s): index %d in term %d", e.Text, e.Index, e.Term)
	case trace.State:
		if e.Flag {
			return fmt.Sprintf("GetState: leader of term %d", e.Term)
		}
		return fmt.Sprintf("GetState: term %d, no leader", e.Term)
	case trace.Receive:
		if e.Flag {
			return fmt.Sprintf("applyCh: a snapshot up to index %d", e.Index)
		}
		return fmt.Sprintf("applyCh: index %d, %s", e.Index, command(e))
	}
	return fmt.Sprintf("event %d", e.Kind)
}

func verdict(passed bool) string {
	if passed {
		return " passes"
	}
	return " fails"
}

func insideWords(e *trace.Event) string {
	switch e.Kind {
	case trace.Timeout:
		return fmt.Sprintf("election timeout in term %d", e.Term)
	case trace.TimerReset:
		if e.Peer >= 0 && e.Peer != e.Server {
			return fmt.Sprintf("sets its election timer anew, because of %d", e.Peer)
		}
		return "sets its election timer anew"
	case trace.RoleChange:
		return fmt.Sprintf("is %s in term %d", roleName(e.Role), e.Term)
	case trace.Vote:
		if e.Peer == e.Server {
			return fmt.Sprintf("votes for itself in term %d", e.Term)
		}
		return fmt.Sprintf("votes for %d in term %d, whose log ends at %d (term %d)", e.Peer, e.Term, e.Index, e.LogTerm)
	case trace.Append:
		if e.Peer == e.Server {
			return fmt.Sprintf("appends %s of its own term %d", span(e.Index, e.Last), e.LogTerm)
		}
		return fmt.Sprintf("appends %s (term %d) of %d", span(e.Index, e.Last), e.LogTerm, e.Peer)
	case trace.Truncate:
		return fmt.Sprintf("cuts %s (term %d), because of %d", span(e.Index, e.Last), e.LogTerm, e.Peer)
	case trace.Persist:
		vote := ""
		if e.Peer >= 0 {
			vote = fmt.Sprintf(", its vote for %d", e.Peer)
		}
		return fmt.Sprintf("on stable storage: term %d%s, log up to %d (term %d)", e.Term, vote, e.Index, e.LogTerm)
	case trace.Commit:
		if e.Role == trace.Leader {
			return fmt.Sprintf("commits up to %d (term %d), by counting", e.Index, e.LogTerm)
		}
		return fmt.Sprintf("commits up to %d (term %d), as it was told", e.Index, e.LogTerm)
	case trace.Apply:
		return fmt.Sprintf("applies %d (term %d)", e.Index, e.LogTerm)
	case trace.Snapshot:
		return fmt.Sprintf("takes a snapshot up to %d (term %d)", e.Index, e.LogTerm)
	case trace.Install:
		return fmt.Sprintf("installs %d's snapshot up to %d (term %d)", e.Peer, e.Index, e.LogTerm)
	}
	return fmt.Sprintf("event %d", e.Kind)
}

func span(first, last uint64) string {
	if last <= first {
		return fmt.Sprintf("index %d", first)
	}
	return fmt.Sprintf("indexes %d to %d", first, last)
}

func messageWords(e *trace.Event, sent *trace.Message) string {
	name := "a request"
	if sent != nil {
		name = requestName(sent)
	}
	switch e.Kind {
	case trace.Send:
		return fmt.Sprintf("to %d: %s", e.Peer, requestWords(e.Message))
	case trace.Handle:
		return fmt.Sprintf("begins to handle %s of %d", name, e.Server)
	case trace.Reply:
		return fmt.Sprintf("answers %d's %s: %s", e.Server, name, replyWords(e.Message, sent))
	case trace.Return:
		if e.Flag {
			return fmt.Sprintf("has %d's answer to %s", e.Peer, name)
		}
		return fmt.Sprintf("gets no answer of %d to %s", e.Peer, name)
	}
	what := name + " to " + fmt.Sprint(e.Peer)
	if e.Flag {
		what = fmt.Sprintf("%d's answer to %s", e.Peer, name)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s is lost: %s", what, e.Text), ": ")
}

func requestName(m *trace.Message) string {
	switch {
	case m.Type == trace.RequestVote:
		return "RequestVote"
	case m.Type == trace.InstallSnapshot:
		return "InstallSnapshot"
	case m.Type == trace.AppendEntries && m.Known && m.Entries == 0:
		return "heartbeat"
	case m.Type == trace.AppendEntries:
		return "AppendEntries"
	case m.Method != "":
		return m.Method
	}
	return "request"
}

func requestWords(m *trace.Message) string {
	name := requestName(m)
	if !m.Known {
		return strings.TrimSpace(name + " " + m.Text)
	}
	switch m.Type {
	case trace.RequestVote:
		return fmt.Sprintf("%s, term %d, last entry %d (term %d)", name, m.Term, m.Index, m.LogTerm)
	case trace.InstallSnapshot:
		return fmt.Sprintf("%s, term %d, up to %d (term %d)", name, m.Term, m.Index, m.LogTerm)
	case trace.AppendEntries:
		entries := ""
		if m.Entries > 0 {
			entries = fmt.Sprintf(", %s (the last of term %d)", span(m.Index+1, covered(m)), m.EntriesTerm)
		}
		return fmt.Sprintf("%s, term %d, after %d (term %d)%s, commit %d", name, m.Term, m.Index, m.LogTerm, entries, m.Commit)
	}
	return name
}

func replyWords(m, sent *trace.Message) string {
	if !m.Known {
		if m.Text == "" {
			return "unknown"
		}
		return m.Text
	}
	answer := "no"
	switch {
	case m.OK:
		answer = "yes"
	case sent != nil && sent.Type == trace.InstallSnapshot:
		answer = "taken"
	}
	if m.OK && m.Index > 0 {
		answer += fmt.Sprintf(", up to %d", m.Index)
	}
	return fmt.Sprintf("%s, term %d", answer, m.Term)
}
