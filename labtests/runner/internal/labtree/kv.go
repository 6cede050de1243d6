package labtree

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// AllKV as a part is all of the key/value lab's, AllRSM all of package rsm's.
const (
	AllKV  = "kv"
	AllRSM = "rsm"
)

// For returns the tree for the lab that a part belongs to: Raft's, or the
// key/value lab's of the years whose servers are package kvraft. Since 2025 the
// first part of that is package rsm's. A name that fits both is Raft's: 3A is
// Raft in 2024, and the key/value lab before.
func (t *Tree) For(part string) (*Tree, error) {
	kv, rsm := t.kvDirs()
	has := isDir(kv)
	switch {
	case part == AllKV && !has:
		return nil, fmt.Errorf("-part kv: %s has no package kvraft for Pontoon to stand in for, as the labs have", t.Src)
	case part == AllRSM && (!has || !isDir(rsm)):
		return nil, fmt.Errorf("-part rsm: %s has no package rsm for Pontoon to stand in for, as the labs since 2025 have", t.Src)
	case part == AllKV:
		return t.kv(kv)
	case part == AllRSM:
		return t.kv(rsm)
	case part == "" || part == "all" || !has:
		return t, nil
	}
	if _, err := t.Part(part); err == nil {
		return t, nil
	}
	match := partName.FindStringSubmatch(strings.ToUpper(part))
	switch {
	case match == nil || match[1] != string(t.Digit+1):
		return t, nil
	case match[2] == "A" && rsm != "":
		return t.kv(rsm)
	}
	return t.kv(kv)
}

// KVParts returns the parts for all that Pontoon has of the tree's key/value
// lab, one for each package.
func (t *Tree) KVParts() []string {
	kv, rsm := t.kvDirs()
	switch {
	case !isDir(kv):
		return nil
	case rsm != "" && isDir(rsm):
		return []string{AllRSM, AllKV}
	}
	return []string{AllKV}
}

// kvDirs are where the year has package kvraft and, since 2025, package rsm.
func (t *Tree) kvDirs() (kv, rsm string) {
	if t.Year < 2025 {
		return filepath.Join(t.Src, "kvraft"), ""
	}
	kv = filepath.Join(t.Src, "kvraft1")
	return kv, filepath.Join(kv, "rsm")
}

// kv returns the same checkout with package kvraft, or rsm, to test.
func (t *Tree) kv(dir string) (*Tree, error) {
	if !isDir(dir) {
		return nil, fmt.Errorf("%s does not exist: restore it, it is a part of the lab that labrun needs", dir)
	}
	kv := *t
	kv.Dir = realDir(dir)
	kv.Tests = nil
	if t.Year >= 2025 {
		kv.Harness = nil
		kv.Package = strings.TrimSuffix(filepath.Base(dir), "1")
		return &kv, kv.readTests(nil)
	}
	kv.Harness = []string{"config.go", "test_test.go"}
	config, err := kv.parse("config.go")
	if err != nil {
		return nil, err
	}
	kv.Package = config.Name.Name
	if t.Year == 2017 {
		return &kv, kv.readTests(nameParts2017)
	}
	return &kv, kv.readTests(nil)
}

// KV reports whether the package to test is the key/value lab's.
func (t *Tree) KV() bool { return t.Dir != t.Raft }

// RSM reports whether the package to test is the layer of 2025 and 2026 between Raft and its
// services.
func (t *Tree) RSM() bool { return t.KV() && t.Package == AllRSM }

// nameParts2017 gives the tests of 2017's key/value lab the parts that their
// names do not tell: those about snapshots are the second.
func nameParts2017(tests []Test) {
	for i := range tests {
		tests[i].Part = "3A"
		if strings.Contains(tests[i].Name, "Snapshot") {
			tests[i].Part = "3B"
		}
	}
}

// GoFiles returns the names of a directory's Go files that are no hidden ones.
func GoFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, ".go") && !strings.ContainsAny(name[:1], "._") && !entry.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}
