package kv

import (
	"encoding/binary"
	"fmt"
	"sort"
)

// What a command does; its first byte. The key follows, then the rest.
const (
	opGet        byte = iota + 1
	opPut             // value
	opAppend          // value
	opPutVersion      // version, value
)

// encode puts a command together.
func encode(op byte, key, rest string) []byte {
	b := make([]byte, 0, 1+binary.MaxVarintLen32+len(key)+len(rest))
	b = append(b, op)
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	return append(b, rest...)
}

// decode takes a command apart; ok is false if it is none. key and rest are
// parts of b.
func decode(b []byte) (op byte, key, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, nil, false
	}
	key, rest, ok = cut(b[1:])
	return b[0], key, rest, ok
}

// cut splits off what has its length in front.
func cut(b []byte) (head, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	b = b[used:]
	return b[:n:n], b[n:], true
}

// appendBytes is cut's inverse.
func appendBytes(b []byte, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Strings is an rsm.Machine that maps keys to strings.
type Strings struct {
	// A value's spare capacity is its own: appending is cheap.
	values map[string][]byte
}

// NewStrings returns an empty map.
func NewStrings() *Strings { return &Strings{values: map[string][]byte{}} }

// The first byte of a Get's answer: there is no such key, or the value follows.
const (
	absent  = 0
	present = 1
)

// Apply implements rsm.Machine. A command that is none changes nothing and has
// an empty answer.
func (s *Strings) Apply(command []byte) []byte {
	op, key, value, ok := decode(command)
	if !ok {
		return nil
	}
	switch op {
	case opGet:
		stored, ok := s.values[string(key)]
		if !ok {
			return []byte{absent}
		}
		return append(append(make([]byte, 0, 1+len(stored)), present), stored...)
	case opPut:
		s.values[string(key)] = value[:len(value):len(value)]
	case opAppend:
		s.values[string(key)] = append(s.values[string(key)], value...)
	default:
		return nil
	}
	return []byte{present}
}

// Snapshot implements rsm.Machine. Equal states have equal snapshots.
func (s *Strings) Snapshot() []byte {
	size := 0
	for key, value := range s.values {
		size += len(key) + len(value) + 2*binary.MaxVarintLen32
	}
	b := make([]byte, 0, size)
	for _, key := range sortedKeys(s.values) {
		b = appendBytes(b, []byte(key))
		b = appendBytes(b, s.values[key])
	}
	return b
}

// Restore implements rsm.Machine.
func (s *Strings) Restore(snapshot []byte) error {
	values := map[string][]byte{}
	for b := snapshot; len(b) > 0; {
		key, rest, ok := cut(b)
		value, rest, ok2 := cut(rest)
		if !ok || !ok2 {
			return fmt.Errorf("kv: a snapshot of %d bytes is damaged, %d bytes before its end", len(snapshot), len(b))
		}
		values[string(key)] = append([]byte(nil), value...)
		b = rest
	}
	s.values = values
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
