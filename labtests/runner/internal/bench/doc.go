// Package bench measures Rafts behind the lab interface. It compiles a probe
// into package raft of a lab tree, next to whatever implements Raft there, and
// runs one scenario a process: all servers in that process, on the lab's own
// labrpc and Persister. The implementations take turns, repeats are reduced to
// medians, and what counts are the ratios within one run. It also times the
// lab's own tests.
package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// The probe and the yardstick are Go files of somebody else's package raft, so
// they lie in directories that go does not look into. They are written for a
// tree whose imports begin with fileImports.
//
//go:embed _probe/*.go _textbook/*.go
var treeFiles embed.FS

const fileImports = `"6.5840/`

// The files that are there once for each shape of the lab's interface.
const (
	netPrefix = "net_"
	apiPrefix = "api_"
)

// shape names the interface of a tree: tester1 since 2025, classic before.
func shape(tree *labtree.Tree) string {
	if tree.Year >= 2025 {
		return "tester1"
	}
	return "classic"
}

// filesFor returns the embedded files of dir as they have to stand in a tree,
// by base name.
func filesFor(tree *labtree.Tree, dir, prefix string) (map[string]string, error) {
	imports := `"`
	if tree.Import != "" {
		imports += tree.Import + "/"
	}
	entries, err := fs.ReadDir(treeFiles, dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, entry := range entries {
		name := entry.Name()
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.HasPrefix(rest, shape(tree)) {
			continue
		}
		text, err := treeFiles.ReadFile(path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[name] = strings.ReplaceAll(string(text), fileImports, imports)
	}
	return files, nil
}

// probeFiles are added to package raft of a tree; their names are no lab's.
func probeFiles(tree *labtree.Tree) (map[string]string, error) {
	files, err := filesFor(tree, "_probe", netPrefix)
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for name, text := range files {
		named["pontoon_probe_"+name] = text
	}
	return named, nil
}

// textbookFiles are the yardstick, raft.go and util.go among them: those names
// every tree has, and what it has there is to be replaced.
func textbookFiles(tree *labtree.Tree) (map[string]string, error) {
	files, err := filesFor(tree, "_textbook", apiPrefix)
	if err != nil {
		return nil, err
	}
	named := map[string]string{}
	for name, text := range files {
		if name != "raft.go" && name != "util.go" {
			name = "textbook_" + name
		}
		named[name] = text
	}
	return named, nil
}

// checkTree says why a tree cannot be measured, if it cannot.
func checkTree(tree *labtree.Tree) error {
	if err := tree.Supported(); err != nil {
		return fmt.Errorf("cannot measure in this tree: %w", err)
	}
	if tree.Layout != labtree.Modules || tree.Year < 2021 || tree.Processes() {
		return fmt.Errorf("cannot measure in %s, a tree of %d: give one of 2021 to 2025", tree.Src, tree.Year)
	}
	return nil
}
