package timeline

import "strconv"

// ints are small numbers, column any of 64 bits. Both become JSON in one go:
// a page has two million of them.
type (
	ints   []int
	column []uint64
)

// exact is the largest number up to which JavaScript has every one.
const exact = 1 << 53

// MarshalJSON writes [1,2,3].
func (c ints) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(v), 10)
	}
	return append(b, ']'), nil
}

// MarshalJSON writes [1,2,"18446744073709551615"]: what JavaScript would round
// is a string.
func (c column) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range c {
		if i > 0 {
			b = append(b, ',')
		}
		if v > exact {
			b = append(b, '"')
			b = strconv.AppendUint(b, v, 10)
			b = append(b, '"')
			continue
		}
		b = strconv.AppendUint(b, v, 10)
	}
	return append(b, ']'), nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// texts numbers the strings of a document, each one once; "" is 0.
type texts struct {
	doc *document
	at  map[string]int
}

func newTexts(d *document) *texts {
	d.Strings = []string{""}
	return &texts{d, map[string]int{"": 0}}
}

func (t *texts) of(s string) int {
	i, ok := t.at[s]
	if !ok {
		i = len(t.doc.Strings)
		t.at[s] = i
		t.doc.Strings = append(t.doc.Strings, s)
	}
	return i
}
