package overlay

import (
	"fmt"
	"go/version"
	"path/filepath"
	"strconv"

	"pontoon.dev/labrun/internal/labtree"
)

// Without a go line go assumes this version.
const goLineDefault = "1.16"

// workspace returns a go.work that joins the tree's module with Pontoon's.
//
// Its go line must reach that of either module; each module keeps its own
// language version. But the settings of GODEBUG come from the workspace alone,
// so it asks for those of the lab's go line.
func workspace(tree *labtree.Tree, shim string) (string, error) {
	shimLine, err := labtree.GoLine(filepath.Join(shim, "go.mod"))
	if err != nil {
		return "", err
	}
	labLine := tree.GoLine
	if labLine == "" {
		labLine = goLineDefault
	}
	line := labLine
	if version.Compare("go"+shimLine, "go"+line) > 0 {
		line = shimLine
	}
	return fmt.Sprintf("go %s\n\ngodebug default=%s\n\nuse (\n\t%s\n\t%s\n)\n",
		line, version.Lang("go"+labLine), strconv.Quote(tree.ModDir), strconv.Quote(shim)), nil
}
