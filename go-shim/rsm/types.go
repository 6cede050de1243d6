package rsm

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"pontoon.dev/go-shim/internal/gobwire"
)

// types encodes requests. A request is a varint and more: 0 and gob's stream of
// an interface, which names and describes the type; or the number of a type in
// the table, from 1, and the fields alone.
//
// The table is replicated state: each server enters a type when it applies the
// first request of it. Who uses a number has applied that request, so it stands
// before the new one in every log.
type types struct {
	mu     sync.Mutex
	list   []*valueType
	number map[reflect.Type]int // in list
}

// valueType is a type in the table.
type valueType struct {
	of         reflect.Type
	definition []byte // an interface with the zero value, as gob's stream
	// What a gob encoder of this process sends before a value of the type: the
	// description and the zero value; then, of each message, the type's id.
	prefix, id []byte
}

func newTypes() *types { return &types{number: map[reflect.Type]int{}} }

// encode fails with an ErrValue.
func (ts *types) encode(request any) ([]byte, error) {
	ts.mu.Lock()
	n, ok := ts.number[reflect.TypeOf(request)]
	ts.mu.Unlock()
	if ok {
		_, _, fields, err := encodeFields(reflect.ValueOf(request))
		if err != nil {
			return nil, fmt.Errorf("%w: %T: %w", ErrValue, request, err)
		}
		return append(binary.AppendUvarint(nil, uint64(n)+1), fields...), nil
	}
	stream, err := encodeInterface(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %T: %w", ErrValue, request, err)
	}
	return append([]byte{0}, stream...), nil
}

// decode is encode's inverse, and enters a new type. It is called for each
// request in the log's order. The error is ErrCommand or ErrValue.
func (ts *types) decode(b []byte) (any, error) {
	r := reader{b: b}
	n := r.uvarint()
	if r.bad {
		return nil, ErrCommand
	}
	if n > 0 {
		ts.mu.Lock()
		defer ts.mu.Unlock()
		if n > uint64(len(ts.list)) {
			return nil, ErrCommand
		}
		return ts.list[n-1].decode(r.b)
	}
	request, err := decodeInterface(r.b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := reflect.TypeOf(request); !ts.has(t) {
		if v := newValueType(t); v != nil {
			ts.add(v)
		}
	}
	return request, nil
}

func (ts *types) has(t reflect.Type) bool {
	_, ok := ts.number[t]
	return ok
}

func (ts *types) add(v *valueType) {
	ts.number[v.of] = len(ts.list)
	ts.list = append(ts.list, v)
}

// appendSnapshot appends the table: how many, then each definition.
func (ts *types) appendSnapshot(b []byte) []byte {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	b = binary.AppendUvarint(b, uint64(len(ts.list)))
	for _, v := range ts.list {
		b = binary.AppendUvarint(b, uint64(len(v.definition)))
		b = append(b, v.definition...)
	}
	return b
}

// restore takes the table from the front of a snapshot.
func (ts *types) restore(b []byte) (rest []byte, err error) {
	r := reader{b: b}
	table := newTypes()
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		definition := r.bytes()
		if r.bad {
			break
		}
		zero, err := decodeInterface(definition)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrValue, err)
		}
		v := newValueType(reflect.TypeOf(zero))
		if v == nil || table.has(v.of) {
			r.bad = true
			break
		}
		table.add(v)
	}
	if r.bad {
		return nil, errors.New("its table of types is damaged")
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.list, ts.number = table.list, table.number
	return r.b, nil
}

// newValueType returns nil for a type whose values describe themselves each
// time: a pointer, or one with interfaces inside.
func newValueType(t reflect.Type) *valueType {
	if t.Kind() == reflect.Pointer || hasInterface(t, map[reflect.Type]bool{}) {
		return nil
	}
	zero := reflect.Zero(t)
	prefix, id, _, err := encodeFields(zero)
	if err != nil {
		return nil
	}
	definition, err := encodeInterface(zero.Interface())
	if err != nil {
		return nil
	}
	return &valueType{of: t, definition: definition, prefix: prefix, id: id}
}

func hasInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hasInterface(t.Elem(), seen)
	case reflect.Map:
		return hasInterface(t.Key(), seen) || hasInterface(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && hasInterface(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

func (v *valueType) decode(fields []byte) (any, error) {
	message := gobwire.AppendUint(append([]byte(nil), v.prefix...), uint64(len(v.id)+len(fields)))
	message = append(append(message, v.id...), fields...)
	decoder := gob.NewDecoder(bytes.NewReader(message))
	zero, value := reflect.New(v.of), reflect.New(v.of)
	if err := decoder.DecodeValue(zero); err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrValue, v.of, err)
	}
	if err := decoder.DecodeValue(value); err != nil {
		return nil, fmt.Errorf("%w: %v: %w", ErrValue, v.of, err)
	}
	return value.Elem().Interface(), nil
}

// encodeFields takes apart what gob makes of the zero value and this one.
// Ids are a process's own, so what is kept for other servers is without.
func encodeFields(v reflect.Value) (prefix, id, fields []byte, err error) {
	var b bytes.Buffer
	encoder := gob.NewEncoder(&b)
	if err := encoder.EncodeValue(reflect.Zero(v.Type())); err != nil {
		return nil, nil, nil, err
	}
	prefix = bytes.Clone(b.Bytes())
	b.Reset()
	if err := encoder.EncodeValue(v); err != nil {
		return nil, nil, nil, err
	}
	message := b.Bytes()
	size, used := gobwire.Uint(message)
	if used == 0 || size != uint64(len(message)-used) {
		return nil, nil, nil, errors.New("gob sent more than the value")
	}
	message = message[used:]
	_, used = gobwire.Uint(message)
	if used == 0 {
		return nil, nil, nil, errors.New("gob sent no type")
	}
	return prefix, message[:used:used], message[used:], nil
}

func encodeInterface(v any) ([]byte, error) {
	if v == nil {
		return nil, errors.New("nil cannot be sent")
	}
	var b bytes.Buffer
	// The address of the interface, so that gob says which type is inside.
	err := gob.NewEncoder(&b).Encode(&v)
	return b.Bytes(), err
}

func decodeInterface(b []byte) (any, error) {
	var v any
	err := gob.NewDecoder(bytes.NewReader(b)).Decode(&v)
	if err == nil && v == nil {
		err = errors.New("it is nil")
	}
	return v, err
}
