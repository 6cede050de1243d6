package hashicorp

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"pontoon.dev/peers/internal/host"
)

// fsm hands what is committed to the lab's service.
type fsm struct {
	host  *host.Host
	store *store

	mu      sync.Mutex
	applied uint64 // the lab's index of what was last applied
	service serviceSnapshot
	tail    tail // what raft's last snapshot has beside the service's
}

// serviceSnapshot is the service's last one, which covers what is up to index.
type serviceSnapshot struct {
	index uint64 // the lab's
	data  []byte
}

// tail is the commands after the lab's index from.
type tail struct {
	from     uint64
	commands [][]byte // as in items to deliver
}

// ApplyBatch implements raft.BatchingFSM.
func (f *fsm) ApplyBatch(logs []*raft.Log) []interface{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	items := make([]host.Item, 0, len(logs))
	for _, log := range logs {
		if command, ok := commandOf(log); ok {
			f.applied++
			items = append(items, host.Item{Index: int(f.applied), Command: command})
		}
	}
	f.host.Push(items...)
	return make([]interface{}, len(logs))
}

// Apply implements raft.FSM.
func (f *fsm) Apply(log *raft.Log) interface{} { return f.ApplyBatch([]*raft.Log{log})[0] }

// taken notes a snapshot of the service, unless it is of no use.
func (f *fsm) taken(index uint64, data []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if index <= f.service.index || index > f.applied {
		return false
	}
	f.service = serviceSnapshot{index, data}
	return true
}

// Snapshot implements raft.FSM.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := tail{from: f.service.index}
	if skip := f.service.index - f.tail.from; skip < uint64(len(f.tail.commands)) {
		t.commands = append(t.commands, f.tail.commands[skip:]...)
	}
	rest, err := f.store.commands(f.service.index+uint64(len(t.commands)), f.applied)
	if err != nil {
		return nil, err
	}
	t.commands = append(t.commands, rest...)
	f.tail = t
	return &composite{f.service, t}, nil
}

// Restore implements raft.FSM.
func (f *fsm) Restore(from io.ReadCloser) error {
	defer from.Close()
	b, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	c, err := decodeComposite(b)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.service, f.tail, f.applied = c.service, c.tail, c.last()
	items := []host.Item{{IsSnapshot: true, Index: int(c.service.index), Snapshot: c.service.data}}
	for i, command := range c.tail.commands {
		items = append(items, host.Item{Index: int(c.tail.from) + i + 1, Command: command})
	}
	f.host.Push(items...)
	return nil
}

// A composite is one snapshot of raft's.
type composite struct {
	service serviceSnapshot
	tail    tail
}

// last is the lab's index of the last command in it.
func (c *composite) last() uint64 { return c.tail.from + uint64(len(c.tail.commands)) }

// Persist implements raft.FSMSnapshot.
func (c *composite) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(c.encode()); err != nil {
		return err
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (c *composite) Release() {}

func (c *composite) encode() []byte {
	b := binary.AppendUvarint(nil, c.service.index)
	b = appendBytes(b, c.service.data)
	return append(b, c.tail.encode()...)
}

func (t *tail) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(t.commands)))
	for _, command := range t.commands {
		b = appendBytes(b, command)
	}
	return b
}

func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

var errSnapshot = errors.New("a snapshot is damaged")

// reader takes encoded fields apart. After a failure it has nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint() uint64 {
	v, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[used:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) tail(from uint64) tail {
	t := tail{from: from}
	for n := r.uint(); n > 0 && !r.bad; n-- {
		t.commands = append(t.commands, r.bytes())
	}
	return t
}

func decodeComposite(b []byte) (*composite, error) {
	r := reader{b: b}
	c := &composite{service: serviceSnapshot{index: r.uint(), data: r.bytes()}}
	c.tail = r.tail(c.service.index)
	if r.bad {
		return nil, errSnapshot
	}
	return c, nil
}
