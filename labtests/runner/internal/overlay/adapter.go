package overlay

import (
	"bytes"
	_ "embed"
	"go/format"
	"strconv"
	"text/template"

	"pontoon.dev/labrun/internal/labtree"
)

//go:embed adapter.go.tmpl
var adapterText string

//go:embed util.go.tmpl
var utilText string

var adapterTemplate = template.Must(template.New("raft.go").Parse(adapterText))

// shape is what differs between the years' adapters.
type shape struct {
	Imports    []string // as in a file, of the tree's packages
	Codec      string   // the package of NewEncoder and NewDecoder
	ApplyMsg   string   // the message type; ApplyMsg if the adapter declares it
	Old        bool     // the message of 2017
	Result     string   // what Make returns
	Persister  string   // the type of Make's third argument
	CopyOnSave bool     // the Persister keeps the slices that it is given

	CondInstall, PersistBytes, CloseOnKill bool
}

func shapeOf(tree *labtree.Tree) shape {
	in := func(dir string) string {
		if tree.Import == "" {
			return strconv.Quote(dir)
		}
		return strconv.Quote(tree.Import + "/" + dir)
	}
	s := shape{
		Imports: []string{in("labgob"), in("labrpc")},
		Codec:   "labgob", ApplyMsg: "ApplyMsg", Result: "*Raft", Persister: "*Persister",
		CopyOnSave:  tree.Year <= 2020,
		CondInstall: tree.CondInstall,
	}
	switch {
	case tree.Year == 2017:
		s.Old = true
		s.Codec = "gob"
		s.Imports = []string{`"encoding/gob"`, in("labrpc")}
	case tree.Year >= 2025:
		s.Imports = append(s.Imports, in("raftapi"), "tester "+in("tester1"))
		s.ApplyMsg, s.Result, s.Persister = "raftapi.ApplyMsg", "raftapi.Raft", "*tester.Persister"
		s.PersistBytes, s.CloseOnKill = true, true
	}
	return s
}

// Adapter returns the raft.go that puts Pontoon behind a tree's harness. How
// the persister is written to is no part of it: package lab looks at what
// methods the harness's Persister has.
func Adapter(tree *labtree.Tree) (string, error) {
	var text bytes.Buffer
	if err := adapterTemplate.Execute(&text, shapeOf(tree)); err != nil {
		return "", err
	}
	formatted, err := format.Source(text.Bytes())
	return string(formatted), err
}
