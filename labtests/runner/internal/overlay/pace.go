package overlay

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
)

// paceName is the file that Pace adds to package labrpc.
const paceName = "pontoon_pace.go"

// Between servers a call takes about what it does in real time. A client's takes
// more: twenty clients that ask again at once would fill a test's five seconds
// with more work than a processor does in as many minutes.
const paceText = `package labrpc

import (
	"strings"
	"time"
)

// pontoonPace lets time pass. In virtual time it stands still while anybody has
// something to do, and clients that try server after server until there is a
// leader always have.
func pontoonPace(method string) {
	if strings.HasPrefix(method, "Raft.") {
		time.Sleep(100 * time.Microsecond)
	} else {
		time.Sleep(20 * time.Millisecond)
	}
}
`

// Pace makes every call through the tree's labrpc take a little of the time in
// which it would run, which is for virtual time: there a call on a reliable
// network takes none at all otherwise.
func (o *Overlay) Pace() error {
	f, err := o.labrpcFiles()
	if err != nil {
		return err
	}
	for _, name := range f.Kept {
		text, err := f.read(name)
		if err != nil {
			return err
		}
		body, method, err := callBody(filepath.Join(f.Dir, name), text)
		if err != nil {
			return err
		}
		if method == "" {
			continue
		}
		f.texts[paceName] = paceText
		f.added = append(f.added, paceName)
		f.insert(name, body, " pontoonPace("+method+");")
		return nil
	}
	return errors.New("package labrpc in " + f.Dir + " has no method Call of ClientEnd: restore it, it is a part of the lab")
}

// labrpcFiles are those of the tree's package labrpc.
func (o *Overlay) labrpcFiles() (*Files, error) {
	if o.labrpc == nil {
		f, err := keepAll(filepath.Join(o.Tree.Src, "labrpc"), "labrpc")
		if err != nil {
			return nil, err
		}
		o.labrpc = f
	}
	return o.labrpc, nil
}

// callBody returns where the body of ClientEnd.Call begins, and what it calls
// its first parameter, the method; "" if Call is in another file.
func callBody(name string, text []byte) (body int, method string, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return 0, "", fmt.Errorf("package labrpc does not compile: %w", err)
	}
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv == nil || fn.Name.Name != "Call" || fn.Body == nil {
			continue
		}
		receiver := fn.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		if ident, ok := receiver.(*ast.Ident); !ok || ident.Name != "ClientEnd" {
			continue
		}
		if params := fn.Type.Params.List; len(params) > 0 && len(params[0].Names) > 0 {
			return set.Position(fn.Body.Lbrace).Offset + 1, params[0].Names[0].Name, nil
		}
	}
	return 0, "", nil
}
