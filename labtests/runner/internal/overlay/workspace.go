package overlay

import (
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"pontoon.dev/labrun/internal/labtree"
)

// shimModule is the module line of Pontoon's Go side.
const shimModule = "pontoon.dev/go-shim"

// Without a go line go assumes this version.
const goLineDefault = "1.16"

func (o *Overlay) workFile() string { return filepath.Join(o.Work, "go.work") }
func (o *Overlay) gopath() string   { return filepath.Join(o.Work, "gopath") }

// join writes what lets the tree's packages import Pontoon's.
func (o *Overlay) join() error {
	if len(o.imports()) == 0 {
		return nil
	}
	if o.Tree.Layout != labtree.Modules {
		link := filepath.Join(o.gopath(), "src", filepath.FromSlash(shimModule))
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			return err
		}
		return os.Symlink(o.Shim, link)
	}
	with := []string{o.Shim}
	if o.Raft.peer != "" {
		with = append(with, filepath.Join(filepath.Dir(o.Shim), "labtests", "peers"))
	}
	work, err := workspace(o.Tree, with...)
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.workFile(), []byte(work), 0o666); err != nil {
		return err
	}
	// What the tree's go.sum vouches for, the workspace does too. go adds to this
	// file, and to no other, what is missing.
	sums, err := os.ReadFile(filepath.Join(o.Tree.ModDir, "go.sum"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.Work, "go.work.sum"), sums, 0o666)
}

// Env is what go needs in the environment. Every setting is explicit: a
// student's GO111MODULE=off of 2020, or GOFLAGS kept by go env -w, would reach
// go otherwise.
func (o *Overlay) Env() []string {
	switch o.Tree.Layout {
	case labtree.GOPATH:
		// The tree comes second: go install would write to the first.
		return o.gopathEnv(o.gopath() + string(os.PathListSeparator) + filepath.Dir(o.Tree.Src))
	case labtree.Relative:
		// Relative imports are for directories outside of GOPATH only, and this
		// one the tree is outside of.
		return o.gopathEnv(o.gopath())
	}
	work := o.workFile()
	if len(o.imports()) == 0 {
		work = "off"
	}
	return []string{"GOWORK=" + work, "GO111MODULE=on", "GOFLAGS=-vet=off"}
}

func (o *Overlay) gopathEnv(gopath string) []string {
	return []string{"GOPATH=" + gopath, "GO111MODULE=off", "GOWORK=off", "GOFLAGS=-vet=off"}
}

// workspace returns a go.work that joins the tree's module with others.
//
// Its go line must reach that of each module; each module keeps its own
// language version. But the settings of GODEBUG come from the workspace alone,
// so it asks for those of the lab's go line.
func workspace(tree *labtree.Tree, with ...string) (string, error) {
	labLine := tree.GoLine
	if labLine == "" {
		labLine = goLineDefault
	}
	line, use := labLine, "\t"+strconv.Quote(tree.ModDir)+"\n"
	for _, dir := range with {
		other, err := labtree.GoLine(filepath.Join(dir, "go.mod"))
		if err != nil {
			return "", err
		}
		if version.Compare("go"+other, "go"+line) > 0 {
			line = other
		}
		use += "\t" + strconv.Quote(dir) + "\n"
	}
	return fmt.Sprintf("go %s\n\ngodebug default=%s\n\nuse (\n%s)\n", line, version.Lang("go"+labLine), use), nil
}

const (
	labPackage  = shimModule + "/lab"
	peersModule = "pontoon.dev/peers"
)
