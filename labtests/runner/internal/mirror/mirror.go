// Package mirror lets programs be built inside a lab tree that is not written
// to: the harness of 2026 runs its servers from the tree's own main directory.
package mirror

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// srcName is the directory that the harness looks for in the path of its working
// directory; what stands below it is main.
const srcName = "src"

// Make builds a copy of a tree below dir, of real directories and of links to
// the tree's files, and returns it. Programs that were built into the tree are
// left out: they are not Pontoon's, and a build must not write through a link.
func Make(tree *labtree.Tree, dir string) (*labtree.Tree, error) {
	m := *tree
	m.Origin = tree.Dir
	m.Src = filepath.Join(dir, srcName)
	raft, err := filepath.Rel(tree.Src, tree.Raft)
	if err != nil {
		return nil, err
	}
	m.Raft = filepath.Join(m.Src, raft)
	pkg, err := filepath.Rel(tree.Src, tree.Dir)
	if err != nil {
		return nil, err
	}
	m.Dir = filepath.Join(m.Src, pkg)
	m.ModDir = m.Src
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if tree.ModDir != tree.Src {
		// go.mod above src: the rest of that directory is no part of the tests.
		m.ModDir = dir
		for _, name := range []string{"go.mod", "go.sum"} {
			if err := link(filepath.Join(tree.ModDir, name), filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	return &m, copyTree(tree.Src, m.Src)
}

func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir():
			return os.Mkdir(filepath.Join(to, name), 0o777)
		case isProgram(path):
			return nil
		}
		return link(path, filepath.Join(to, name))
	})
}

// isProgram reports whether a file has the name that go build gives to the
// program of a file beside it.
func isProgram(path string) bool {
	_, err := os.Lstat(path + ".go")
	return err == nil
}

// link makes a link to a file, if that is there.
func link(file, name string) error {
	if _, err := os.Lstat(file); err != nil {
		return nil
	}
	return os.Symlink(file, name)
}
