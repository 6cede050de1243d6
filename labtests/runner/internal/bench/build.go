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
		tree, name, label = other, own, shortPath(name)
	}
	if err := checkTree(tree); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(b.work, "raft-")
	if err != nil {
		return nil, err
	}
	impl := &implementation{Label: label, Tree: tree, Binary: filepath.Join(work, "raft.test")}
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
	o, err := overlay.New(impl.Tree, "", work, false)
	if err != nil {
		return nil, nil, err
	}
	files, err := textbookFiles(impl.Tree)
	if err != nil {
		return nil, nil, err
	}
	impl.Tree = o.Tree
	return planFiles(impl.Tree, work, files, o.Hidden)
}

func (b *builder) planOwn(impl *implementation, work string) (flags, env []string, err error) {
	return planFiles(impl.Tree, work, nil, nil)
}

// planFiles writes an overlay that puts files and the probe into package raft
// and hides others. No second module takes part.
func planFiles(tree *labtree.Tree, work string, files map[string]string, hidden []string) (flags, env []string, err error) {
	probe, err := probeFiles(tree)
	if err != nil {
		return nil, nil, err
	}
	replace := map[string]string{}
	for _, name := range hidden {
		replace[filepath.Join(tree.Raft, name)] = ""
	}
	if err := os.Mkdir(filepath.Join(work, "raft"), 0o777); err != nil {
		return nil, nil, err
	}
	for _, texts := range []map[string]string{files, probe} {
		for name, text := range texts {
			file := filepath.Join(work, "raft", name)
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				return nil, nil, err
			}
			replace[filepath.Join(tree.Raft, name)] = file
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
	cmd := gotool.Command(ctx, impl.Tree.Raft, gotool.Environ(append(env, "GOTOOLCHAIN=local")...), b.gobn, append(args, ".")...)
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return fmt.Errorf("go could not compile %s in %s (%w):\n%s", impl.Label, impl.Tree.Raft, err, words.String())
	}
	words.Reset()
	cmd = gotool.Command(ctx, b.work, gotool.Environ(), impl.Binary, "-test.list", "^"+probeTest+"$")
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return fmt.Errorf("%s does not start (%w): %s", impl.Binary, err, lastLines(words.Bytes(), 5))
	}
	if !slices.Contains(strings.Fields(words.String()), probeTest) {
		return fmt.Errorf("the overlay for %s had no effect: give the tree by its real path", impl.Tree.Raft)
	}
	return nil
}
