package overlay

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// files sorts the .go files of package raft.
type files struct {
	kept     []string          // the tests run with these
	replaced map[string]string // base name to Pontoon's text
	hidden   []string          // set aside
	broken   []string          // why test files are among the hidden ones
}

// sortFiles decides about every .go file of package raft.
//
// Of the files that are no tests only the harness's stay: the others are the
// student's Raft, util.go included, which students extend. Of the tests, the
// lab's own stay, and every other file that type-checks against harness and
// adapter: such files hold tests of the lab, or tests of the student's that
// look at a Raft from outside only. One that reaches into the student's Raft
// would break the build, and has nothing to test here.
func sortFiles(tree *labtree.Tree, adapter string) (*files, error) {
	entries, err := os.ReadDir(tree.Raft)
	if err != nil {
		return nil, err
	}
	f := &files{replaced: map[string]string{"raft.go": adapter, "util.go": utilText}}
	var candidates []string
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.ContainsAny(name[:1], "._") || entry.IsDir() {
			continue
		}
		switch _, replaced := f.replaced[name]; {
		case replaced:
		case slices.Contains(tree.Harness, name):
			f.kept = append(f.kept, name)
		case strings.HasSuffix(name, "_test.go") && isBuilt(tree.Raft, name):
			candidates = append(candidates, name)
		default:
			f.hidden = append(f.hidden, name)
		}
	}
	broken, err := checkTests(tree, f, candidates)
	if err != nil {
		return nil, err
	}
	for _, name := range candidates {
		if why := broken[name]; why != nil {
			f.hidden = append(f.hidden, name)
			f.broken = append(f.broken, fmt.Sprintf("%s is left out, because it does not compile with Pontoon as its Raft: %v", name, why))
		} else {
			f.kept = append(f.kept, name)
		}
	}
	slices.Sort(f.kept)
	slices.Sort(f.hidden)
	return f, nil
}

// isBuilt reports whether go builds a file here: not one for another system, and
// not one marked //go:build ignore. A file that cannot be read so far is for
// checkTests to judge.
func isBuilt(dir, name string) bool {
	match, err := build.Default.MatchFile(dir, name)
	return match || err != nil
}

// checkTests returns those of the candidates that do not type-check, and why.
func checkTests(tree *labtree.Tree, f *files, candidates []string) (map[string]error, error) {
	set := token.NewFileSet()
	var fixed []*ast.File
	for _, name := range f.kept {
		file, err := parser.ParseFile(set, filepath.Join(tree.Raft, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, file)
	}
	for name, text := range f.replaced {
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, file)
	}
	broken := map[string]error{}
	parsed := map[string]*ast.File{}
	for _, name := range candidates {
		file, err := parser.ParseFile(set, filepath.Join(tree.Raft, name), nil, parser.SkipObjectResolution)
		switch {
		case err != nil:
			broken[name] = err
		case file.Name.Name != "raft":
			broken[name] = fmt.Errorf("package %s instead of raft", file.Name.Name)
		default:
			parsed[name] = file
		}
	}
	// A file may use what another declares, so a bad one can take others along.
	for {
		bad := typeErrors(set, fixed, parsed)
		if len(bad) == 0 {
			return broken, nil
		}
		for name, err := range bad {
			broken[name] = err
			delete(parsed, name)
		}
	}
}

var (
	versionElement = regexp.MustCompile(`^v[0-9]+$`)
	// Directories of 2025 and later whose packages have no 1 in their names.
	numbered = regexp.MustCompile(`^(tester|kvtest|kvsrv|kvraft|models|shardkv)1$`)
)

// typeErrors type-checks fixed and candidates as one package and returns the
// first error of each candidate. Imports are not read: go/types lets pass
// whatever is done with a package that it could not import.
func typeErrors(set *token.FileSet, fixed []*ast.File, candidates map[string]*ast.File) map[string]error {
	all := slices.Clone(fixed)
	for _, name := range slices.Sorted(maps.Keys(candidates)) {
		all = append(all, candidates[name])
	}
	bad := map[string]error{}
	config := types.Config{
		Importer: noImports{},
		Error: func(err error) {
			var e types.Error
			if !errors.As(err, &e) || e.Soft || inImport(all, e.Pos) {
				return
			}
			at := set.Position(e.Pos)
			name := filepath.Base(at.Filename)
			if _, ok := candidates[name]; ok && bad[name] == nil {
				bad[name] = fmt.Errorf("line %d: %s", at.Line, e.Msg)
			}
		},
	}
	for _, file := range all {
		nameImports(file)
	}
	// What it returns has gone to config.Error too.
	_, _ = config.Check("raft", set, all, nil)
	return bad
}

type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not read", path)
}

// nameImports spells out the names of packages such as math/rand/v2, which
// go/types would guess from the last element of the path.
func nameImports(file *ast.File) {
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil || spec.Name != nil {
			continue
		}
		base := path.Base(name)
		if versionElement.MatchString(base) {
			spec.Name = ast.NewIdent(path.Base(path.Dir(name)))
		} else if numbered.MatchString(base) {
			spec.Name = ast.NewIdent(strings.TrimSuffix(base, "1"))
		}
	}
}

func inImport(files []*ast.File, pos token.Pos) bool {
	for _, file := range files {
		for _, spec := range file.Imports {
			if spec.Pos() <= pos && pos <= spec.End() {
				return true
			}
		}
	}
	return false
}
