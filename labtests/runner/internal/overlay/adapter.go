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

//go:embed kv.go.tmpl
var kvText string

var (
	adapterTemplate = template.Must(template.New("raft.go").Parse(adapterText))
	kvTemplate      = template.Must(template.New("server.go").Parse(kvText))
)

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

// importOf is how a tree imports one of its own packages.
func importOf(tree *labtree.Tree, dir string) string {
	if tree.Import == "" {
		return strconv.Quote(dir)
	}
	return strconv.Quote(tree.Import + "/" + dir)
}

func shapeOf(tree *labtree.Tree) shape {
	in := func(dir string) string { return importOf(tree, dir) }
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
	return execute(adapterTemplate, shapeOf(tree))
}

// KVAdapter returns the server.go that puts Pontoon's key/value service behind
// the harness of a tree's package kvraft.
func KVAdapter(tree *labtree.Tree) (string, error) {
	server := "KVServer"
	if tree.Year == 2017 {
		server = "RaftKV"
	}
	return execute(kvTemplate, map[string]any{
		"Package": tree.Package,
		"Imports": []string{importOf(tree, "labrpc"), importOf(tree, "raft")},
		"Server":  server,
		"Old":     tree.Year == 2017,
	})
}

func execute(t *template.Template, data any) (string, error) {
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		return "", err
	}
	formatted, err := format.Source(text.Bytes())
	return string(formatted), err
}
