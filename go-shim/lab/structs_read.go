package lab

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"

	"pontoon.dev/go-shim/internal/gobwire"
)

// structReader reads what appendValue wrote. After an error it reads nothing.
type structReader struct {
	b     []byte
	codec codec
	err   error
}

func (r *structReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.err = errDamaged
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// count reads how many bytes or elements follow, of at least a byte each.
func (r *structReader) count() int {
	n := r.unsigned()
	if r.err != nil || n > uint64(len(r.b)) {
		r.err = errDamaged
		return 0
	}
	return int(n)
}

func (r *structReader) bytes() []byte { return r.take(r.count()) }

func (r *structReader) unsigned() uint64 {
	v, used := binary.Uvarint(r.b)
	if r.take(used); used <= 0 {
		r.err = errDamaged
		return 0
	}
	return v
}

func (r *structReader) signed() int64 {
	v, used := binary.Varint(r.b)
	if r.take(used); used <= 0 {
		r.err = errDamaged
		return 0
	}
	return v
}

func (r *structReader) double() float64 {
	if b := r.take(8); r.err == nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// value reads into v, which is zero. Like gob it makes no difference between
// an empty slice and none.
func (r *structReader) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if b := r.take(1); r.err == nil {
			v.SetBool(b[0] != 0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.signed())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(r.unsigned())
	case reflect.Float32:
		if b := r.take(4); r.err == nil {
			v.SetFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		}
	case reflect.Float64:
		v.SetFloat(r.double())
	case reflect.Complex64, reflect.Complex128:
		re := r.double()
		v.SetComplex(complex(re, r.double()))
	case reflect.String:
		v.SetString(string(r.bytes()))
	case reflect.Interface:
		r.inner(v)
	case reflect.Struct:
		for i := 0; i < v.NumField() && r.err == nil; i++ {
			r.value(v.Field(i))
		}
	case reflect.Slice:
		r.slice(v)
	case reflect.Array:
		for i := 0; i < v.Len() && r.err == nil; i++ {
			r.value(v.Index(i))
		}
	}
}

func (r *structReader) slice(v reflect.Value) {
	n := r.count()
	if n == 0 {
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(bytes.Clone(r.take(n)))
		return
	}
	// The count is of bytes at least, elements may be much larger: grow as
	// they turn out to be there.
	for ; n > 0 && r.err == nil; n-- {
		element := reflect.New(v.Type().Elem()).Elem()
		if r.value(element); r.err == nil {
			v.Set(reflect.Append(v, element))
		}
	}
}

func (r *structReader) inner(v reflect.Value) {
	b := r.bytes()
	if r.err != nil {
		return
	}
	inner, err := r.codec.decode(b)
	switch {
	case err != nil:
		r.err = err
	case inner == nil:
	case !reflect.TypeOf(inner).AssignableTo(v.Type()):
		r.err = fmt.Errorf("%w: %T is no %v", errDamaged, inner, v.Type())
	default:
		v.Set(reflect.ValueOf(inner))
	}
}

// anyStruct stands in a gob stream for a struct of which no field is sent.
type anyStruct struct{}

const anyName = "pontoon.dev/go-shim/lab.anyStruct"

// anyStream is gob's stream of an interface with an anyStruct inside: of its
// first message what stands on both sides of the name, and the other messages.
var anyStream = sync.OnceValues(func() (parts [3][]byte, err error) {
	gob.RegisterName(anyName, anyStruct{})
	var b bytes.Buffer
	var v interface{} = anyStruct{}
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		return parts, err
	}
	before, name, after, rest, ok := splitStream(b.Bytes())
	if !ok || string(name) != anyName {
		return parts, errors.New("gob's stream of an interface is not the known one")
	}
	return [3][]byte{before, after, rest}, nil
})

// registered returns the type of a name in gob's registry. Gob has no question
// for it, but makes a value of that type for an interface that names it.
func (c codec) registered(name string) (reflect.Type, error) {
	parts, err := anyStream()
	if err != nil {
		return nil, err
	}
	message := gobwire.AppendUint(bytes.Clone(parts[0]), uint64(len(name)))
	message = append(append(message, name...), parts[1]...)
	stream := append(gobwire.AppendUint(nil, uint64(len(message))), message...)
	var v interface{}
	if err := c.newDecoder(bytes.NewReader(append(stream, parts[2]...))).Decode(&v); err != nil {
		return nil, err
	}
	return reflect.TypeOf(v), nil
}

// splitStream takes apart gob's stream of an interface. Its first message has
// the id of interfaces, a zero as all but structs have, the name of the type
// inside, and what gob describes that type with.
func splitStream(stream []byte) (before, name, after, rest []byte, ok bool) {
	message, rest, ok := counted(stream)
	if !ok {
		return nil, nil, nil, nil, false
	}
	_, used := gobwire.Uint(message)
	if used == 0 || len(message) <= used || message[used] != 0 {
		return nil, nil, nil, nil, false
	}
	before = message[:used+1]
	name, after, ok = counted(message[used+1:])
	return before, name, after, rest, ok
}

// counted takes what stands behind a number of bytes.
func counted(b []byte) (counted, rest []byte, ok bool) {
	size, used := gobwire.Uint(b)
	if used == 0 || size > uint64(len(b)-used) {
		return nil, nil, false
	}
	end := used + int(size)
	return b[used:end], b[end:], true
}
