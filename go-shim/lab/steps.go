package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// The persister of 2017 saves state and snapshot by two calls, and a crash can
// come between them. So the state goes first, as a record of both the old and
// the new one and the sum of the snapshot that the new one belongs to; then the
// snapshot; then the new state alone. Whichever snapshot a crash leaves, its
// state is there.
var stepMagic = []byte("PNT2STEP")

// saveInSteps saves to a persister of 2017, which keeps what it is given.
func saveInSteps(p Persister, states stateSaver, snapshots snapshotSaver) saveFunc {
	return func(state, snapshot []byte, changed bool) {
		own := bytes.Clone(state)
		if changed {
			old := resolveSteps(p.ReadRaftState(), p.ReadSnapshot())
			states.SaveRaftState(stepRecord(old, own, snapshot))
			snapshots.SaveSnapshot(bytes.Clone(snapshot))
		}
		states.SaveRaftState(own)
	}
}

// stepRecord holds old and next; next belongs to snapshot.
func stepRecord(old, next, snapshot []byte) []byte {
	sum := sha256.Sum256(snapshot)
	record := append(bytes.Clone(stepMagic), sum[:]...)
	record = binary.LittleEndian.AppendUint64(record, uint64(len(old)))
	record = append(record, old...)
	return append(record, next...)
}

// resolveSteps returns the state that belongs to snapshot, from what a
// persister holds. A record that is cut short is left for the core to refuse.
func resolveSteps(state, snapshot []byte) []byte {
	rest, isRecord := bytes.CutPrefix(state, stepMagic)
	if !isRecord || len(rest) < sha256.Size+8 {
		return state
	}
	sum, rest := rest[:sha256.Size], rest[sha256.Size:]
	oldLen, rest := binary.LittleEndian.Uint64(rest), rest[8:]
	if oldLen > uint64(len(rest)) {
		return state
	}
	if found := sha256.Sum256(snapshot); bytes.Equal(found[:], sum) {
		return rest[oldLen:]
	}
	return rest[:oldLen]
}
