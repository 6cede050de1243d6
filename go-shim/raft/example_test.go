package raft_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"pontoon.dev/go-shim/raft"
	"pontoon.dev/go-shim/storage"
	"pontoon.dev/go-shim/transport"
)

// register is a state machine that remembers the last command.
type register struct{ value string }

func (r *register) Apply(entry raft.Entry) any {
	before := r.value
	r.value = string(entry.Command)
	return before
}

func (r *register) Restore(snapshot raft.Snapshot) error {
	r.value = string(snapshot.Data)
	return nil
}

// Three servers in one process keep a register.
func Example() {
	var network transport.Network
	nodes := map[uint64]*raft.Node{}
	for id := uint64(1); id <= 3; id++ {
		config := raft.Config{
			ID:                 id,
			Voters:             []uint64{1, 2, 3},
			ElectionTimeoutMin: 150 * time.Millisecond,
			ElectionTimeoutMax: 300 * time.Millisecond,
			HeartbeatInterval:  30 * time.Millisecond,
		}
		node, err := raft.New(config, &register{}, &storage.Memory{}, network.Endpoint(id))
		if err != nil {
			log.Fatal(err)
		}
		defer node.Close()
		network.Attach(id, node)
		nodes[id] = node
	}

	// A client asks any server, and goes where that points.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	set := func(value string) (raft.Result, error) {
		server := uint64(1)
		for {
			result, err := nodes[server].Propose(ctx, []byte(value))
			var notLeader *raft.NotLeaderError
			if !errors.As(err, &notLeader) {
				return result, err
			}
			if notLeader.Known {
				server = notLeader.Leader
			} else {
				time.Sleep(10 * time.Millisecond) // an election is under way
			}
		}
	}
	for _, value := range []string{"hello", "world"} {
		result, err := set(value)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("set %q, it was %q\n", value, result.Value)
	}
	// Output:
	// set "hello", it was ""
	// set "world", it was "hello"
}
