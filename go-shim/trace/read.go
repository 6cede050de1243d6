package trace

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Extension is that of a trace's files.
const Extension = ".trace"

// What a trace may have.
const (
	maxFile   = 1 << 30 // bytes of a file
	maxEvents = 1 << 24
	maxStart  = 1 << 62 // when a file was begun, Unix ns
	// maxSpan is the longest time within a file; maxGap the longest between
	// two records of one clock. A longer one, and one that is negative, is a
	// change of clocks: a bubble of testing/synctest begins in the year 2000.
	maxSpan = 100 * 365 * 24 * int64(time.Hour)
	maxGap  = 365 * 24 * int64(time.Hour)
)

// Read reads a file, or all .trace files of a directory, merged by time: events
// of one file stay in their order, whatever the clock did meanwhile. What was
// being written when a process ended is left out; anything else that is not as
// it should be is an error that says where.
func Read(path string) (*Trace, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = filesIn(path); err != nil {
			return nil, err
		}
	}
	left := maxEvents
	var parts []part
	full := false
	for _, path := range paths {
		p, err := readFile(path, left)
		if err != nil {
			return nil, err
		}
		left -= len(p.events)
		full = full || p.full
		parts = append(parts, p)
	}
	return &Trace{Events: merge(parts), Full: full}, nil
}

// filesIn lists the trace files of a directory, in the order of their names.
func filesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == Extension && !entry.IsDir() {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("trace: %s: there is no %s file in this directory", dir, Extension)
	}
	return paths, nil
}

// part is what a file holds. At of its events is in Unix time yet.
type part struct {
	events []Event
	full   bool
}

// merge puts the parts' events in the order of time, and their times relative
// to the first.
func merge(parts []part) []Event {
	total := 0
	for i := range parts {
		total += len(parts[i].events)
	}
	events := make([]Event, 0, total)
	for len(events) < total {
		var next *part
		for i := range parts {
			p := &parts[i]
			if len(p.events) > 0 && (next == nil || p.events[0].At < next.events[0].At) {
				next = p
			}
		}
		events = append(events, next.events[0])
		next.events = next.events[1:]
	}
	for i := len(events) - 1; i >= 0; i-- {
		events[i].At -= events[0].At
	}
	return events
}

// readFile reads one file, of at most so many events.
func readFile(path string, limit int) (part, error) {
	f, err := os.Open(path)
	if err != nil {
		return part{}, fmt.Errorf("trace: %w", err)
	}
	defer f.Close()
	// A file that is still being written to does not end.
	p, at, err := read(bufio.NewReaderSize(io.LimitReader(f, maxFile), 64<<10), limit)
	if err != nil {
		return part{}, fmt.Errorf("trace: %s: at byte %d: %w", path, at, err)
	}
	return p, nil
}

// read reads what a file holds. After an error at is the offset of what is
// wrong.
func read(r *bufio.Reader, limit int) (p part, at int64, err error) {
	header := make([]byte, headerSize)
	n, err := io.ReadFull(r, header)
	if err != nil && !isEnd(err) {
		return p, 0, err
	}
	start, blank, err := headerTime(header[:n])
	if blank || err != nil {
		return p, 0, err
	}
	at = headerSize
	record := make([]byte, 1<<16)
	now := start
	for {
		if _, err := io.ReadFull(r, record[:sizeBytes]); err != nil {
			return p, at, unlessEnd(err)
		}
		size := int(binary.LittleEndian.Uint16(record))
		if size == 0 {
			return p, at, nil
		}
		if _, err := io.ReadFull(r, record[:size]); err != nil {
			return p, at, unlessEnd(err)
		}
		if size == 1 && record[0] == endOfSpace {
			p.full = true
			return p, at, nil
		}
		e, since, err := parseRecord(record[:size])
		if err != nil {
			if isLast(r) {
				return p, at, nil
			}
			return p, at, err
		}
		if since > 0 && since < maxGap {
			now += since
		}
		switch {
		case now-start > maxSpan:
			return p, at, errors.New("the trace is longer than a century")
		case len(p.events) == limit:
			return p, at, fmt.Errorf("the trace has over %d events", maxEvents)
		}
		e.At = time.Duration(now)
		p.events = append(p.events, e)
		at += int64(sizeBytes + size)
	}
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func unlessEnd(err error) error {
	if isEnd(err) {
		return nil
	}
	return err
}

// isLast tells that nothing but zeros follows: a record before that may be
// torn.
func isLast(r *bufio.Reader) bool {
	for {
		next, err := r.Peek(1)
		if err != nil {
			return isEnd(err)
		}
		next, _ = r.Peek(max(1, r.Buffered()))
		if len(bytes.Trim(next, "\x00")) > 0 {
			return false
		}
		r.Discard(len(next))
	}
}
