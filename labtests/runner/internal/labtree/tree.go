// Package labtree recognises a checkout of MIT's distributed-systems labs
// (6.824 until 2022, 6.5840 since) by what its files contain. It only reads,
// and what it says depends on the directory alone.
package labtree

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
)

// Layout is how the packages of a tree find each other.
type Layout int

const (
	Modules  Layout = iota // go.mod, imports such as "6.5840/labrpc" (2021 and later)
	GOPATH                 // imports such as "labrpc" (2017, 2018)
	Relative               // imports such as "../labrpc" (2020)
)

// Tree is a recognised checkout. Paths are real paths: go's overlay matches
// names as text, so a path through a symbolic link would match nothing.
type Tree struct {
	Src    string // directory that holds labrpc, labgob and package raft
	Raft   string // directory of package raft
	Layout Layout
	Year   int // first year that has this harness

	Dir     string // directory of the package to test: Raft, or that of kvraft
	Package string // its name
	Origin  string // the user's directory, if Dir is a mirror's; else empty

	// Only for Modules.
	ModDir string // directory of go.mod
	Module string // its module line
	GoLine string // its go line; empty if there is none

	Harness     []string // the lab's own files of the package, which are never touched; nil if not known by name
	RaftHarness []string // those of package raft
	Import      string   // what stands before /labrpc in the harness's imports
	CondInstall bool     // the harness calls Raft.CondInstallSnapshot (2021, 2022)
	Digit       byte     // the lab's number in its test names: '2' of 2A to 2D, '3' since 2024
	Tests       []Test   // all tests of package raft, in the order of their files
}

// Supported returns nil if labrun can run the tree, else an error that says
// what is in the way.
func (t *Tree) Supported() error {
	if t.Layout == GOPATH && filepath.Base(t.Src) != "src" {
		return fmt.Errorf("%s is the %d lab (%s), and GOPATH finds its packages only if this directory is named src: rename it", t.Src, t.Year, t.style())
	}
	return nil
}

// Processes reports whether every server of the tests is an operating system's
// process.
func (t *Tree) Processes() bool { return t.Year >= 2026 }

// Daemon is the name of the program in main whose processes are the servers of
// the package to test.
func (t *Tree) Daemon() string { return t.Package + "1d" }

// style says by what a year is known.
func (t *Tree) style() string {
	switch {
	case t.Year >= 2026:
		return "module " + t.Module + ", package raft1 with servers as processes"
	case t.Year == 2025:
		return "module " + t.Module + ", package raft1 with tester1 and raftapi"
	case t.Layout == GOPATH:
		return "GOPATH imports"
	case t.Layout == Relative:
		return "relative imports"
	case t.Year == 2020:
		return "module " + t.Module + ", no snapshots in its harness"
	case t.CondInstall:
		return "module " + t.Module + ", SaveStateAndSnapshot and CondInstallSnapshot"
	}
	return "module " + t.Module + ", Persister.Save"
}

// Describe says in one clause what the tree is.
func (t *Tree) Describe() string {
	tests := 0
	for _, test := range t.Tests {
		if t.inPart(test, "all") {
			tests++
		}
	}
	return fmt.Sprintf("%s is package %s of the %d lab (%s; %d tests, parts %s)",
		cmp.Or(t.Origin, t.Dir), t.Package, t.Year, t.style(), tests, strings.Join(t.Parts(), " "))
}

// file returns the path of a file of the package.
func (t *Tree) file(name string) string { return filepath.Join(t.Dir, name) }
