package bench

import (
	"bytes"
	"context"
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
	pontoon  = overlay.Pontoon // this checkout's, in the tree under test
	textbook = "textbook"      // the embedded Go Raft, in the tree under test
	own      = overlay.Own     // the tree's own
	etcd     = overlay.Etcd    // etcd-io/raft, in the tree under test
	hashi    = overlay.Hashicorp
)

// named are the implementations that need no directory.
var named = []string{pontoon, textbook, own, etcd, hashi}

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

// build compiles the implementation that name says: one of named in tree, or else the own Raft of the lab tree in the directory name.
func (b *builder) build(ctx context.Context, name string, tree *labtree.Tree) (*implementation, error) {
	label := name
	if !slices.Contains(named, name) {
		other, err := labtree.Find(name)
		if err != nil {
			return nil, fmt.Errorf("-impl %s: %w (or say %s)", name, err, strings.Join(named, ", "))
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
	impl := &implementation{Label: label, Binary: filepath.Join(work, "probe.test")}
	options, err := b.options(name, tree, work)
	if err != nil {
		return nil, err
	}
	flags, env, err := b.lay(ctx, impl, tree, options)
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

// options says what stands in tree.
func (b *builder) options(name string, tree *labtree.Tree, work string) (overlay.Options, error) {
	options := overlay.Options{Shim: filepath.Join(b.root, "go-shim"), Work: work}
	var err error
	if name != textbook {
		options.Raft, err = overlay.FindRaft(name, tree)
		return options, err
	}
	files, err := textbookFiles(tree)
	options.Raft = overlay.RaftOfFiles(textbook, files)
	if err == nil && tree.KV() {
		options.Service, err = studentFiles(b.root, tree)
	}
	return options, err
}

// lay writes the overlay, with the probe in the package to measure, and returns
// what go needs to compile it.
func (b *builder) lay(ctx context.Context, impl *implementation, tree *labtree.Tree, options overlay.Options) (flags, env []string, err error) {
	o, err := overlay.New(tree, options)
	if err != nil {
		return nil, nil, err
	}
	probe, err := probeFiles(tree)
	if err != nil {
		return nil, nil, err
	}
	for name, text := range probe {
		if err := o.Add(name, text); err != nil {
			return nil, nil, err
		}
	}
	impl.Tree = o.Tree
	flags, env = o.Flags(), o.Env()
	if o.Library() {
		library, err := rustlib.Build(ctx, b.root, rustlib.Options{Log: b.log})
		if err != nil {
			return nil, nil, err
		}
		flags, env = append(flags, library.Flags()...), append(env, library.Env()...)
	}
	return flags, env, o.Write()
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
