package storage_test

import (
	"errors"
	"testing"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
)

var _ raft.Storage = (*storage.Memory)(nil)

func holds(t *testing.T, m *storage.Memory, state, snapshot string) {
	t.Helper()
	if s, n, err := m.Load(); err != nil || string(s) != state || string(n) != snapshot {
		t.Errorf("holds %q and %q, %v, want %q and %q", s, n, err, state, snapshot)
	}
}

func TestMemory(t *testing.T) {
	var m storage.Memory
	holds(t, &m, "", "")
	state, snapshot := []byte("s1"), []byte("n1")
	if err := m.Save(state, snapshot, true); err != nil {
		t.Fatal(err)
	}
	clear(state)
	clear(snapshot)
	holds(t, &m, "s1", "n1")
	if err := m.Save([]byte("state 2"), []byte("n1"), false); err != nil {
		t.Fatal(err)
	}
	holds(t, &m, "state 2", "n1")
	before := m.Copy()
	loaded, _, _ := m.Load()
	clear(loaded)
	if err := m.Save([]byte("s3"), nil, true); err != nil {
		t.Fatal(err)
	}
	holds(t, &m, "s3", "")
	holds(t, before, "state 2", "n1")
	if m.Saves() != 3 {
		t.Errorf("%d saves", m.Saves())
	}
}

func TestMemoryFails(t *testing.T) {
	var m storage.Memory
	fire := errors.New("disk on fire")
	m.Fail(fire)
	if err := m.Save([]byte("s"), nil, false); err != fire {
		t.Errorf("Save: %v", err)
	}
	if _, _, err := m.Load(); err != fire {
		t.Errorf("Load: %v", err)
	}
	m.Fail(nil)
	holds(t, &m, "", "")
}
