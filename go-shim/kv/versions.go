package kv

import (
	"encoding/binary"
	"fmt"
)

// Outcome is what became of an operation on Versions.
type Outcome byte

// The outcomes.
const (
	OK           Outcome = iota + 1
	NoKey                // there is no such key
	WrongVersion         // the key has another version; nothing was changed
)

// Versions is an rsm.Machine that maps keys to values with versions. A Put
// names the version that it replaces, 0 for a key that does not exist yet, and
// counts it up.
type Versions struct {
	entries map[string]versioned
}

type versioned struct {
	value   []byte
	version uint64
}

// NewVersions returns an empty map.
func NewVersions() *Versions { return &Versions{entries: map[string]versioned{}} }

// Apply implements rsm.Machine. A command that is none changes nothing and has
// an empty answer.
func (v *Versions) Apply(command []byte) []byte {
	op, key, rest, ok := decode(command)
	if !ok {
		return nil
	}
	entry, exists := v.entries[string(key)]
	switch op {
	case opGet:
		if !exists {
			return []byte{byte(NoKey)}
		}
		answer := binary.AppendUvarint([]byte{byte(OK)}, entry.version)
		return append(answer, entry.value...)
	case opPutVersion:
		version, used := binary.Uvarint(rest)
		switch {
		case used <= 0:
			return nil
		case version == entry.version: // 0 if it does not exist
			v.entries[string(key)] = versioned{value: rest[used:], version: version + 1}
			return []byte{byte(OK)}
		case !exists:
			return []byte{byte(NoKey)}
		}
		return []byte{byte(WrongVersion)}
	}
	return nil
}

// Snapshot implements rsm.Machine. Equal states have equal snapshots.
func (v *Versions) Snapshot() []byte {
	var b []byte
	for _, key := range sortedKeys(v.entries) {
		entry := v.entries[key]
		b = appendBytes(b, []byte(key))
		b = binary.AppendUvarint(b, entry.version)
		b = appendBytes(b, entry.value)
	}
	return b
}

// Restore implements rsm.Machine.
func (v *Versions) Restore(snapshot []byte) error {
	entries := map[string]versioned{}
	for b := snapshot; len(b) > 0; {
		key, rest, ok := cut(b)
		version, used := binary.Uvarint(rest)
		if !ok || used <= 0 {
			return errVersions(snapshot, b)
		}
		value, rest, ok := cut(rest[used:])
		if !ok {
			return errVersions(snapshot, b)
		}
		entries[string(key)] = versioned{append([]byte(nil), value...), version}
		b = rest
	}
	v.entries = entries
	return nil
}

func errVersions(snapshot, rest []byte) error {
	return fmt.Errorf("kv: a snapshot of %d bytes is damaged, %d bytes before its end", len(snapshot), len(rest))
}
