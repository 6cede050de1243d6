package labgob

import (
	"bytes"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
)

// fresh gives a test the state of a new process.
func fresh() {
	mu.Lock()
	defer mu.Unlock()
	errorCount = 0
	checked = map[reflect.Type]bool{}
}

func complaints() int {
	mu.Lock()
	defer mu.Unlock()
	return errorCount
}

// printed returns the lines that f prints on standard output.
func printed(t *testing.T, f func()) []string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = stdout }()
	f() // a few lines, which the pipe holds
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func encode(t *testing.T, v interface{}) *bytes.Buffer {
	t.Helper()
	var buf bytes.Buffer
	if err := NewEncoder(&buf).Encode(v); err != nil {
		t.Fatal(err)
	}
	return &buf
}

type Leaf struct {
	A int
	B string
}

type Twig struct{ N int }

type Tree struct {
	N       int
	S       string
	Leaves  []Leaf
	ByName  map[string]*Leaf
	Pointer *Leaf
	Any     interface{}
	Array   [3]int
}

func TestGOB(t *testing.T) {
	fresh()
	Register(Leaf{})
	RegisterName("a twig", Twig{})

	tree := Tree{
		N:       7,
		S:       "seven",
		Leaves:  []Leaf{{1, "one"}, {}, {3, "three"}},
		ByName:  map[string]*Leaf{"x": {10, "ten"}, "y": {}},
		Pointer: &Leaf{5, "five"},
		Any:     Leaf{6, "six"},
		Array:   [3]int{1, 0, 3},
	}
	list := []interface{}{nil, 1, "text", nil, Leaf{2, "two"}, Twig{3}}

	var buf bytes.Buffer
	e := NewEncoder(&buf)
	for _, v := range []interface{}{99, tree, list} {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.EncodeValue(reflect.ValueOf(&tree)); err != nil {
		t.Fatal(err)
	}

	d := NewDecoder(&buf)
	var n int
	var tree1, tree2 Tree
	var list1 []interface{}
	for _, p := range []interface{}{&n, &tree1, &list1, &tree2} {
		if err := d.Decode(p); err != nil {
			t.Fatal(err)
		}
	}
	if n != 99 || !reflect.DeepEqual(tree1, tree) || !reflect.DeepEqual(tree2, tree) || !reflect.DeepEqual(list1, list) {
		t.Errorf("decoded\n%v\n%+v\n%+v\n%+v", n, tree1, tree2, list1)
	}
	if n := complaints(); n != 0 {
		t.Errorf("%d complaints", n)
	}
}

func TestErrorsAreGobs(t *testing.T) {
	if NewEncoder(io.Discard).Encode(make(chan int)) == nil {
		t.Error("a channel is encoded")
	}
	if NewEncoder(io.Discard).Encode(nil) == nil || NewEncoder(io.Discard).EncodeValue(reflect.Value{}) == nil {
		t.Error("nothing is encoded")
	}
	if NewDecoder(strings.NewReader("no gob")).Decode(new(int)) == nil {
		t.Error("no gob is decoded")
	}
	if err := NewDecoder(encode(t, 1)).Decode(nil); err != nil {
		t.Errorf("a value cannot be skipped: %v", err)
	}
}

type inner struct {
	Upper int
	lower int
}

type Outer struct {
	Maps     map[*[]string]map[int]*[]inner
	Again    inner
	Parent   *Outer // types may be recursive
	Anything interface{}
}

type (
	Keyed  struct{ M map[inner]bool }
	Valued struct{ M map[bool]inner }
	Listed struct{ S []inner }
	Arrays struct{ A [2]inner }
	Points struct{ P **inner }
)

func TestCapital(t *testing.T) {
	ways := map[string]func(){
		"Encode":       func() { encode(t, Outer{}) },
		"EncodeValue":  func() { _ = NewEncoder(io.Discard).EncodeValue(reflect.ValueOf(Outer{})) },
		"Decode":       func() { _ = NewDecoder(new(bytes.Buffer)).Decode(&Outer{}) },
		"Register":     func() { Register(Valued{}) },
		"RegisterName": func() { RegisterName("outer", Outer{}) },
		"map key":      func() { encode(t, Keyed{}) },
		"map element":  func() { encode(t, Valued{}) },
		"slice":        func() { encode(t, Listed{}) },
		"array":        func() { encode(t, Arrays{}) },
		"pointer":      func() { encode(t, Points{}) },
		"bare":         func() { encode(t, inner{}) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			fresh()
			lines := printed(t, func() {
				way()
				way() // a type is looked at once
			})
			if n := complaints(); n != 1 || len(lines) != 1 {
				t.Fatalf("%d complaints and %q", n, lines)
			}
			if !strings.HasPrefix(lines[0], "labgob error: lower-case field lower of labgob.inner") {
				t.Errorf("%q", lines[0])
			}
		})
	}

	fresh()
	printed(t, func() { encode(t, Outer{Anything: 5}) })
	if n := complaints(); n != 1 {
		t.Errorf("%d complaints about a type with an interface", n)
	}
}

