package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// DirEnv names the environment variable with the directory in which each
// process writes a file of its own.
const DirEnv = "PONTOON_TRACE"

// DefaultLimit is the size at which a recording stops, in bytes. A test of the
// labs takes a few MB.
const DefaultLimit = 256 << 20

// aMoment, in ns, is by how much the time of an event may be wrong. One that
// lies further back is of another clock.
const aMoment = int64(time.Second)

// Recorder writes a trace. Its methods may be called from any goroutine, within
// a bubble of testing/synctest too, and on nil, where they do nothing. What was
// recorded survives the process, however it ends.
type Recorder struct {
	mu     sync.Mutex
	file   *file
	limit  int
	at     int   // where the next record goes
	latest int64 // time of the latest record, Unix ns
	closed bool
	err    error
}

// Create makes the file and records to it until it has limit bytes; 0 stands
// for DefaultLimit. An existing file is an error.
func Create(path string, limit int64) (*Recorder, error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	const least = headerSize + endSize
	if limit < least || limit > maxFile {
		return nil, fmt.Errorf("trace: %s: the limit is %d bytes, it must be from %d to %d", path, limit, least, int64(maxFile))
	}
	f, err := createFile(path, int(limit))
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	r := &Recorder{file: f, limit: int(limit), latest: time.Now().UnixNano()}
	space, err := f.space(0, headerSize)
	if err == nil {
		err = f.wrote(0, appendHeader(space[:0], r.latest))
	}
	if err != nil {
		f.close(0)
		return nil, fmt.Errorf("trace: %w", err)
	}
	r.at = headerSize
	return r, nil
}

var byDefault struct {
	once     sync.Once
	recorder *Recorder
}

// Default is the process's recorder in the directory that $PONTOON_TRACE
// names, made by the first call: PID.trace. It is nil if the variable is not
// set, and also if the directory cannot be written to, which is said on stderr.
func Default() *Recorder {
	byDefault.once.Do(func() {
		dir := os.Getenv(DirEnv)
		if dir == "" {
			return
		}
		r, err := createIn(dir)
		if err != nil {
			fmt.Fprintf(os.Stderr, "pontoon: nothing is traced: %v (%s=%s)\n", err, DirEnv, dir)
			return
		}
		byDefault.recorder = r
	})
	return byDefault.recorder
}

// createIn creates PID.trace in the directory, or, if an earlier process of the
// same number was there, PID-2.trace and so on.
func createIn(dir string) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	for n := 1; ; n++ {
		name := fmt.Sprintf("%d%s", os.Getpid(), Extension)
		if n > 1 {
			name = fmt.Sprintf("%d-%d%s", os.Getpid(), n, Extension)
		}
		r, err := Create(filepath.Join(dir, name), 0)
		if err == nil || !errors.Is(err, fs.ErrExist) || n == 1000 {
			return r, err
		}
	}
}

// Record appends the event, with the time at which it is called in place of
// At. The event is not kept. Texts are cut at 16 KiB; an event with a Kind, Role,
// Type or number of a server that does not exist is dropped.
func (r *Recorder) Record(e *Event) {
	if r == nil {
		return
	}
	now := time.Now().UnixNano()
	r.mu.Lock()
	if now < r.latest && r.latest-now < aMoment {
		now = r.latest
	}
	r.record(e, now)
	r.mu.Unlock()
}

// RecordAll appends events of one moment. None of another goroutine's come
// between them.
func (r *Recorder) RecordAll(events []Event) {
	if r != nil && len(events) > 0 {
		r.RecordAt(time.Now(), events)
	}
}

// RecordAt is RecordAll for those who know the time, as of a moment ago. What
// others recorded since then stays before it, and makes it as late.
func (r *Recorder) RecordAt(at time.Time, events []Event) {
	if r == nil || len(events) == 0 {
		return
	}
	now := at.UnixNano()
	r.mu.Lock()
	if now < r.latest && r.latest-now < aMoment {
		now = r.latest
	}
	for i := range events {
		r.record(&events[i], now)
	}
	r.mu.Unlock()
}

// record is Record with mu held.
func (r *Recorder) record(e *Event, now int64) {
	if r.closed || !writable(e) {
		return
	}
	need := room(e)
	if r.at+need+endSize > r.limit {
		r.end()
		return
	}
	space, err := r.file.space(r.at, need)
	if err != nil {
		r.fail(err)
		return
	}
	r.write(appendRecord(space[:sizeBytes], e, now-r.latest))
	r.latest = now
}

// write completes a record with its size, last: what is torn has none.
func (r *Recorder) write(record []byte) {
	binary.LittleEndian.PutUint16(record, uint16(len(record)-sizeBytes))
	if err := r.file.wrote(r.at, record); err != nil {
		r.fail(err)
		return
	}
	r.at += len(record)
}

// end says in the file that there is no more room, and records nothing more.
func (r *Recorder) end() {
	if space, err := r.file.space(r.at, endSize); err == nil {
		r.write(append(space[:sizeBytes], endOfSpace))
	}
	r.closed = true
}

// fail ends the recording, because the file could not be written: a full disk.
func (r *Recorder) fail(err error) {
	r.closed = true
	r.err = fmt.Errorf("trace: %w", err)
	fmt.Fprintf(os.Stderr, "pontoon: the trace ends here: %v\n", err)
}

// Close ends the recording and shortens the file to what is in it. It returns
// why the recording had ended before, if it could not be written. Records that
// come later are dropped.
func (r *Recorder) Close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.file != nil {
		if err := r.file.close(r.at); err != nil && r.err == nil {
			r.err = fmt.Errorf("trace: %w", err)
		}
		r.file = nil
	}
	return r.err
}
