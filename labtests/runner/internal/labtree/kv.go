package labtree

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// AllKV as a part is all of the key/value lab's.
const AllKV = "kv"

// For returns the tree for the lab that a part belongs to: Raft's, or the
// key/value lab's of the years whose servers are package kvraft. A name that
// fits both is Raft's: 3A is Raft in 2024, and the key/value lab before.
func (t *Tree) For(part string) (*Tree, error) {
	has := t.Year <= 2024 && isDir(filepath.Join(t.Src, "kvraft"))
	switch {
	case part == AllKV && has:
		return t.kv()
	case part == AllKV:
		return nil, fmt.Errorf("-part kv: %s has no package kvraft for Pontoon to stand in for, as the labs until 2024 have", t.Src)
	case part == "" || part == "all" || !has:
		return t, nil
	}
	if _, err := t.Part(part); err == nil {
		return t, nil
	}
	if match := partName.FindStringSubmatch(strings.ToUpper(part)); match == nil || match[1] != string(t.Digit+1) {
		return t, nil
	}
	return t.kv()
}

// kv returns the same checkout with package kvraft to test.
func (t *Tree) kv() (*Tree, error) {
	kv := *t
	kv.Dir = realDir(filepath.Join(t.Src, "kvraft"))
	kv.Harness = []string{"config.go", "test_test.go"}
	kv.Tests = nil
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
