// Package mutants puts each deliberate bug of Pontoon's core back in turn and
// looks which tests notice: the paper tests, the simulator, the lab's.
package mutants

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Mutant is a deliberate bug.
type Mutant struct {
	Name string `json:"name"`
	Rule string `json:"rule"` // which rule it breaks, and how
}

const source = "rust/core/src/mutant.rs"

var mutantLine = regexp.MustCompile(`(?m)^ +\w+ = "([a-z0-9-]+)", "(.*)";$`)

// List returns the bugs that the checkout at root has.
func List(root string) ([]Mutant, error) {
	text, err := os.ReadFile(filepath.Join(root, source))
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, match := range mutantLine.FindAllStringSubmatch(string(text), -1) {
		all = append(all, Mutant{Name: match[1], Rule: match[2]})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s lists no mutant in the form that labrun reads: Variant = \"name\", \"what\";", source)
	}
	return all, nil
}

// pick returns the named mutants, or all.
func pick(all []Mutant, names string) ([]Mutant, error) {
	if names == "" {
		return all, nil
	}
	var picked []Mutant
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
		if at < 0 {
			var known []string
			for _, m := range all {
				known = append(known, m.Name)
			}
			return nil, fmt.Errorf("-only: no mutant is called %q; there are %s", name, strings.Join(known, ", "))
		}
		picked = append(picked, all[at])
	}
	return picked, nil
}

// Result is what one suite made of one mutant.
type Result struct {
	Killed  bool    `json:"killed"`
	Tries   int     `json:"tries"`           // paper: tests; sim: seeds, median; lab: passes
	Seconds float64 `json:"cpu_seconds"`     // of processor time until then; sim: median
	By      string  `json:"by,omitempty"`    // the test or property
	How     string  `json:"how,omitempty"`   // lab: fail, hang, panic or exit
	Count   int     `json:"count,omitempty"` // paper: tests that fail; sim: ranges of seeds that do
	Reason  string  `json:"reason,omitempty"`
	Own     string  `json:"own,omitempty"` // lab: our own tests that failed before the course's did
}

// Row is a line of the table.
type Row struct {
	Mutant
	Suites map[string]Result `json:"suites"`
}

// survived reports whether no suite noticed. Our own lab tests count.
func (r Row) survived() bool {
	for _, result := range r.Suites {
		if result.Killed || result.Own != "" {
			return false
		}
	}
	return true
}
