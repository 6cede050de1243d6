package rsm

import (
	"bytes"
	"container/list"
	"encoding/binary"
)

// session is what is remembered of a client.
type session struct {
	client uint64
	serial uint64 // of its latest command; 0 before the first
	answer []byte // to that
}

// sessions is the table. Only the applying goroutine changes it, with RSM.mu
// held: it reads without, others read with.
type sessions struct {
	byClient map[uint64]*list.Element // of recent
	recent   list.List                // of *session, in the order of their latest commands
}

func newSessions() *sessions { return &sessions{byClient: map[uint64]*list.Element{}} }

func (s *sessions) get(client uint64) *session {
	if element := s.byClient[client]; element != nil {
		return element.Value.(*session)
	}
	return nil
}

// add appends the most recent session.
func (s *sessions) add(new *session) { s.byClient[new.client] = s.recent.PushBack(new) }

// open begins a session and drops the least recent until there are at most limit.
func (s *sessions) open(client, limit uint64) {
	s.add(&session{client: client})
	for uint64(s.recent.Len()) > max(limit, 1) {
		s.drop(s.recent.Front().Value.(*session).client)
	}
}

func (s *sessions) drop(client uint64) {
	if element := s.byClient[client]; element != nil {
		s.recent.Remove(element)
		delete(s.byClient, client)
	}
}

// record notes the latest command of a session and that it was just used.
func (s *sessions) record(client, serial uint64, answer []byte) {
	element := s.byClient[client]
	entry := element.Value.(*session)
	entry.serial, entry.answer = serial, answer
	s.recent.MoveToBack(element)
}

// look tells what is to be done with a command: execute it, or give this
// answer or error.
func (s *sessions) look(client, serial uint64) (execute bool, answer []byte, err error) {
	entry := s.get(client)
	switch {
	case entry == nil:
		return false, nil, ErrNoSession
	case serial > entry.serial:
		return true, nil, nil
	case serial == entry.serial && serial > 0:
		return false, entry.answer, nil
	}
	return false, nil, ErrOutdated
}

// snapshotFormat is the first byte of a snapshot.
const snapshotFormat = 1

// appendSnapshot writes the head of a snapshot: format, index, and the table
// in its order of recency, which is part of the state. The machine's own
// snapshot follows.
func (s *sessions) appendSnapshot(b []byte, index uint64) []byte {
	b = append(b, snapshotFormat)
	b = binary.AppendUvarint(b, index)
	b = binary.AppendUvarint(b, uint64(s.recent.Len()))
	for element := s.recent.Front(); element != nil; element = element.Next() {
		entry := element.Value.(*session)
		b = binary.AppendUvarint(b, entry.client)
		b = binary.AppendUvarint(b, entry.serial)
		b = binary.AppendUvarint(b, uint64(len(entry.answer)))
		b = append(b, entry.answer...)
	}
	return b
}

// readSnapshot is appendSnapshot's inverse; rest is the machine's part.
func readSnapshot(b []byte) (s *sessions, index uint64, rest []byte, err error) {
	if len(b) == 0 {
		return nil, 0, nil, ErrSnapshot
	}
	if b[0] > snapshotFormat {
		return nil, 0, nil, ErrVersion
	}
	r := reader{b: b[1:], bad: b[0] != snapshotFormat}
	s = newSessions()
	index = r.uvarint()
	for count := r.uvarint(); count > 0 && !r.bad; count-- {
		entry := &session{client: r.uvarint(), serial: r.uvarint()}
		entry.answer = bytes.Clone(r.bytes())
		if s.get(entry.client) != nil {
			r.bad = true
		}
		s.add(entry)
	}
	if r.bad {
		return nil, 0, nil, ErrSnapshot
	}
	return s, index, r.b, nil
}
