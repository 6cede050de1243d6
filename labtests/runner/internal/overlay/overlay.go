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
	raft   *Files        // of package raft, if that is another
	labrpc *Files        // of package labrpc, if Pace was called

	shim string // directory of module pontoon.dev/go-shim
	work string // directory that the overlay's files go to
}

// New decides about the files of a tree. It writes nothing yet. With keep the
// package to test stays as it is, and only package raft below it is replaced.
func New(tree *labtree.Tree, shim, work string, keep bool) (*Overlay, error) {
	own := *tree
	o := &Overlay{Tree: &own, shim: shim, work: work}
	var err error
	switch {
	case !tree.KV():
		o.Files, err = planRaft(tree, tree.Harness)
	case keep:
		o.Files, err = keepAll(tree)
	default:
		o.Files, err = planKV(tree)
	}
	if err == nil && tree.KV() {
		o.raft, err = planRaft(tree, tree.RaftHarness)
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
	return o, nil
}

// packages are those that the overlay changes.
func (o *Overlay) packages() []*Files {
	all := []*Files{o.Files}
	for _, f := range []*Files{o.raft, o.labrpc} {
		if f != nil {
			all = append(all, f)
		}
	}
	return all
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
	switch {
	case o.raft == nil:
		return "Pontoon stands in for " + o.describe()
	case len(o.Replaced()) == 0:
		return "Pontoon stands in for " + o.raft.describe() + " of package raft, package " + o.Name + " is the tree's own"
	}
	return "Pontoon stands in for " + o.raft.describe() + " of package raft, and in package " + o.Name + " for " + o.describe()
}

// Write writes the overlay, and what joins the tree with Pontoon.
func (o *Overlay) Write() error {
	replace := map[string]string{}
	for _, f := range o.packages() {
		for name, text := range f.texts {
			// Directories of their own, so that go does not take the files for a
			// package of the workspace's directory.
			file := filepath.Join(o.work, f.Name, name)
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

func (o *Overlay) jsonFile() string { return filepath.Join(o.work, "overlay.json") }

// Flags are what go list, build and test need on the command line.
func (o *Overlay) Flags() []string { return []string{"-overlay=" + o.jsonFile()} }
