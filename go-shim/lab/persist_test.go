package lab

import (
	"fmt"
	"strings"
	"testing"
)

// slots is the reading half of every persister. It keeps the slices that it
// is given, as the oldest ones do.
type slots struct {
	state, snapshot []byte
	calls           []string
	kept            [][]byte
}

func (s *slots) ReadRaftState() []byte { return s.state }
func (s *slots) ReadSnapshot() []byte  { return s.snapshot }
func (s *slots) RaftStateSize() int    { return len(s.state) }

func (s *slots) note(method string, values ...[]byte) {
	for _, value := range values {
		method += fmt.Sprintf(" %q", value)
		s.kept = append(s.kept, value)
	}
	s.calls = append(s.calls, method)
}

// year2017 saves the halves one by one.
type year2017 struct{ slots }

func (p *year2017) SaveRaftState(state []byte) {
	p.note("SaveRaftState", state)
	p.state = state
}

func (p *year2017) SaveSnapshot(snapshot []byte) {
	p.note("SaveSnapshot", snapshot)
	p.snapshot = snapshot
}

// year2018 has a method for both.
type year2018 struct{ slots }

func (p *year2018) SaveRaftState(state []byte) {
	p.note("SaveRaftState", state)
	p.state = state
}

func (p *year2018) SaveStateAndSnapshot(state, snapshot []byte) {
	p.note("SaveStateAndSnapshot", state, snapshot)
	p.state, p.snapshot = state, snapshot
}

// year2023 has one method.
type year2023 struct{ slots }

func (p *year2023) Save(state, snapshot []byte) {
	p.note("Save", state, snapshot)
	p.state, p.snapshot = state, snapshot
}

// year2017NoSnapshot never met a snapshot.
type year2017NoSnapshot struct{ slots }

func (p *year2017NoSnapshot) SaveRaftState(state []byte) {
	p.note("SaveRaftState", state)
	p.state = state
}

func TestEveryYearsPersister(t *testing.T) {
	y2017, y2018, y2023, bare := &year2017{}, &year2018{}, &year2023{}, &year2017NoSnapshot{}
	for _, test := range []struct {
		persister  Persister
		slots      *slots
		copyOnSave bool
		want       string
	}{
		{y2017, &y2017.slots, false, `SaveRaftState "s1"; SaveSnapshot "S2"; SaveRaftState "s2"; SaveRaftState "s3"`},
		{y2018, &y2018.slots, true, `SaveRaftState "s1"; SaveStateAndSnapshot "s2" "S2"; SaveRaftState "s3"`},
		{y2023, &y2023.slots, true, `Save "s1" ""; Save "s2" "S2"; Save "s3" "S2"`},
		{bare, &bare.slots, false, `SaveRaftState "s1"; SaveRaftState "s2"; SaveRaftState "s3"`},
	} {
		save, err := saveWith(test.persister, test.copyOnSave)
		if err != nil {
			t.Errorf("%T: %v", test.persister, err)
			continue
		}
		// The same memory is used again, like that behind a view.
		state, snapshot := []byte("s1"), []byte("S2")
		save(state, nil, false)
		copy(state, "s2")
		save(state, snapshot, true)
		copy(state, "s3")
		save(state, snapshot, false)
		clear(state)
		clear(snapshot)
		if got := strings.Join(test.slots.calls, "; "); got != test.want {
			t.Errorf("%T: %s\nwant %s", test.persister, got, test.want)
		}
		for i, kept := range test.slots.kept {
			if strings.Contains(string(kept), "\x00") {
				t.Errorf("%T: the slice of save %d changed after it", test.persister, i)
			}
		}
		if string(test.slots.state) != "s3" || test.slots.snapshot != nil && string(test.slots.snapshot) != "S2" {
			t.Errorf("%T holds %q and %q", test.persister, test.slots.state, test.slots.snapshot)
		}
	}
}

// A persister that copies is given the view itself.
func TestNoCopyWithoutNeed(t *testing.T) {
	p := &year2023{}
	save, err := saveWith(p, false)
	if err != nil {
		t.Fatal(err)
	}
	state := []byte("state")
	save(state, nil, false)
	if &p.kept[0][0] != &state[0] {
		t.Error("the state was copied")
	}
}

func TestUnknownPersister(t *testing.T) {
	if _, err := saveWith(&slots{}, false); err == nil || !strings.Contains(err.Error(), "no method Save") {
		t.Errorf("a persister that cannot save: %v", err)
	}
}
