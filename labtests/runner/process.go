package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"pontoon.dev/labrun/internal/gotool"
	"pontoon.dev/labrun/internal/labtree"
	"pontoon.dev/labrun/internal/mirror"
)

// forProcesses prepares for a tree whose servers are processes: their program
// is built into a mirror of the tree.
func (s *session) forProcesses(tree *labtree.Tree) (*labtree.Tree, error) {
	file := filepath.Join(tree.Src, "main", tree.Daemon()+".go")
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("%s does not exist: restore it, it is a part of the lab that labrun needs", file)
	}
	return mirror.Make(tree, filepath.Join(s.work, "mirror"))
}

// buildDaemon compiles the servers' program as the tests are compiled. If go
// does not, what it says is passed on.
func (s *session) buildDaemon(ctx context.Context) error {
	dir := filepath.Join(s.overlay.Tree.Src, "main")
	daemon := s.overlay.Tree.Daemon()
	args := append([]string{"build"}, s.flags...)
	args = append(args, "-buildvcs=false", "-o", daemon, daemon+".go")
	if s.verbose {
		fmt.Fprintf(os.Stderr, "labrun: in %s: %s %q\n", dir, s.goPath, args)
	}
	cmd := gotool.Command(ctx, dir, s.env, s.goPath, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, s.compilerWords("main/"+daemon+".go")
	err := gotool.Run(ctx, cmd)
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		return errSaid
	}
	return err
}
