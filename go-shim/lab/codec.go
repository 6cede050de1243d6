package lab

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
)

// An encoded command is a byte that names its Go type, then its value. Structs
// have an encoding of their own where gob would describe them in each command;
// other types declared by a program, and other composite types, are gob's.
const (
	kindNil byte = iota
	kindFalse
	kindTrue
	kindInt
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindUintptr
	kindFloat32
	kindFloat64
	kindComplex64
	kindComplex128
	kindString
	kindBytes
	kindNilBytes
	kindGob
	kindStruct
)

var errDamaged = errors.New("its bytes are damaged")

// codec turns commands into bytes and back into values of the same type.
type codec struct {
	newEncoder func(io.Writer) Encoder
	newDecoder func(io.Reader) Decoder
	structs    *structTypes
}

func newCodec(newEncoder func(io.Writer) Encoder, newDecoder func(io.Reader) Decoder) codec {
	if newEncoder == nil {
		newEncoder = func(w io.Writer) Encoder { return gob.NewEncoder(w) }
	}
	if newDecoder == nil {
		newDecoder = func(r io.Reader) Decoder { return gob.NewDecoder(r) }
	}
	return codec{newEncoder, newDecoder, newStructTypes()}
}

// encode fails with gob's error, or the encoder's.
func (c codec) encode(command interface{}) ([]byte, error) {
	signed := func(kind byte, v int64) []byte {
		return binary.AppendVarint(append(make([]byte, 0, 1+binary.MaxVarintLen64), kind), v)
	}
	unsigned := func(kind byte, v uint64) []byte {
		return binary.AppendUvarint(append(make([]byte, 0, 1+binary.MaxVarintLen64), kind), v)
	}
	fixed := binary.LittleEndian
	// A case matches that very type: a type declared on top of it is gob's.
	switch v := command.(type) {
	case nil:
		return []byte{kindNil}, nil
	case bool:
		if v {
			return []byte{kindTrue}, nil
		}
		return []byte{kindFalse}, nil
	case int:
		return signed(kindInt, int64(v)), nil
	case int8:
		return signed(kindInt8, int64(v)), nil
	case int16:
		return signed(kindInt16, int64(v)), nil
	case int32:
		return signed(kindInt32, int64(v)), nil
	case int64:
		return signed(kindInt64, v), nil
	case uint:
		return unsigned(kindUint, uint64(v)), nil
	case uint8:
		return unsigned(kindUint8, uint64(v)), nil
	case uint16:
		return unsigned(kindUint16, uint64(v)), nil
	case uint32:
		return unsigned(kindUint32, uint64(v)), nil
	case uint64:
		return unsigned(kindUint64, v), nil
	case uintptr:
		return unsigned(kindUintptr, uint64(v)), nil
	case float32:
		return fixed.AppendUint32([]byte{kindFloat32}, math.Float32bits(v)), nil
	case float64:
		return fixed.AppendUint64([]byte{kindFloat64}, math.Float64bits(v)), nil
	case complex64:
		b := fixed.AppendUint32([]byte{kindComplex64}, math.Float32bits(real(v)))
		return fixed.AppendUint32(b, math.Float32bits(imag(v))), nil
	case complex128:
		b := fixed.AppendUint64([]byte{kindComplex128}, math.Float64bits(real(v)))
		return fixed.AppendUint64(b, math.Float64bits(imag(v))), nil
	case string:
		return append(append(make([]byte, 0, 1+len(v)), kindString), v...), nil
	case []byte:
		if v == nil {
			return []byte{kindNilBytes}, nil
		}
		return append(append(make([]byte, 0, 1+len(v)), kindBytes), v...), nil
	}
	return c.encodeOther(command)
}

// decode is encode's inverse. The value shares no memory with b.
func (c codec) decode(b []byte) (interface{}, error) {
	if len(b) == 0 {
		return nil, errDamaged
	}
	kind, b := b[0], b[1:]
	switch kind {
	case kindNil, kindFalse, kindTrue, kindNilBytes:
		return decodeConstant(kind, b)
	case kindInt, kindInt8, kindInt16, kindInt32, kindInt64:
		return decodeSigned(kind, b)
	case kindUint, kindUint8, kindUint16, kindUint32, kindUint64, kindUintptr:
		return decodeUnsigned(kind, b)
	case kindFloat32, kindFloat64, kindComplex64, kindComplex128:
		return decodeFloat(kind, b)
	case kindString:
		return string(b), nil
	case kindBytes:
		return append([]byte{}, b...), nil
	case kindGob:
		var command interface{}
		if err := c.newDecoder(bytes.NewReader(b)).Decode(&command); err != nil {
			return nil, err
		}
		return command, nil
	case kindStruct:
		return c.decodeStruct(b)
	}
	return nil, fmt.Errorf("%w: kind %d", errDamaged, kind)
}

func decodeConstant(kind byte, b []byte) (interface{}, error) {
	if len(b) != 0 {
		return nil, errDamaged
	}
	switch kind {
	case kindFalse, kindTrue:
		return kind == kindTrue, nil
	case kindNilBytes:
		return []byte(nil), nil
	}
	return nil, nil
}

func decodeSigned(kind byte, b []byte) (interface{}, error) {
	v, used := binary.Varint(b)
	if used <= 0 || used != len(b) {
		return nil, errDamaged
	}
	switch kind {
	case kindInt8:
		return int8(v), nil
	case kindInt16:
		return int16(v), nil
	case kindInt32:
		return int32(v), nil
	case kindInt64:
		return v, nil
	}
	return int(v), nil
}

func decodeUnsigned(kind byte, b []byte) (interface{}, error) {
	v, used := binary.Uvarint(b)
	if used <= 0 || used != len(b) {
		return nil, errDamaged
	}
	switch kind {
	case kindUint8:
		return uint8(v), nil
	case kindUint16:
		return uint16(v), nil
	case kindUint32:
		return uint32(v), nil
	case kindUint64:
		return v, nil
	case kindUintptr:
		return uintptr(v), nil
	}
	return uint(v), nil
}

func decodeFloat(kind byte, b []byte) (interface{}, error) {
	size := 8
	switch kind {
	case kindFloat32:
		size = 4
	case kindComplex128:
		size = 16
	}
	if len(b) != size {
		return nil, errDamaged
	}
	single := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b[at:])) }
	double := func(at int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b[at:])) }
	switch kind {
	case kindFloat32:
		return single(0), nil
	case kindFloat64:
		return double(0), nil
	case kindComplex64:
		return complex(single(0), single(4)), nil
	}
	return complex(double(0), double(8)), nil
}

// registerHint tells what to do about gob's refusal of an unregistered type.
func registerHint(command interface{}) string {
	return fmt.Sprintf(": commands of type %T have to be registered, with labgob.Register or gob.Register, and gob must be able to encode them", command)
}
