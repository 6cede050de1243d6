package labtree

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Find recognises the lab tree at dir: the checkout's root with src in it, src
// itself, or the directory of package raft. An error is one sentence that says
// what is missing. A year that labrun cannot run is no error here: see
// Tree.Supported.
func Find(dir string) (*Tree, error) {
	real, err := realPath(dir)
	if err != nil {
		return nil, err
	}
	src, raft := locate(real)
	if src == "" {
		return nil, fmt.Errorf("%s is no 6.824 or 6.5840 lab: give the checkout's root (with src/raft in it), its src, or src/raft", dir)
	}
	tree := &Tree{Src: src, Raft: raft, Dir: raft, Package: "raft"}
	if isDir(filepath.Join(src, "tester1")) || filepath.Base(raft) == "raft1" {
		return tree.recognise2025()
	}
	tree.Harness = []string{"config.go", "persister.go", "test_test.go"}
	tree.RaftHarness = tree.Harness
	harness, err := tree.readHarness()
	if err != nil {
		return nil, err
	}
	if err := tree.readTests(nil); err != nil {
		return nil, err
	}
	return tree, tree.recognise(harness)
}

// Is reports whether dir looks like a lab, in whatever state: it has labrpc and a
// directory for package raft.
func Is(dir string) bool {
	real, err := realPath(dir)
	if err != nil {
		return false
	}
	src, _ := locate(real)
	return src != ""
}

// FindRaft returns the directory of a package raft: that of the lab tree at
// dir, and the tree, or dir itself, which is in no tree then.
func FindRaft(dir string) (string, *Tree, error) {
	real, err := realPath(dir)
	if err != nil {
		return "", nil, err
	}
	if src, _ := locate(real); src == "" {
		return real, nil, nil
	}
	tree, err := Find(dir)
	if err != nil {
		return "", nil, err
	}
	return tree.Raft, tree, nil
}

func realPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s does not exist: give the directory of a 6.824 or 6.5840 checkout", dir)
	}
	if err != nil {
		return "", err
	}
	if !isDir(real) {
		return "", fmt.Errorf("%s is a file: give the directory of a 6.824 or 6.5840 checkout", dir)
	}
	return real, nil
}

// locate returns src and the directory of package raft, or "".
func locate(dir string) (src, raft string) {
	candidates := []string{filepath.Join(dir, "src"), dir}
	if base := filepath.Base(dir); base == "raft" || base == "raft1" {
		candidates = append(candidates, filepath.Dir(dir))
	}
	for _, src := range candidates {
		for _, name := range []string{"raft1", "raft"} {
			// labrpc is what tells a lab from anybody's package raft.
			raft := filepath.Join(src, name)
			if isDir(raft) && isDir(filepath.Join(src, "labrpc")) {
				return realDir(src), realDir(raft)
			}
		}
	}
	return "", ""
}

// realDir resolves links below an already existing directory.
func realDir(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// harness is what the lab's own files in package raft say.
type harness struct {
	imports   []string        // of config.go, or of all in 2025
	selectors map[string]bool // every x.Name in config.go
	persister map[string]bool // methods of Persister
	functions map[string]bool // functions and methods of config.go
}

func (t *Tree) readHarness() (*harness, error) {
	h := &harness{selectors: map[string]bool{}, persister: map[string]bool{}, functions: map[string]bool{}}
	config, err := t.parse("config.go")
	if err != nil {
		return nil, err
	}
	h.addImports(config)
	ast.Inspect(config, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			h.selectors[sel.Sel.Name] = true
		}
		return true
	})
	for _, decl := range config.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			h.functions[fn.Name.Name] = true
		}
	}
	persister, err := t.parse("persister.go")
	if err != nil {
		return nil, err
	}
	for _, decl := range persister.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv != nil {
			h.persister[fn.Name.Name] = true
		}
	}
	return h, nil
}

func (h *harness) addImports(file *ast.File) {
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			h.imports = append(h.imports, path)
		}
	}
}

// parse reads one of the lab's own files, which must be there and whole.
func (t *Tree) parse(name string) (*ast.File, error) {
	file, err := parser.ParseFile(token.NewFileSet(), t.file(name), nil, parser.SkipObjectResolution)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: restore it, it is a part of the lab that labrun needs unchanged", t.Dir, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%v: restore this file, it is a part of the lab that labrun needs unchanged", err)
	}
	return file, nil
}

// readTests lists the tests of the package, whose parts are in their names unless
// name says otherwise. Only the lab's own file must be there; other test files
// are the student's, and may be in any state.
func (t *Tree) readTests(name func([]Test)) error {
	own := "the tests"
	if len(t.Harness) > 0 {
		own = t.Harness[len(t.Harness)-1]
		if _, err := t.parse(own); err != nil {
			return err
		}
	}
	files, err := GoFiles(t.Dir)
	if err != nil {
		return err
	}
	for _, base := range files {
		if !strings.HasSuffix(base, "_test.go") {
			continue
		}
		if file, err := t.parse(base); err == nil {
			t.Tests = append(t.Tests, testsOf(base, file)...)
		}
	}
	if name != nil {
		name(t.Tests)
	}
	t.Digit = digitOf(t.Tests)
	switch {
	case t.Digit != 0:
		return nil
	case t.KV():
		return fmt.Errorf("package %s of the lab is missing, or its tests are: %s has no test whose name ends in a part, such as 4A; restore the lab's files there", t.Package, t.Dir)
	}
	return fmt.Errorf("%s has no test named like TestInitialElection2A: restore %s of the lab", t.Dir, own)
}
