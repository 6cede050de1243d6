// Package models has the sequential specification that the key/value services
// are measured against.
package models

import (
	"fmt"
	"sort"

	"6.5840/kvsrv1/rpc"
	"github.com/anishathalye/porcupine"
)

// What an operation does.
const (
	OpGet uint8 = iota
	OpPut
)

// KvInput is what a client asked for. A Get has neither value nor version.
type KvInput struct {
	Op      uint8
	Key     string
	Value   string
	Version rpc.Tversion
}

// KvOutput is what the client got. Of a Get the model looks at the value alone,
// of a Put at Err.
type KvOutput struct {
	Value   string
	Version rpc.Tversion
	Err     rpc.Err
}

// entry is a key's value and version. The zero entry is a key's that does not
// exist.
type entry struct {
	value   string
	version rpc.Tversion
}

// KvModel is a store of values with versions. Keys do not affect each other, so
// each is a history of its own.
var KvModel = porcupine.Model{
	Partition:         byKey,
	Init:              func() any { return entry{} },
	Step:              step,
	DescribeOperation: describe,
}

// byKey splits a history by key, in the order of the keys.
func byKey(history []porcupine.Operation) [][]porcupine.Operation {
	operations := map[string][]porcupine.Operation{}
	var keys []string
	for _, op := range history {
		key := op.Input.(KvInput).Key
		if operations[key] == nil {
			keys = append(keys, key)
		}
		operations[key] = append(operations[key], op)
	}
	sort.Strings(keys)

	var parts [][]porcupine.Operation
	for _, key := range keys {
		parts = append(parts, operations[key])
	}
	return parts
}

// step tells whether an operation with this outcome can take place in state,
// and the state after it.
func step(state, input, output any) (bool, any) {
	in, out, now := input.(KvInput), output.(KvOutput), state.(entry)
	switch {
	case in.Op == OpGet:
		return out.Value == now.value, now
	case in.Op != OpPut:
		return false, now
	case in.Version == now.version:
		return out.Err == rpc.OK || out.Err == rpc.ErrMaybe, entry{in.Value, now.version + 1}
	case now.version == 0:
		return out.Err == rpc.ErrNoKey || out.Err == rpc.ErrMaybe, now
	}
	return out.Err == rpc.ErrVersion || out.Err == rpc.ErrMaybe, now
}

func describe(input, output any) string {
	in, out := input.(KvInput), output.(KvOutput)
	switch in.Op {
	case OpGet:
		return fmt.Sprintf("get(%q) -> %q, %d, %s", in.Key, out.Value, out.Version, out.Err)
	case OpPut:
		return fmt.Sprintf("put(%q, %q, %d) -> %s", in.Key, in.Value, in.Version, out.Err)
	}
	return fmt.Sprintf("unknown operation %d", in.Op)
}
