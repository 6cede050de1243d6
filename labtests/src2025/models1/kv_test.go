package models

import (
	"testing"

	"6.5840/kvsrv1/rpc"
	"github.com/anishathalye/porcupine"
)

// get is a Get of key k that lasts from call to end.
func get(value string, call, end int64) porcupine.Operation {
	return porcupine.Operation{Input: KvInput{Op: OpGet, Key: "k"}, Output: KvOutput{Value: value}, Call: call, Return: end}
}

// put is a Put of key k.
func put(value string, version rpc.Tversion, err rpc.Err, call, end int64) porcupine.Operation {
	return porcupine.Operation{Input: KvInput{OpPut, "k", value, version}, Output: KvOutput{Err: err}, Call: call, Return: end}
}

// of makes an operation one of another key.
func of(key string, op porcupine.Operation) porcupine.Operation {
	in := op.Input.(KvInput)
	in.Key = key
	op.Input = in
	return op
}

func TestKvModel(t *testing.T) {
	type history []porcupine.Operation
	for _, tt := range []struct {
		name    string
		history history
		want    bool
	}{
		{"nothing", nil, true},
		{"missing key", history{get("", 1, 2)}, true},
		{"value from nowhere", history{get("v", 1, 2)}, false},
		{"a put", history{put("a", 0, rpc.OK, 1, 2), get("a", 3, 4)}, true},
		{"a lost put", history{put("a", 0, rpc.OK, 1, 2), get("", 3, 4)}, false},
		{"versions count up", history{put("a", 0, rpc.OK, 1, 2), put("b", 1, rpc.OK, 3, 4), get("b", 5, 6)}, true},
		{"the same version twice", history{put("a", 0, rpc.OK, 1, 2), put("b", 0, rpc.OK, 3, 4)}, false},
		{"a version to come", history{put("a", 0, rpc.OK, 1, 2), put("b", 2, rpc.OK, 3, 4)}, false},
		{"refused", history{put("a", 0, rpc.OK, 1, 2), put("b", 0, rpc.ErrVersion, 3, 4), get("a", 5, 6)}, true},
		{"refused but done", history{put("a", 0, rpc.OK, 1, 2), put("b", 1, rpc.ErrVersion, 3, 4)}, false},
		{"refused a key to make", history{put("a", 0, rpc.ErrVersion, 1, 2)}, false},
		{"no such key", history{put("a", 1, rpc.ErrNoKey, 1, 2), get("", 3, 4)}, true},
		{"no such key, of another version", history{put("a", 1, rpc.ErrVersion, 1, 2)}, false},
		{"maybe, and done", history{put("a", 0, rpc.ErrMaybe, 1, 2), get("a", 3, 4)}, true},
		{"maybe, and not done", history{put("a", 0, rpc.OK, 1, 2), put("b", 0, rpc.ErrMaybe, 3, 4), get("a", 5, 6)}, true},
		{"maybe, but its turn", history{put("a", 0, rpc.ErrMaybe, 1, 2), get("", 3, 4)}, false},
		{"stale", history{put("a", 0, rpc.OK, 1, 2), put("b", 1, rpc.OK, 3, 4), get("a", 5, 6)}, false},
		{"before or after", history{put("a", 0, rpc.OK, 1, 2), put("b", 1, rpc.OK, 3, 6), get("a", 4, 5)}, true},
		{"back again", history{put("a", 0, rpc.OK, 1, 2), put("b", 1, rpc.OK, 3, 8), get("b", 4, 5), get("a", 6, 7)}, false},
		{"keys are apart", history{put("a", 0, rpc.OK, 1, 2), of("l", get("", 3, 4)), of("l", put("b", 0, rpc.OK, 5, 6))}, true},
		{"the other key", history{put("a", 0, rpc.OK, 1, 2), of("l", get("a", 3, 4))}, false},
		{"unknown operation", history{{Input: KvInput{Op: 9}, Output: KvOutput{}, Call: 1, Return: 2}}, false},
	} {
		if got := porcupine.CheckOperations(KvModel, tt.history); got != tt.want {
			t.Errorf("%s: linearizable is %v", tt.name, got)
		}
	}
}

func TestKvModelDescribes(t *testing.T) {
	for want, op := range map[string]porcupine.Operation{
		`get("k") -> "v", 0, `:             get("v", 1, 2),
		`put("k", "v", 7) -> ErrMaybe`:     put("v", 7, rpc.ErrMaybe, 1, 2),
		"unknown operation 9":              {Input: KvInput{Op: 9}, Output: KvOutput{}},
		`get("other") -> "something", 0, `: of("other", get("something", 1, 2)),
	} {
		if got := KvModel.DescribeOperation(op.Input, op.Output); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
