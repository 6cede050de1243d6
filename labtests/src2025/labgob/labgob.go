// Package labgob is encoding/gob with two complaints added. Both are lines on
// standard output; neither changes what is encoded or decoded, nor any error.
//
// Gob silently drops struct fields whose name is not capitalised, so encoding
// or registering a type with such a field draws a complaint, once per type.
//
// Gob does not transmit zero values, so decoding a zero into a variable that
// already holds something keeps the old value. Decoding into a non-zero target
// draws a warning, at most once per process.
//
// All functions may be called from any goroutine; one encoder or decoder
// belongs to one goroutine at a time, as with gob.
package labgob

import (
	"encoding/gob"
	"fmt"
	"io"
	"reflect"
	"sync"
	"unicode"
	"unicode/utf8"
)

var (
	mu         sync.Mutex
	errorCount int // complaints so far, printed or not
	checked    = map[reflect.Type]bool{}
)

// LabEncoder is a gob.Encoder that checks the type of every value it encodes.
type LabEncoder struct {
	gob *gob.Encoder
}

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w io.Writer) *LabEncoder {
	return &LabEncoder{gob: gob.NewEncoder(w)}
}

// Encode checks the type of v and encodes it. Its errors are gob's.
func (enc *LabEncoder) Encode(v interface{}) error {
	checkType(reflect.TypeOf(v))
	return enc.gob.Encode(v)
}

// EncodeValue is Encode for a value held by reflection.
func (enc *LabEncoder) EncodeValue(v reflect.Value) error {
	if v.IsValid() {
		checkType(v.Type())
	}
	return enc.gob.EncodeValue(v)
}

// LabDecoder is a gob.Decoder that checks every target it decodes into.
type LabDecoder struct {
	gob *gob.Decoder
}

// NewDecoder returns a decoder that reads from r.
func NewDecoder(r io.Reader) *LabDecoder {
	return &LabDecoder{gob: gob.NewDecoder(r)}
}

// Decode checks the type and the present value of v, which is a pointer to the
// target, and decodes into it. Its errors are gob's.
func (dec *LabDecoder) Decode(v interface{}) error {
	checkType(reflect.TypeOf(v))
	checkDefault(reflect.ValueOf(v), 1, "")
	return dec.gob.Decode(v)
}

// Register checks the type of v and records it with gob, so that it may travel
// inside an interface value.
func Register(v interface{}) {
	checkType(reflect.TypeOf(v))
	gob.Register(v)
}

// RegisterName is Register under a name of the caller's choice.
func RegisterName(name string, v interface{}) {
	checkType(reflect.TypeOf(v))
	gob.RegisterName(name, v)
}

func checkType(t reflect.Type) {
	if t == nil {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	visitType(t)
}

// visitType complains about lower-case fields of t and of what t is made of.
// Interfaces are not looked into: their content has types of its own. Needs mu.
func visitType(t reflect.Type) {
	if checked[t] {
		return
	}
	checked[t] = true // before descending: types may be recursive

	switch t.Kind() {
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			if first, _ := utf8.DecodeRuneInString(f.Name); !unicode.IsUpper(first) {
				fmt.Printf("labgob error: lower-case field %s of %s is dropped by gob; capitalise it\n", f.Name, t)
				errorCount++
			}
			visitType(f.Type)
		}
	case reflect.Slice, reflect.Array, reflect.Ptr:
		visitType(t.Elem())
	case reflect.Map:
		visitType(t.Elem())
		visitType(t.Key())
	}
}

// maxDepth bounds the default-value check. The pointer handed to Decode is at
// depth 1, so the fields of the struct it points to are the last level.
const maxDepth = 3

// checkDefault warns if v holds a bool, number or string other than zero.
// Slices, maps and interfaces are not inspected.
func checkDefault(v reflect.Value, depth int, name string) {
	if depth > maxDepth {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			field := v.Type().Field(i).Name
			if name != "" {
				field = name + "." + field
			}
			checkDefault(v.Field(i), depth+1, field)
		}
	case reflect.Ptr:
		if !v.IsNil() {
			checkDefault(v.Elem(), depth+1, name)
		}
	case reflect.Bool, reflect.String,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		if !v.IsZero() {
			if name == "" {
				name = v.Type().Name()
			}
			warnNonDefault(name)
		}
	}
}

func warnNonDefault(name string) {
	mu.Lock()
	defer mu.Unlock()
	if errorCount == 0 {
		fmt.Printf("labgob warning: Decoding into a non-default variable/field %s: where the sender has a zero, the old value stays\n", name)
	}
	errorCount++
}
