package etcd

import (
	"encoding/binary"
	"errors"
	"sync"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"pontoon.dev/peers/internal/host"
)

// storage is etcd's own, with the servers of the lab in it from the start.
type storage struct {
	*raft.MemoryStorage
	voters raftpb.ConfState
}

// InitialState implements raft.Storage.
func (s *storage) InitialState() (raftpb.HardState, raftpb.ConfState, error) {
	hard, _, err := s.MemoryStorage.InitialState()
	return hard, s.voters, err
}

// disk is what the persister has or is about to get.
type disk struct {
	mu       sync.Mutex
	image    *host.Image
	head     head
	snapshot []byte // the service's
}

// head is what an image has beside the log.
type head struct {
	term, vote, commit        uint64
	base, baseTerm, baseIndex uint64 // of the snapshot; baseIndex is the lab's
}

var errHead = errors.New("the persister's state has another head than this Raft writes")

func (h *head) fields() []*uint64 {
	return []*uint64{&h.term, &h.vote, &h.commit, &h.base, &h.baseTerm, &h.baseIndex}
}

func (h *head) encode() []byte {
	var b []byte
	for _, field := range h.fields() {
		b = binary.AppendUvarint(b, *field)
	}
	return b
}

func (h *head) decode(b []byte) error {
	for _, field := range h.fields() {
		v, used := binary.Uvarint(b)
		if used <= 0 {
			return errHead
		}
		*field, b = v, b[used:]
	}
	return nil
}

// save needs mu.
func (d *disk) save(h *host.Host, snapshotChanged bool) {
	d.image.SetHead(d.head.encode())
	h.Save(d.image.Bytes(), d.snapshot, snapshotChanged)
}

// joinSnapshot puts the lab's index before a service's snapshot: etcd's knows
// only the log's.
func joinSnapshot(index uint64, snapshot []byte) []byte {
	return append(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(snapshot)), index), snapshot...)
}

func splitSnapshot(data []byte) (index uint64, snapshot []byte) {
	index, used := binary.Uvarint(data)
	if used <= 0 {
		return 0, nil
	}
	return index, data[used:]
}

// load takes up what the persister holds.
func (rf *Raft) load() error {
	rf.storage = &storage{MemoryStorage: raft.NewMemoryStorage()}
	for server := range rf.host.Servers {
		rf.storage.voters.Voters = append(rf.storage.voters.Voters, uint64(server)+1)
	}
	state := rf.host.Persister.ReadRaftState()
	if len(state) == 0 {
		rf.disk.image = host.NewImage(0)
		return nil
	}
	image, text, entries, err := host.LoadImage(state)
	if err != nil {
		return err
	}
	h := &rf.disk.head
	if err := h.decode(text); err != nil {
		return err
	}
	rf.disk.image, rf.disk.snapshot = image, rf.host.Persister.ReadSnapshot()
	if h.base > 0 {
		err := rf.storage.ApplySnapshot(raftpb.Snapshot{
			Data:     joinSnapshot(h.baseIndex, rf.disk.snapshot),
			Metadata: raftpb.SnapshotMetadata{Index: h.base, Term: h.baseTerm, ConfState: rf.storage.voters},
		})
		if err != nil {
			return err
		}
	}
	rf.indexes.Reset(h.base, h.baseIndex)
	rf.applied, rf.appliedLog = h.baseIndex, h.base
	var log []raftpb.Entry
	for _, e := range entries {
		log = append(log, raftpb.Entry{Index: e.Index, Term: e.Term, Data: e.Data})
		rf.indexes.Append(len(e.Data) == 0)
	}
	if err := rf.storage.Append(log); err != nil {
		return err
	}
	return rf.storage.SetHardState(raftpb.HardState{Term: h.term, Vote: h.vote, Commit: max(h.commit, h.base)})
}

// saveSnapshot saves a snapshot that the service took, unless one beyond it
// came meanwhile.
func (rf *Raft) saveSnapshot(meta raftpb.SnapshotMetadata, index uint64, snapshot []byte) {
	d := &rf.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if meta.Index <= d.head.base {
		return
	}
	d.image.Compact(meta.Index)
	d.head.base, d.head.baseTerm, d.head.baseIndex = meta.Index, meta.Term, index
	d.snapshot = snapshot
	d.save(rf.host, true)
}

// saveReady puts what a Ready wants to have stored into memory and persister.
func (rf *Raft) saveReady(rd *raft.Ready) error {
	d := &rf.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	installs := !raft.IsEmptySnap(rd.Snapshot)
	if installs {
		if err := rf.storage.ApplySnapshot(rd.Snapshot); err != nil {
			return err
		}
		meta := rd.Snapshot.Metadata
		d.image = host.NewImage(meta.Index)
		d.head.base, d.head.baseTerm = meta.Index, meta.Term
		d.head.baseIndex, d.snapshot = splitSnapshot(rd.Snapshot.Data)
	}
	if err := rf.storage.Append(rd.Entries); err != nil {
		return err
	}
	for i, e := range rd.Entries {
		if i == 0 {
			d.image.Truncate(e.Index)
		}
		d.image.Append(host.Entry{Index: e.Index, Term: e.Term, Data: e.Data})
	}
	if !raft.IsEmptyHardState(rd.HardState) {
		if err := rf.storage.SetHardState(rd.HardState); err != nil {
			return err
		}
		d.head.term, d.head.vote, d.head.commit = rd.Term, rd.Vote, rd.Commit
	}
	// A commit index alone may get lost.
	if rd.MustSync || installs {
		d.save(rf.host, installs)
	}
	return nil
}
