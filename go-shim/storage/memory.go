// Package storage has a raft.Storage in memory, for tests and examples. What it
// holds survives its node, but not the process.
//
// Goroutines: none.
package storage

import (
	"bytes"
	"sync"
)

// Memory is a raft.Storage in memory. The zero value is empty and ready for
// use. Its methods may be called from any goroutine.
type Memory struct {
	mu              sync.Mutex
	state, snapshot []byte
	saves           int
	err             error
}

// Load returns copies of what was saved last.
func (m *Memory) Load() (state, snapshot []byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.state), bytes.Clone(m.snapshot), m.err
}

// Save keeps copies of both.
func (m *Memory) Save(state, snapshot []byte, snapshotChanged bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.saves++
	m.state = append(m.state[:0], state...)
	if snapshotChanged {
		m.snapshot = append(m.snapshot[:0], snapshot...)
	}
	return nil
}

// Fail lets every later Load and Save fail with err; nil ends that.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Copy returns a Memory with the same content: what a crash at this moment
// would leave.
func (m *Memory) Copy() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{state: bytes.Clone(m.state), snapshot: bytes.Clone(m.snapshot)}
}

// Saves is the number of successful saves.
func (m *Memory) Saves() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saves
}
