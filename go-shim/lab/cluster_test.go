//go:build go1.25

package lab

import (
	"bytes"
	"encoding/gob"
	"testing"
)

func TestCommandsReachEveryServer(t *testing.T) {
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		for i, command := range []interface{}{100, "two", op{Key: "three"}, &envelope{Req: 4}, nil, []byte{6}} {
			if index := s.commit(command, 0, 1, 2); index != i+1 {
				t.Errorf("command %d has index %d", i+1, index)
			}
		}
	})
}

func TestServersComeBack(t *testing.T) {
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		s.commit(1, 0, 1, 2)
		follower := (s.leader() + 1) % 3
		s.crash(follower)
		s.commit(2, s.leader())
		s.serve(follower)
		s.commit(3, 0, 1, 2)
		for me := range 3 {
			s.crash(me)
		}
		for me := range 3 {
			s.serve(me)
		}
		if index := s.commit(4, 0, 1, 2); index != 4 {
			t.Errorf("index %d", index)
		}
	})
}

func TestSnapshots(t *testing.T) {
	onSite(t, 3, func(s *site) {
		s.every = 10
		for me := range 3 {
			s.serve(me)
		}
		s.commit(1, 0, 1, 2)
		victim := (s.leader() + 1) % 3
		for range 3 {
			s.isolate(victim, true)
			for i := range 25 {
				s.commit(i, s.leader())
			}
			if size := s.rafts[s.leader()].PersistBytes(); size > 1000 {
				t.Errorf("the state takes %d bytes, although there are snapshots", size)
			}
			s.isolate(victim, false)
			s.commit("again", 0, 1, 2)
		}
		for round := range 2 {
			for me := range 3 {
				s.crash(me)
			}
			for me := range 3 {
				s.serve(me)
				if snapshot := s.disks[me].ReadSnapshot(); !bytes.HasPrefix(snapshot, []byte("first ")) {
					t.Errorf("round %d: server %d holds the snapshot %q", round, me, snapshot)
				}
			}
			s.commit("round", 0, 1, 2)
		}
		leader := s.rafts[s.leader()]
		before := s.disks[s.leader()].ReadSnapshot()
		for _, index := range []int{-1, 0, 1, 10, 1 << 40} {
			leader.Snapshot(index, []byte("nonsense"))
		}
		s.commit("end", 0, 1, 2)
		if after := s.disks[s.leader()].ReadSnapshot(); !bytes.Equal(before, after) && bytes.Contains(after, []byte("nonsense")) {
			t.Errorf("an index out of range was not ignored: %q", after)
		}
	})
}

// What the limits of the key/value labs are held against: a Raft in Go keeps
// its log as one stream of gob's.
func TestTheStateIsNoLongerThanGobs(t *testing.T) {
	onSite(t, 3, func(s *site) {
		for me := range 3 {
			s.serve(me)
		}
		var log []entry
		for i := range 100 {
			command := kvOp{"Append", "0", "x 0 1 y", 1<<61 + 12345, int64(i)}
			s.commit(command, 0, 1, 2)
			log = append(log, entry{1, command})
		}
		var stream bytes.Buffer
		if err := gob.NewEncoder(&stream).Encode(log); err != nil {
			t.Fatal(err)
		}
		for me, rf := range s.rafts {
			t.Logf("server %d: %d bytes, gob's stream %d", me, rf.PersistBytes(), stream.Len())
			if rf.PersistBytes() > stream.Len() {
				t.Errorf("server %d keeps %d bytes, gob's stream has %d", me, rf.PersistBytes(), stream.Len())
			}
		}
		for me := range 3 {
			s.crash(me)
		}
		for me := range 3 {
			s.serve(me)
		}
		s.commit(kvOp{Key: "end"}, 0, 1, 2)
	})
}
