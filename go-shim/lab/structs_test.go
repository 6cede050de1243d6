package lab

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"time"
)

// Commands as services of the labs have them.
type (
	kvOp struct {
		Kind, Key, Value string
		Client, Seq      int64
	}
	putArgs struct {
		Key, Value string
		Version    uint64
	}
	rsmOp struct {
		Me, ID int
		Req    any
	}
	shardOp struct {
		Number int
		Shards [10]int
		Groups [][]string
		Data   []putArgs
		Done   bool
	}
)

type (
	everything struct {
		A bool
		B int
		C int8
		D int16
		E int32
		F int64
		G uint
		H uint8
		I uint16
		J uint32
		K uint64
		L uintptr
		M float32
		N float64
		O complex64
		P complex128
		Q string
		R []byte
		S []named
		T [3]namedString
		U struct{ X, Y []string }
		V []struct{ Z [2][]byte }
		W namedBytes
	}
	method       interface{ Method() }
	implementing struct{ X int }
	strict       struct{ M method }
	// The rest is gob's, for what they have in them.
	withTime   struct{ When time.Time }
	withMap    struct{ M map[string]int }
	withAnys   struct{ L []any }
	withHidden struct {
		Shown  int
		hidden int
	}
	withChan struct {
		X int
		C chan int
	}
	tree  struct{ Kids []tree }
	empty struct{ E struct{ X [0]int } }
)

func (implementing) Method() {}

func init() {
	for _, v := range []any{
		kvOp{}, putArgs{}, rsmOp{}, &shardOp{}, everything{}, implementing{}, strict{},
		withTime{}, withMap{}, withAnys{}, withHidden{}, withChan{}, tree{}, empty{},
	} {
		gob.Register(v)
	}
}

var ours = []any{
	kvOp{}, kvOp{"Append", "k", "x 0 1 y", 1 << 61, 3}, putArgs{"k", strings.Repeat("v", 3000), math.MaxUint64},
	rsmOp{}, rsmOp{1, 2, putArgs{"k", "v", 1}}, rsmOp{Req: 5}, rsmOp{Req: []byte{}}, rsmOp{Req: rsmOp{Req: rsmOp{ID: 7}}},
	rsmOp{Req: map[string]int{"a": 1}}, rsmOp{Req: &shardOp{Number: 4}}, rsmOp{Req: op{Key: "k", Next: &op{}}},
	&shardOp{}, &shardOp{9, [10]int{9: 2}, [][]string{{"a", "b"}, nil, {"c"}}, []putArgs{{}, {"k", "v", 1}}, true},
	strict{}, strict{implementing{3}}, everything{M: -1.5, N: math.Inf(1), P: complex(1, -2)},
}

// A codec that has seen nothing is a server's of another process.
func TestStructsAreDecodedAlone(t *testing.T) {
	known := newCodec(nil, nil)
	for _, command := range ours {
		for range 2 {
			b, err := known.encode(command)
			if err != nil || b[0] != kindStruct {
				t.Fatalf("%T is %.40q, %v", command, b, err)
			}
			for _, c := range []codec{known, newCodec(nil, nil)} {
				if back, err := c.decode(b); err != nil || !reflect.DeepEqual(back, command) {
					t.Errorf("%#v came back as %#v, %v", command, back, err)
				}
			}
		}
	}
}

