// Package virtual runs a lab's tests in virtual time: each in a process of its
// own, inside a bubble of testing/synctest, where no test waits longer than the
// processor needs.
package virtual

import (
	_ "embed"
	"strings"
	"text/template"
)

// EntryName is the file that Entry is for.
const EntryName = "pontoon_virtual_test.go"

const entryTest = "TestPontoonVirtual"

//go:embed entry.go.tmpl
var entryText string

var entryTemplate = template.Must(template.New(EntryName).Parse(entryText))

// Entry returns the file that, in the package pkg, calls the named tests.
func Entry(pkg string, names []string) (string, error) {
	var text strings.Builder
	err := entryTemplate.Execute(&text, map[string]any{"Package": pkg, "Names": names})
	return text.String(), err
}
