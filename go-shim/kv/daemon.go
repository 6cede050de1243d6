package kv

import (
	"strconv"
	"strings"
)

// Leader is the server that the client asks first: the one that answered last.
func (c *VersionClient) Leader() int { return int(c.c.leader.Load()) }

// MaxRaftState returns what the arguments of a lab's server process say of the
// limit of the Raft state, in bytes: the value of the flag max-raft-state, or -1
// if there is none.
func MaxRaftState(args []string) int {
	limit := -1
	for i, arg := range args {
		name, value, joined := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") || name != "max-raft-state" {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if n, err := strconv.Atoi(value); err == nil {
			limit = n
		}
	}
	return limit
}
