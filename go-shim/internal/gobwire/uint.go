// Package gobwire reads and writes the numbers in encoding/gob's streams.
package gobwire

import (
	"bytes"
	"encoding/binary"
)

// Uint reads gob's unsigned integer: a byte below 128, or the negated number
// of the big-endian bytes that follow. used is 0 if there is none.
func Uint(b []byte) (v uint64, used int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0] < 128 {
		return uint64(b[0]), 1
	}
	n := -int(int8(b[0]))
	if n > 8 || len(b) < 1+n {
		return 0, 0
	}
	for _, x := range b[1 : 1+n] {
		v = v<<8 | uint64(x)
	}
	return v, 1 + n
}

// AppendUint is Uint's inverse.
func AppendUint(b []byte, v uint64) []byte {
	if v < 128 {
		return append(b, byte(v))
	}
	digits := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, v), "\x00")
	return append(append(b, byte(-len(digits))), digits...)
}
