package labtree

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// readGoMod returns the module path and the go line of a go.mod file. A line
// that it does not understand is left for go to complain about.
func readGoMod(file string) (module, goLine string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "//")
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		switch words[0] {
		case "module":
			module = words[1]
			if unquoted, err := strconv.Unquote(module); err == nil {
				module = unquoted
			}
		case "go":
			goLine = words[1]
		}
	}
	return module, goLine, lines.Err()
}

// moduleDir returns the directory of the go.mod that governs dir, looking no
// higher than top, or "" if there is none.
func moduleDir(dir, top string) string {
	for {
		if isFile(filepath.Join(dir, "go.mod")) {
			return dir
		}
		if dir == top || dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// GoLine returns the go line of a go.mod file.
func GoLine(file string) (string, error) {
	_, line, err := readGoMod(file)
	return line, err
}
