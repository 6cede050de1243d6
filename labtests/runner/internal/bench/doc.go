// Package bench measures Rafts behind the lab interface. It compiles a probe
// into package raft of a lab tree, next to whatever implements Raft there, and
// runs one scenario a process: all servers in that process, on the lab's own
// labrpc and Persister. The implementations take turns, repeats are reduced to
// medians, and what counts are the ratios within one run. It does the same with
// the key/value service, in package kvraft, and times the lab's own tests.
package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// The probe and the yardstick are Go files of somebody else's package raft, so
// they lie in directories that go does not look into. They are written for a
// tree whose imports begin with fileImports.
//
//go:embed _probe/*.go _probe_kv/*.go _textbook/*.go
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
		files[name] = inTree(tree, string(text))
	}
	return files, nil
}

// inTree gives a file the imports of a tree.
func inTree(tree *labtree.Tree, text string) string {
	imports := `"`
	if tree.Import != "" {
		imports += tree.Import + "/"
	}
	return strings.ReplaceAll(text, fileImports, imports)
}

// sharedProbe is the file that the probes of both packages have.
const sharedProbe = "machine_test.go"

// probeFiles are added to the package of a tree that is measured; their names
// are no lab's.
func probeFiles(tree *labtree.Tree) (map[string]string, error) {
	files, err := filesFor(tree, "_probe", netPrefix)
	if err != nil {
		return nil, err
	}
	if tree.KV() {
		shared := strings.Replace(files[sharedProbe], "package raft", "package kvraft", 1)
		if files, err = filesFor(tree, "_probe_kv", netPrefix); err != nil {
			return nil, err
		}
		files[sharedProbe] = shared
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

// studentFiles are the key/value service that stands on the yardstick: it knows
// only what every Raft of the labs has.
func studentFiles(root string, tree *labtree.Tree) (map[string]string, error) {
	dir := os.DirFS(filepath.Join(root, "labtests", "fixtures", "kvraft"))
	names, err := fs.Glob(dir, "*.go")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		files[name] = inTree(tree, string(text))
	}
	return files, nil
}

// checkTree says why a tree cannot be measured, if it cannot.
func checkTree(tree *labtree.Tree) error {
	if err := tree.Supported(); err != nil {
		return fmt.Errorf("cannot measure in this tree: %w", err)
	}
	if tree.Layout != labtree.Modules || tree.Year < 2021 || tree.Processes() {
		return fmt.Errorf("cannot measure in %s, a tree of %d: give one of 2021 to 2025", tree.Src, tree.Year)
	}
	if tree.KV() && tree.Year > 2024 {
		return fmt.Errorf("cannot measure the key/value service of %s, a tree of %d: give one of 2021 to 2024", tree.Src, tree.Year)
	}
	return nil
}
