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
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// Overlay is the plan for one tree, and where its files are.
type Overlay struct {
	Tree   *labtree.Tree // with the tests of the kept files only
	Kept   []string      // base names in package raft
	Hidden []string
	Broken []string // a sentence for each test file among the hidden ones

	shim  string            // directory of module pontoon.dev/go-shim
	work  string            // directory that the overlay's files go to
	added []string          // base names that Add was given
	texts map[string]string // base name in package raft to what stands there
}

// New decides about the files of a tree. It writes nothing yet.
func New(tree *labtree.Tree, shim, work string) (*Overlay, error) {
	adapter, err := Adapter(tree)
	if err != nil {
		return nil, err
	}
	f, err := sortFiles(tree, adapter)
	if err != nil {
		return nil, err
	}
	own := *tree
	own.Tests = nil
	for _, test := range tree.Tests {
		if slices.Contains(f.kept, test.File) {
			own.Tests = append(own.Tests, test)
		}
	}
	return &Overlay{Tree: &own, Kept: f.kept, Hidden: f.hidden, Broken: f.broken, shim: shim, work: work, texts: f.replaced}, nil
}

// Add puts one more file into package raft. The tree must not have one of that
// name.
func (o *Overlay) Add(name, text string) error {
	if _, err := os.Lstat(filepath.Join(o.Tree.Raft, name)); err == nil {
		return fmt.Errorf("%s is in the way of a file that labrun adds: rename it", filepath.Join(o.Tree.Raft, name))
	}
	o.texts[name] = text
	o.added = append(o.added, name)
	return nil
}

// Replaced returns the base names of the student's files that Pontoon stands in
// for, whether the tree has such a file or not.
func (o *Overlay) Replaced() []string {
	var names []string
	for name := range o.texts {
		if !slices.Contains(o.added, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Describe says in one clause what becomes of the tree's files.
func (o *Overlay) Describe() string {
	text := "Pontoon stands in for " + strings.Join(o.Replaced(), " and ")
	if len(o.Hidden) > 0 {
		text += ", set aside: " + strings.Join(o.Hidden, " ")
	}
	return text
}

// Write writes the overlay, and what joins the tree with Pontoon.
func (o *Overlay) Write() error {
	replace := map[string]string{}
	for name, text := range o.texts {
		// A directory of its own, so that go does not take it for a package file
		// of the workspace's directory.
		file := filepath.Join(o.work, "raft", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			return err
		}
		replace[filepath.Join(o.Tree.Raft, name)] = file
	}
	for _, name := range o.Hidden {
		replace[filepath.Join(o.Tree.Raft, name)] = "" // go takes it for deleted
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
