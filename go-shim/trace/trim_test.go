package trace

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestTrimKeepsAllRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+Extension)
	r, err := Create(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for term := uint64(1); term <= 100; term++ {
		r.Record(&Event{Server: 1, Peer: None, Kind: RoleChange, Term: term})
	}
	// No Close: the process was killed.
	before, err := Read(path)
	if err != nil || len(before.Events) != 100 {
		t.Fatal(before, err)
	}
	for range 2 {
		if err := Trim(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() > 2000 {
			t.Fatalf("%d bytes, %v", info.Size(), err)
		}
		after, err := Read(path)
		if err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%v, %v", after, err)
		}
	}
}

func TestTrimLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	text := []byte("not a trace, but longer than the header of one\x00\x00\x00")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Trim(path); err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadFile(path); string(left) != string(text) {
		t.Errorf("left %q", left)
	}
	if err := Trim(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("no error for a missing file")
	}
}
