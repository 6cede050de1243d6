package explain

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pontoon.dev/go-shim/trace"
)

// A script is a trace in a form that is read at a glance. A line is an event:
// when (ms), whose, what, and what its fields are, each with a letter:
//
//	servers 3                                    a Run, a TestStart and the Makes
//	10 1 vote p0 t2 i3/1                         server 1 votes for 0, whose log ends at 3, of term 1
//	20 0>1 #7 append t2 i3/1 e2/2 c3             a request: prev 3 of term 1, 2 entries, the last of term 2
//	20 0>1 #7 handle / yes t2 i5 / no t2 / return / lost
//	20 0>1 append t2 i3/1 e2/2 c3 : yes t2       all of these in one
//	- failure one(5) failed to reach agreement   what the test found; also: - start NAME, - end ok, - end fail
//
// t Term, i Index/LogTerm, l Last, p Peer, d Digest, c Commit, e Entries/EntriesTerm, L life.
type script struct {
	t      *testing.T
	events []trace.Event
	calls  uint64
}

var (
	verbs = map[string]trace.Kind{
		"make": trace.Make, "kill": trace.Kill, "propose": trace.Propose, "state": trace.State, "receive": trace.Receive,
		"timeout": trace.Timeout, "timer": trace.TimerReset, "role": trace.RoleChange, "vote": trace.Vote, "append": trace.Append,
		"truncate": trace.Truncate, "persist": trace.Persist, "commit": trace.Commit, "apply": trace.Apply,
		"died": trace.Failure, "snapshot": trace.Snapshot, "install": trace.Install, "link": trace.Link,
	}
	types = map[string]trace.Type{"append": trace.AppendEntries, "ask": trace.RequestVote, "install": trace.InstallSnapshot}
)

func parse(t *testing.T, text string) *trace.Trace {
	t.Helper()
	s := &script{t: t, calls: 1000}
	for line := range strings.Lines(text) {
		if line, _, _ = strings.Cut(strings.TrimSpace(line), "//"); strings.TrimSpace(line) != "" {
			s.line(strings.Fields(line))
		}
	}
	return &trace.Trace{Events: s.events}
}

func (s *script) line(words []string) {
	s.t.Helper()
	none := trace.Event{Server: trace.None, Peer: trace.None}
	switch words[0] {
	case "servers":
		none.Kind, none.Index = trace.Run, s.number(words[1])
		s.events = append(s.events, none)
		none.Kind, none.Index, none.Text = trace.TestStart, 0, "TestScript"
		s.events = append(s.events, none)
		for id := range int(s.number(words[1])) {
			s.events = append(s.events, trace.Event{Server: id, Peer: trace.None, Kind: trace.Make})
		}
		return
	case "-":
		none.At = s.now()
		none.Kind = map[string]trace.Kind{"failure": trace.Failure, "start": trace.TestStart, "end": trace.TestEnd}[words[1]]
		none.Text = strings.Join(words[2:], " ")
		none.Flag = none.Text == "ok"
		s.events = append(s.events, none)
		return
	}
	at := time.Duration(s.number(words[0])) * time.Millisecond
	if from, to, isMessage := strings.Cut(words[1], ">"); isMessage {
		s.message(trace.Event{At: at, Server: int(s.number(from)), Peer: int(s.number(to))}, words[2:])
		return
	}
	e := trace.Event{At: at, Server: int(s.number(words[1])), Peer: trace.None, Kind: verbs[words[2]]}
	if e.Kind == 0 {
		s.t.Fatalf("no event is called %q", words[2])
	}
	for _, word := range words[3:] {
		s.field(&e, nil, word)
	}
	e.Flag = e.Flag || e.Kind == trace.Make && len(words) > 3
	s.events = append(s.events, e)
}

func (s *script) now() time.Duration {
	if len(s.events) == 0 {
		return 0
	}
	return s.events[len(s.events)-1].At
}

func (s *script) message(e trace.Event, words []string) {
	s.t.Helper()
	m := &trace.Message{}
	if strings.HasPrefix(words[0], "#") {
		m.ID, words = s.number(words[0][1:]), words[1:]
	} else {
		s.calls++
		m.ID = s.calls
	}
	e.Message = m
	switch words[0] {
	case "handle":
		e.Kind = trace.Handle
	case "return":
		e.Kind, e.Flag = trace.Return, true
	case "lost":
		e.Kind = trace.Lost
	case "yes", "no":
		e.Kind, m.Known, m.OK = trace.Reply, true, words[0] == "yes"
		for _, word := range words[1:] {
			s.field(&e, m, word)
		}
	default:
		e.Kind, m.Type, m.Known, m.Method = trace.Send, types[words[0]], true, "Raft."+words[0]
		m.Known = m.Type != trace.Other
		for i, word := range words[1:] {
			if word == ":" {
				s.events = append(s.events, e)
				e.Last = 0
				id := fmt.Sprintf("#%d", m.ID)
				for _, rest := range [][]string{{id, "handle"}, append([]string{id}, words[i+2:]...), {id, "return"}} {
					s.message(trace.Event{At: e.At, Server: e.Server, Peer: e.Peer}, rest)
				}
				return
			}
			s.field(&e, m, word)
		}
	}
	s.events = append(s.events, e)
}

func (s *script) number(word string) uint64 {
	s.t.Helper()
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// field sets one field of an event, or of its message m.
func (s *script) field(e *trace.Event, m *trace.Message, word string) {
	s.t.Helper()
	roles := map[string]trace.Role{"follower": trace.Follower, "candidate": trace.Candidate, "leader": trace.Leader}
	if role, isRole := roles[word]; isRole {
		e.Role, e.Flag = role, e.Kind == trace.State && role == trace.Leader
		return
	}
	if word == "ok" || word == "snap" {
		e.Flag = true
		return
	}
	first, second, _ := strings.Cut(word[1:], "/")
	a, b := s.number(first), uint64(0)
	if second != "" {
		b = s.number(second)
	}
	if m != nil {
		switch word[0] {
		case 't':
			m.Term = a
		case 'i':
			m.Index, m.LogTerm = a, b
		case 'e':
			m.Entries, m.EntriesTerm = int(a), b
		case 'c':
			m.Commit = a
		case 'L':
			e.Last = a
		default:
			s.t.Fatalf("no field of a message is called %q", word)
		}
		return
	}
	switch word[0] {
	case 't':
		e.Term = a
	case 'i':
		e.Index, e.LogTerm = a, b
	case 'l':
		e.Last = a
	case 'p':
		e.Peer = int(a)
	case 'd':
		e.Digest = a
	default:
		s.t.Fatalf("no field is called %q", word)
	}
}
