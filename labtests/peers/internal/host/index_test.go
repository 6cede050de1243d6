package host

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// model is what Indexes stands for, spelled out: hidden tells of each entry, from
// index 1 on.
type model struct {
	hidden []bool
	base   int
}

func (m *model) lab(index int) uint64 {
	n := uint64(0)
	for _, hidden := range m.hidden[:index] {
		if !hidden {
			n++
		}
	}
	return n
}

func (m *model) check(t *testing.T, x *Indexes) {
	t.Helper()
	if got := x.Last(); got != uint64(len(m.hidden)) {
		t.Fatalf("last is %d, want %d", got, len(m.hidden))
	}
	if x.base != uint64(m.base) || x.baseLab != m.lab(m.base) {
		t.Fatalf("base is %d, %d, want %d, %d", x.base, x.baseLab, m.base, m.lab(m.base))
	}
	for index := m.base; index <= len(m.hidden); index++ {
		lab := m.lab(index)
		if got := x.Lab(uint64(index)); got != lab {
			t.Fatalf("Lab(%d) = %d, want %d: base %d, %v", index, got, lab, m.base, m.hidden)
		}
		if index > m.base && !m.hidden[index-1] {
			if got, ok := x.Log(lab); !ok || got != uint64(index) {
				t.Fatalf("Log(%d) = %d, %v, want %d: base %d, %v", lab, got, ok, index, m.base, m.hidden)
			}
		}
	}
	for _, lab := range []uint64{m.lab(m.base), m.lab(len(m.hidden)) + 1} {
		if got, ok := x.Log(lab); ok {
			t.Fatalf("Log(%d) = %d, want none: base %d, %v", lab, got, m.base, m.hidden)
		}
	}
}

// Any order of appends, truncations, snapshots and restarts.
func TestIndexes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var x Indexes
		m := &model{}
		for range 40 {
			size := len(m.hidden)
			switch random.IntN(8) {
			default:
				hidden := random.IntN(3) == 0
				x.Append(hidden)
				m.hidden = append(m.hidden, hidden)
			case 0:
				from := m.base + 1 + random.IntN(size-m.base+2)
				x.Truncate(uint64(from))
				m.hidden = m.hidden[:min(size, from-1)]
			case 1:
				through := random.IntN(size + 2)
				x.Compact(uint64(through))
				if through <= size {
					m.base = max(m.base, through)
				}
			case 2: // a restart with the snapshot, then with the log behind it
				x.Reset(uint64(m.base), m.lab(m.base))
				for _, hidden := range m.hidden[m.base:] {
					x.Append(hidden)
				}
			}
			m.check(t, &x)
		}
	}
}

func TestImage(t *testing.T) {
	m := NewImage(0)
	want := []Entry{}
	check := func(head string) {
		t.Helper()
		m.SetHead([]byte(head))
		loaded, gotHead, entries, err := LoadImage(m.Bytes())
		if err != nil || string(gotHead) != head || loaded.Last() != m.Last() {
			t.Fatalf("loaded %q, last %d, %v; want %q, %d", gotHead, loaded.Last(), err, head, m.Last())
		}
		if !slices.EqualFunc(entries, want, func(a, b Entry) bool {
			return a.Index == b.Index && a.Term == b.Term && a.Kind == b.Kind && string(a.Data) == string(b.Data)
		}) {
			t.Fatalf("loaded %v, want %v", entries, want)
		}
		m = loaded // and goes on from there
	}
	add := func(index, term uint64, kind byte, data string) {
		e := Entry{index, term, kind, []byte(data)}
		m.Append(e)
		want = append(want, e)
	}
	check("")
	add(1, 1, 0, "")
	add(2, 1, 3, "two")
	check("head")
	m.Truncate(2)
	want = want[:1]
	add(2, 300, 0, "another two")
	add(3, 300, 0, "three")
	check("a head longer than the room that there is at first: " + string(make([]byte, 300)))
	m.Compact(2)
	want = want[2:]
	add(4, 301, 1, "four")
	check("short")
	m.Compact(10)
	want = nil
	if m.Last() != 10 {
		t.Fatalf("last is %d, want 10", m.Last())
	}
	add(11, 302, 0, "eleven")
	check("end")
	whole := slices.Clone(m.Bytes())
	for size := range whole { // cut short, it is refused or ends with a whole entry
		if _, _, entries, err := LoadImage(whole[:size]); err == nil && len(entries) >= len(want) {
			t.Fatalf("%d of %d bytes load as a whole", size, len(whole))
		}
	}
}
