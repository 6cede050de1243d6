package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
	"pontoon.dev/labrun/internal/rustlib"
)

// The implementations that need no directory.
const (
	pontoon  = "pontoon"  // this checkout's, in the tree under test
	textbook = "textbook" // the embedded Go Raft, in the tree under test
	own      = "own"      // the tree's own
)

// implementation is a Raft in a tree, compiled.
type implementation struct {
	Label  string
	Tree   *labtree.Tree // with those tests that the binary has
	Binary string
}

// builder compiles implementations. Nothing is written but below work.
type builder struct {
	root string // the Pontoon checkout
	work string
	gobn string // the go command
	log  io.Writer
}

// build compiles the implementation that name says: pontoon, textbook or own in
// tree, or else the own Raft of the lab tree in the directory name.
func (b *builder) build(ctx context.Context, name string, tree *labtree.Tree) (*implementation, error) {
	label := name
	if name != pontoon && name != textbook && name != own {
		other, err := labtree.Find(name)
		if err != nil {
			return nil, fmt.Errorf("-impl %s: %w (or say %s, %s or %s)", name, err, pontoon, textbook, own)
		}
		if tree.KV() {
			if other, err = other.For(labtree.AllKV); err != nil {
				return nil, fmt.Errorf("-impl %s: %w", name, err)
			}
		}
		tree, name, label = other, own, shortPath(name)
	}
	if err := checkTree(tree); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(b.work, "raft-")
	if err != nil {
		return nil, err
	}
	impl := &implementation{Label: label, Tree: tree, Binary: filepath.Join(work, "probe.test")}
	var flags, env []string
	switch name {
	case pontoon:
		flags, env, err = b.planPontoon(ctx, impl, work)
	case textbook:
		flags, env, err = b.planTextbook(impl, work)
	default:
		flags, env, err = b.planOwn(impl, work)
	}
	if err != nil {
		return nil, err
	}
	return impl, b.compile(ctx, impl, flags, env)
}

// shortPath is a directory's name for a table.
func shortPath(dir string) string {
	clean := filepath.Clean(dir)
	parts := strings.Split(filepath.ToSlash(clean), "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

func (b *builder) planPontoon(ctx context.Context, impl *implementation, work string) (flags, env []string, err error) {
	library, err := rustlib.Build(ctx, b.root, rustlib.Options{Log: b.log})
	if err != nil {
		return nil, nil, err
	}
	o, err := overlay.New(impl.Tree, filepath.Join(b.root, "go-shim"), work, false)
	if err != nil {
		return nil, nil, err
	}
	probe, err := probeFiles(impl.Tree)
	if err != nil {
		return nil, nil, err
	}
	for name, text := range probe {
		if err := o.Add(name, text); err != nil {
			return nil, nil, err
		}
	}
	impl.Tree = o.Tree
	return append(o.Flags(), library.Flags()...), append(o.Env(), library.Env()...), o.Write()
}

// planTextbook keeps and hides the same files of the tree as Pontoon would.
func (b *builder) planTextbook(impl *implementation, work string) (flags, env []string, err error) {
	textbook, err := textbookFiles(impl.Tree)
	if err != nil {
		return nil, nil, err
	}
	raft := *impl.Tree
	if impl.Tree.KV() {
		raft.Dir, raft.Harness, raft.Tests = raft.Raft, raft.RaftHarness, nil
	}
	o, err := overlay.New(&raft, "", work, false)
	if err != nil {
		return nil, nil, err
	}
	files := []placed{{raft.Raft, textbook, o.Hidden}}
	if impl.Tree.KV() {
		student, err := studentFiles(b.root, impl.Tree)
		if err != nil {
			return nil, nil, err
		}
		if o, err = overlay.New(impl.Tree, "", work, false); err != nil {
			return nil, nil, err
		}
		files = append(files, placed{impl.Tree.Dir, student, o.Hidden})
	}
	impl.Tree = o.Tree
	return planFiles(impl.Tree, work, files...)
}

func (b *builder) planOwn(impl *implementation, work string) (flags, env []string, err error) {
	return planFiles(impl.Tree, work)
}

// placed are files that stand in a package of the tree while others do not.
type placed struct {
	dir    string
	files  map[string]string
	hidden []string
}

// planFiles writes an overlay with files, and with the probe in the package to
// measure. No second module takes part.
func planFiles(tree *labtree.Tree, work string, packages ...placed) (flags, env []string, err error) {
	probe, err := probeFiles(tree)
	if err != nil {
		return nil, nil, err
	}
	replace := map[string]string{}
	for i, p := range append(packages, placed{dir: tree.Dir, files: probe}) {
		for _, name := range p.hidden {
			replace[filepath.Join(p.dir, name)] = ""
		}
		aside := filepath.Join(work, fmt.Sprint("files", i))
		if err := os.Mkdir(aside, 0o777); err != nil {
			return nil, nil, err
		}
		for name, text := range p.files {
			file := filepath.Join(aside, name)
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				return nil, nil, err
			}
			replace[filepath.Join(p.dir, name)] = file
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(work, "overlay.json")
	return []string{"-overlay=" + file}, []string{"GOWORK=off", "GO111MODULE=on", "GOFLAGS=-vet=off"}, os.WriteFile(file, text, 0o666)
}

// compile builds the binary and makes sure that the overlay took effect: go
// says nothing about one that matches no file.
func (b *builder) compile(ctx context.Context, impl *implementation, flags, env []string) error {
	args := append([]string{"test", "-c", "-vet=off", "-o", impl.Binary}, flags...)
	var words bytes.Buffer
	cmd := gotool.Command(ctx, impl.Tree.Dir, gotool.Environ(append(env, "GOTOOLCHAIN=local")...), b.gobn, append(args, ".")...)
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return fmt.Errorf("go could not compile %s in %s (%w):\n%s", impl.Label, impl.Tree.Dir, err, words.String())
	}
	words.Reset()
	cmd = gotool.Command(ctx, b.work, gotool.Environ(), impl.Binary, "-test.list", "^"+probeTest+"$")
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return fmt.Errorf("%s does not start (%w): %s", impl.Binary, err, lastLines(words.Bytes(), 5))
	}
	if !slices.Contains(strings.Fields(words.String()), probeTest) {
		return fmt.Errorf("the overlay for %s had no effect: give the tree by its real path", impl.Tree.Dir)
	}
	return nil
}
