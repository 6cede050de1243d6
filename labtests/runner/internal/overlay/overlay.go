// Package overlay builds what lets go compile a lab tree with Pontoon in the
// place of the student's Raft, without a byte of the tree being written: an
// overlay file for go's -overlay, and what joins the tree with Pontoon's module: a
// workspace, or a GOPATH where the tree has no module. All of it lives in a
// directory of its own.
package overlay

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"pontoon.dev/labrun/internal/labtree"
)

// Overlay is the plan for one tree, and where its files are.
type Overlay struct {
	Tree   *labtree.Tree // with the tests of the kept files only
	*Files               // of the package to test
	lower  *Files        // of package raft, if that is another
	labrpc *Files        // of package labrpc, if anything in it changes
	others []*Files      // of packages where nothing but edits is made

	Untraced []string // a sentence on each kind of events that a trace will not have

	Options
}

// Options say what becomes of a tree.
type Options struct {
	Shim string // directory of module pontoon.dev/go-shim
	Work string // directory that the overlay's files go to
	Raft Raft   // what stands in package raft; none is Pontoon
	// Service stands in for the key/value service, by base names of its files;
	// nil is Pontoon's. With Keep, and above the tree's own Raft, it is the
	// tree's own.
	Service map[string]string
	Keep    bool
	Trace   bool // a trace is recorded, where $PONTOON_TRACE says
}

// New decides about the files of a tree. It writes nothing yet.
func New(tree *labtree.Tree, options Options) (*Overlay, error) {
	own := *tree
	o := &Overlay{Tree: &own, Options: options}
	var err error
	switch {
	case !tree.KV():
		o.Files, err = o.Raft.plan(tree)
	case o.keepsService():
		o.Files, err = keepAll(tree.Dir, tree.Package)
	default:
		o.Files, err = planKV(tree, o.Service)
	}
	if err == nil && tree.KV() {
		o.lower, err = o.Raft.plan(tree)
	}
	if err != nil {
		return nil, err
	}
	own.Tests = nil
	for _, test := range tree.Tests {
		if slices.Contains(o.Kept, test.File) {
			own.Tests = append(own.Tests, test)
		}
	}
	if o.Trace {
		err = o.trace()
	}
	return o, err
}

// keepsService reports whether the package above Raft is the tree's own.
func (o *Overlay) keepsService() bool { return o.Keep || o.Raft.own }

// Library reports whether what is compiled needs Pontoon's library, and cgo to
// link it.
func (o *Overlay) Library() bool { return o.Raft.pontoon() || o.Raft.peer != "" }

// imports are the packages of Pontoon's modules that are compiled in.
func (o *Overlay) imports() []string {
	var paths []string
	if o.Library() {
		paths = append(paths, o.Raft.lab())
	}
	if o.Tree.KV() && !o.keepsService() && o.Service == nil {
		paths = append(paths, shimModule+"/rsm")
	}
	if o.Trace {
		paths = append(paths, hookPackage)
	}
	return paths
}

// packages are those that the overlay may change.
func (o *Overlay) packages() []*Files {
	all := []*Files{o.Files}
	for _, f := range []*Files{o.lower, o.labrpc} {
		if f != nil {
			all = append(all, f)
		}
	}
	return append(all, o.others...)
}

// Add puts one more file into the package to test. The tree must not have one of that
// name.
func (o *Overlay) Add(name, text string) error {
	if _, err := os.Lstat(filepath.Join(o.Dir, name)); err == nil {
		return fmt.Errorf("%s is in the way of a file that labrun adds: rename it", filepath.Join(o.Dir, name))
	}
	o.texts[name] = text
	o.added = append(o.added, name)
	return nil
}

// Describe says in one clause what becomes of the tree's files.
func (o *Overlay) Describe() string {
	who := o.Raft.Label()
	switch {
	case o.Raft.own:
		return "all of it is the tree's own"
	case o.lower == nil:
		return who + " stands in for " + o.describe()
	case o.keepsService():
		return who + " stands in for " + o.lower.describe() + " of package raft, package " + o.Name + " is the tree's own"
	case o.Raft.pontoon():
		return who + " stands in for " + o.lower.describe() + " of package raft, and in package " + o.Name + " for " + o.describe()
	}
	return who + " stands in for " + o.lower.describe() + " of package raft, and in package " + o.Name + " Pontoon for " + o.describe()
}

// With is how a package is compiled: with Pontoon in it, or as it is.
func (o *Overlay) With() string {
	if o.Raft.own {
		return "as it is"
	}
	return "with " + o.Raft.Label() + " in it"
}

// Write writes the overlay, and what joins the tree with Pontoon.
func (o *Overlay) Write() error {
	replace := map[string]string{}
	for _, f := range o.packages() {
		texts, err := f.edited()
		if err != nil {
			return err
		}
		for name, text := range texts {
			// Directories of their own, so that go does not take the files for a
			// package of the workspace's directory.
			file := filepath.Join(o.Work, f.Name, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				return err
			}
			replace[filepath.Join(f.Dir, name)] = file
		}
		for _, name := range f.Hidden {
			replace[filepath.Join(f.Dir, name)] = "" // go takes it for deleted
		}
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.jsonFile(), text, 0o666); err != nil {
		return err
	}
	return o.join()
}

func (o *Overlay) jsonFile() string { return filepath.Join(o.Work, "overlay.json") }

// Flags are what go list, build and test need on the command line.
func (o *Overlay) Flags() []string { return []string{"-overlay=" + o.jsonFile()} }
