package overlay

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// networkHooks are for labrpc's exported methods, which are those of all years
// or of some.
var networkHooks = []struct {
	name            string
	params, results int
	before, after   string
}{
	{"MakeEnd", 1, 1, "", "MakeEnd(self, p0, r0)"},
	{"DeleteEnd", 1, 0, "DeleteEnd(self, p0)", ""},
	{"Connect", 2, 0, "Connect(self, p0, p1)", ""},
	{"Enable", 2, 0, "Enable(self, p0, p1)", ""},
	{"AddServer", 2, 0, "AddServer(self, p0, p1)", ""},
	{"DeleteServer", 1, 0, "DeleteServer(self, p0)", ""},
	{"Reliable", 1, 0, "Reliable(self, p0)", ""},
	{"Cleanup", 0, 0, "Cleanup(self)", ""},
}

// traceNetwork follows messages. What is exported can be relied on; what is not
// is looked for by what it does.
func (o *Overlay) traceNetwork(p *parsed) {
	file, call := p.function("ClientEnd", "Call")
	if !p.wrap(file, call, 3, 1, "pontoonCall, p0 := "+hooked+".Send(self, p0, p1); ", "pontoonCall.Return(r0, p2); ") {
		o.Untraced = append(o.Untraced, "a trace will hold no messages, because package labrpc has no method Call of ClientEnd with the lab's parameters")
		return
	}
	missing := false
	for _, h := range networkHooks {
		statement := func(text string) string {
			if text == "" {
				return ""
			}
			return hooked + "." + text + "; "
		}
		name, fn := p.function("Network", h.name)
		if !p.wrap(name, fn, h.params, h.results, statement(h.before), statement(h.after)) {
			missing = missing || h.name == "MakeEnd" || h.name == "Enable" || h.name == "Connect"
		}
	}
	end := len(o.endOf(p, file))
	switch {
	case o.Tree.Processes():
		p.insert(file, end, "\nvar _, _ = "+hooked+".Apart(), "+hooked+".Blind()\n")
		o.Untraced = append(o.Untraced, "of a message a trace will tell when its sender sent it and had an answer or none, and no more, because servers are processes")
	case !p.traceDispatch():
		p.insert(file, end, "\nvar _ = "+hooked+".Blind()\n")
		o.Untraced = append(o.Untraced, "a trace will not tell when a message arrives, because package labrpc has no place where a handler is called by reflection")
	}
	if missing && !o.Tree.Processes() {
		o.Untraced = append(o.Untraced, "a trace will not tell which ways are cut, because package labrpc has no method MakeEnd, Connect or Enable of Network with the lab's parameters")
	}
}

// endOf is all of a file.
func (o *Overlay) endOf(p *parsed, name string) []byte {
	text, _ := p.read(name)
	return text
}

// traceDispatch finds where handlers are called, which are found by
// reflection: a statement that calls a reflect.Value with []reflect.Value{…}.
func (p *parsed) traceDispatch() bool {
	found := 0
	for _, name := range p.names() {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(p.files[name], func(n ast.Node) bool {
			block, ok := n.(*ast.BlockStmt)
			if !ok {
				return true
			}
			for _, stmt := range block.List {
				reply := p.replyOf(stmt)
				texts := p.texts(stmt.Pos())
				if reply == "" || len(texts) == 0 {
					continue
				}
				found++
				call := fmt.Sprint("pontoonCall", found)
				p.insert(name, p.offset(stmt.Pos()), fmt.Sprintf("%s := %s.Handle(%s); ", call, hooked, strings.Join(texts, ", ")))
				p.insert(name, p.offset(stmt.End()), fmt.Sprintf("; %s.Reply(%s.Interface())", call, reply))
			}
			return true
		})
	}
	return found > 0
}

// replyOf returns the last argument of the handler that a statement calls, ""
// if it calls none.
func (p *parsed) replyOf(stmt ast.Stmt) string {
	var call *ast.CallExpr
	switch stmt := stmt.(type) {
	case *ast.ExprStmt:
		call, _ = stmt.X.(*ast.CallExpr)
	case *ast.AssignStmt:
		if len(stmt.Rhs) == 1 {
			call, _ = stmt.Rhs[0].(*ast.CallExpr)
		}
	}
	if call == nil || len(call.Args) != 1 {
		return ""
	}
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fun.Sel.Name != "Call" {
		return ""
	}
	switch arg := call.Args[0].(type) {
	case *ast.CompositeLit:
		if p.source(arg.Type) != "[]reflect.Value" || len(arg.Elts) < 2 {
			return ""
		}
		last := arg.Elts[len(arg.Elts)-1]
		switch last.(type) {
		case *ast.Ident, *ast.SelectorExpr:
			return p.source(last)
		}
	case *ast.Ident:
		if inner, ok := fun.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "Func" {
			return fmt.Sprintf("%s[len(%s)-1]", arg.Name, arg.Name)
		}
	}
	return ""
}

// texts are the strings at hand at a place: variables, and fields of variables
// that are structs. One of them is the method's name.
func (p *parsed) texts(at token.Pos) []string {
	var found []string
	hidden := map[string]bool{}
	for scope := p.pkg.Scope().Innermost(at); scope != nil && scope != p.pkg.Scope(); scope = scope.Parent() {
		for _, name := range scope.Names() {
			object, ok := scope.Lookup(name).(*types.Var)
			if !ok || object.Pos() >= at || hidden[name] || name == "_" {
				continue
			}
			hidden[name] = true
			if isText(object.Type()) {
				found = append(found, "string("+name+")")
				continue
			}
			if body, ok := object.Type().Underlying().(*types.Struct); ok {
				for i := range body.NumFields() {
					if field := body.Field(i); isText(field.Type()) {
						found = append(found, "string("+name+"."+field.Name()+")")
					}
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

func isText(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.String
}
