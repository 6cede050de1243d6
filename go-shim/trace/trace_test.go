package trace

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorded are events of every kind, with every field in its extremes.
func recorded() []Event {
	var events []Event
	for k := range kindNames {
		if kindNames[k] != "" {
			events = append(events, Event{Kind: Kind(k), Server: k % 5, Peer: None, Term: uint64(k), Text: Kind(k).String()})
		}
	}
	return append(events,
		Event{Kind: Run, Server: None, Peer: None},
		Event{Kind: Vote, Server: maxServer, Peer: maxServer, Role: Leader, Flag: true, Term: math.MaxUint64, Index: math.MaxUint64,
			LogTerm: math.MaxUint64, Last: math.MaxUint64, Digest: math.MaxUint64, Text: "žluťoučký", Message: &Message{}},
		Event{Kind: Send, Peer: 0, Message: &Message{ID: math.MaxUint64, Type: InstallSnapshot, Method: "Raft.Step", Known: true, Term: math.MaxUint64,
			Index: math.MaxUint64, LogTerm: math.MaxUint64, Entries: math.MaxInt32, EntriesTerm: math.MaxUint64, Commit: math.MaxUint64, OK: true,
			Bytes: math.MaxInt32, Text: "{}"}},
		Event{Kind: Reply, Server: 1, Peer: 2, Message: &Message{ID: 7, Type: RequestVote, OK: true}},
	)
}

// create makes a recorder in a fresh directory, which is returned.
func create(t testing.TB, limit int64) (*Recorder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "1.trace")
	r, err := Create(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, path
}

// mustRead reads without the times, after a look at them.
func mustRead(t testing.TB, path string) *Trace {
	t.Helper()
	trace, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var before time.Duration
	for i := range trace.Events {
		if at := trace.Events[i].At; at < before || i == 0 && at != 0 {
			t.Fatalf("event %d is at %v, the one before at %v", i, at, before)
		}
		before, trace.Events[i].At = trace.Events[i].At, 0
	}
	return trace
}