type Hidden struct{ A interface{} }

func TestInterfacesAreNotLookedInto(t *testing.T) {
	fresh()
	if lines := printed(t, func() { _ = NewEncoder(io.Discard).Encode(Hidden{inner{}}) }); lines != nil {
		t.Errorf("%q", lines)
	}
}

type Deep struct {
	Number  int
	Flag    bool
	Text    string
	Float   float64
	Pointer *Leaf
	Struct  Leaf
	Slice   []int
	Map     map[int]int
	Any     interface{}
}

func TestDefault(t *testing.T) {
	one, leaf := 1, &Leaf{A: 1}
	tests := []struct {
		name   string
		target interface{}
		want   string // the variable complained about
	}{
		{"zero", &Deep{}, ""},
		{"number", &Deep{Number: 1}, "Number"},
		{"bool", &Deep{Flag: true}, "Flag"},
		{"string", &Deep{Text: "x"}, "Text"},
		{"float", &Deep{Float: 0.5}, "Float"},
		{"bare", &one, "int"},
		{"pointer to pointer", &leaf, ""},          // its fields are at depth 4
		{"inner struct", &Deep{Struct: *leaf}, ""}, // likewise
		{"pointer inside", &Deep{Pointer: leaf}, ""},
		{"containers", &Deep{Slice: []int{1}, Map: map[int]int{1: 1}, Any: 1}, ""},
		{"struct without pointer", struct{ S Leaf }{*leaf}, "S.A"},
		{"nil", (*Deep)(nil), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fresh()
			lines := printed(t, func() {
				for i := 0; i < 2; i++ { // one line for both
					_ = NewDecoder(new(bytes.Buffer)).Decode(tt.target)
				}
			})
			if tt.want == "" {
				if n := complaints(); n != 0 || lines != nil {
					t.Errorf("%d complaints and %q", n, lines)
				}
				return
			}
			if n := complaints(); n != 2 || len(lines) != 1 {
				t.Fatalf("%d complaints and %q", n, lines)
			}
			want := "labgob warning: Decoding into a non-default variable/field " + tt.want + ":"
			if !strings.HasPrefix(lines[0], want) {
				t.Errorf("%q does not begin %q", lines[0], want)
			}
		})
	}
}

// What the warning is about.
func TestZeroLeavesTheOldValue(t *testing.T) {
	fresh()
	target := Leaf{A: 1, B: "old"}
	printed(t, func() {
		if err := NewDecoder(encode(t, Leaf{A: 2})).Decode(&target); err != nil {
			t.Error(err)
		}
	})
	if target != (Leaf{2, "old"}) || complaints() == 0 {
		t.Errorf("%+v with %d complaints", target, complaints())
	}
}

func TestAnyComplaintSilencesTheWarning(t *testing.T) {
	fresh()
	lines := printed(t, func() {
		encode(t, Outer{})
		_ = NewDecoder(new(bytes.Buffer)).Decode(&Leaf{A: 1})
	})
	if len(lines) != 1 || complaints() != 2 {
		t.Errorf("%d complaints and %q", complaints(), lines)
	}
}
