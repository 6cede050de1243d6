package labtree

import (
	"fmt"
	"path/filepath"
	"strings"
)

// recognise finds the year of a tree whose harness is raft/config.go, by the
// first thing that tells it from the years before.
func (t *Tree) recognise(h *harness) error {
	labrpc := ""
	for _, path := range h.imports {
		if path == "labrpc" || strings.HasSuffix(path, "/labrpc") {
			labrpc = path
		}
	}
	if labrpc == "" {
		return fmt.Errorf("%s does not import labrpc: restore this file, it is a part of the lab that labrun needs unchanged", t.file("config.go"))
	}
	t.Import = strings.TrimSuffix(strings.TrimSuffix(labrpc, "labrpc"), "/")
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
	t.Layout = Modules
	// The harness of 2020 knows no snapshots; its trees that have been given a
	// full import path are still trees of 2020.
	if !h.selectors["SnapshotValid"] {
		t.Year = 2020
		return nil
	}
	t.ModDir = moduleDir(t.Raft, filepath.Dir(t.Src))
	if t.ModDir == "" {
		return fmt.Errorf("%s has no go.mod, though its files import %q: restore go.mod of the lab", t.Src, t.Import+"/labrpc")
	}
	var err error
	if t.Module, t.GoLine, err = readGoMod(filepath.Join(t.ModDir, "go.mod")); err != nil {
		return err
	}
	switch {
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

// recognise2025 handles the trees whose harness is a package of its own.
func (t *Tree) recognise2025() (*Tree, error) {
	t.Layout, t.Year = Modules, 2025
	if isFile(filepath.Join(t.Src, "main", "raft1d.go")) {
		t.Year = 2026
	}
	return t, nil
}
