package lab

import (
	"bytes"
	"fmt"
)

// saveFunc writes state and snapshot to a persister.
type saveFunc func(state, snapshot []byte, snapshotChanged bool)

// The saving methods of the years' persisters.
type (
	pairSaver     interface{ Save(state, snapshot []byte) }
	bothSaver     interface{ SaveStateAndSnapshot(state, snapshot []byte) }
	stateSaver    interface{ SaveRaftState(state []byte) }
	snapshotSaver interface{ SaveSnapshot(snapshot []byte) }
)

// saveWith chooses the way to save. The slices that a saveFunc is given are
// views; persisters that keep what they are given get copies.
func saveWith(p Persister, copyOnSave bool) (saveFunc, error) {
	own := func(b []byte) []byte { return b }
	if copyOnSave {
		own = bytes.Clone
	}
	// Replaces both slots, so the snapshot goes along every time.
	if p, ok := p.(pairSaver); ok {
		return func(state, snapshot []byte, _ bool) {
			p.Save(own(state), own(snapshot))
		}, nil
	}
	state, ok := p.(stateSaver)
	if !ok {
		return nil, fmt.Errorf("Options.Persister (%T) has no method Save and no SaveRaftState", p)
	}
	if both, ok := p.(bothSaver); ok {
		return func(s, snapshot []byte, changed bool) {
			if changed {
				both.SaveStateAndSnapshot(own(s), own(snapshot))
			} else {
				state.SaveRaftState(own(s))
			}
		}, nil
	}
	if snapshots, ok := p.(snapshotSaver); ok {
		return saveInSteps(p, state, snapshots), nil
	}
	return func(s, _ []byte, _ bool) { state.SaveRaftState(bytes.Clone(s)) }, nil
}