// What gob makes of a value, this encoding makes of it too.
func TestStructsComeBackAsFromGob(t *testing.T) {
	c := newCodec(nil, nil)
	same := func(v any) bool {
		var b bytes.Buffer
		var want any
		if err := gob.NewEncoder(&b).Encode(&v); err != nil {
			t.Fatal(err)
		}
		if err := gob.NewDecoder(&b).Decode(&want); err != nil {
			t.Fatal(err)
		}
		encoded, err := c.encode(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.decode(encoded)
		if err == nil && reflect.DeepEqual(got, want) {
			return true
		}
		t.Logf("%#v, %v; gob makes it %#v", got, err, want)
		return false
	}
	for _, f := range []any{
		func(v everything) bool { return same(v) },
		func(v shardOp) bool { return same(&v) },
		func(v kvOp, me int) bool { return same(rsmOp{Me: me, Req: v}) },
	} {
		if err := quick.Check(f, nil); err != nil {
			t.Error(err)
		}
	}
	for _, v := range []any{everything{R: []byte{}, S: []named{}}, &shardOp{Groups: [][]string{{}, nil}, Data: []putArgs{}}} {
		if !same(v) {
			t.Errorf("%#v", v)
		}
	}
}

func TestWhatIsGobs(t *testing.T) {
	c := newCodec(nil, nil)
	for _, command := range []any{
		withTime{time.Unix(1, 2).UTC()}, withMap{map[string]int{"a": 1}}, withAnys{[]any{1}}, withHidden{Shown: 1},
		withChan{X: 1}, tree{[]tree{{}, {}}}, op{Key: "k"}, nothing{}, empty{}, named(3), namedBytes{1},
	} {
		for range 2 {
			b, err := c.encode(command)
			if err != nil || b[0] != kindGob {
				t.Fatalf("%T is %.40q, %v", command, b, err)
			}
			if back, err := c.decode(b); err != nil || !reflect.DeepEqual(back, command) {
				t.Errorf("%#v came back as %#v, %v", command, back, err)
			}
		}
	}
}

// A type that gob refuses is refused in gob's words, also inside a command of
// a type that was sent before.
func TestRefusedAsGobRefuses(t *testing.T) {
	c := newCodec(nil, nil)
	if _, err := c.encode(rsmOp{Req: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.encode(&shardOp{}); err != nil {
		t.Fatal(err)
	}
	for _, command := range []any{rsmOp{Req: stranger{1}}, rsmOp{Req: (*shardOp)(nil)}, (*shardOp)(nil), rsmOp{Req: hidden{}}, rsmOp{Req: rsmOp{Req: &stranger{}}}} {
		want := gob.NewEncoder(new(bytes.Buffer)).Encode(&command)
		if _, err := c.encode(command); err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%T: %v, gob says %v", command, err, want)
		}
	}
}

// entry is what a Raft of Go's keeps of a command.
type entry struct {
	Term    int
	Command any
}

// A Raft in Go encodes its whole log in one stream, which describes each type
// once: a command on its own is not to take more than it takes there.
func TestStructsAreCompact(t *testing.T) {
	const n = 200
	for _, test := range []struct {
		name string
		make func(i int) any
	}{
		{"KV operation", func(i int) any { return kvOp{"Append", "0", "x 0 1 y", 1<<61 + 12345, int64(i)} }},
		{"rsm operation", func(i int) any { return rsmOp{1, i, putArgs{"k", "value", uint64(i)}} }},
	} {
		var log []entry
		own, c := 0, newCodec(nil, nil)
		for i := range n {
			log = append(log, entry{3, test.make(i)})
			b, err := c.encode(test.make(i))
			if err != nil {
				t.Fatal(err)
			}
			own += len(b)
		}
		var stream bytes.Buffer
		if err := gob.NewEncoder(&stream).Encode(log); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, in one stream of gob's %d", test.name, own/n, stream.Len()/n)
		// The entry's term, and the length that goes before the command.
		if own+3*n > stream.Len() {
			t.Errorf("%s takes %d bytes, in one stream of gob's %d", test.name, own/n, stream.Len()/n)
		}
	}
}

func TestDamagedStructs(t *testing.T) {
	c := newCodec(nil, nil)
	for _, command := range ours {
		encoded, err := c.encode(command)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range encoded {
			if v, err := c.decode(encoded[:cut]); err == nil {
				t.Errorf("%T cut to %d of %d bytes decodes to %v", command, cut, len(encoded), v)
			}
		}
		if v, err := c.decode(append(bytes.Clone(encoded), 0)); !errors.Is(err, errDamaged) {
			t.Errorf("%T with a byte more decodes to %.100v, %v", command, v, err)
		}
	}
	encoded, _ := c.encode(putArgs{"k", "v", 1})
	at := bytes.Index(encoded, []byte("putArgs")) + len("putArgs")
	encoded[at] ^= 1
	if _, err := c.decode(encoded); err == nil || !strings.Contains(err.Error(), "putArgs") || !errors.Is(err, errDamaged) {
		t.Errorf("another layout: %v", err)
	}
	for _, name := range []string{"int", "lab.gone", "pontoon.dev/go-shim/lab.withMap"} {
		b := append(binary.AppendUvarint([]byte{kindStruct}, uint64(len(name))), name...)
		if v, err := c.decode(append(b, 0, 0)); err == nil {
			t.Errorf("a struct named %s decodes to %v", name, v)
		}
	}
	// A count of elements that cannot be there takes no memory.
	s, _ := c.named([]byte(gobName(t, &shardOp{})))
	hostile := binary.AppendUvarint(append(bytes.Clone(s.head), make([]byte, 11)...), 1<<62)
	if v, err := c.decode(hostile); !errors.Is(err, errDamaged) {
		t.Errorf("decodes to %v, %v", v, err)
	}
}

func gobName(t *testing.T, v any) string {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		t.Fatal(err)
	}
	_, name, _, _, ok := splitStream(b.Bytes())
	if !ok {
		t.Fatalf("no name in %q", b.Bytes())
	}
	return string(name)
}

func TestStructsFromManyGoroutines(t *testing.T) {
	c := newCodec(nil, nil)
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for _, command := range ours {
				b, err := c.encode(command)
				if err != nil {
					t.Error(err)
				}
				if _, err := c.decode(b); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
}

func BenchmarkCommands(b *testing.B) {
	for _, test := range []struct {
		name    string
		command any
	}{{"int", 5}, {"string", "sixteen bytes ab"}, {"kvOp", kvOp{"Append", "0", "x 0 1 y", 1 << 61, 5}}, {"rsmOp", rsmOp{1, 2, putArgs{"k", "value", 3}}}} {
		b.Run(test.name, func(b *testing.B) {
			c := newCodec(nil, nil)
			b.ReportAllocs()
			for range b.N {
				encoded, err := c.encode(test.command)
				if err == nil {
					_, err = c.decode(encoded)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
