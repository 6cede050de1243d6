package rsm

import (
	"encoding/binary"
	"math/rand/v2"
)

// kind is what a command does, in the two low bits of its first varint.
type kind uint64

const (
	plain kind = iota // tag, body: executed each time it is committed
	once              // client, serial, body
	open              // tag, limit: begins a session
	end               // tag, client: ends one
)

// command is a decoded entry. Waiters recognise their own by kind, id and serial.
type command struct {
	kind kind
	// id is the client if kind is once, else a tag: a random number that tells
	// this command from one that another server puts at the same index.
	id     uint64
	serial uint64 // once
	arg    uint64 // open: how many sessions there may be; end: the client
	body   []byte // plain, once
	value  any    // plain: what a ValueMachine has answered
}

// maxID is the largest id: kind and id share a varint.
const maxID = 1<<62 - 1

// tagBits makes a plain command's first varint six bytes long. Two servers'
// commands would have to meet at one index for an equality to matter.
const tagBits = 40

func newTag() uint64 { return rand.Uint64N(1 << tagBits) }

// same tells whether both are attempts of one and the same command.
func (c command) same(other command) bool {
	return c.kind == other.kind && c.id == other.id && c.serial == other.serial
}

func (c command) encode() []byte {
	b := make([]byte, 0, 2*binary.MaxVarintLen64+len(c.body))
	b = binary.AppendUvarint(b, c.id<<2|uint64(c.kind))
	switch c.kind {
	case once:
		b = binary.AppendUvarint(b, c.serial)
	case open, end:
		b = binary.AppendUvarint(b, c.arg)
	}
	return append(b, c.body...)
}

// decode is encode's inverse. The body is a part of b.
func decode(b []byte) (command, error) {
	r := reader{b: b}
	head := r.uvarint()
	c := command{kind: kind(head & 3), id: head >> 2}
	switch c.kind {
	case once:
		c.serial = r.uvarint()
	case open, end:
		c.arg = r.uvarint()
		if len(r.b) > 0 {
			r.bad = true
		}
	}
	c.body = r.b
	if r.bad {
		return command{}, ErrCommand
	}
	return c, nil
}

// reader takes apart what was put together of varints and bytes. After a
// failure it is bad and yields zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// bytes takes a length and as many bytes; the result is a part of r.b.
func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}
