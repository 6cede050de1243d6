package hashicorp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/hashicorp/raft"

	"pontoon.dev/peers/internal/host"
)

// disk is what the persister has or is about to get.
type disk struct {
	mu       sync.Mutex
	image    *host.Image
	stable   map[string][]byte
	snapshot snapshot
}

// snapshot is raft's last one. Without one Index is 0.
type snapshot struct {
	raft.SnapshotMeta
	composite *composite
}

// lab is the lab's index of the last command in it.
func (s *snapshot) lab() uint64 {
	if s.composite == nil {
		return 0
	}
	return s.composite.last()
}

var errHead = errors.New("the persister's state has another head than this Raft writes")

// head is what the image has beside the log: the stable store, and of a snapshot
// what is not the service's.
func (d *disk) head() []byte {
	b := binary.AppendUvarint(nil, uint64(len(d.stable)))
	for _, key := range slices.Sorted(maps.Keys(d.stable)) {
		b = appendBytes(appendBytes(b, []byte(key)), d.stable[key])
	}
	b = binary.AppendUvarint(b, d.snapshot.Index)
	if d.snapshot.Index == 0 {
		return b
	}
	b = binary.AppendUvarint(b, d.snapshot.Term)
	b = appendBytes(b, raft.EncodeConfiguration(d.snapshot.Configuration))
	b = binary.AppendUvarint(b, d.snapshot.ConfigurationIndex)
	b = binary.AppendUvarint(b, d.snapshot.composite.service.index)
	return append(b, d.snapshot.composite.tail.encode()...)
}

// load is head's inverse. service is the persister's snapshot.
func (d *disk) load(head, service []byte) error {
	r := reader{b: head}
	for n := r.uint(); n > 0 && !r.bad; n-- {
		key := string(r.bytes())
		d.stable[key] = r.bytes()
	}
	if index := r.uint(); index > 0 {
		term, configuration, configurationIndex := r.uint(), r.bytes(), r.uint()
		if r.bad {
			return errHead
		}
		c := &composite{service: serviceSnapshot{index: r.uint(), data: service}}
		c.tail = r.tail(c.service.index)
		d.snapshot = snapshot{raft.SnapshotMeta{
			Version: raft.SnapshotVersionMax, ID: snapshotID(index, term), Index: index, Term: term,
			Configuration: raft.DecodeConfiguration(configuration), ConfigurationIndex: configurationIndex,
			Size: int64(len(c.encode())),
		}, c}
	}
	if r.bad {
		return errHead
	}
	return nil
}

func snapshotID(index, term uint64) string {
	return strconv.FormatUint(term, 10) + "-" + strconv.FormatUint(index, 10)
}

// update changes what is on disk, and saves it.
func (d *disk) update(h *host.Host, change func(*disk)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.snapshot.composite
	change(d)
	d.image.SetHead(d.head())
	var service []byte
	if c := d.snapshot.composite; c != nil {
		service = c.service.data
	}
	h.Save(d.image.Bytes(), service, before != d.snapshot.composite)
	return nil
}

// newStore takes up what the persister holds.
func newStore(h *host.Host, leads func() bool) (*store, error) {
	s := &store{host: h, leads: leads, first: 1}
	s.disk.stable = map[string][]byte{}
	state := h.Persister.ReadRaftState()
	if len(state) == 0 {
		s.disk.image = host.NewImage(0)
		return s, nil
	}
	image, head, entries, err := host.LoadImage(state)
	if err != nil {
		return nil, err
	}
	s.disk.image = image
	if err := s.disk.load(head, h.Persister.ReadSnapshot()); err != nil {
		return nil, err
	}
	s.snapshot = s.disk.snapshot
	s.first = image.Last() + 1 - uint64(len(entries))
	covered := uint64(0) // commands in the log that the snapshot covers too
	for _, e := range entries {
		s.logs = append(s.logs, raft.Log{Index: e.Index, Term: e.Term, Type: raft.LogType(e.Kind), Data: e.Data})
		if _, command := commandOf(&s.logs[len(s.logs)-1]); command && e.Index <= s.snapshot.Index {
			covered++
		}
	}
	s.indexes.Reset(s.first-1, s.snapshot.lab()-min(covered, s.snapshot.lab()))
	for i := range s.logs {
		_, command := commandOf(&s.logs[i])
		s.indexes.Append(!command)
	}
	return s, nil
}

func (s *store) empty() bool { return len(s.disk.stable) == 0 && len(s.logs) == 0 }

// serviceIndex is the lab's index of the persister's snapshot.
func (s *store) serviceIndex() int {
	if s.snapshot.composite == nil {
		return 0
	}
	return int(s.snapshot.composite.service.index)
}

// Set implements raft.StableStore.
func (s *store) Set(key, value []byte) error {
	return s.disk.update(s.host, func(d *disk) { d.stable[string(key)] = bytes.Clone(value) })
}

// Get implements raft.StableStore.
func (s *store) Get(key []byte) ([]byte, error) {
	s.disk.mu.Lock()
	defer s.disk.mu.Unlock()
	return s.disk.stable[string(key)], nil
}

// SetUint64 implements raft.StableStore.
func (s *store) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

// GetUint64 implements raft.StableStore.
func (s *store) GetUint64(key []byte) (uint64, error) {
	value, err := s.Get(key)
	if len(value) < 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(value), err
}

// Create implements raft.SnapshotStore.
func (s *store) Create(version raft.SnapshotVersion, index, term uint64, configuration raft.Configuration,
	configurationIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index < s.snapshot.Index { // raft would install one that was long under way
		return nil, errors.New("there is a later snapshot")
	}
	return &sink{store: s, meta: raft.SnapshotMeta{
		Version: version, ID: snapshotID(index, term), Index: index, Term: term,
		Configuration: configuration, ConfigurationIndex: configurationIndex,
	}}, nil
}

// List implements raft.SnapshotStore.
func (s *store) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot.composite == nil {
		return nil, nil
	}
	meta := s.snapshot.SnapshotMeta
	return []*raft.SnapshotMeta{&meta}, nil
}

// Open implements raft.SnapshotStore.
func (s *store) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot.composite == nil || s.snapshot.ID != id {
		return nil, nil, errors.New("there is no snapshot " + id)
	}
	meta := s.snapshot.SnapshotMeta
	return &meta, io.NopCloser(bytes.NewReader(s.snapshot.composite.encode())), nil
}

// sink implements raft.SnapshotSink.
type sink struct {
	bytes.Buffer
	store *store
	meta  raft.SnapshotMeta
}

// ID implements raft.SnapshotSink.
func (k *sink) ID() string { return k.meta.ID }

// Cancel implements raft.SnapshotSink.
func (k *sink) Cancel() error { return nil }

// Close makes the snapshot the one that List has.
func (k *sink) Close() error {
	k.meta.Size = int64(k.Len())
	c, err := decodeComposite(k.Bytes())
	if err != nil {
		return err
	}
	s := k.store
	s.mu.Lock()
	s.snapshot = snapshot{k.meta, c}
	s.mu.Unlock()
	return s.disk.update(s.host, func(d *disk) { d.snapshot = snapshot{k.meta, c} })
}
