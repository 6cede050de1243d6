package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/overlay"
	"pontoon.dev/labrun/internal/rustlib"
)

// session is one run of labrun test.
type session struct {
	*options
	goPath  string
	overlay *overlay.Overlay
	sel     labtree.Selection
	env     []string // of go
	flags   []string // of go
	pkg     string   // import path of the package to test
	work    string
}

func runTest(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	root, err := checkout.Find(o.root)
	if err != nil {
		return err
	}
	if o.lab == "" {
		o.lab = filepath.Join(root, "labtests", "src")
	}
	tree, err := labtree.Find(o.lab)
	if err != nil {
		return err
	}
	if err := tree.Supported(); err != nil {
		return err
	}
	if tree, err = tree.For(o.part); err != nil {
		return err
	}
	if o.keep != "" && !tree.KV() {
		return errors.New("-keep kvraft: is for the key/value lab's parts, and these are Raft's")
	}
	switch {
	case !tree.Processes():
	case o.virtual:
		return errors.New("-virtual: in the lab of 2026 every server is a process of its own, and there is no virtual time across processes: run it without")
	default:
		o.real = true
	}
	if err := o.prepare(tree); err != nil {
		return err
	}
	work, err := workDir(tree)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	s := &session{options: o, work: work}
	if tree.Processes() {
		if tree, err = s.forProcesses(tree); err != nil {
			return err
		}
	}
	if err := s.plan(tree, filepath.Join(root, "go-shim")); err != nil {
		return err
	}
	if err := s.build(ctx, root); err != nil {
		return err
	}
	if tree.Processes() {
		if err := s.buildDaemon(ctx); err != nil {
			return err
		}
	}
	if o.plain() {
		return s.runPlain(ctx)
	}
	return s.runPasses(ctx)
}

// workDir returns the real path of a new directory outside of the tree.
func workDir(tree *labtree.Tree) (string, error) {
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return "", fmt.Errorf("the directory for temporary files is not usable: %w; set TMPDIR to one that is", err)
	}
	if inside(tree, temp) {
		return "", fmt.Errorf("TMPDIR %s lies inside the lab tree, which labrun does not write to: set it to a directory elsewhere", temp)
	}
	return os.MkdirTemp(temp, "labrun-")
}

// inside reports whether a directory lies inside the lab tree.
func inside(tree *labtree.Tree, dir string) bool {
	return slices.ContainsFunc([]string{tree.Src, tree.ModDir}, func(own string) bool {
		below, err := filepath.Rel(own, dir)
		return own != "" && err == nil && filepath.IsLocal(below)
	})
}

// plan decides what to run and with which files, and says so in one sentence.
func (s *session) plan(tree *labtree.Tree, shim string) error {
	raft, err := overlay.FindRaft(s.impl, tree)
	if err != nil {
		return err
	}
	if s.overlay, err = overlay.New(tree, overlay.Options{Shim: shim, Work: s.work, Raft: raft, Keep: s.keep != "", Trace: s.traced()}); err != nil {
		return err
	}
	if s.sel, err = s.overlay.Tree.Select(s.part, s.run); err != nil {
		for _, why := range s.overlay.Broken {
			err = fmt.Errorf("%w; %s", err, why)
		}
		return err
	}
	fmt.Fprintf(os.Stderr, "labrun: %s; %s; %s.\n", s.overlay.Tree.Describe(), s.overlay.Describe(), s.clock())
	for _, why := range s.overlay.Broken {
		fmt.Fprintf(os.Stderr, "labrun: %s.\n", why)
	}
	if s.given["trace"] && s.traced() {
		for _, why := range s.overlay.Untraced {
			fmt.Fprintf(os.Stderr, "labrun: %s.\n", why)
		}
	}
	if !s.plain() {
		if err := s.addFiles(); err != nil {
			return err
		}
	}
	return s.overlay.Write()
}

// clock says in a clause in which time the tests run.
func (s *session) clock() string {
	if s.real {
		return "in real time"
	}
	return "in virtual time (-real for the other)"
}

// build checks the tools, builds the Rust library if anything needs it, and
// makes sure that go would compile what was planned.
func (s *session) build(ctx context.Context, root string) error {
	settings := s.overlay.Env()
	s.flags = s.overlay.Flags()
	find := gotool.FindGo
	if s.overlay.Library() {
		find = gotool.Find
	}
	var err error
	if s.goPath, err = find(root); err != nil {
		return err
	}
	if s.overlay.Library() {
		library, err := rustlib.Build(ctx, root, rustlib.Options{Shared: s.lib == "shared", Feature: s.cargoFeature, Log: os.Stderr})
		if err != nil {
			return err
		}
		settings = append(settings, library.Env()...)
		s.flags = append(s.flags, library.Flags()...)
	}
	s.env = gotool.Environ(append(settings, "GOTOOLCHAIN=local")...)
	if s.race {
		s.flags = append(s.flags, "-race")
	}
	if s.verbose {
		fmt.Fprintf(os.Stderr, "labrun: in %s: %s\n", s.overlay.Dir, strings.Join(settings, " "))
	}
	s.pkg, err = s.overlay.Verify(ctx, s.goPath, s.env, s.flags)
	return err
}

// runPlain is the lab's own go test, with its output and its exit code.
func (s *session) runPlain(ctx context.Context) error {
	timeout := s.timeout
	if timeout == 0 {
		timeout = realTimeout
	}
	args := append([]string{"test"}, s.flags...)
	args = append(args, "-vet=off", "-count=1", fmt.Sprint("-timeout=", timeout))
	if s.sel.Pattern != "" {
		args = append(args, "-run="+s.sel.Pattern)
	}
	if s.verbose {
		args = append(args, "-v")
		fmt.Fprintf(os.Stderr, "labrun: %s %q\n", s.goPath, args)
	}
	cmd := gotool.Command(ctx, s.overlay.Dir, s.env, s.goPath, args...)
	words := s.compilerWords("package " + s.overlay.Name)
	cmd.Stdout, cmd.Stderr = os.Stdout, words
	err := gotool.Run(ctx, cmd)
	if words.headed && ctx.Err() == nil {
		return errSaid
	}
	return err
}

const notCompiling = " does not compile "

// compilerWords is standard error with one line on top, should go begin to
// complain about a package there: whose files they are is not plain to see.
func (s *session) compilerWords(what string) *headed {
	return &headed{mark: "# ", head: "labrun: " + what + notCompiling + s.overlay.With() + "; " + s.overlay.Describe() + ":\n"}
}

// headed writes to standard error, with head before the first text if that
// begins with mark.
type headed struct {
	mark, head    string
	begun, headed bool
}

func (h *headed) Write(p []byte) (int, error) {
	if !h.begun && strings.HasPrefix(string(p), h.mark) {
		fmt.Fprint(os.Stderr, h.head)
		h.headed = true
	}
	h.begun = true
	return os.Stderr.Write(p)
}
