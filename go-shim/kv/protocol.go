package kv

import "encoding/binary"

// A request is a byte that says what it is, then its fields.
const (
	requestQuery byte = iota + 1 // command: outside of any session
	requestWrite                 // client, serial, command
	requestOpen                  // begins a session
)

// A reply is one of these, then the answer if it is replyDone.
const (
	replyDone      byte = iota + 1 // executed; the answer to an open is the client
	replyNotTaken                  // by this server, which does not lead; an earlier attempt may have been
	replyUnknown                   // taken, but what became of it is not known
	replyNoSession                 // this attempt was not executed; there is no such session
	replyBad                       // the request makes no sense
)

// request is a decoded request.
type request struct {
	kind           byte
	client, serial uint64
	command        []byte
}

func (r request) encode() []byte {
	b := make([]byte, 0, 1+2*binary.MaxVarintLen64+len(r.command))
	b = append(b, r.kind)
	if r.kind == requestWrite {
		b = binary.AppendUvarint(b, r.client)
		b = binary.AppendUvarint(b, r.serial)
	}
	return append(b, r.command...)
}

// decodeRequest is encode's inverse; the command is a part of b.
func decodeRequest(b []byte) (r request, ok bool) {
	if len(b) == 0 {
		return r, false
	}
	r.kind, b = b[0], b[1:]
	if r.kind == requestWrite {
		var used [2]int
		r.client, used[0] = binary.Uvarint(b)
		if used[0] <= 0 {
			return r, false
		}
		b = b[used[0]:]
		r.serial, used[1] = binary.Uvarint(b)
		if used[1] <= 0 {
			return r, false
		}
		b = b[used[1]:]
	}
	r.command = b
	return r, true
}
