package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"pontoon.dev/labrun/internal/gotool"
)

// listed is what go list says of one package.
type listed struct {
	ImportPath, Dir, ForTest           string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

// Verify asks go what it would compile, and returns the import path of the
// package to test. A key of an overlay that matches no file is ignored in
// silence, and then the student's own Raft would be tested: so this is an error
// unless every package consists of exactly the planned files, and what they are
// to have of Pontoon is among what they import.
func (o *Overlay) Verify(ctx context.Context, goPath string, env, flags []string) (string, error) {
	for _, f := range o.packages() {
		for _, name := range f.Hidden {
			if _, err := os.Lstat(filepath.Join(f.Dir, name)); err != nil {
				return "", fmt.Errorf("a file of the tree went away while labrun looked at it: %w", err)
			}
		}
	}
	args := append([]string{"list", "-deps", "-test", "-json=ImportPath,Dir,ForTest,GoFiles,TestGoFiles,XTestGoFiles"}, flags...)
	cmd := gotool.Command(ctx, o.Dir, env, goPath, args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		if missing := o.missing(words.String()); missing != "" {
			return "", fmt.Errorf("the lab's package %s is missing, which package %s needs: restore %s", path.Base(missing), o.Name, filepath.Join(o.Tree.Src, missing))
		}
		return "", fmt.Errorf("go cannot load package %s %s (%w; %s):\n%s", o.Name, o.With(), err, o.Describe(), words.Bytes())
	}
	return o.check(&out)
}

// missing returns the directory, below the tree's source, of a package of the
// tree's own module that go says it cannot find; "" if it says nothing like it.
func (o *Overlay) missing(words string) string {
	if o.Tree.Module == "" {
		return ""
	}
	match := regexp.MustCompile(`(?:provides package|package) ` + regexp.QuoteMeta(o.Tree.Module) + `/([\w./-]+?)(?:[;:]| is not in )`).FindStringSubmatch(words)
	if match == nil {
		return ""
	}
	return match[1]
}

func (o *Overlay) check(out io.Reader) (string, error) {
	found := map[string]listed{} // by directory
	imported := map[string]bool{}
	for decoder := json.NewDecoder(out); ; {
		var p listed
		err := decoder.Decode(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("go list printed no JSON: %w", err)
		}
		if _, again := found[p.Dir]; !again && p.ForTest == "" && len(p.GoFiles) > 0 {
			found[p.Dir] = p
		}
		imported[p.ImportPath] = true
	}
	for _, path := range o.imports() {
		if !imported[path] {
			return "", fmt.Errorf("the overlay had no effect: package %s in %s does not import %s", o.Name, o.Dir, path)
		}
	}
	for _, f := range o.packages() {
		p, ok := found[f.Dir]
		if !ok && slices.Contains(o.others, f) {
			continue // what nothing imports here
		}
		if !ok {
			return "", fmt.Errorf("the overlay had no effect: go finds no package %s in %s", f.Name, f.Dir)
		}
		want := slices.Concat(f.Kept, f.Replaced(), f.added)
		slices.Sort(want)
		got := slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return "", fmt.Errorf("the overlay had no full effect: go would compile %v in %s, instead of %v", got, f.Dir, want)
		}
	}
	return found[o.Dir].ImportPath, nil
}
