package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// maxServer bounds the numbers of servers.
const maxServer = 1 << 16

// writable tells that a record of the event could be read back. Nothing else of
// it can be wrong.
func writable(e *Event) bool {
	return kindNames[e.Kind] != "" && e.Role <= Leader && isServer(int64(e.Server)) && isServer(int64(e.Peer)) &&
		(e.Message == nil || e.Message.Type <= InstallSnapshot)
}

func isServer(n int64) bool { return n >= None && n <= maxServer }

// fields takes a record apart. Once something is wrong it says what, and
// yields zeros.
type fields struct {
	rest []byte
	err  error
}

// parseRecord is the inverse of appendRecord, without the size.
func parseRecord(record []byte) (e Event, since int64, err error) {
	f := fields{rest: record}
	e.Kind = Kind(f.byte("kind", math.MaxUint8))
	if kindNames[e.Kind] == "" {
		f.fail("there is no kind of event %d", uint8(e.Kind))
	}
	mask := f.mask(eventBits)
	since = f.signed()
	e.Server = f.server()
	e.Flag = mask&hasFlag != 0
	if mask&hasRole != 0 {
		e.Role = Role(f.byte("role", byte(Leader)))
	}
	e.Peer = None
	if mask&hasPeer != 0 {
		e.Peer = f.server()
	}
	e.Term = f.number(mask & hasTerm)
	e.Index = f.number(mask & hasIndex)
	e.LogTerm = f.number(mask & hasLogTerm)
	e.Last = f.number(mask & hasLast)
	if mask&hasDigest != 0 {
		e.Digest = binary.LittleEndian.Uint64(f.take(8))
	}
	e.Text = f.text(mask & hasText)
	if mask&hasMessage != 0 {
		e.Message = f.message()
	}
	if f.err == nil && len(f.rest) > 0 {
		f.fail("%d bytes are left over", len(f.rest))
	}
	return e, since, f.err
}

func (f *fields) message() *Message {
	m := &Message{ID: f.number(1)}
	mask := f.mask(messageBits)
	if mask&hasType != 0 {
		m.Type = Type(f.byte("type of message", byte(InstallSnapshot)))
	}
	m.Method = f.text(mask & hasMethod)
	m.Known = mask&hasKnown != 0
	m.Term = f.number(mask & hasMessageTerm)
	m.Index = f.number(mask & hasMessageIndex)
	m.LogTerm = f.number(mask & hasMessageLogTerm)
	m.Entries = f.count(mask & hasEntries)
	m.EntriesTerm = f.number(mask & hasEntriesTerm)
	m.Commit = f.number(mask & hasCommit)
	m.OK = mask&hasOK != 0
	m.Bytes = f.count(mask & hasBytes)
	m.Text = f.text(mask & hasMessageText)
	return m
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
		f.rest = nil
	}
}

// zeros is what take yields after a failure.
var zeros [8]byte

// take takes n bytes, at most eight of them.
func (f *fields) take(n int) []byte {
	if len(f.rest) < n {
		f.fail("the record is too short for what it says it has")
		return zeros[:n]
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) byte(what string, most byte) byte {
	b := f.take(1)[0]
	if b > most {
		f.fail("%s is %d", what, b)
		return 0
	}
	return b
}

func (f *fields) mask(known uint16) uint16 {
	mask := binary.LittleEndian.Uint16(f.take(2))
	if mask&^known != 0 {
		f.fail("it has fields that are not known (%#x)", mask)
		return 0
	}
	return mask
}

var errVarint = errors.New("a number is cut short or has over 64 bits")

// number reads a number that is there.
func (f *fields) number(there uint16) uint64 {
	if there == 0 || f.err != nil {
		return 0
	}
	value, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.fail("%w", errVarint)
		return 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) signed() int64 {
	if f.err != nil {
		return 0
	}
	value, n := binary.Varint(f.rest)
	if n <= 0 {
		f.fail("%w", errVarint)
		return 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) server() int {
	server := f.signed()
	if !isServer(server) {
		f.fail("a server is number %d", server)
		return None
	}
	return int(server)
}

func (f *fields) count(there uint16) int {
	n := f.number(there)
	if n > math.MaxInt32 {
		f.fail("a count is %d", n)
		return 0
	}
	return int(n)
}

// text makes what it reads valid UTF-8: it is going to be shown.
func (f *fields) text(there uint16) string {
	n := f.number(there)
	if n > uint64(len(f.rest)) || n > maxText {
		f.fail("a text has %d bytes", n)
		return ""
	}
	text := string(f.rest[:n])
	f.rest = f.rest[n:]
	return strings.ToValidUTF8(text, "\uFFFD")
}
