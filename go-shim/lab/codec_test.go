package lab

import (
	"bytes"
	"encoding/gob"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
)

type (
	named       int
	namedString string
	namedBytes  []byte
	op          struct {
		Kind  string
		Key   string
		Value []byte
		Next  *op
	}
	envelope struct {
		Client int64
		Req    interface{}
	}
	nothing    struct{}
	stranger   struct{ X int }
	hidden     struct{ x int }
	unsendable struct{ C chan int }
)

func init() {
	for _, value := range []interface{}{
		named(0), namedString(""), namedBytes(nil), op{}, &envelope{}, nothing{}, hidden{}, unsendable{},
		map[string]int{}, []named{}, [2]int{}, []interface{}{},
	} {
		gob.Register(value)
	}
}

// commands come back as they are.
var commands = []interface{}{
	nil, false, true,
	0, 1, -1, 63, 64, -64, -65, math.MaxInt64, math.MinInt64,
	int8(math.MinInt8), int8(math.MaxInt8), int16(math.MinInt16), int32(math.MinInt32), 'x', int64(math.MinInt64), int64(0),
	uint(0), uint(math.MaxUint), uint8(0), byte(255), uint16(math.MaxUint16), uint32(math.MaxUint32), uint64(math.MaxUint64), uintptr(math.MaxUint),
	float32(0), float32(-1.5), float32(math.MaxFloat32), 0.0, math.Copysign(0, -1), math.Inf(-1), math.SmallestNonzeroFloat64,
	complex64(complex(1, -2)), complex(math.Inf(1), math.Pi),
	"", "x", strings.Repeat("long", 2000), "\x00\xff",
	[]byte(nil), []byte{}, []byte{0}, bytes.Repeat([]byte{7}, 3000),
	named(0), named(-5), namedString("s"), namedBytes{1}, nothing{},
	op{}, op{Kind: "Put", Key: "k", Value: []byte("v"), Next: &op{Key: "next"}},
	&envelope{Client: 3, Req: op{Key: "k"}}, &envelope{Req: named(3)},
	map[string]int{"a": 1}, []named{1, 2}, [2]int{3, 4}, []interface{}{1, "x", op{Key: "k"}},
	[]int{1, 2, 3}, []string{"a"},
}

func TestCommandsKeepTypeAndValue(t *testing.T) {
	c := newCodec(nil, nil)
	for _, command := range commands {
		encoded, err := c.encode(command)
		if err != nil {
			t.Errorf("encode %T %v: %v", command, command, err)
			continue
		}
		decoded, err := c.decode(encoded)
		if err != nil || reflect.TypeOf(decoded) != reflect.TypeOf(command) || !reflect.DeepEqual(decoded, command) {
			t.Errorf("%T %.50v came back as %T %.50v, %v", command, command, decoded, decoded, err)
		}
	}
	encoded, _ := c.encode(math.NaN())
	if decoded, err := c.decode(encoded); err != nil || !math.IsNaN(decoded.(float64)) {
		t.Errorf("NaN came back as %v, %v", decoded, err)
	}
}

func TestPlainCommandsAreCompact(t *testing.T) {
	c := newCodec(nil, nil)
	for _, test := range []struct {
		command interface{}
		most    int
	}{{5, 2}, {-5, 2}, {100, 3}, {math.MaxInt64, 11}, {"abc", 4}, {[]byte("abc"), 4}, {nil, 1}, {true, 1}, {1.5, 9}} {
		if encoded, err := c.encode(test.command); err != nil || len(encoded) > test.most {
			t.Errorf("%v takes %d bytes, %v", test.command, len(encoded), err)
		}
	}
}

func TestDecodedCommandsShareNoMemory(t *testing.T) {
	c := newCodec(nil, nil)
	for _, command := range []interface{}{"text", []byte("text"), op{Key: "text", Value: []byte("text")}} {
		encoded, _ := c.encode(command)
		decoded, err := c.decode(encoded)
		clear(encoded)
		if err != nil || !reflect.DeepEqual(decoded, command) {
			t.Errorf("%v changed to %v", command, decoded)
		}
	}
}

func TestUnencodableCommands(t *testing.T) {
	c := newCodec(nil, nil)
	for _, test := range []struct {
		command interface{}
		want    string
	}{
		{stranger{}, "not registered"},
		{hidden{}, "no exported fields"},
		{unsendable{}, "no exported fields"},
		{make(chan int), "gob"},
		{func() {}, "gob"},
		{(*op)(nil), "nil pointer"},
	} {
		if encoded, err := c.encode(test.command); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%T: %q, %v, want %q", test.command, encoded, err, test.want)
		}
	}
}

func TestDamagedCommands(t *testing.T) {
	c := newCodec(nil, nil)
	for _, command := range commands {
		encoded, _ := c.encode(command)
		for cut := range encoded {
			decoded, err := c.decode(encoded[:cut])
			if kind := encoded[0]; err == nil && (cut == 0 || kind != kindString && kind != kindBytes) {
				t.Errorf("%T cut to %d of %d bytes decodes to %v", command, cut, len(encoded), decoded)
			}
		}
	}
	for kind := kindNil; kind < kindString; kind++ {
		if decoded, err := c.decode(append([]byte{kind}, "too long for that kind"...)); err == nil {
			t.Errorf("kind %d with more bytes decodes to %v", kind, decoded)
		}
	}
	if decoded, err := c.decode([]byte{kindNilBytes, 0}); err == nil {
		t.Errorf("decodes to %v", decoded)
	}
	if decoded, err := c.decode([]byte{kindStruct + 1}); err == nil {
		t.Errorf("an unknown kind decodes to %v", decoded)
	}
}

func FuzzDecode(f *testing.F) {
	c := newCodec(nil, nil)
	for _, command := range commands {
		if encoded, err := c.encode(command); err == nil {
			f.Add(encoded)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		command, err := c.decode(b)
		if err != nil {
			return
		}
		if _, err := c.encode(command); err != nil && b[0] != kindGob {
			t.Errorf("%T was decoded and cannot be encoded: %v", command, err)
		}
	})
}

// countingEncoder stands for the lab's own wrapper.
type countingEncoder struct {
	*gob.Encoder
	used *int
}

func (e countingEncoder) Encode(v interface{}) error {
	*e.used++
	if _, ok := v.(*interface{}); !ok {
		panic("a command is to be encoded through a pointer to its interface")
	}
	return e.Encoder.Encode(v)
}

type countingDecoder struct {
	*gob.Decoder
	used *int
}

func (d countingDecoder) Decode(v interface{}) error {
	*d.used++
	return d.Decoder.Decode(v)
}

func TestTheLabsCodecIsUsed(t *testing.T) {
	encoded, decoded := 0, 0
	c := newCodec(
		func(w io.Writer) Encoder { return countingEncoder{gob.NewEncoder(w), &encoded} },
		func(r io.Reader) Decoder { return countingDecoder{gob.NewDecoder(r), &decoded} })
	for _, command := range []interface{}{op{Key: "k"}, 5} {
		b, err := c.encode(command)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.decode(b); err != nil {
			t.Fatal(err)
		}
	}
	if encoded != 1 || decoded != 1 {
		t.Errorf("used %d and %d times, for one command of two", encoded, decoded)
	}
}
