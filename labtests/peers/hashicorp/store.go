package hashicorp

import (
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/raft"

	"pontoon.dev/peers/internal/host"
)

// store implements raft's LogStore, StableStore and SnapshotStore. Memory holds
// everything, and the persister the same as an image.
//
// raft stores logs from its main goroutine, and removes those in a snapshot from
// another too.
type store struct {
	host  *host.Host
	leads func() bool

	mu       sync.Mutex
	logs     []raft.Log // without a gap
	first    uint64     // index of the first of them
	indexes  host.Indexes
	snapshot snapshot

	// Of this server as a leader.
	leaderTerm uint64 // in which its first entry is in the log
	proposed   uint64 // commands that Start promised an index, and that are not in the log yet
	queue      []proposal

	disk disk
}

// proposal is an entry to be, and the term in which its index was promised.
type proposal struct {
	term uint64
	data []byte
}

// last needs mu.
func (s *store) last() uint64 { return s.first + uint64(len(s.logs)) - 1 }

// FirstIndex implements raft.LogStore.
func (s *store) FirstIndex() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.logs) == 0 {
		return 0, nil
	}
	return s.first, nil
}

// LastIndex implements raft.LogStore.
func (s *store) LastIndex() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.logs) == 0 {
		return 0, nil
	}
	return s.last(), nil
}

// GetLog implements raft.LogStore.
func (s *store) GetLog(index uint64, log *raft.Log) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index < s.first || index > s.last() {
		return raft.ErrLogNotFound
	}
	*log = s.logs[index-s.first]
	return nil
}

// StoreLog implements raft.LogStore.
func (s *store) StoreLog(log *raft.Log) error { return s.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore.
func (s *store) StoreLogs(logs []*raft.Log) error {
	if len(logs) == 0 {
		return nil
	}
	leads := s.leads()
	s.mu.Lock()
	// Behind a snapshot that was installed the log goes on from there.
	gap := logs[0].Index != s.last()+1
	if gap {
		if len(s.logs) > 0 || logs[0].Index != s.snapshot.Index+1 {
			s.mu.Unlock()
			return fmt.Errorf("entry %d is stored after entry %d", logs[0].Index, s.last())
		}
		s.first = logs[0].Index
		s.indexes.Reset(s.snapshot.Index, s.snapshot.lab())
	}
	for _, log := range logs {
		s.logs = append(s.logs, *log)
		_, command := commandOf(log)
		s.indexes.Append(!command)
		switch {
		case !leads:
		case log.Type == raft.LogNoop:
			s.leaderTerm, s.proposed = log.Term, 0
		case s.proposed > 0:
			s.proposed--
		}
	}
	s.mu.Unlock()

	return s.disk.update(s.host, func(d *disk) {
		if gap {
			d.image = host.NewImage(logs[0].Index - 1)
		}
		for _, log := range logs {
			d.image.Append(host.Entry{Index: log.Index, Term: log.Term, Kind: byte(log.Type), Data: log.Data})
		}
	})
}

// DeleteRange implements raft.LogStore. It is called for the log's end, or for
// what a snapshot covers.
func (s *store) DeleteRange(low, high uint64) error {
	s.mu.Lock()
	if len(s.logs) == 0 || low > s.last() || high < s.first {
		s.mu.Unlock()
		return nil
	}
	tail := low > s.first
	if tail {
		if high < s.last() {
			s.mu.Unlock()
			return fmt.Errorf("entries %d to %d are amid the log", low, high)
		}
		clear(s.logs[low-s.first:])
		s.logs = s.logs[:low-s.first]
		s.indexes.Truncate(low)
	} else {
		s.compact(min(high, s.last()))
	}
	s.mu.Unlock()

	return s.disk.update(s.host, func(d *disk) {
		if tail {
			d.image.Truncate(low)
		} else {
			d.image.Compact(high)
		}
	})
}

// compact removes the entries up to an index. Those behind the snapshot have
// their indexes from it: what an installed one replaced may have been others. It
// needs mu.
func (s *store) compact(through uint64) {
	s.logs = append([]raft.Log(nil), s.logs[through+1-s.first:]...)
	s.first = through + 1
	if through != s.snapshot.Index {
		s.indexes.Compact(through)
		return
	}
	s.indexes.Reset(through, s.snapshot.lab())
	for i := range s.logs {
		_, command := commandOf(&s.logs[i])
		s.indexes.Append(!command)
	}
}

// commands returns the commands after one of the lab's indexes, through another.
func (s *store) commands(after, through uint64) ([][]byte, error) {
	if after >= through {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	index, ok := s.indexes.Log(after + 1)
	if !ok || index < s.first {
		return nil, fmt.Errorf("the log does not have the command at the lab's index %d", after+1)
	}
	commands := make([][]byte, 0, through-after)
	for ; uint64(len(commands)) < through-after; index++ {
		if index > s.last() {
			return nil, errors.New("the log ends before what was applied")
		}
		if command, ok := commandOf(&s.logs[index-s.first]); ok {
			commands = append(commands, command)
		}
	}
	return commands, nil
}
