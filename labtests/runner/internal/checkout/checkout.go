// Package checkout finds the Pontoon checkout that labrun works for.
package checkout

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Find returns the real path of the Pontoon checkout: given, or $PONTOON_ROOT,
// or the first one upwards of the working directory or of this program.
func Find(given string) (string, error) {
	if given == "" {
		given = os.Getenv("PONTOON_ROOT")
	}
	if given != "" {
		real, err := filepath.EvalSymlinks(given)
		if err == nil {
			real, err = filepath.Abs(real)
		}
		if err != nil || !isRoot(real) {
			return "", fmt.Errorf("%s is no Pontoon checkout (with go-shim and rust/ffi in it): set -root or PONTOON_ROOT to one", given)
		}
		return real, nil
	}
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if program, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(program))
	}
	for _, dir := range starts {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		for ; ; dir = filepath.Dir(dir) {
			if isRoot(dir) {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", errors.New("no Pontoon checkout (with go-shim and rust/ffi in it) above the working directory: set -root or PONTOON_ROOT to one")
}

func isRoot(dir string) bool {
	for _, file := range []string{"go-shim/go.mod", "rust/ffi/Cargo.toml"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			return false
		}
	}
	return true
}