func TestRoundTrip(t *testing.T) {
	r, path := create(t, 0)
	for _, e := range recorded() {
		r.Record(&e)
	}
	r.RecordAll(recorded())
	for _, when := range []string{"while it is written", "when it is closed"} {
		trace := mustRead(t, path)
		if want := append(recorded(), recorded()...); !reflect.DeepEqual(trace.Events, want) || trace.Full {
			t.Fatalf("%s: got\n%+v\nwant\n%+v", when, trace.Events, want)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.Record(&Event{Kind: Kill}) // after Close
	if info, err := os.Stat(path); err != nil || info.Size() != int64(r.at) {
		t.Fatalf("the file has %d bytes, %d were recorded: %v", info.Size(), r.at, err)
	}
}

func TestNilRecorder(t *testing.T) {
	var r *Recorder
	r.Record(&Event{Kind: Run})
	r.RecordAll([]Event{{Kind: Run}})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRecordDropsWhatCannotBeRead(t *testing.T) {
	r, path := create(t, 0)
	r.RecordAll([]Event{
		{}, {Kind: Lost + 1}, {Kind: endOfSpace}, {Kind: Vote, Role: Leader + 1}, {Kind: Vote, Server: -2}, {Kind: Vote, Peer: maxServer + 1},
		{Kind: Send, Message: &Message{Type: InstallSnapshot + 1}},
	})
	r.Record(&Event{Kind: Send, Message: &Message{Entries: -1, Bytes: math.MaxInt64}})
	if trace := mustRead(t, path); len(trace.Events) != 1 || *trace.Events[0].Message != (Message{Bytes: math.MaxInt32}) {
		t.Fatalf("got %+v", trace.Events)
	}
}

func TestTextsAreCutAtARune(t *testing.T) {
	r, path := create(t, 0)
	long := "x" + strings.Repeat("ž", maxText)
	r.Record(&Event{Kind: Failure, Text: long, Message: &Message{Method: long, Text: long}})
	e := mustRead(t, path).Events[0]
	for _, text := range []string{e.Text, e.Message.Method, e.Message.Text} {
		if len(text) != maxText-1 || !strings.HasPrefix(long, text) {
			t.Fatalf("%d bytes were kept", len(text))
		}
	}
}

func TestFull(t *testing.T) {
	for limit := int64(headerSize + endSize); limit < 2000; limit += 61 {
		r, path := create(t, limit)
		for i := 0; i < 1000; i++ {
			r.Record(&Event{Kind: Commit, Index: uint64(i)})
		}
		trace := mustRead(t, path)
		for i, e := range trace.Events {
			if e.Index != uint64(i) {
				t.Fatalf("limit %d: event %d has index %d", limit, i, e.Index)
			}
		}
		if least := (int(limit) - headerSize - maxFixed) / 12; !trace.Full || len(trace.Events) < least {
			t.Fatalf("limit %d: full %v with %d events", limit, trace.Full, len(trace.Events))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(path); info.Size() > limit {
			t.Fatalf("limit %d: the file has %d bytes", limit, info.Size())
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		limit int64
		want  string
	}{
		{there, 0, "exists"},
		{filepath.Join(dir, "no", "such"), 0, "no such"},
		{filepath.Join(dir, "a"), 1, "limit is 1 bytes"},
		{filepath.Join(dir, "a"), -1, "limit is -1 bytes"},
		{filepath.Join(dir, "a"), maxFile + 1, "limit is"},
	} {
		if r, err := Create(c.path, c.limit); r != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("Create(%s, %d) = %v, %v", c.path, c.limit, r, err)
		}
	}
}

func TestGoroutines(t *testing.T) {
	const goroutines, each = 8, 2000
	r, path := create(t, 0)
	var group sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < each; i += 2 {
				r.Record(&Event{Kind: Propose, Server: g, Index: uint64(i), Text: "x"})
				r.RecordAll([]Event{{Kind: Propose, Server: g, Index: uint64(i + 1), Text: "x"}})
			}
		}()
	}
	group.Wait()
	var next [goroutines]uint64
	for _, e := range mustRead(t, path).Events {
		if e.Index != next[e.Server] {
			t.Fatalf("goroutine %d: event %d instead of %d", e.Server, e.Index, next[e.Server])
		}
		next[e.Server]++
	}
	for g, n := range next {
		if n != each {
			t.Fatalf("goroutine %d: %d events", g, n)
		}
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	r, _ := create(t, 0)
	e := recorded()[0]
	m := Event{Kind: Send, Message: &Message{ID: 1, Method: "Raft.Step", Known: true}}
	if n := testing.AllocsPerRun(1000, func() { r.Record(&e); r.Record(&m) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestDescribe(t *testing.T) {
	t.Cleanup(func() { describer.Store(nil) })
	if m, ok := Describe("Raft.Step", nil, false); ok || m != (Message{}) {
		t.Fatalf("nobody registered, and yet: %+v", m)
	}
	DescribeMessages(func(method string, data []byte, reply bool) (Message, bool) {
		return Message{Type: RequestVote, Term: uint64(len(data)), OK: reply}, method == "Raft.Step"
	})
	if m, ok := Describe("Raft.Step", []byte("abc"), true); !ok || m != (Message{Type: RequestVote, Term: 3, OK: true}) {
		t.Fatalf("got %+v, %v", m, ok)
	}
	if _, ok := Describe("KV.Get", nil, false); ok {
		t.Fatal("KV.Get was understood")
	}
}

func TestNames(t *testing.T) {
	if s := fmt.Sprint(RoleChange, Kind(99), Candidate, Role(9), AppendEntries, Type(9)); s != "RoleChange Kind(99) candidate Role(9) AppendEntries Type(9)" {
		t.Fatal(s)
	}
	// The value is from FNV's own test vectors.
	if Digest("foobar") != 0x85944171f73967e8 || Digest([]byte(nil)) != 0xcbf29ce484222325 {
		t.Fatal("Digest is not FNV-1a")
	}
}

func BenchmarkRecord(b *testing.B) {
	r, path := create(b, maxFile)
	e := Event{Kind: Append, Server: 1, Peer: 2, Term: 3, Index: 1000, Last: 1000, LogTerm: 3, Digest: Digest("command")}
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		r.Record(&e)
		if r.at > maxFile/2 {
			r.at = headerSize
		}
	}
	b.StopTimer()
	if _, err := os.Stat(path); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRecordAll(b *testing.B) {
	r, _ := create(b, maxFile)
	events := make([]Event, 3)
	for i := range events {
		events[i] = Event{Kind: Append, Server: 1, Peer: 2, Term: 3, Index: 1000, Last: 1000, LogTerm: 3, Digest: Digest("command")}
	}
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		r.RecordAll(events)
		if r.at > maxFile/2 {
			r.at = headerSize
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(3*b.N), "ns/event")
}

// TestEveryFieldIsRecorded: whoever adds a field to an Event or a Message has
// to add it to the codec.
func TestEveryFieldIsRecorded(t *testing.T) {
	seen := map[string]bool{}
	look := func(v reflect.Value) {
		for i := 0; i < v.NumField(); i++ {
			name := v.Type().String() + "." + v.Type().Field(i).Name
			seen[name] = seen[name] || !v.Field(i).IsZero()
		}
	}
	for _, e := range recorded() {
		look(reflect.ValueOf(e))
		if e.Message != nil {
			look(reflect.ValueOf(*e.Message))
		}
	}
	for name, ok := range seen {
		if !ok && name != "trace.Event.At" {
			t.Errorf("%s: no event of the round trip has it", name)
		}
	}
}
