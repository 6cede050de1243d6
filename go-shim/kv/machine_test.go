//go:build go1.25

//go:debug asynctimerchan=0

package kv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"pontoon.dev/go-shim/rsm"
)

func putVersion(key, value string, version uint64) []byte {
	return encode(opPutVersion, key, string(binary.AppendUvarint(nil, version))+value)
}

func TestStrings(t *testing.T) {
	s := NewStrings()
	for i, c := range []struct {
		command []byte
		answer  string
	}{
		{encode(opGet, "k", ""), "\x00"},
		{encode(opPut, "k", ""), "\x01"},
		{encode(opGet, "k", ""), "\x01"},
		{encode(opAppend, "k", "one"), "\x01"},
		{encode(opAppend, "new", "n"), "\x01"},
		{encode(opAppend, "k", " two"), "\x01"},
		{encode(opGet, "k", ""), "\x01one two"},
		{encode(opPut, "k", "three"), "\x01"},
		{encode(opAppend, "k", "!"), "\x01"},
		{encode(opGet, "k", ""), "\x01three!"},
		{encode(opGet, "new", ""), "\x01n"},
		{encode(opPut, "", "empty key"), "\x01"},
		{encode(opGet, "", ""), "\x01empty key"},
		{putVersion("k", "v", 0), ""}, // no command of this machine
		{nil, ""}, {[]byte{opPut, 200}, ""}, {[]byte{opGet, 0x80}, ""},
	} {
		if got := string(s.Apply(c.command)); got != c.answer {
			t.Errorf("command %d, %q: %q, want %q", i, c.command, got, c.answer)
		}
	}
}

func TestValuesDoNotGrowIntoOthersMemory(t *testing.T) {
	s := NewStrings()
	memory := append(encode(opPut, "k", "one"), "others'"...)
	s.Apply(memory[:len(memory)-len("others'")])
	s.Apply(encode(opAppend, "k", " two"))
	if !bytes.HasSuffix(memory, []byte("others'")) {
		t.Errorf("%q", memory)
	}
}

func TestVersions(t *testing.T) {
	v := NewVersions()
	ok, noKey, wrong := string([]byte{byte(OK)}), string([]byte{byte(NoKey)}), string([]byte{byte(WrongVersion)})
	for i, c := range []struct {
		command []byte
		answer  string
	}{
		{encode(opGet, "k", ""), noKey},
		{putVersion("k", "v", 1), noKey},
		{putVersion("k", "one", 0), ok},
		{putVersion("k", "x", 0), wrong},
		{encode(opGet, "k", ""), ok + "\x01one"},
		{putVersion("k", "two", 1), ok},
		{putVersion("k", "x", 1), wrong},
		{putVersion("k", "x", 3), wrong},
		{encode(opGet, "k", ""), ok + "\x02two"},
		{encode(opPut, "k", "x"), ""}, // no command of this machine
		{encode(opPutVersion, "k", ""), ""}, {nil, ""},
	} {
		if got := string(v.Apply(c.command)); got != c.answer {
			t.Errorf("command %d, %q: %q, want %q", i, c.command, got, c.answer)
		}
	}
}

func TestSnapshotsOfMachines(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		make    func() rsm.Machine
		command func() []byte
	}{
		{func() rsm.Machine { return NewStrings() }, func() []byte {
			return encode(opPut+byte(random.IntN(2)), fmt.Sprint(random.IntN(9)), fmt.Sprint(random.IntN(1e6)))
		}},
		{func() rsm.Machine { return NewVersions() }, func() []byte {
			return putVersion(fmt.Sprint(random.IntN(9)), fmt.Sprint(random.IntN(1e6)), random.Uint64N(4))
		}},
	} {
		m := c.make()
		for range 50 {
			m.Apply(c.command())
		}
		snapshot := m.Snapshot()
		restored := c.make()
		restored.Apply(c.command()) // goes
		if err := restored.Restore(bytes.Clone(snapshot)); err != nil {
			t.Fatal(err)
		}
		for range 50 { // the same state has the same future
			command := c.command()
			if a, b := m.Apply(command), restored.Apply(command); !bytes.Equal(a, b) {
				t.Errorf("%T: %q answers %q, a copy of it %q", m, command, a, b)
			}
		}
		if a, b := m.Snapshot(), restored.Snapshot(); !bytes.Equal(a, b) {
			t.Errorf("%T: %q, a copy of it is %q", m, a, b)
		}
		// The end of a snapshot is only seen as damage within a key's record.
		refused := 0
		for i := range snapshot {
			target := c.make()
			target.Apply(c.command())
			before := target.Snapshot()
			if err := target.Restore(snapshot[:i]); err != nil {
				refused++
				if !bytes.Equal(target.Snapshot(), before) {
					t.Fatalf("%T: a refused snapshot has changed the state", m)
				}
			}
		}
		if refused < len(snapshot)-20 {
			t.Errorf("%T: of %d damaged snapshots %d are refused", m, len(snapshot), refused)
		}
		if err := restored.Restore(nil); err != nil || len(restored.Snapshot()) != 0 {
			t.Errorf("%T: the empty snapshot: %v", m, err)
		}
	}
}

func TestRequestCodec(t *testing.T) {
	for _, r := range []request{
		{kind: requestQuery, command: []byte("q")},
		{kind: requestWrite, client: 1 << 60, serial: 3, command: []byte("w")},
		{kind: requestOpen},
	} {
		got, ok := decodeRequest(r.encode())
		if !ok || got.kind != r.kind || got.client != r.client || got.serial != r.serial || !bytes.Equal(got.command, r.command) {
			t.Errorf("%+v became %+v, %v", r, got, ok)
		}
	}
	server := NewServer(nil, 0)
	for _, bad := range [][]byte{nil, {0}, {9}, {requestWrite}, {requestWrite, 1}, {requestWrite, 0x80}} {
		if reply := server.Handle(bad); len(reply) != 1 || reply[0] != replyBad {
			t.Errorf("%v is answered by %v", bad, reply)
		}
	}
}
