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
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// Files sorts the .go files of one package. Those that tests are made of are
// base names.
type Files struct {
	Dir    string
	Name   string   // the package's
	Kept   []string // the tests run with these
	Hidden []string // set aside
	Broken []string // a sentence for each of the hidden ones that was looked into

	texts map[string]string // base name to what stands there
	added []string          // of those, what Add was given
	edits map[string][]edit // by base name
}

// planKV puts a key/value service into package kvraft, Pontoon's if texts are
// nil, or Pontoon's replicated state machine into package rsm.
func planKV(tree *labtree.Tree, texts map[string]string) (*Files, error) {
	if texts == nil {
		var err error
		if texts, err = KVAdapters(tree); err != nil {
			return nil, err
		}
	}
	f := &Files{Dir: tree.Dir, Name: tree.Package, texts: texts}
	return f, f.sort(tree.Harness)
}

// keepAll leaves a package as it is.
func keepAll(dir, name string) (*Files, error) {
	f := &Files{Dir: dir, Name: name, texts: map[string]string{}}
	names, err := labtree.GoFiles(f.Dir)
	for _, name := range names {
		if isBuilt(f.Dir, name) {
			f.Kept = append(f.Kept, name)
		}
	}
	return f, err
}

// sort decides about every .go file of a package.
//
// Of the files that are no tests only the harness's stay: the others are the
// student's, raft's util.go included, which students extend. Of the tests, the
// lab's own stay, and every other file that type-checks against harness and
// adapter: such files hold tests of the lab, or tests of the student's that
// look at a Raft from outside only. One that reaches into the student's work
// would break the build, and has nothing to test here. A harness that is not
// told by its names, a nil one, is whatever type-checks, tests or not.
func (f *Files) sort(harness []string) error {
	names, err := labtree.GoFiles(f.Dir)
	if err != nil {
		return err
	}
	var candidates []string
	for _, name := range names {
		switch _, replaced := f.texts[name]; {
		case replaced:
		case slices.Contains(harness, name):
			f.Kept = append(f.Kept, name)
		case (harness == nil || strings.HasSuffix(name, "_test.go")) && isBuilt(f.Dir, name):
			candidates = append(candidates, name)
		default:
			f.Hidden = append(f.Hidden, name)
		}
	}
	broken, err := f.checkTests(candidates, harness == nil)
	if err != nil {
		return err
	}
	for _, name := range candidates {
		if why := broken[name]; why != nil {
			f.Hidden = append(f.Hidden, name)
			f.Broken = append(f.Broken, fmt.Sprintf("%s is left out, because it does not compile with what stands in package %s: %v", name, f.Name, why))
		} else {
			f.Kept = append(f.Kept, name)
		}
	}
	slices.Sort(f.Kept)
	slices.Sort(f.Hidden)
	return nil
}

// Replaced returns the base names of the student's files that others stand in
// for, whether the tree has such a file or not.
func (f *Files) Replaced() []string {
	var names []string
	for name := range f.texts {
		if !slices.Contains(f.added, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// describe says in one clause what becomes of the files.
func (f *Files) describe() string {
	text := strings.Join(f.Replaced(), " and ")
	if len(f.Hidden) > 0 {
		text += ", set aside: " + strings.Join(f.Hidden, " ")
	}
	return text
}

// isBuilt reports whether go builds a file here: not one for another system, and
// not one marked //go:build ignore. A file that cannot be read so far is for
// checkTests to judge.
func isBuilt(dir, name string) bool {
	match, err := build.Default.MatchFile(dir, name)
	return match || err != nil
}

// checkTests returns those of the candidates that do not type-check, and why.
// If the harness is among them, what it has from imported packages is unknown
// here, and only errors about the adapter's declarations count.
func (f *Files) checkTests(candidates []string, harness bool) (map[string]error, error) {
	set := token.NewFileSet()
	var fixed []*ast.File
	for _, name := range f.Kept {
		file, err := parser.ParseFile(set, filepath.Join(f.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, file)
	}
	for name, text := range f.texts {
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		fixed = append(fixed, file)
	}
	broken := map[string]error{}
	parsed := map[string]*ast.File{}
	for _, name := range candidates {
		file, err := parser.ParseFile(set, filepath.Join(f.Dir, name), nil, parser.SkipObjectResolution)
		switch {
		case err != nil:
			broken[name] = err
		case file.Name.Name != f.Name:
			broken[name] = fmt.Errorf("package %s instead of %s", file.Name.Name, f.Name)
		default:
			parsed[name] = file
		}
	}
	counts := func(string) bool { return true }
	if harness {
		counts = aboutDeclarations(fixed).MatchString
	}
	// A file may use what another declares, so a bad one can take others along.
	for {
		bad := typeErrors(set, fixed, parsed, counts)
		if len(bad) == 0 {
			return broken, nil
		}
		for name, err := range bad {
			broken[name] = err
			delete(parsed, name)
		}
	}
}

// aboutDeclarations matches errors about a name that nothing declares, or two
// files do, and about a type of these files.
func aboutDeclarations(files []*ast.File) *regexp.Regexp {
	names := []string{"^undefined: ", " redeclared ", " already declared "}
	for _, file := range files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				names = append(names, `type \*?`+spec.(*ast.TypeSpec).Name.Name+`\b`)
			}
		}
	}
	return regexp.MustCompile(strings.Join(names, "|"))
}

var (
	versionElement = regexp.MustCompile(`^v[0-9]+$`)
	// Directories of 2025 and later whose packages have no 1 in their names.
	numbered = regexp.MustCompile(`^(tester|kvtest|kvsrv|kvraft|models|shardkv|raft)1$`)
	// What go/types says of x.f if x has no f.
	noSelector = regexp.MustCompile(`\(type \*?(\w+) has no field or method `)
)

// typeErrors type-checks fixed and candidates as one package and returns the
// first error that counts of each candidate. Imports are not read: go/types lets pass
// whatever is done with a package that it could not import.
func typeErrors(set *token.FileSet, fixed []*ast.File, candidates map[string]*ast.File, counts func(message string) bool) map[string]error {
	all := slices.Clone(fixed)
	for _, name := range slices.Sorted(maps.Keys(candidates)) {
		all = append(all, candidates[name])
	}
	bad := map[string]error{}
	extended := extendedTypes(all)
	config := types.Config{
		Importer: noImports{},
		Error: func(err error) {
			var e types.Error
			if !errors.As(err, &e) || e.Soft || inImport(all, e.Pos) || !counts(e.Msg) {
				return
			}
			if match := noSelector.FindStringSubmatch(e.Msg); match != nil && extended[match[1]] {
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

// extendedTypes names the struct types that embed one of another package, such as
// 2025's Test with its tester.Config: what that one lends them is not known here.
func extendedTypes(files []*ast.File) map[string]bool {
	extended := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if body, ok := spec.Type.(*ast.StructType); ok && slices.ContainsFunc(body.Fields.List, embedsImported) {
				extended[spec.Name.Name] = true
			}
			return true
		})
	}
	return extended
}

func embedsImported(field *ast.Field) bool {
	embedded := field.Type
	if star, ok := embedded.(*ast.StarExpr); ok {
		embedded = star.X
	}
	_, ok := embedded.(*ast.SelectorExpr)
	return ok && len(field.Names) == 0
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
