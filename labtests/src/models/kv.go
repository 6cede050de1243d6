// Package models has the sequential specification that the replicated services
// are measured against.
package models

import (
	"fmt"
	"sort"

	"github.com/anishathalye/porcupine"
)

// What an operation of a key/value store does.
const (
	OpGet uint8 = iota
	OpPut
	OpAppend
)

// KvInput is what a client asked for. A Get has no value.
type KvInput struct {
	Op    uint8
	Key   string
	Value string
}

// KvOutput is what the client got, which is of interest for Get alone.
type KvOutput struct {
	Value string
}

// KvModel is a store of strings in which a missing key is an empty value. Keys
// do not affect each other, so each is a history of its own, and the state is
// the value.
var KvModel = porcupine.Model{
	Partition:         byKey,
	Init:              func() interface{} { return "" },
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
func step(state, input, output interface{}) (bool, interface{}) {
	in, value := input.(KvInput), state.(string)
	switch in.Op {
	case OpGet:
		return output.(KvOutput).Value == value, value
	case OpPut:
		return true, in.Value
	case OpAppend:
		return true, value + in.Value
	}
	return false, value
}

func describe(input, output interface{}) string {
	in := input.(KvInput)
	switch in.Op {
	case OpGet:
		return fmt.Sprintf("get(%q) -> %q", in.Key, output.(KvOutput).Value)
	case OpPut:
		return fmt.Sprintf("put(%q, %q)", in.Key, in.Value)
	case OpAppend:
		return fmt.Sprintf("append(%q, %q)", in.Key, in.Value)
	}
	return fmt.Sprintf("unknown operation %d", in.Op)
}
