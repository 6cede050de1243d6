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

//go:embed kvraft1_server.go.tmpl
var server2025Text string

//go:embed kvraft1_client.go.tmpl
var client2025Text string

//go:embed rsm.go.tmpl
var rsmText string

var (
	adapterTemplate = template.Must(template.New("raft.go").Parse(adapterText))
	kvTemplate      = template.Must(template.New("server.go").Parse(kvText))

	server2025Template = template.Must(template.New("server.go").Parse(server2025Text))
	client2025Template = template.Must(template.New("client.go").Parse(client2025Text))
	rsmTemplate        = template.Must(template.New("rsm.go").Parse(rsmText))
)

// shape is what differs between the years' adapters.
type shape struct {
	Imports    []string // as in a file, of the tree's packages
	Lab        string   // likewise, of the package that stands behind the harness
	Codec      string   // the package of NewEncoder and NewDecoder
	ApplyMsg   string   // the message type; ApplyMsg if the adapter declares it
	Old        bool     // the message of 2017
	Result     string   // what Make returns
	Persister  string   // the type of Make's third argument
	CopyOnSave bool     // the Persister keeps the slices that it is given

	KeepSnapshot bool // a crash may lose the snapshot

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
		CopyOnSave: tree.Year <= 2020,
		// That of February 2021 loses it. Nothing tells that harness from the later ones.
		KeepSnapshot: tree.Year == 2021,
		CondInstall:  tree.CondInstall,
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

// Adapter returns the raft.go that puts a package, such as Pontoon's lab, behind a
// tree's harness. How
// the persister is written to is no part of it: package lab looks at what
// methods the harness's Persister has.
func Adapter(tree *labtree.Tree, lab string) (string, error) {
	s := shapeOf(tree)
	s.Lab = strconv.Quote(lab)
	if lab != labPackage {
		s.Lab = "lab " + s.Lab
	}
	return execute(adapterTemplate, s)
}

// KVAdapters returns the files that put Pontoon's key/value service behind the
// harness of the package to test, or, if that is package rsm, Pontoon's
// replicated state machine.
func KVAdapters(tree *labtree.Tree) (map[string]string, error) {
	templates := map[string]*template.Template{"server.go": kvTemplate}
	data := map[string]any{
		"Package": tree.Package,
		"Imports": []string{importOf(tree, "labrpc"), importOf(tree, "raft")},
		"Server":  "KVServer",
		"Old":     tree.Year == 2017,
		"Daemon":  tree.Processes(),
	}
	switch {
	case tree.Year == 2017:
		data["Server"] = "RaftKV"
	case tree.RSM():
		templates = map[string]*template.Template{"rsm.go": rsmTemplate}
	case tree.Year >= 2025:
		templates = map[string]*template.Template{"server.go": server2025Template, "client.go": client2025Template}
	}
	if tree.Year >= 2025 {
		rpc, tester := importOf(tree, "kvsrv1/rpc"), "tester "+importOf(tree, "tester1")
		server := []string{importOf(tree, "labrpc"), "raft " + importOf(tree, "raft1"), importOf(tree, "raftapi"), tester}
		data["ServerImports"], data["Service"] = server, "tester.IService"
		if tree.Processes() {
			data["Service"] = "any"
		}
		data["ClientImports"] = []string{rpc, "kvtest " + importOf(tree, "kvtest1"), tester}
		data["Imports"] = append([]string{rpc}, server...)
	}
	texts := map[string]string{}
	for name, t := range templates {
		text, err := execute(t, data)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}

func execute(t *template.Template, data any) (string, error) {
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		return "", err
	}
	formatted, err := format.Source(text.Bytes())
	return string(formatted), err
}
