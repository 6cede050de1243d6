package kv

import (
	"strings"
	"testing"
)

func TestMaxRaftState(t *testing.T) {
	for args, want := range map[string]int{
		"":                                 -1,
		"0 1 3 end":                        -1,
		"--max-raft-state=1000 0 1 3":      1000,
		"-max-raft-state 500 0 1 3":        500,
		"--other --max-raft-state=-1 0":    -1,
		"max-raft-state=7":                 -1,
		"--max-raft-state":                 -1,
		"--max-raft-states=7 --max-raft=8": -1,
	} {
		if got := MaxRaftState(strings.Fields(args)); got != want {
			t.Errorf("%q: %d, want %d", args, got, want)
		}
	}
}
