//go:build go1.25

package rsm

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
)

// What the requests of these tests are.
type (
	increment struct{}
	put       struct {
		Key   string
		Value []int
		Extra map[string]*increment
	}
	pointed  struct{ Key string }
	wrapped  struct{ Inner any }
	unknown  struct{ A int }
	twoNames struct{ First, Second string }
)

func init() {
	for _, v := range []any{increment{}, put{}, &pointed{}, wrapped{}, twoNames{}} {
		gob.Register(v)
	}
}

// recorder answers with a pointer, and remembers the requests.
type recorder struct {
	requests []any
	answers  []*int
}

func (r *recorder) DoOp(request any) any {
	r.requests = append(r.requests, request)
	n := len(r.requests)
	r.answers = append(r.answers, &n)
	return &n
}

func (r *recorder) Snapshot() []byte { return []byte(strings.Repeat("x", len(r.requests))) }

func (r *recorder) Restore(snapshot []byte) { r.requests = make([]any, len(snapshot)) }

func newValues(t *testing.T, config Config) (*Values, *recorder, *fakeLog) {
	t.Helper()
	machine, log := &recorder{}, &fakeLog{term: 1, leader: true, snapshots: map[uint64][]byte{}}
	v, err := NewValues(log, machine, config)
	if err != nil {
		t.Fatal(err)
	}
	return v, machine, log
}

// The submitter gets the very value that its own machine answered with.
func TestValueAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, machine, log := newValues(t, Config{})
		other, _, _ := newValues(t, Config{})
		defer v.Stop()
		for i, request := range []any{increment{}, increment{}, 7, put{Key: "a"}, &pointed{"b"}} {
			var answer any
			var err error
			go func() { answer, err = v.Submit(context.Background(), request) }()
			synctest.Wait()
			if err := errors.Join(v.Apply(log.last().index, log.last().command), other.Apply(log.last().index, log.last().command)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got, ok := answer.(*int); err != nil || !ok || got != machine.answers[i] {
				t.Errorf("%v: %v, %v", request, answer, err)
			}
			if !reflect.DeepEqual(machine.requests[i], request) {
				t.Errorf("%#v came as %#v", request, machine.requests[i])
			}
		}
	})
}

// A request whose entry another takes the place of, and one that is pending
// when the replica stops.
func TestValueOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, machine, log := newValues(t, Config{})
		var lost, stopped error
		go func() { _, lost = v.Submit(context.Background(), increment{}) }()
		synctest.Wait()
		theirs := log.last().command
		go func() { _, stopped = v.Submit(context.Background(), increment{}) }()
		synctest.Wait()
		own := log.last()
		// Their request, and not ours, at our index.
		mine, err := decode(own.command)
		if err != nil {
			t.Fatal(err)
		}
		mine.id ^= 1
		if err := v.Apply(1, mine.encode()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !errors.Is(lost, ErrSuperseded) || len(machine.requests) != 1 || len(theirs) == 0 {
			t.Errorf("superseded: %v", lost)
		}
		v.Stop()
		synctest.Wait()
		if !errors.Is(stopped, ErrStopped) {
			t.Errorf("stopped: %v", stopped)
		}
		if _, err := v.Submit(context.Background(), unknown{1}); !errors.Is(err, ErrValue) {
			t.Errorf("not registered: %v", err)
		}
		if _, err := v.Submit(context.Background(), nil); !errors.Is(err, ErrValue) {
			t.Errorf("nil: %v", err)
		}
	})
}

