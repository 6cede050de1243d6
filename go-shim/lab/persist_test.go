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
	saved           func() // called after each save
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

func (s *slots) after() {
	if s.saved != nil {
		s.saved()
	}
}

// year2017 saves the halves one by one.
type year2017 struct{ slots }

func (p *year2017) SaveRaftState(state []byte) {
	p.note("SaveRaftState", state)
	p.state = state
	p.after()
}

func (p *year2017) SaveSnapshot(snapshot []byte) {
	p.note("SaveSnapshot", snapshot)
	p.snapshot = snapshot
	p.after()
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
		{y2017, &y2017.slots, false, fmt.Sprintf(`SaveRaftState "s1"; SaveRaftState %q; SaveSnapshot "S2"; SaveRaftState "s2"; SaveRaftState "s3"`, stepRecord([]byte("s1"), []byte("s2"), []byte("S2")))},
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
			if strings.Contains(string(kept), "\x00") && !strings.HasPrefix(string(kept), string(stepMagic)) {
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

// A copy of 2017's persister that is taken between two of its calls holds a
// state and a snapshot that belong together.
func TestCrashBetweenStateAndSnapshot(t *testing.T) {
	belongs := map[string]string{"": "s1", "S2": "s2", "S3": "s3"}
	p := &year2017{}
	copies := 0
	p.saved = func() {
		copies++
		if got := string(resolveSteps(p.state, p.snapshot)); got != belongs[string(p.snapshot)] {
			t.Errorf("with snapshot %q there is state %q", p.snapshot, got)
		}
	}
	save, err := saveWith(p, false)
	if err != nil {
		t.Fatal(err)
	}
	save([]byte("s1"), nil, false)
	save([]byte("s2"), []byte("S2"), true)
	save([]byte("s3"), []byte("S3"), true)
	if copies != 7 {
		t.Errorf("%d saves", copies)
	}
	whole := stepRecord([]byte("old"), []byte("new"), []byte("S"))
	for n := range len(stepMagic) + 32 + 8 + 3 {
		if got := resolveSteps(whole[:n], []byte("S")); string(got) != string(whole[:n]) {
			t.Errorf("%d bytes of a record give %q", n, got)
		}
	}
}
