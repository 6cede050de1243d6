package explain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
)

const (
	listBegins = "<!-- The lists are generated: go test ./internal/explain with UPDATE_DOCS=1 in labtests/runner. -->\n"
	listEnds   = "<!-- end of the lists -->\n"
)

// docs/explain.md lists the rules as they are.
func TestDocsListTheRules(t *testing.T) {
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "docs", "explain.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), listBegins)
	list, after, ends := strings.Cut(rest, listEnds)
	if !found || !ends {
		t.Fatalf("%s has no place for the lists: between %q and %q", path, listBegins, listEnds)
	}
	want := lists()
	if list == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("the lists in %s are out of date: run this test with UPDATE_DOCS=1", path)
	}
	if err := os.WriteFile(path, []byte(before+listBegins+want+listEnds+after), 0o666); err != nil {
		t.Fatal(err)
	}
}

func lists() string {
	var b strings.Builder
	proofs, suspicions := Rules()
	fmt.Fprintf(&b, "\n## The %d rules\n", len(proofs))
	table(&b, proofs)
	fmt.Fprintf(&b, "\n## The %d suspicions\n", len(suspicions))
	table(&b, suspicions)
	b.WriteString("\n")
	return b.String()
}

func table(b *strings.Builder, rules []Rule) {
	b.WriteString("| name | rule | where |\n|---|---|---|\n")
	for _, r := range rules {
		where := r.Section
		if r.Read != "" {
			page := strings.TrimPrefix(r.Read, "docs/")
			where += fmt.Sprintf("; [%s](%s)", strings.TrimSuffix(page, ".md"), page)
		}
		fmt.Fprintf(b, "| `%s` | **%s.** %s | %s |\n", r.ID, r.Title, r.Says, where)
	}
}
