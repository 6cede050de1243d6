package lab

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"reflect"
	"sync"
)

// A struct of a registered type is encoded as its name in gob's registry, two
// bytes that stand for the layout, and the fields in their order. Gob's own
// stream describes the type again in every command; this one needs nothing
// before it, so any log of any server can be decoded alone.
//
// It is for structs, and pointers to them, in which gob sees every field and
// has a single way to read them back: exported fields of basic kinds, strings,
// slices, arrays, structs and interfaces. All others are gob's.

// structTypes is what was found out about types so far.
type structTypes struct {
	mu   sync.RWMutex
	of   map[reflect.Type]*structType // nil: gob's
	name map[string]*structType
}

type structType struct {
	of   reflect.Type // as registered: a struct or a pointer to one
	head []byte       // what an encoded value begins with
	tail int          // where in head the layout stands
}

func newStructTypes() *structTypes {
	return &structTypes{of: map[reflect.Type]*structType{}, name: map[string]*structType{}}
}

// encodeOther encodes what is of no plain type.
func (c codec) encodeOther(command interface{}) ([]byte, error) {
	t := reflect.TypeOf(command)
	c.structs.mu.RLock()
	s, known := c.structs.of[t]
	c.structs.mu.RUnlock()
	v := reflect.ValueOf(command)
	// Gob refuses a nil pointer, and says so.
	if known && s != nil && (t.Kind() != reflect.Pointer || !v.IsNil()) {
		return c.appendValue(bytes.Clone(s.head), reflect.Indirect(v))
	}
	buffer := bytes.NewBuffer([]byte{kindGob})
	// The address of the interface, so that gob says which type is inside.
	if err := c.newEncoder(buffer).Encode(&command); err != nil {
		return nil, err
	}
	if known {
		return buffer.Bytes(), nil
	}
	if s = c.learn(t, buffer.Bytes()[1:]); s == nil {
		return buffer.Bytes(), nil
	}
	return c.appendValue(bytes.Clone(s.head), reflect.Indirect(v))
}

// learn decides how values of a type are encoded, which gob can do as stream.
func (c codec) learn(t reflect.Type, stream []byte) *structType {
	var s *structType
	if base := indirect(t); base.Kind() == reflect.Struct && isOurs(base, nil) {
		if _, name, _, _, ok := splitStream(stream); ok {
			if of, err := c.registered(string(name)); err == nil && of == t {
				s = newStructType(string(name), t)
			}
		}
	}
	c.structs.add(t, s)
	return s
}

func (ts *structTypes) add(t reflect.Type, s *structType) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.of[t] = s
	if s != nil {
		ts.name[s.name()] = s
	}
}

func newStructType(name string, t reflect.Type) *structType {
	head := binary.AppendUvarint([]byte{kindStruct}, uint64(len(name)))
	head = append(head, name...)
	sum := fnv.New32a()
	layout(sum, indirect(t))
	n := sum.Sum32()
	return &structType{of: t, head: binary.LittleEndian.AppendUint16(head, uint16(n^n>>16)), tail: len(head)}
}

func (s *structType) name() string {
	_, used := binary.Uvarint(s.head[1:])
	return string(s.head[1+used : s.tail])
}

// decodeStruct takes what follows kindStruct.
func (c codec) decodeStruct(b []byte) (interface{}, error) {
	r := structReader{b: b, codec: c}
	name := r.bytes()
	layout := r.take(2)
	if r.err != nil {
		return nil, r.err
	}
	s, err := c.named(name)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(layout, s.head[s.tail:]) {
		return nil, fmt.Errorf("%w: the fields of %v are not those that it has here", errDamaged, s.of)
	}
	v := reflect.New(indirect(s.of))
	r.value(v.Elem())
	if r.err == nil && len(r.b) > 0 {
		r.err = errDamaged
	}
	if r.err != nil {
		return nil, r.err
	}
	if s.of.Kind() == reflect.Pointer {
		return v.Interface(), nil
	}
	return v.Elem().Interface(), nil
}

// named returns the type of a name; the error is gob's if there is none.
func (c codec) named(name []byte) (*structType, error) {
	c.structs.mu.RLock()
	s := c.structs.name[string(name)]
	c.structs.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	t, err := c.registered(string(name))
	if err != nil {
		return nil, err
	}
	if base := indirect(t); base.Kind() != reflect.Struct || !isOurs(base, nil) {
		return nil, fmt.Errorf("%w: %v is encoded another way", errDamaged, t)
	}
	s = newStructType(string(name), t)
	c.structs.add(t, s)
	return s, nil
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

var selfEncoders = []reflect.Type{
	reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[gob.GobDecoder](),
	reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](),
}

// isOurs tells whether values of a type are encoded here. Every value takes at
// least a byte, so that a count can be held against what is there. outer are
// the structs around it: a type inside itself is gob's.
func isOurs(t reflect.Type, outer []reflect.Type) bool {
	for _, i := range selfEncoders {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return false
		}
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		// Gob has rules of its own for what an element may be.
		return (t.Kind() == reflect.Slice || t.Len() > 0) && t.Elem().Kind() != reflect.Interface && isOurs(t.Elem(), outer)
	case reflect.Struct:
		for _, o := range outer {
			if o == t {
				return false
			}
		}
		for i := range t.NumField() {
			if f := t.Field(i); !f.IsExported() || !isOurs(f.Type, append(outer[:len(outer):len(outer)], t)) {
				return false
			}
		}
		return t.NumField() > 0
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Invalid:
		return false
	}
	return true
}

// layout writes all that the encoding of a type depends on.
func layout(w io.Writer, t reflect.Type) {
	fmt.Fprint(w, t.Kind(), " ")
	switch t.Kind() {
	case reflect.Array:
		fmt.Fprint(w, t.Len(), " ")
		layout(w, t.Elem())
	case reflect.Slice:
		layout(w, t.Elem())
	case reflect.Struct:
		fmt.Fprint(w, t.NumField(), " ")
		for i := range t.NumField() {
			fmt.Fprint(w, t.Field(i).Name, " ")
			layout(w, t.Field(i).Type)
		}
	}
}

func (c codec) appendValue(b []byte, v reflect.Value) ([]byte, error) {
	fixed := binary.LittleEndian
	var err error
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1), nil
		}
		return append(b, 0), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return binary.AppendUvarint(b, v.Uint()), nil
	case reflect.Float32:
		return fixed.AppendUint32(b, math.Float32bits(float32(v.Float()))), nil
	case reflect.Float64:
		return fixed.AppendUint64(b, math.Float64bits(v.Float())), nil
	case reflect.Complex64, reflect.Complex128:
		b = fixed.AppendUint64(b, math.Float64bits(real(v.Complex())))
		return fixed.AppendUint64(b, math.Float64bits(imag(v.Complex()))), nil
	case reflect.String:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...), nil
	case reflect.Interface:
		inner, err := c.encode(v.Interface())
		return append(binary.AppendUvarint(b, uint64(len(inner))), inner...), err
	case reflect.Struct:
		for i := 0; i < v.NumField() && err == nil; i++ {
			b, err = c.appendValue(b, v.Field(i))
		}
		return b, err
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(b, v.Bytes()...), nil
		}
		fallthrough
	case reflect.Array:
		for i := 0; i < v.Len() && err == nil; i++ {
			b, err = c.appendValue(b, v.Index(i))
		}
		return b, err
	}
	return nil, errors.New("pontoon: no encoding for " + v.Type().String()) // isOurs lets none through
}
