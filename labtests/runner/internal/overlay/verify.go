package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pontoon.dev/labrun/internal/gotool"
)

// listed is what go list says of one package.
type listed struct {
	ImportPath, Dir, ForTest string
	GoFiles, TestGoFiles     []string
}

// Verify asks go what it would compile, and returns the import path of package
// raft. A key of an overlay that matches no file is ignored in silence, and
// then the student's own Raft would be tested: so this is an error unless
// package raft consists of exactly the planned files and imports Pontoon.
func (o *Overlay) Verify(ctx context.Context, goPath string, env, flags []string) (string, error) {
	for _, name := range o.Hidden {
		if _, err := os.Lstat(filepath.Join(o.Tree.Raft, name)); err != nil {
			return "", fmt.Errorf("a file of the tree went away while labrun looked at it: %w", err)
		}
	}
	args := append([]string{"list", "-deps", "-test", "-json=ImportPath,Dir,ForTest,GoFiles,TestGoFiles"}, flags...)
	cmd := gotool.Command(ctx, o.Tree.Raft, env, goPath, args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", fmt.Errorf("go cannot load package raft with Pontoon in it (%w):\n%s", err, words.Bytes())
	}
	return o.check(&out)
}

func (o *Overlay) check(out io.Reader) (string, error) {
	var raft *listed
	pontoon := false
	for decoder := json.NewDecoder(out); ; {
		var p listed
		err := decoder.Decode(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("go list printed no JSON: %w", err)
		}
		if p.Dir == o.Tree.Raft && p.ForTest == "" && len(p.GoFiles) > 0 && raft == nil {
			raft = &p
		}
		pontoon = pontoon || p.ImportPath == labPackage
	}
	if raft == nil || !pontoon {
		return "", fmt.Errorf("the overlay had no effect: package raft in %s does not import %s", o.Tree.Raft, labPackage)
	}
	want := slices.Concat(o.Kept, o.Replaced(), o.added)
	slices.Sort(want)
	got := slices.Concat(raft.GoFiles, raft.TestGoFiles)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return "", fmt.Errorf("the overlay had no full effect: go would compile %v in %s, instead of %v", got, o.Tree.Raft, want)
	}
	return raft.ImportPath, nil
}
