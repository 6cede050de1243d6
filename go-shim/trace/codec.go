package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A file is a header and records, one after the other. Integers are varints,
// but for those that say how many bytes they have, little endian.
//
//	header: magic (8 bytes), version (1), zeros (7), its time in Unix ns (8)
//	record: size of the rest (2), kind (1), mask (2), time since the record
//	        before in ns (signed), server (signed), the fields in the mask
//
// A size of zero is the end, and so is the end of the file. The last record may
// be of kind endOfSpace, which is no Event. A record's size is written after
// its rest, so that a process that is killed leaves whole records.
const (
	magic      = "PONTRACE"
	version    = 1
	headerSize = 24

	// maxText bounds each text of a record, and with it the record's size.
	maxText = 16 << 10
	// sizeBytes precede a record.
	sizeBytes = 2
	// maxFixed bounds what a record takes beside its texts.
	maxFixed = 256
	// endOfSpace says that no record after it found room.
	endOfSpace = 0xff
	// endSize is that record's, and is always left free.
	endSize = sizeBytes + 1
)

// The bits of a record's mask: which fields follow, in this order.
const (
	hasFlag = 1 << iota // the flag is the bit itself
	hasRole
	hasPeer
	hasTerm
	hasIndex
	hasLogTerm
	hasLast
	hasDigest
	hasText
	hasMessage
	eventBits = 1<<iota - 1
)

// The bits of a message's mask, likewise. The ID always precedes it.
const (
	hasType = 1 << iota
	hasMethod
	hasKnown
	hasMessageTerm
	hasMessageIndex
	hasMessageLogTerm
	hasEntries
	hasEntriesTerm
	hasCommit
	hasOK
	hasBytes
	hasMessageText
	messageBits = 1<<iota - 1
)

func appendHeader(b []byte, unixNano int64) []byte {
	b = append(b, magic...)
	b = append(b, version, 0, 0, 0, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint64(b, uint64(unixNano))
}

// headerTime takes a header apart. A header of zeros is what a process leaves
// that is killed before it wrote one: blank.
func headerTime(b []byte) (unixNano int64, blank bool, err error) {
	switch {
	case strings.Trim(string(b), "\x00") == "":
		return 0, true, nil
	case len(b) < headerSize || string(b[:len(magic)]) != magic:
		return 0, false, errors.New("this is not a trace of Pontoon's")
	case b[len(magic)] != version:
		return 0, false, fmt.Errorf("the trace is of format %d, and this program reads format %d: read it with the build that recorded it", b[len(magic)], version)
	}
	unixNano = int64(binary.LittleEndian.Uint64(b[headerSize-8:]))
	if unixNano < 0 || unixNano > maxStart {
		return 0, false, fmt.Errorf("the trace says that it was begun at %d ns, which cannot be", unixNano)
	}
	return unixNano, false, nil
}

// room is an upper bound of what the event's record takes.
func room(e *Event) int {
	n := maxFixed + min(len(e.Text), maxText)
	if m := e.Message; m != nil {
		n += min(len(m.Method), maxText) + min(len(m.Text), maxText)
	}
	return n
}

// appendRecord appends all of a record but its size, for which the first two
// bytes of b are kept.
func appendRecord(b []byte, e *Event, since int64) []byte {
	mask := 0
	if e.Flag {
		mask |= hasFlag
	}
	if e.Role != 0 {
		mask |= hasRole
	}
	if e.Peer != None {
		mask |= hasPeer
	}
	mask |= bit(e.Term, hasTerm) | bit(e.Index, hasIndex) | bit(e.LogTerm, hasLogTerm) | bit(e.Last, hasLast) | bit(e.Digest, hasDigest)
	if e.Text != "" {
		mask |= hasText
	}
	if e.Message != nil {
		mask |= hasMessage
	}
	b = append(b, byte(e.Kind), byte(mask), byte(mask>>8))
	b = binary.AppendVarint(b, since)
	b = binary.AppendVarint(b, int64(e.Server))
	if mask&hasRole != 0 {
		b = append(b, byte(e.Role))
	}
	if mask&hasPeer != 0 {
		b = binary.AppendVarint(b, int64(e.Peer))
	}
	b = appendIf(b, e.Term)
	b = appendIf(b, e.Index)
	b = appendIf(b, e.LogTerm)
	b = appendIf(b, e.Last)
	if mask&hasDigest != 0 {
		b = binary.LittleEndian.AppendUint64(b, e.Digest)
	}
	if mask&hasText != 0 {
		b = appendText(b, e.Text)
	}
	if mask&hasMessage != 0 {
		b = appendMessage(b, e.Message)
	}
	return b
}

func appendMessage(b []byte, m *Message) []byte {
	mask := bit(uint64(m.Type), hasType) | bit(m.Term, hasMessageTerm) | bit(m.Index, hasMessageIndex) | bit(m.LogTerm, hasMessageLogTerm) |
		bit(natural(m.Entries), hasEntries) | bit(m.EntriesTerm, hasEntriesTerm) | bit(m.Commit, hasCommit) | bit(natural(m.Bytes), hasBytes)
	if m.Method != "" {
		mask |= hasMethod
	}
	if m.Known {
		mask |= hasKnown
	}
	if m.OK {
		mask |= hasOK
	}
	if m.Text != "" {
		mask |= hasMessageText
	}
	b = binary.AppendUvarint(b, m.ID)
	b = append(b, byte(mask), byte(mask>>8))
	if mask&hasType != 0 {
		b = append(b, byte(m.Type))
	}
	if mask&hasMethod != 0 {
		b = appendText(b, m.Method)
	}
	b = appendIf(b, m.Term)
	b = appendIf(b, m.Index)
	b = appendIf(b, m.LogTerm)
	b = appendIf(b, natural(m.Entries))
	b = appendIf(b, m.EntriesTerm)
	b = appendIf(b, m.Commit)
	b = appendIf(b, natural(m.Bytes))
	if mask&hasMessageText != 0 {
		b = appendText(b, m.Text)
	}
	return b
}

// bit is the bit, if the value is not zero.
func bit(value uint64, bit int) int {
	if value == 0 {
		return 0
	}
	return bit
}

// appendIf appends a value whose bit is set because it is not zero.
func appendIf(b []byte, value uint64) []byte {
	if value == 0 {
		return b
	}
	return binary.AppendUvarint(b, value)
}

// natural is a count; nobody means a negative one.
func natural(n int) uint64 { return uint64(min(max(n, 0), math.MaxInt32)) }

// appendText appends as much of the text as a record may have.
func appendText(b []byte, text string) []byte {
	if len(text) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}