// Known types are short, and say nothing about themselves.
func TestTypesAreDescribedOnce(t *testing.T) {
	leader, follower := newTypes(), newTypes()
	sizes := map[string][]int{}
	for _, request := range []any{
		increment{}, increment{}, 3, -500, "text", "", []byte{1}, put{}, twoNames{"a", ""}, twoNames{"b", "c"},
		put{"key", []int{1, 2}, map[string]*increment{"x": {}}}, &pointed{"p"}, &pointed{"q"},
		wrapped{increment{}}, wrapped{twoNames{"x", "y"}}, wrapped{}, strings.Repeat("long", 100), strings.Repeat("very long", 100000),
	} {
		b, err := leader.encode(request)
		if err != nil {
			t.Fatalf("%T: %v", request, err)
		}
		name := fmt.Sprintf("%T", request)
		sizes[name] = append(sizes[name], len(b))
		for _, side := range []*types{leader, follower} {
			if got, err := side.decode(b); err != nil || !reflect.DeepEqual(got, request) {
				t.Errorf("%#v became %#v, %v", request, got, err)
			}
		}
	}
	if s := sizes["rsm.increment"]; s[1] > 3 {
		t.Errorf("increment takes %v bytes", s)
	}
	if s := sizes["rsm.twoNames"]; s[1] > 10 {
		t.Errorf("twoNames takes %v bytes", s)
	}
	if !reflect.DeepEqual(leader.appendSnapshot(nil), follower.appendSnapshot(nil)) {
		t.Error("the servers have different tables")
	}
	// A server that has the table from a snapshot.
	third := newTypes()
	if rest, err := third.restore(append(leader.appendSnapshot(nil), "rest"...)); err != nil || string(rest) != "rest" {
		t.Fatalf("rest %q, %v", rest, err)
	}
	b, err := leader.encode(twoNames{"s", "t"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := third.decode(b); err != nil || got != (twoNames{"s", "t"}) {
		t.Errorf("after a snapshot: %v, %v", got, err)
	}
}

// Snapshots hold the table, which does not grow, and come when they must.
func TestValueSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, _, log := newValues(t, Config{MaxStateBytes: 1000})
		for range 50 {
			go func() { _, _ = v.Submit(context.Background(), increment{}) }()
			synctest.Wait()
			log.bytes += len(log.last().command)
			if err := v.Apply(log.last().index, log.last().command); err != nil {
				t.Fatal(err)
			}
			if s := log.snapshots[log.last().index]; s != nil {
				log.bytes = 0
			}
		}
		if log.bytes = 600; len(log.snapshots) != 0 {
			t.Errorf("snapshots of %d bytes of entries", log.bytes)
		}
		if len(log.last().command) > 10 {
			t.Errorf("a known request takes %d bytes", len(log.last().command))
		}
		go func() { _, _ = v.Submit(context.Background(), increment{}) }()
		synctest.Wait()
		if err := v.Apply(51, log.last().command); err != nil {
			t.Fatal(err)
		}
		snapshot := log.snapshots[51]
		other, machine, _ := newValues(t, Config{})
		if err := other.Restore(51, snapshot); err != nil || len(machine.requests) != 51 {
			t.Fatalf("%d requests, %v", len(machine.requests), err)
		}
		if err := other.Apply(52, log.last().command); err != nil || machine.requests[51] != (increment{}) {
			t.Errorf("after the snapshot: %v", err)
		}
		v.Stop()
		for i := range len(snapshot) - len(strings.Repeat("x", 51)) {
			fresh, _, _ := newValues(t, Config{})
			if err := fresh.Restore(51, snapshot[:i]); !errors.Is(err, ErrSnapshot) {
				t.Errorf("%d bytes of a snapshot: %v", i, err)
			}
		}
	})
}

func TestDamagedRequests(t *testing.T) {
	v, machine, _ := newValues(t, Config{})
	for i, c := range []struct {
		body []byte
		want error
	}{{nil, ErrCommand}, {[]byte{1}, ErrCommand}, {[]byte{0, 1, 2}, ErrValue}, {[]byte{0}, ErrValue}} {
		entry := command{kind: plain, id: 5, body: c.body}.encode()
		if err := v.Apply(uint64(i+1), entry); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.body, err, c.want)
		}
	}
	first, err := v.machine.types.encode(twoNames{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range [][]byte{first, {1, 1}, {1, 3, 1}, {2}} {
		err := v.Apply(uint64(10+i), command{kind: plain, id: 5, body: body}.encode())
		if (err == nil) != (i == 0) {
			t.Errorf("%v: %v", body, err)
		}
	}
	if len(machine.requests) != 1 {
		t.Errorf("executed %v", machine.requests)
	}
	if _, err := NewValues(&fakeLog{}, nil, Config{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no machine: %v", err)
	}
}
