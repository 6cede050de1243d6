package labtree

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// Test is one test function of the package.
type Test struct {
	Name string
	File string // base name
	Part string // "2A"; empty if the name ends otherwise
}

var partSuffix = regexp.MustCompile(`^Test.*([0-9][A-Z])$`)

// testsOf returns the test functions that a file declares.
func testsOf(name string, file *ast.File) []Test {
	var tests []Test
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !IsTest(fn) {
			continue
		}
		test := Test{Name: fn.Name.Name, File: name}
		if match := partSuffix.FindStringSubmatch(test.Name); match != nil {
			test.Part = match[1]
		}
		tests = append(tests, test)
	}
	return tests
}

// IsTest reports whether go test would run fn: Test, no lower-case letter
// after that, and one parameter of type *testing.T.
func IsTest(fn *ast.FuncDecl) bool {
	rest, ok := strings.CutPrefix(fn.Name.Name, "Test")
	if !ok || rest != "" && rest[0] >= 'a' && rest[0] <= 'z' {
		return false
	}
	params := fn.Type.Params.List
	if len(params) != 1 || len(params[0].Names) > 1 {
		return false
	}
	star, ok := params[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "T"
}

// digitOf returns the lab number that most of the tests carry.
func digitOf(tests []Test) byte {
	var count [256]int
	var most byte
	for _, test := range tests {
		if test.Part == "" {
			continue
		}
		digit := test.Part[0]
		count[digit]++
		if count[digit] > count[most] {
			most = digit
		}
	}
	return most
}

// Parts returns the parts that the tree has tests of, in order.
func (t *Tree) Parts() []string {
	var parts []string
	for _, test := range t.Tests {
		if test.Part != "" && test.Part[0] == t.Digit && !slices.Contains(parts, test.Part) {
			parts = append(parts, test.Part)
		}
	}
	slices.Sort(parts)
	return parts
}

var partName = regexp.MustCompile(`^([0-9]?)([A-Z])$`)

// Part translates a part's name to the tree's own: 2A is what 2024 calls 3A.
// "all" stays what it is.
func (t *Tree) Part(name string) (string, error) {
	if name == "all" || (name == AllKV || name == AllRSM) && t.KV() {
		return "all", nil
	}
	parts := t.Parts()
	match := partName.FindStringSubmatch(strings.ToUpper(name))
	if match == nil {
		return "", fmt.Errorf("there is no part %q: say %s or all", name, strings.Join(parts, ", "))
	}
	digit, letter := match[1], match[2]
	// 2A is every year's name for Raft's first part. 3A is so since 2024 only:
	// before, it was the first part of the key/value lab.
	own := string(t.Digit) + letter
	if (digit == "" || digit == "2" || digit == string(t.Digit)) && slices.Contains(parts, own) {
		return own, nil
	}
	return "", fmt.Errorf("package %s of this %d tree has no part %s: it has %s",
		t.Package, t.Year, strings.ToUpper(name), strings.Join(parts, ", "))
}

// Selection is what to run of a tree.
type Selection struct {
	Names   []string // in the tree's order; never empty
	Pattern string   // for go test -run; empty: no restriction
}

// Select picks the tests of a part whose names also match run. Both may be
// empty: run alone picks from all tests, nothing at all means every part.
func (t *Tree) Select(part, run string) (Selection, error) {
	match, err := regexp.Compile(run)
	if err != nil {
		return Selection{}, fmt.Errorf("-run %q is no regular expression: %v", run, err)
	}
	if part == "" && run == "" {
		part = "all"
	}
	if part != "" {
		if part, err = t.Part(part); err != nil {
			return Selection{}, err
		}
	}
	var sel Selection
	for _, test := range t.Tests {
		if t.inPart(test, part) && match.MatchString(test.Name) {
			sel.Names = append(sel.Names, test.Name)
		}
	}
	if len(sel.Names) == 0 {
		return Selection{}, fmt.Errorf("no test matches -part %q -run %q: package %s has %s", part, run, t.Package, t.names())
	}
	switch {
	case part == "":
		sel.Pattern = run
	case run != "" || t.KV() && t.Year == 2017: // whose names do not tell the part
		sel.Pattern = "^(" + strings.Join(sel.Names, "|") + ")$"
	case part == "all":
		sel.Pattern = "^Test.*" + string(t.Digit) + "[A-Z]$"
	default:
		sel.Pattern = "^Test.*" + part + "$"
	}
	return sel, nil
}

func (t *Tree) inPart(test Test, part string) bool {
	switch part {
	case "":
		return true
	case "all":
		return test.Part != "" && test.Part[0] == t.Digit
	}
	return test.Part == part
}

func (t *Tree) names() string {
	var names []string
	for _, test := range t.Tests {
		names = append(names, test.Name)
	}
	return strings.Join(names, ", ")
}
