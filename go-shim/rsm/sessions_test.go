//go:build go1.25

package rsm

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
)

func TestExactlyOnce(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		b.commitAtOnce()
		client := b.open()
		b.expect("first", b.submitOnce(client, 1, "a"), "1", nil)
		started := len(b.fake.entries)
		b.expect("repeated here", b.submitOnce(client, 1, "a"), "1", nil)
		if len(b.fake.entries) != started {
			b.Error("an answered command went into the log again")
		}
		// Repeated by way of another server, which did not know yet.
		again := command{kind: once, id: client, serial: 1, body: []byte("a")}.encode()
		b.fake.next++
		b.apply(entry{b.fake.next, 1, again})
		b.expect("second", b.submitOnce(client, 7, "b"), "2", nil)
		b.fake.next++
		b.apply(entry{b.fake.next, 1, again})
		b.expect("outdated", b.submitOnce(client, 1, "a"), "", ErrOutdated)
		b.expect("serial 0", b.submitOnce(client, 0, "a"), "", ErrNoSession)
		b.expect("unknown client", b.submitOnce(client+1, 1, "a"), "", ErrNoSession)
		b.expect("impossible client", b.submitOnce(maxID+1, 1, "a"), "", ErrNoSession)
		if err := b.End(context.Background(), client); err != nil {
			b.Error(err)
		}
		b.expect("ended", b.submitOnce(client, 8, "c"), "", ErrNoSession)
		b.want("a b")
	})
}

func TestSessionsSurviveSnapshots(t *testing.T) {
	inBubble(t, Config{}, func(b *bench) {
		b.commitAtOnce()
		one, two := b.open(), b.open()
		b.expect("one", b.submitOnce(one, 1, "a"), "1", nil)
		b.expect("two", b.submitOnce(two, 3, "b"), "2", nil)
		data := b.snapshot(b.Stats().AppliedIndex)

		next := newBench(b.T, Config{})
		defer next.Stop()
		if err := next.Restore(0, data); err != nil {
			b.Fatal(err)
		}
		next.commitAtOnce()
		next.fake.next = next.Stats().AppliedIndex
		if next.fake.next != 4 || next.Stats().Sessions != 2 {
			b.Errorf("restored: %+v", next.Stats())
		}
		next.expect("repeated", next.submitOnce(two, 3, "b"), "2", nil)
		next.expect("repeated", next.submitOnce(one, 1, "a"), "1", nil)
		next.expect("outdated", next.submitOnce(two, 2, "x"), "", ErrOutdated)
		next.expect("next", next.submitOnce(one, 2, "c"), "3", nil)
		next.want("a b c")
		if err := next.Restore(0, data); err != nil { // behind: ignored
			b.Error(err)
		}
		next.want("a b c")
	})
}

func TestBoundOfSessions(t *testing.T) {
	inBubble(t, Config{MaxSessions: 2}, func(b *bench) {
		b.commitAtOnce()
		one, two := b.open(), b.open()
		b.expect("one", b.submitOnce(one, 1, "a"), "1", nil) // two is the idler one now
		three := b.open()
		b.expect("dropped", b.submitOnce(two, 1, "b"), "", ErrNoSession)
		b.expect("kept", b.submitOnce(one, 2, "c"), "2", nil)
		b.expect("new", b.submitOnce(three, 1, "d"), "3", nil)
		if n := b.Stats().Sessions; n != 2 {
			b.Errorf("%d sessions", n)
		}
		b.want("a c d")
	})
}

// Servers that apply the same entries agree on every byte, whatever their
// configurations, and whether they began from a snapshot or not.
func TestReplicasAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	full := newBench(t, Config{})
	replicas := []*bench{full, newBench(t, Config{MaxSessions: 1})}
	for index := uint64(1); index <= 600; index++ {
		c := command{kind: kind(random.IntN(4)), id: random.Uint64N(index + 1), serial: 1 + random.Uint64N(20), arg: random.Uint64N(30)}
		if c.kind == end && random.IntN(3) > 0 {
			c.kind = once
		}
		if c.kind == once { // mostly one that exists
			if table := full.sessions.recent.Front(); table != nil && random.IntN(4) > 0 {
				c.id = table.Value.(*session).client
			}
		}
		if c.kind == plain || c.kind == once {
			c.body = []byte{'a' + byte(index%20)}
		}
		for _, r := range replicas {
			r.apply(entry{index, 1, c.encode()})
		}
		want := full.snapshot(index)
		for i, r := range replicas {
			if got := r.snapshot(index); !bytes.Equal(got, want) {
				t.Fatalf("replica %d after entry %d: %q, want %q", i, index, got, want)
			}
		}
		if index%200 == 100 {
			late := newBench(t, Config{})
			if err := late.Restore(index, want); err != nil {
				t.Fatal(err)
			}
			replicas = append(replicas, late)
		}
	}
	if n := full.Stats().Sessions; n < 2 || n > 30 {
		t.Errorf("%d sessions: the test does not test the bound", n)
	}
}

