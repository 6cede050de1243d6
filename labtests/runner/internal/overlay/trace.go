package overlay

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"

	"pontoon.dev/labrun/internal/labtree"
)

// hookPackage records what the copies of the tree's files tell it. No cgo comes
// with it.
const hookPackage = shimModule + "/trace/hook"

// hooked is how the edited files name it.
const hooked = "pontoonhook"

// trace lets copies of the tree's files record what happens: what the harness
// does to the servers and receives from them, and what becomes of each message.
// Places that cannot be found are left alone, and Untraced says so.
func (o *Overlay) trace() error {
	labrpc, err := o.labrpcFiles()
	if err != nil {
		return err
	}
	raft := o.Files
	if o.lower != nil {
		raft = o.lower
	}
	for _, dir := range []string{"tester1", "kvtest1"} {
		f, err := keepAll(filepath.Join(o.Tree.Src, dir), strings.TrimSuffix(dir, "1"))
		if err == nil && len(f.Kept) > 0 {
			o.others = append(o.others, f)
		}
	}
	if p := raft.parse(); !p.traceRaft(o.Raft) {
		o.Untraced = append(o.Untraced, "a trace will hold no messages and no server's start, because package raft has no func Make with the lab's parameters")
	}
	o.traceNetwork(labrpc.parse())
	for _, f := range o.packages() {
		if f != labrpc {
			f.parse().traceHarness(o.Raft.Label())
		}
	}
	for _, f := range o.packages() {
		f.importHooks()
	}
	return nil
}

// importHooks gives every file with edits the package that they call, on the
// line of its package clause.
func (f *Files) importHooks() {
	p := f.parse()
	for name := range f.edits {
		if file := p.files[name]; file != nil {
			f.insert(name, p.offset(file.Name.End()), "; import "+hooked+" "+strconv.Quote(hookPackage))
		}
	}
}

// traceRaft follows a Raft's life: func Make, and the methods that the harness
// calls of whatever type has them.
func (p *parsed) traceRaft(raft Raft) bool {
	file, fn := p.function("", "Make")
	before := fmt.Sprintf("pontoonLife := %s.Make(%q, %v, p0, p1, p3); ", hooked, raft.Label(), raft.pontoon())
	if !p.wrap(file, fn, 4, 1, before, "pontoonLife.Is(r0); ") {
		return false
	}
	for _, file := range p.names() {
		for _, decl := range p.files[file].Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || strings.HasSuffix(file, "_test.go") || fn.Recv == nil {
				continue
			}
			if _, pointer := fn.Recv.List[0].Type.(*ast.StarExpr); !pointer {
				continue
			}
			switch fn.Name.Name {
			case "Start":
				p.wrap(file, fn, 1, 3, "pontoonCommand := "+hooked+".CommandOf(p0); ", hooked+".Propose(self, pontoonCommand, r0, r1, r2); ")
			case "GetState":
				p.wrap(file, fn, 0, 2, "", hooked+".State(self, r0, r1); ")
			case "Kill":
				p.wrap(file, fn, 0, 0, hooked+".Kill(self); ", "")
			}
		}
	}
	return true
}

// traceHarness follows what tests receive and find.
func (p *parsed) traceHarness(impl string) {
	for _, name := range p.names() {
		for _, decl := range p.files[name].Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if test := labtree.IsTest(fn); test && strings.HasSuffix(name, "_test.go") {
				p.traceTest(name, impl, fn)
			}
			if fn.Name.Name == "Fatalf" && receiverOf(fn) == "Config" {
				p.traceFatalf(name, fn)
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.RangeStmt:
					p.traceRange(name, n)
				case *ast.BlockStmt:
					p.traceReceives(name, n.List)
				case *ast.CaseClause:
					p.traceReceives(name, n.Body)
				case *ast.CommClause:
					p.traceReceives(name, n.Body)
					p.traceReceive(name, n.Comm, n.Colon+1, "")
				case *ast.CallExpr:
					p.traceVerdict(name, n)
				}
				return true
			})
		}
	}
}

