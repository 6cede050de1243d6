//go:build go1.25

package lab

import (
	"bytes"
	"strings"
	"testing"
)

func TestShortSnapshotsAreKeptInTheState(t *testing.T) {
	for name, c := range map[string]struct {
		snapshot string
		kept     bool
	}{
		"none":     {"", false},
		"short":    {"S", true},
		"longest":  {strings.Repeat("S", keptBytesMax), true},
		"too long": {strings.Repeat("S", keptBytesMax+1), false},
	} {
		p := &year2018{}
		save, err := saveWith(p, true)
		if err != nil {
			t.Fatal(err)
		}
		keepSnapshot(save)([]byte("state"), []byte(c.snapshot), c.snapshot != "")
		if state, snapshot := resolveKept(p.state, p.snapshot); string(state) != "state" || string(snapshot) != c.snapshot {
			t.Errorf("%s: %q and %q", name, state, snapshot)
		}
		_, snapshot := resolveKept(p.state, nil)
		if got := string(snapshot) == c.snapshot; got != (c.kept || c.snapshot == "") {
			t.Errorf("%s: without the slot there is %q", name, snapshot)
		}
		// The slot goes first: it is never older than the copy.
		if _, snapshot := resolveKept(p.state, []byte("other")); string(snapshot) != "other" {
			t.Errorf("%s: %q instead of the slot's", name, snapshot)
		}
	}
	p := &year2018{}
	keepSnapshot(func(state, _ []byte, _ bool) { p.state = state })(nil, []byte("snapshot"), true)
	for n := range p.state {
		if state, _ := resolveKept(p.state[:n], nil); !bytes.Equal(state, p.state[:n]) {
			t.Errorf("%d bytes of a record give %q", n, state)
		}
	}
}

// All servers crash and lose their snapshots, and yet one that missed what the
// others dropped from their logs gets theirs.
func TestSnapshotsThatACrashLoses(t *testing.T) {
	onSite(t, 3, func(s *site) {
		s.every, s.keepSnapshot = 10, true
		for me := range 3 {
			s.serve(me)
		}
		s.commit(1, 0, 1, 2)
		victim := (s.leader() + 1) % 3
		s.crash(victim)
		for i := range 25 {
			s.commit(i, s.leader())
		}
		s.until("a second server that has it all", func() bool {
			n := 0
			for me := range 3 {
				if len(s.log(me)) > 25 {
					n++
				}
			}
			return n == 2
		})
		for me := range 3 {
			if me != victim {
				s.crash(me)
				s.disks[me].loseSnapshot()
			}
		}
		for me := range 3 {
			s.serve(me)
		}
		if index := s.commit("end", 0, 1, 2); index != 27 {
			t.Errorf("index %d", index)
		}
	})
}
