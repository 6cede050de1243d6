package trace

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fileOf is what a recorder would have written, at given times after start.
func fileOf(start int64, events ...Event) []byte {
	b := appendHeader(nil, start)
	latest := int64(0)
	for i := range events {
		b = append(b, sized(appendRecord(make([]byte, sizeBytes), &events[i], int64(events[i].At)-latest))...)
		latest = int64(events[i].At)
	}
	return b
}

func sized(record []byte) []byte {
	binary.LittleEndian.PutUint16(record, uint16(len(record)-sizeBytes))
	return record
}

func readBytes(b []byte) (*Trace, int64, error) {
	p, at, err := read(bufio.NewReader(bytes.NewReader(b)), maxEvents)
	if err != nil {
		return nil, at, err
	}
	return &Trace{Events: merge([]part{p}), Full: p.full}, at, nil
}

func TestMergeByTimeKeepsOrder(t *testing.T) {
	dir := t.TempDir()
	at := func(server int, seconds ...int) (events []Event) {
		for i, s := range seconds {
			events = append(events, Event{Kind: Commit, Server: server, Peer: None, Index: uint64(i), At: time.Duration(s) * time.Second})
		}
		return events
	}
	start := time.Now().UnixNano()
	for name, b := range map[string][]byte{
		"1.trace": fileOf(start, at(1, 1, 3, 3, 6)...),
		"2.trace": fileOf(start+int64(time.Second), at(2, 0, 1, 4, 4)...),
		"3.trace": {}, // killed at once
		"notes":   []byte("not a trace"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	trace, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ server, index, at int }
	var got []row
	for _, e := range trace.Events {
		got = append(got, row{e.Server, int(e.Index), int(e.At.Seconds())})
	}
	want := []row{{1, 0, 0}, {2, 0, 0}, {2, 1, 1}, {1, 1, 2}, {1, 2, 2}, {2, 2, 4}, {2, 3, 4}, {1, 3, 5}}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestTornEndIsAccepted(t *testing.T) {
	whole := fileOf(0, recorded()...)
	one := len(fileOf(0, recorded()[0]))
	for n := 0; n <= len(whole); n++ {
		cut := whole[:n]
		if n > 0 && n < headerSize {
			if _, at, err := readBytes(cut); err == nil || at != 0 {
				t.Fatalf("a header of %d bytes: %v at %d", n, err, at)
			}
			continue
		}
		trace, _, err := readBytes(cut)
		if err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
		if n < one != (len(trace.Events) == 0) || len(trace.Events) > len(recorded()) {
			t.Fatalf("%d of %d bytes: %d events", n, len(whole), len(trace.Events))
		}
	}
	// What follows is zeros: of a hole, or where the rest was to be written.
	for n := headerSize; n <= len(whole); n++ {
		if _, at, err := readBytes(append(bytes.Clone(whole[:n]), make([]byte, 100_000)...)); err != nil {
			t.Fatalf("%d of %d bytes and zeros: %v at %d", n, len(whole), err, at)
		}
	}
	if _, _, err := readBytes(make([]byte, 5000)); err != nil {
		t.Fatalf("zeros alone: %v", err)
	}
}

func TestHostileFiles(t *testing.T) {
	commit := Event{Kind: Commit, Peer: None, Index: 1}
	plain := fileOf(0, commit)
	with := func(changes ...func(b []byte)) []byte {
		b := append(bytes.Clone(plain), plain[headerSize:]...)
		for _, change := range changes {
			change(b)
		}
		return b
	}
	set := func(at int, value byte) func([]byte) { return func(b []byte) { b[at] = value } }
	far := commit
	far.At = time.Duration(maxGap - 1)
	var century []Event
	for i := 1; i <= 102; i++ {
		e := far
		e.At *= time.Duration(i)
		century = append(century, e)
	}
	for name, c := range map[string]struct {
		data []byte
		at   int64
		want string
	}{
		"text":             {[]byte("hello, this is no trace at all"), 0, "not a trace"},
		"short":            {[]byte("PONTRACE"), 0, "not a trace"},
		"version":          {with(set(8, 2)), 0, "format 2"},
		"time":             {with(set(headerSize-1, 0xff)), 0, "begun"},
		"kind":             {with(set(headerSize+2, 200)), headerSize, "kind of event 200"},
		"zero kind":        {with(set(headerSize+2, 0)), headerSize, "kind of event 0"},
		"mask":             {with(set(headerSize+4, 0x80)), headerSize, "not known"},
		"role":             {with(set(headerSize+3, hasRole), set(headerSize+7, 3)), headerSize, "role is 3"},
		"too much in mask": {with(set(headerSize+3, 0xff)), headerSize, "cut short"},
		"digest":           {with(set(headerSize+3, hasDigest)), headerSize, "too short"},
		"varint":           {with(set(headerSize+5, 0xff), set(headerSize+6, 0xff), set(headerSize+7, 0xff)), headerSize, "cut short"},
		"server":           {with(set(headerSize+6, 3)), headerSize, "number -2"},
		"size":             {with(set(headerSize, plain[headerSize]+1)), headerSize, "left over"},
		"century":          {fileOf(0, century...), 1524, "century"},
	} {
		trace, at, err := readBytes(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) || at != c.at {
			t.Errorf("%s: %v at %d, %+v", name, err, at, trace)
		}
	}
}

func TestReadNamesFileAndPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "7.trace")
	commit := Event{Kind: Commit, Peer: None, Index: 1}
	b := fileOf(0, commit, commit)
	b[headerSize+2] = 99
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, dir} {
		if _, err := Read(p); err == nil || !strings.Contains(err.Error(), path+": at byte 24: there is no kind of event 99") {
			t.Errorf("Read(%s): %v", p, err)
		}
	}
	if _, err := Read(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Error(err)
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no .trace file") {
		t.Error(err)
	}
}

func TestTooManyEvents(t *testing.T) {
	b := fileOf(0, recorded()...)
	if p, _, err := read(bufio.NewReader(bytes.NewReader(b)), len(recorded())); err != nil || len(p.events) != len(recorded()) {
		t.Fatalf("%d events: %v", len(p.events), err)
	}
	if _, _, err := read(bufio.NewReader(bytes.NewReader(b)), 3); err == nil {
		t.Fatal("3 events were allowed, and more were read")
	}
}

// FuzzRead: no file makes the reader fail otherwise than by an error, and what
// it understands comes back when it is written anew.
func FuzzRead(f *testing.F) {
	f.Add(fileOf(0, recorded()...))
	f.Add(append(fileOf(1<<60, recorded()[3:9]...), 1, 0, endOfSpace))
	f.Add(append(fileOf(0, recorded()...), make([]byte, 99)...))
	for _, e := range recorded() {
		f.Add(fileOf(1, e))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		trace, at, err := readBytes(b)
		if err != nil {
			if at < 0 || at > int64(len(b)) {
				t.Fatalf("an error at %d of %d: %v", at, len(b), err)
			}
			return
		}
		for i := range trace.Events {
			if !writable(&trace.Events[i]) {
				t.Fatalf("what was read could not have been recorded: %+v", trace.Events[i])
			}
		}
		again, _, err := readBytes(fileOf(0, trace.Events...))
		if err != nil || !reflect.DeepEqual(again.Events, trace.Events) {
			t.Fatalf("%v: got\n%+v\nwant\n%+v", err, again, trace)
		}
	})
}
