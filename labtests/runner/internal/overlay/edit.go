package overlay

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// edit puts text in the place of what is between two offsets of a file. All of
// it is within one line, so that the tree's line numbers stay.
type edit struct {
	from, to int
	text     string
}

// insert is an edit that takes nothing away.
func (f *Files) insert(name string, at int, text string) { f.replace(name, at, at, text) }

func (f *Files) replace(name string, from, to int, text string) {
	if f.edits == nil {
		f.edits = map[string][]edit{}
	}
	f.edits[name] = append(f.edits[name], edit{from, to, text})
}

// read returns what a file of the package holds, edits aside.
func (f *Files) read(name string) ([]byte, error) {
	if text, ok := f.texts[name]; ok {
		return []byte(text), nil
	}
	return os.ReadFile(filepath.Join(f.Dir, name))
}

// edited returns the files that differ from the tree's, by base name.
func (f *Files) edited() (map[string]string, error) {
	texts := map[string]string{}
	maps.Copy(texts, f.texts)
	for name, edits := range f.edits {
		text, err := f.read(name)
		if err != nil {
			return nil, err
		}
		// Of two at one offset, the one that was asked for first comes first.
		slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
		var out bytes.Buffer
		at := 0
		for _, e := range edits {
			out.Write(text[at:e.from])
			out.WriteString(e.text)
			at = e.to
		}
		out.Write(text[at:])
		texts[name] = out.String()
	}
	return texts, nil
}

// parsed is a package with types, as far as they are known without what it
// imports.
type parsed struct {
	*Files
	set   *token.FileSet
	files map[string]*ast.File
	info  *types.Info
	pkg   *types.Package
}

// parse reads the package. Files that do not parse, or are of the package's
// external tests, are left out: go will speak of the one, and the other is none
// of ours.
func (f *Files) parse() *parsed {
	p := &parsed{Files: f, set: token.NewFileSet(), files: map[string]*ast.File{}, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
	}}
	var all []*ast.File
	for _, name := range slices.Sorted(slices.Values(slices.Concat(f.Kept, f.Replaced()))) {
		text, err := f.read(name)
		if err != nil {
			continue
		}
		file, err := parser.ParseFile(p.set, name, text, parser.SkipObjectResolution)
		if err != nil || file.Name.Name != f.Name {
			continue
		}
		nameImports(file)
		p.files[name] = file
		all = append(all, file)
	}
	config := types.Config{Importer: labImports{}, Error: func(error) {}}
	p.pkg, _ = config.Check(f.Name, p.set, all, p.info)
	return p
}

// names are those of the files, in order.
func (p *parsed) names() []string { return slices.Sorted(maps.Keys(p.files)) }

func (p *parsed) offset(pos token.Pos) int { return p.set.Position(pos).Offset }

// source prints an expression on one line; "" if it takes more.
func (p *parsed) source(expr ast.Node) string {
	var text bytes.Buffer
	if err := format.Node(&text, p.set, expr); err != nil || strings.Contains(text.String(), "\n") {
		return ""
	}
	return text.String()
}

// labImports has those types of other packages that tell what is to be done.
type labImports struct{}

var importedTypes = map[string][]string{
	"testing": {"T", "TB"}, "raftapi": {"ApplyMsg"}, "raft": {"ApplyMsg"}, "raft1": {"ApplyMsg"}, "labrpc": {"ClientEnd"},
}

func (labImports) Import(path string) (*types.Package, error) {
	base := path[strings.LastIndex(path, "/")+1:]
	names, ok := importedTypes[base]
	if !ok {
		return nil, fmt.Errorf("%s is not read", path)
	}
	pkg := types.NewPackage(path, strings.TrimSuffix(base, "1"))
	for _, name := range names {
		object := types.NewTypeName(token.NoPos, pkg, name, nil)
		types.NewNamed(object, types.NewStruct(nil, nil), nil)
		pkg.Scope().Insert(object)
	}
	pkg.MarkComplete()
	return pkg, nil
}

// isNamed reports whether t, or what it points to, is the type pkg.name; an
// empty pkg is any.
func isNamed(t types.Type, pkg, name string) bool {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == name && (pkg == "" || named.Obj().Pkg() != nil && named.Obj().Pkg().Name() == pkg)
}

// function finds a function, or with a receiver type a method, of the package.
func (p *parsed) function(receiver, name string) (file string, fn *ast.FuncDecl) {
	for _, file := range p.names() {
		for _, decl := range p.files[file].Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Name.Name == name && fn.Body != nil && receiverOf(fn) == receiver && !strings.HasSuffix(file, "_test.go") {
				return file, fn
			}
		}
	}
	return "", nil
}

// receiverOf names the type of a method's receiver; "" if fn is a function.
func receiverOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) != 1 {
		return ""
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if ident, ok := t.(*ast.Ident); ok {
		return ident.Name
	}
	return "?"
}

// typesOf prints the types of parameters or results, one for each; false if one
// cannot be.
func (p *parsed) typesOf(list *ast.FieldList) ([]string, bool) {
	var all []string
	if list == nil {
		return nil, true
	}
	for _, field := range list.List {
		text := p.source(field.Type)
		if _, variadic := field.Type.(*ast.Ellipsis); variadic || text == "" {
			return nil, false
		}
		all = append(all, slices.Repeat([]string{text}, max(1, len(field.Names)))...)
	}
	return all, true
}

// wrap renames a function and puts one of its old name before it, which calls
// it between the statements before and after. There self is the receiver, p0 and so on
// are the parameters, r0 and so on the results. It does so only if the function
// has as many parameters and results as it should.
func (p *parsed) wrap(file string, fn *ast.FuncDecl, params, results int, before, after string) bool {
	if fn == nil {
		return false
	}
	in, ok := p.typesOf(fn.Type.Params)
	out, also := p.typesOf(fn.Type.Results)
	if !ok || !also || len(in) != params || len(out) != results || fn.Type.TypeParams != nil {
		return false
	}
	own := "pontoonOwn" + fn.Name.Name
	var head, call strings.Builder
	head.WriteString("func ")
	if fn.Recv != nil {
		fmt.Fprintf(&head, "(self %s) ", p.source(fn.Recv.List[0].Type))
		call.WriteString("self.")
	}
	declared, arguments, values := []string{}, []string{}, []string{}
	for i, t := range in {
		arguments = append(arguments, "p"+strconv.Itoa(i))
		declared = append(declared, arguments[i]+" "+t)
	}
	for i := range out {
		values = append(values, "r"+strconv.Itoa(i))
	}
	fmt.Fprintf(&head, "%s(%s) (%s) { %s", fn.Name.Name, strings.Join(declared, ", "), strings.Join(out, ", "), before)
	fmt.Fprintf(&call, "%s(%s)", own, strings.Join(arguments, ", "))
	end := "; " + after + "}; "
	if len(out) > 0 {
		end = fmt.Sprintf("; %sreturn %s }; ", after, strings.Join(values, ", "))
		head.WriteString(strings.Join(values, ", ") + " := ")
	}
	p.insert(file, p.offset(fn.Pos()), head.String()+call.String()+end)
	p.replace(file, p.offset(fn.Name.Pos()), p.offset(fn.Name.End()), own)
	return true
}
