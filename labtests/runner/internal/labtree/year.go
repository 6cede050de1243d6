package labtree

import (
	"fmt"
	"path/filepath"
	"strings"
)

// recognise finds the year of a tree whose harness is raft/config.go, by the
// first thing that tells it from the years before.
func (t *Tree) recognise(h *harness) error {
	labrpc := h.labrpc()
	if labrpc == "" {
		return fmt.Errorf("%s does not import labrpc: restore this file, it is a part of the lab that labrun needs unchanged", t.file("config.go"))
	}
	t.Import = prefix(labrpc)
	t.CondInstall = h.selectors["CondInstallSnapshot"]

	switch {
	case t.Import == "":
		t.Layout, t.Year = GOPATH, 2017
		if isDir(filepath.Join(t.Src, "labgob")) {
			t.Year = 2018
		}
		return nil
	case strings.HasPrefix(labrpc, "."):
		t.Layout, t.Year = Relative, 2020
		return nil
	}
	return t.recogniseModule(h)
}

func (t *Tree) recogniseModule(h *harness) error {
	if err := t.readModule(); err != nil {
		return err
	}
	switch {
	case !h.selectors["SnapshotValid"]:
		// The harness of 2020 knows no snapshots; its trees that have been given
		// a module are still trees of 2020.
		t.Year = 2020
	case h.persister["Save"]:
		t.Year = 2023
		if t.Digit != '2' {
			t.Year = 2024
		}
	case h.persister["SaveStateAndSnapshot"]:
		// The harness was rewritten in the spring of 2022.
		t.Year = 2021
		if h.functions["ingestSnap"] {
			t.Year = 2022
		}
	default:
		return fmt.Errorf("%s has neither Save nor SaveStateAndSnapshot: restore this file, it is a part of the lab that labrun needs unchanged", t.file("persister.go"))
	}
	return nil
}

// readModule finds and reads go.mod.
func (t *Tree) readModule() error {
	t.Layout = Modules
	t.ModDir = moduleDir(t.Raft, filepath.Dir(t.Src))
	if t.ModDir == "" {
		return fmt.Errorf("%s has no go.mod, though its files import %q: restore go.mod of the lab", t.Src, t.Import+"/labrpc")
	}
	var err error
	t.Module, t.GoLine, err = readGoMod(filepath.Join(t.ModDir, "go.mod"))
	return err
}

// recognise2025 handles the trees whose harness is a package of its own.
func (t *Tree) recognise2025() (*Tree, error) {
	t.Year = 2025
	t.Harness = []string{"server.go", "test.go", "raft_test.go"}
	if isFile(filepath.Join(t.Src, "main", t.Daemon()+".go")) {
		t.Year = 2026
		t.Harness = []string{"server.go", "proxy.go", "test.go", "raft_test.go"}
	}
	t.RaftHarness = t.Harness
	h := &harness{}
	for _, name := range t.Harness {
		file, err := t.parse(name)
		if err != nil {
			return nil, err
		}
		h.addImports(file)
	}
	labrpc := h.labrpc()
	if labrpc == "" {
		return nil, fmt.Errorf("no harness file in %s imports labrpc: restore %s, they are a part of the lab that labrun needs unchanged", t.Raft, strings.Join(t.Harness, ", "))
	}
	t.Import = prefix(labrpc)
	if err := t.readModule(); err != nil {
		return nil, err
	}
	return t, t.readTests(nil)
}

// labrpc returns the path by which the harness imports labrpc, or "".
func (h *harness) labrpc() string {
	for _, path := range h.imports {
		if path == "labrpc" || strings.HasSuffix(path, "/labrpc") {
			return path
		}
	}
	return ""
}

// prefix is what stands before /labrpc.
func prefix(labrpc string) string {
	return strings.TrimSuffix(strings.TrimSuffix(labrpc, "labrpc"), "/")
}
