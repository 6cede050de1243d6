package overlay

import (
	_ "embed"
	"strings"
	"text/template"

	"pontoon.dev/labrun/internal/labtree"
)

//go:embed adapter.go.tmpl
var adapterText string

//go:embed util.go.tmpl
var utilText string

var adapterTemplate = template.Must(template.New("raft.go").Parse(adapterText))

// Adapter returns the raft.go that puts Pontoon behind a tree's harness. How
// the persister is written to is no part of it: package lab looks at what
// methods the harness's Persister has.
func Adapter(tree *labtree.Tree) (string, error) {
	var text strings.Builder
	err := adapterTemplate.Execute(&text, tree)
	return text.String(), err
}