func TestDamage(t *testing.T) {
	b := newBench(t, Config{})
	b.apply(entry{1, 1, command{kind: open, arg: 9}.encode()})
	b.apply(entry{2, 1, command{kind: once, id: 1, serial: 1, body: []byte("a")}.encode()})
	before := b.snapshot(2)
	head := len(before) - 1 // "a" is the machine's
	later := append([]byte{}, before...)
	later[0]++
	twice := append([]byte{snapshotFormat, 3, 2}, 1, 1, 0, 1, 1, 0)
	for i := range head {
		if err := b.Restore(0, before[:i]); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%d bytes of a snapshot: %v", i, err)
		}
	}
	for _, c := range []struct {
		index uint64
		data  []byte
		err   error
	}{{0, later, ErrVersion}, {9, before, ErrSnapshot}, {0, twice, ErrSnapshot}, {0, append([]byte{0}, before[1:]...), ErrSnapshot}} {
		if err := b.Restore(c.index, c.data); !errors.Is(err, c.err) {
			t.Errorf("snapshot %q of %d: %v, want %v", c.data, c.index, err, c.err)
		}
	}
	ahead := append(b.sessions.appendSnapshot(nil, 7), "x"...)
	b.machine.refuse = errors.New("no")
	if err := b.Restore(7, ahead); !errors.Is(err, ErrSnapshot) || !errors.Is(err, b.machine.refuse) {
		t.Errorf("refused by the machine: %v", err)
	}
	for i, bad := range [][]byte{nil, {0x80}, {1}, {1, 0x80}, {2}, {3}, {2, 1, 1}} {
		if err := b.Apply(uint64(3+i), bad); !errors.Is(err, ErrCommand) {
			t.Errorf("entry %v: %v", bad, err)
		}
	}
	b.want("a")
	if got := b.snapshot(2); !bytes.Equal(got, before) {
		t.Errorf("damage has changed %q to %q", before, got)
	}
}

func TestCommandCodec(t *testing.T) {
	for _, c := range []command{
		{kind: plain, id: 1<<tagBits - 1, body: []byte("body")},
		{kind: plain},
		{kind: once, id: maxID, serial: 1 << 63, body: []byte{0}},
		{kind: open, id: 5, arg: 10000},
		{kind: end, id: 5, arg: maxID},
	} {
		got, err := decode(c.encode())
		if err != nil || !got.same(c) || got.arg != c.arg || !bytes.Equal(got.body, c.body) {
			t.Errorf("%+v became %+v, %v", c, got, err)
		}
	}
	if n := len(command{kind: plain, id: newTag()}.encode()); n > 6 {
		t.Errorf("%d bytes around a plain command", n)
	}
	if n := len(command{kind: once, id: 31, serial: 127}.encode()); n != 2 {
		t.Errorf("%d bytes around the command of a session", n)
	}
}

func TestCompaction(t *testing.T) {
	run := func(limit, bytes int) map[uint64][]byte {
		b := newBench(t, Config{MaxStateBytes: limit})
		b.fake.bytes = bytes
		for index := uint64(1); index <= 100; index++ {
			b.apply(entry{index, 1, command{kind: plain, body: []byte("0123456789")}.encode()})
		}
		return b.fake.snapshots
	}
	for _, c := range []struct{ limit, bytes, min, max int }{
		{-1, 1 << 20, 0, 0}, {0, 1 << 20, 0, 0}, {1000, 499, 0, 0}, {1, 100, 100, 100},
		{1000, 500, 10, 20}, // no snapshot for the sake of some bytes, even if the log lags
	} {
		if n := len(run(c.limit, c.bytes)); n < c.min || n > c.max {
			t.Errorf("MaxStateBytes %d, a log of %d bytes: %d snapshots, want %d to %d", c.limit, c.bytes, n, c.min, c.max)
		}
	}
	for index, data := range run(1000, 500) {
		b := newBench(t, Config{})
		if err := b.Restore(index, data); err != nil || len(b.machine.Snapshot()) != int(index)*11-1 {
			t.Errorf("snapshot at %d: %v, %q", index, err, b.machine.Snapshot())
		}
	}
}

func TestConfig(t *testing.T) {
	if _, err := New(nil, &journal{}, Config{}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	if _, err := New(&fakeLog{}, nil, Config{}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	if _, err := New(&fakeLog{}, &journal{}, Config{MaxSessions: -1}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}
