package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// An Image is a server's persistent state as the bytes that the lab's Persister
// gets: a head of a few fields, and the log. It is kept up to date entry by
// entry, since the Persister wants all of it with every save.
//
//	magic, room and the length of the head in 4 bytes each, the index of the
//	first entry in 8, the head, nothing up to room; then of each entry: its
//	term, its kind, its length, its data
type Image struct {
	bytes []byte
	room  int    // where the log begins in bytes
	first uint64 // index of the log's first entry
	ends  []int  // where each ends, from room on
}

// Entry is an entry of the log.
type Entry struct {
	Index, Term uint64
	Kind        byte
	Data        []byte
}

const (
	imageMagic = "PNTPEER1"
	roomAt     = len(imageMagic)
	sizeAt     = roomAt + 4
	firstAt    = sizeAt + 4
	headAt     = firstAt + 8
	roomMin    = 128
)

var errImage = errors.New("the persister holds what this Raft has not saved, or what was damaged")

// NewImage returns an image whose log is empty after the index base.
func NewImage(base uint64) *Image {
	m := &Image{bytes: make([]byte, roomMin), room: roomMin, first: base + 1}
	copy(m.bytes, imageMagic)
	m.SetHead(nil)
	return m
}

// Bytes is the state. It is valid until the image is changed.
func (m *Image) Bytes() []byte { return m.bytes }

// Last is the index of the last entry, or the base if there is none.
func (m *Image) Last() uint64 { return m.first + uint64(len(m.ends)) - 1 }

// SetHead replaces the head.
func (m *Image) SetHead(head []byte) {
	if room := headAt + len(head); room > m.room {
		room += room / 4
		grown := make([]byte, room, room+len(m.bytes)-m.room)
		copy(grown, imageMagic)
		m.bytes, m.room = append(grown, m.bytes[m.room:]...), room
	}
	binary.LittleEndian.PutUint32(m.bytes[sizeAt:], uint32(len(head)))
	copy(m.bytes[headAt:m.room], head)
	m.setFirst(m.first)
}

func (m *Image) setFirst(first uint64) {
	m.first = first
	binary.LittleEndian.PutUint32(m.bytes[roomAt:], uint32(m.room))
	binary.LittleEndian.PutUint64(m.bytes[firstAt:], first)
}

// Append puts an entry at the log's end. Its index has to be the next one.
func (m *Image) Append(e Entry) {
	if e.Index != m.Last()+1 {
		panic(fmt.Sprintf("entry %d is put after entry %d", e.Index, m.Last()))
	}
	m.bytes = append(binary.AppendUvarint(m.bytes, e.Term), e.Kind)
	m.bytes = append(binary.AppendUvarint(m.bytes, uint64(len(e.Data))), e.Data...)
	m.ends = append(m.ends, len(m.bytes)-m.room)
}

// Truncate removes the entries from an index on.
func (m *Image) Truncate(from uint64) {
	if from > m.Last() {
		return
	}
	keep := 0
	if from > m.first {
		keep = int(from - m.first)
	}
	m.ends = m.ends[:keep]
	m.bytes = m.bytes[:m.room+m.end(keep)]
}

// end returns where the first n entries end, from room on.
func (m *Image) end(n int) int {
	if n == 0 {
		return 0
	}
	return m.ends[n-1]
}

// Compact removes the entries up to an index, which may be beyond the last.
func (m *Image) Compact(through uint64) {
	if through < m.first {
		return
	}
	n := int(min(through, m.Last()) + 1 - m.first)
	cut := m.end(n)
	m.bytes = append(m.bytes[:m.room], m.bytes[m.room+cut:]...)
	m.ends = append(m.ends[:0], m.ends[n:]...)
	for i := range m.ends {
		m.ends[i] -= cut
	}
	m.setFirst(through + 1)
}

// LoadImage returns the image that Bytes was, its head and its entries. None of
// them share memory with state.
func LoadImage(state []byte) (m *Image, head []byte, entries []Entry, err error) {
	if len(state) < roomMin || string(state[:roomAt]) != imageMagic {
		return nil, nil, nil, errImage
	}
	room := int64(binary.LittleEndian.Uint32(state[roomAt:]))
	size := int64(binary.LittleEndian.Uint32(state[sizeAt:]))
	if room > int64(len(state)) || int64(headAt)+size > room {
		return nil, nil, nil, errImage
	}
	own := bytes.Clone(state)
	head = bytes.Clone(own[headAt : int64(headAt)+size])
	first := binary.LittleEndian.Uint64(own[firstAt:])
	if first == 0 {
		return nil, nil, nil, errImage
	}
	m = &Image{bytes: own, room: int(room), first: first}
	for rest := own[room:]; len(rest) > 0; {
		e := Entry{Index: m.Last() + 1}
		if e, rest, err = readEntry(e, rest); err != nil {
			return nil, nil, nil, err
		}
		m.ends = append(m.ends, len(own)-int(room)-len(rest))
		entries = append(entries, e)
	}
	return m, head, entries, nil
}

func readEntry(e Entry, b []byte) (Entry, []byte, error) {
	term, used := binary.Uvarint(b)
	if used <= 0 || used == len(b) {
		return e, nil, errImage
	}
	e.Term, e.Kind, b = term, b[used], b[used+1:]
	size, used := binary.Uvarint(b)
	if used <= 0 || size > uint64(len(b)-used) {
		return e, nil, errImage
	}
	e.Data = bytes.Clone(b[used : used+int(size)])
	return e, b[used+int(size):], nil
}
