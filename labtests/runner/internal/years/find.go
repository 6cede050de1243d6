// Package years finds the lab checkouts in a folder and tells what a run of the
// tests of each came to.
package years

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"pontoon.dev/labrun/internal/labtree"
)

// depth is how far below the folder checkouts are looked for: a clone may lie in
// a directory named after its year.
const depth = 2

// Checkout is a lab checkout. One that is damaged has Err instead of Tree.
type Checkout struct {
	Dir  string
	Tree *labtree.Tree
	Err  error
}

// year is 0 for a damaged checkout.
func (c Checkout) year() int {
	if c.Tree == nil {
		return 0
	}
	return c.Tree.Year
}

// Find returns the checkouts in a folder, oldest first. It is an error if there
// are none.
func Find(folder string) ([]Checkout, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is no directory: give one that holds lab checkouts", folder)
	}
	found, err := search(folder, depth)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no 6.824 or 6.5840 lab in %s: give a directory that holds the checkouts, each with its src/raft", folder)
	}
	slices.SortStableFunc(found, func(a, b Checkout) int {
		return cmp.Or(cmp.Compare(a.year(), b.year()), cmp.Compare(a.Dir, b.Dir))
	})
	return found, nil
}

func search(dir string, depth int) ([]Checkout, error) {
	if labtree.Is(dir) {
		tree, err := labtree.Find(dir)
		return []Checkout{{Dir: dir, Tree: tree, Err: err}}, nil
	}
	if depth == 0 {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []Checkout
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() || entry.Name()[0] == '.' {
			continue
		}
		below, err := search(path, depth-1)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}
