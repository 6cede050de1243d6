package models

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// op is an operation that lasts from call to end.
func op(kind uint8, key, value string, call, end int64) porcupine.Operation {
	in, out := KvInput{Op: kind, Key: key}, KvOutput{}
	if kind == OpGet {
		out.Value = value
	} else {
		in.Value = value
	}
	return porcupine.Operation{Input: in, Output: out, Call: call, Return: end}
}

func TestKvModel(t *testing.T) {
	type history []porcupine.Operation
	tests := []struct {
		name    string
		history history
		want    bool
	}{
		{"nothing", nil, true},
		{"missing key", history{op(OpGet, "k", "", 1, 2)}, true},
		{"value from nowhere", history{op(OpGet, "k", "v", 1, 2)}, false},
		{"put and append", history{
			op(OpPut, "k", "a", 1, 2), op(OpAppend, "k", "b", 3, 4), op(OpGet, "k", "ab", 5, 6)}, true},
		{"put replaces", history{
			op(OpPut, "k", "a", 1, 2), op(OpPut, "k", "b", 3, 4), op(OpGet, "k", "ab", 5, 6)}, false},
		{"append to nothing", history{op(OpAppend, "k", "a", 1, 2), op(OpGet, "k", "a", 3, 4)}, true},
		{"twice", history{op(OpAppend, "k", "a", 1, 2), op(OpGet, "k", "aa", 3, 4)}, false},
		{"stale", history{
			op(OpPut, "k", "a", 1, 2), op(OpPut, "k", "b", 3, 4), op(OpGet, "k", "a", 5, 6)}, false},
		{"before or after", history{
			op(OpPut, "k", "a", 1, 2), op(OpPut, "k", "b", 3, 6), op(OpGet, "k", "a", 4, 5)}, true},
		{"back again", history{op(OpPut, "k", "a", 1, 2), op(OpPut, "k", "b", 3, 10),
			op(OpGet, "k", "b", 4, 5), op(OpGet, "k", "a", 6, 7)}, false},
		{"either order", history{
			op(OpAppend, "k", "a", 1, 4), op(OpAppend, "k", "b", 2, 3), op(OpGet, "k", "ba", 5, 6)}, true},
		{"keys are apart", history{
			op(OpPut, "k", "a", 1, 2), op(OpPut, "l", "b", 3, 4), op(OpGet, "k", "a", 5, 6), op(OpGet, "l", "b", 7, 8)}, true},
		{"the other key", history{
			op(OpPut, "k", "a", 1, 2), op(OpPut, "l", "b", 3, 4), op(OpGet, "k", "b", 5, 6)}, false},
		{"unknown operation", history{op(9, "k", "a", 1, 2)}, false},
	}
	for _, tt := range tests {
		if got := porcupine.CheckOperations(KvModel, tt.history); got != tt.want {
			t.Errorf("%s: linearizable is %v", tt.name, got)
		}
	}
}

func TestKvModelDescribes(t *testing.T) {
	for want, o := range map[string]porcupine.Operation{
		`get("k") -> "v"`:     op(OpGet, "k", "v", 1, 2),
		`put("k", "v")`:       op(OpPut, "k", "v", 1, 2),
		`append("k", "v")`:    op(OpAppend, "k", "v", 1, 2),
		"unknown operation 9": op(9, "k", "v", 1, 2),
	} {
		if got := KvModel.DescribeOperation(o.Input, o.Output); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