// traceTest records the beginning and the end of a test.
func (p *parsed) traceTest(name, impl string, fn *ast.FuncDecl) {
	params := fn.Type.Params.List[0].Names
	if len(params) == 1 && params[0].Name != "_" {
		p.insert(name, p.offset(fn.Body.Lbrace)+1, fmt.Sprintf(" defer %s.Test(%q, %q, %s)();", hooked, impl, fn.Name.Name, params[0].Name))
	}
}

// traceFatalf is for the tester's own Fatalf, since 2025.
func (p *parsed) traceFatalf(name string, fn *ast.FuncDecl) {
	params := fn.Type.Params.List
	if len(params) != 2 || len(params[0].Names) != 1 || len(params[1].Names) != 1 {
		return
	}
	if _, variadic := params[1].Type.(*ast.Ellipsis); variadic {
		p.insert(name, p.offset(fn.Body.Lbrace)+1, fmt.Sprintf(" %s.Failed(%s, %s);", hooked, params[0].Names[0].Name, params[1].Names[0].Name))
	}
}

// isApplyCh reports whether an expression is a channel of messages, and one
// that may be written twice.
func (p *parsed) isApplyCh(x ast.Expr) bool {
	switch x.(type) {
	case *ast.Ident, *ast.SelectorExpr:
	default:
		return false
	}
	t := p.info.TypeOf(x)
	if t == nil {
		return false
	}
	channel, ok := t.Underlying().(*types.Chan)
	return ok && isNamed(channel.Elem(), "", "ApplyMsg")
}

func (p *parsed) receive(channel, message ast.Expr) string {
	ident, ok := message.(*ast.Ident)
	source := p.source(channel)
	if !ok || ident.Name == "_" || source == "" || !p.isApplyCh(channel) {
		return ""
	}
	return fmt.Sprintf("%s.Receive(%s, %s)", hooked, source, ident.Name)
}

func (p *parsed) traceRange(name string, loop *ast.RangeStmt) {
	if text := p.receive(loop.X, loop.Key); text != "" {
		p.insert(name, p.offset(loop.Body.Lbrace)+1, " "+text+";")
	}
}

// traceReceives is for statements like m := <-applyCh.
func (p *parsed) traceReceives(name string, list []ast.Stmt) {
	for _, stmt := range list {
		p.traceReceive(name, stmt, stmt.End(), "; ")
	}
}

func (p *parsed) traceReceive(name string, stmt ast.Stmt, at token.Pos, sep string) {
	assign, ok := stmt.(*ast.AssignStmt)
	if !ok || len(assign.Rhs) != 1 {
		return
	}
	arrow, ok := assign.Rhs[0].(*ast.UnaryExpr)
	if !ok || arrow.Op != token.ARROW {
		return
	}
	text := p.receive(arrow.X, assign.Lhs[0])
	switch {
	case text == "":
	case sep == "":
		p.insert(name, p.offset(at), " "+text+";")
	default:
		p.insert(name, p.offset(at), sep+text)
	}
}

// traceVerdict is for calls that say what is wrong: of a *testing.T, and those
// of package log that end the process.
func (p *parsed) traceVerdict(name string, call *ast.CallExpr) {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	around := func(x ast.Expr, with string) {
		p.insert(name, p.offset(x.Pos()), hooked+"."+with+"(")
		p.insert(name, p.offset(x.End()), ")")
	}
	if ident, ok := fun.X.(*ast.Ident); ok {
		if pkg, ok := p.info.Uses[ident].(*types.PkgName); ok {
			switch {
			case pkg.Imported().Path() != "log":
			case fun.Sel.Name == "Fatalf":
				around(fun, "Exitf")
			case fun.Sel.Name == "Fatal", fun.Sel.Name == "Fatalln":
				around(fun, "Exit")
			}
			return
		}
	}
	switch fun.Sel.Name {
	case "Error", "Errorf", "Fatal", "Fatalf":
		if t := p.info.TypeOf(fun.X); t != nil && (isNamed(t, "testing", "T") || isNamed(t, "testing", "TB")) {
			around(fun.X, "T")
		}
	}
}
