package overlay

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// The implementations of Raft that are no directory.
const (
	Pontoon   = "pontoon"
	Own       = "own" // the tree's
	Etcd      = "etcd"
	Hashicorp = "hashicorp"
)

// peers are what the adapters of other Rafts are called in messages, by the names
// of their packages in module pontoon.dev/peers.
var peers = map[string]string{Etcd: "etcd-io/raft", Hashicorp: "hashicorp/raft"}

// Raft is what stands in package raft of a tree. The zero value is Pontoon.
type Raft struct {
	own   bool
	peer  string            // of peers
	from  string            // the directory that texts are from, or another name for them
	texts map[string]string // by base name
}

// RaftOfFiles is the Raft of texts, by the base names of their files, which are
// those of a tree's package raft that are not the harness's.
func RaftOfFiles(label string, texts map[string]string) Raft { return Raft{from: label, texts: texts} }

// FindRaft returns the Raft that a user names for tree: pontoon, own, etcd,
// hashicorp, or any directory of a package raft. An error is one sentence that says what to do.
func FindRaft(name string, tree *labtree.Tree) (Raft, error) {
	switch name {
	case Pontoon, "":
		return Raft{}, nil
	case Own:
		return Raft{own: true}, nil
	case Etcd, Hashicorp:
		if tree.Layout != labtree.Modules || tree.Year < 2022 {
			return Raft{}, fmt.Errorf("-impl %s: runs in trees of 2022 and later, which are Go modules, and this one is of %d: leave out -lab to run it in the tree that comes along", name, tree.Year)
		}
		return Raft{peer: name}, nil
	}
	dir, other, err := labtree.FindRaft(name)
	if err == nil && other != nil {
		err = sameAPI(other, tree)
	}
	if err != nil {
		return Raft{}, fmt.Errorf("-impl %s: %w", name, err)
	}
	skip := tree.RaftHarness
	if other != nil {
		skip = slices.Concat(skip, other.RaftHarness)
	}
	texts, err := readRaft(dir, skip, tree)
	if err != nil {
		return Raft{}, fmt.Errorf("-impl %s: %w", name, err)
	}
	return Raft{from: dir, texts: texts}, nil
}

func (r Raft) pontoon() bool { return !r.own && r.peer == "" && r.texts == nil }

// lab is the package that the adapter puts behind the harness.
func (r Raft) lab() string {
	if r.peer != "" {
		return peersModule + "/" + r.peer
	}
	return labPackage
}

// Label names the Raft in a sentence.
func (r Raft) Label() string {
	switch {
	case r.own:
		return "the tree's own Raft"
	case r.peer != "":
		return peers[r.peer]
	case r.texts == nil:
		return "Pontoon"
	}
	return "the Raft of " + r.from
}

// plan puts the Raft into the tree's package raft.
func (r Raft) plan(tree *labtree.Tree) (*Files, error) {
	if r.own {
		return keepAll(tree.Raft, "raft")
	}
	f := &Files{Dir: tree.Raft, Name: "raft", texts: maps.Clone(r.texts)}
	if r.texts == nil {
		adapter, err := Adapter(tree, r.lab())
		if err != nil {
			return nil, err
		}
		f.texts = map[string]string{"raft.go": adapter, "util.go": utilText}
	}
	return f, f.sort(tree.RaftHarness)
}

// apis are the first years with the interface that the years up to the next
// one share.
var apis = []int{2017, 2018, 2020, 2021, 2023, 2025, 2026}

// sameAPI says why the Raft of one tree cannot stand in another, if it cannot.
func sameAPI(other, tree *labtree.Tree) error {
	api := func(year int) int { return slices.IndexFunc(apis, func(first int) bool { return first > year }) }
	if api(other.Year) == api(tree.Year) {
		return nil
	}
	return fmt.Errorf("this is a Raft of %d, and the tests are of %d, with another interface: run it in its own tree, with -lab %s -impl own, or give a Raft of the tests' year",
		other.Year, tree.Year, filepath.Dir(other.Src))
}

// readRaft reads the files of a package raft that are not tests and not the
// harness's.
func readRaft(dir string, skip []string, tree *labtree.Tree) (map[string]string, error) {
	names, err := labtree.GoFiles(dir)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	declared := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || slices.Contains(skip, name) || !isBuilt(dir, name) {
			continue
		}
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("this Raft does not compile: %w", err)
		}
		if file.Name.Name != "raft" {
			return nil, fmt.Errorf("%s is of package %s: give the directory of a package raft, such as src/raft of a checkout", path, file.Name.Name)
		}
		if err := checkImports(path, file, tree); err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			addNames(declared, decl)
		}
		texts[name] = string(text)
	}
	if !declared["Make"] {
		return nil, fmt.Errorf("no file in %s has a func Make, which starts a Raft in the labs: give the directory of a package raft, such as src/raft of a checkout", dir)
	}
	// Students' files have DPrintf of the lab's util.go, which is no part of a Raft.
	if !declared["DPrintf"] && !declared["Debug"] && texts["util.go"] == "" {
		texts["util.go"] = utilText
	}
	return texts, nil
}

func addNames(names map[string]bool, decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			names[decl.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if spec, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range spec.Names {
					names[name.Name] = true
				}
			}
		}
	}
}

// checkImports makes sure that a file names the lab's packages as the tree does.
func checkImports(path string, file *ast.File, tree *labtree.Tree) error {
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		prefix, base := "", imported
		if slash := strings.LastIndex(imported, "/"); slash >= 0 {
			prefix, base = imported[:slash], imported[slash+1:]
		}
		switch base {
		case "labrpc", "labgob", "raftapi", "tester1":
		default:
			continue
		}
		if want := importOf(tree, base); prefix != tree.Import || base == "raftapi" && tree.Year < 2025 || base == "tester1" && tree.Year < 2025 {
			return fmt.Errorf("%s imports %q, and the lab of %d in %s would have it import %s or nothing like it: give a Raft of the same year, or its own tree with -lab",
				path, imported, tree.Year, tree.Src, want)
		}
	}
	return nil
}
