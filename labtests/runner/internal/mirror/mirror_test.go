package mirror

import (
	"os"
	"path/filepath"
	"testing"

	"pontoon.dev/labrun/internal/labtree"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o777)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestMake(t *testing.T) {
	for _, above := range []bool{false, true} { // go.mod above src
		top, dir := t.TempDir(), t.TempDir()
		tree := &labtree.Tree{Src: filepath.Join(top, "lab"), Raft: filepath.Join(top, "lab", "raft1"), ModDir: filepath.Join(top, "lab")}
		tree.Dir = filepath.Join(tree.Src, "kvraft1", "rsm")
		if above {
			tree.ModDir = top
		}
		write(t, filepath.Join(tree.ModDir, "go.mod"), "module")
		write(t, filepath.Join(tree.Raft, "raft.go"), "raft")
		write(t, filepath.Join(tree.Dir, "rsm.go"), "rsm")
		write(t, filepath.Join(tree.Src, "main", "raft1d.go"), "main")
		write(t, filepath.Join(tree.Src, "main", "raft1d"), "built before")
		write(t, filepath.Join(tree.Src, ".git", "config"), "git")

		m, err := Make(tree, dir)
		if err != nil {
			t.Fatal(err)
		}
		if m.Origin != tree.Dir || filepath.Base(m.Src) != "src" || m.Raft != filepath.Join(m.Src, "raft1") {
			t.Errorf("got %+v", m)
		}
		for file, want := range map[string]string{
			filepath.Join(m.ModDir, "go.mod"):             "module",
			filepath.Join(m.Raft, "raft.go"):              "raft",
			filepath.Join(m.Dir, "rsm.go"):                "rsm",
			filepath.Join(m.Src, "main", "raft1d.go"):     "main",
			filepath.Join(m.Src, "main", "raft1d"):        "",
			filepath.Join(m.Src, ".git", "config"):        "",
			filepath.Join(m.ModDir, "go.sum"):             "",
			filepath.Join(dir, "lab", "raft1", "raft.go"): "",
		} {
			if text, _ := os.ReadFile(file); string(text) != want {
				t.Errorf("%s is %q, want %q", file, text, want)
			}
		}
		// What is built into the mirror does not reach the tree.
		write(t, filepath.Join(m.Src, "main", "raft1d"), "new")
		if text, _ := os.ReadFile(filepath.Join(tree.Src, "main", "raft1d")); string(text) != "built before" {
			t.Errorf("the tree's program is %q now", text)
		}
	}
}
