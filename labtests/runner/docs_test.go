package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/mutants"
)

var (
	docLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	docCode    = regexp.MustCompile("`[^`\n]+`")
	docLine    = regexp.MustCompile(`(?m)^\$ .*$`) // in a block of code: what is typed
	docKebab   = regexp.MustCompile("^`[a-z0-9]+(-[a-z0-9]+)+`$")
	docMutant  = regexp.MustCompile(`(?:PONTOON_MUTANT=|--mutant )([\w-]+)`)
	docMake    = regexp.MustCompile(`\bmake ([\w-]+)`)
	docLabrun  = regexp.MustCompile(`\blabrun (\w+)((?:'[^']*'|[^|\n` + "`" + `])*)`)
	docFlag    = regexp.MustCompile(`(?:^|\s)-([a-z][\w-]*)`)
	docRun     = regexp.MustCompile(`-run '?([\w|]+)`)
	docHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	docNoWord  = regexp.MustCompile(`[^\w-]`)
	docDiff    = regexp.MustCompile("(?ms)^```diff\n(.*?)^```")
	docHunk    = regexp.MustCompile(`(?m)^@@.*\n`)
	docFile    = regexp.MustCompile("`((?:rust|go-shim|labtests|include|docs)/[\\w./-]+)`")
	makeTarget = regexp.MustCompile(`(?m)^([\w-]+):.*##`)
	testFunc   = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	helpFlag   = regexp.MustCompile(`(?m)^  -([\w-]+)`)
)

// facts are what the documents may name.
type facts struct {
	mutants, rules, targets, tests map[string]bool
	textbook                       string                     // the Raft that diffs are of
	flags                          map[string]map[string]bool // by labrun's command
}

// check says what is wrong with a document in dir.
func (f *facts) check(root, dir, text string) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, m := range docLink.FindAllStringSubmatch(text, -1) {
		path, anchor, _ := strings.Cut(m[1], "#")
		if path != "" && !strings.Contains(path, "://") && !leads(filepath.Join(root, dir, path), anchor) {
			say("the link %s leads nowhere", m[1])
		}
	}
	for _, m := range docMutant.FindAllStringSubmatch(text, -1) {
		if m[1] != "name" && m[1] != "NAME" && !f.mutants[m[1]] && !strings.HasPrefix(m[1], "disk-") {
			say("there is no mutant %s", m[1])
		}
	}
	for _, m := range docFile.FindAllStringSubmatch(text, -1) {
		if !leads(filepath.Join(root, m[1]), "") {
			say("there is no file %s", m[1])
		}
	}
	for _, m := range docDiff.FindAllStringSubmatch(text, -1) {
		for _, hunk := range docHunk.Split(m[1], -1) {
			if before := without(hunk, '+'); strings.Count(f.textbook, before) != 1 {
				say("this is not the textbook Raft, or there more than once: %q", before)
			}
		}
	}
	for _, code := range append(docCode.FindAllString(text, -1), docLine.FindAllString(text, -1)...) {
		name := strings.Trim(code, "`")
		if strings.HasPrefix(dir, "docs/guide") && docKebab.MatchString(code) && !f.mutants[name] && !f.rules[name] && name != "go-shim" {
			say("%s is neither a mutant nor a rule", code)
		}
		for _, m := range docMake.FindAllStringSubmatch(code, -1) {
			if !f.targets[m[1]] {
				say("the Makefile has no target %s", m[1])
			}
		}
		for _, m := range docLabrun.FindAllStringSubmatch(code, -1) {
			f.checkLabrun(m[1], m[2], say)
		}
	}
	return wrong
}

// checkLabrun looks at a command of labrun and its arguments.
func (f *facts) checkLabrun(name, args string, say func(string, ...any)) {
	flags, ok := f.flags[name]
	if !ok {
		say("labrun has no command %s", name)
		return
	}
	for _, flag := range docFlag.FindAllStringSubmatch(args, -1) {
		if !flags[flag[1]] {
			say("labrun %s has no flag -%s", name, flag[1])
		}
	}
	for _, run := range docRun.FindAllStringSubmatch(args, -1) {
		for _, test := range strings.Split(run[1], "|") {
			if name == "test" && !f.hasTest(test) {
				say("no test matches %s", test)
			}
		}
	}
}

// leads reports whether there is a file, and a heading in it for the anchor.
func leads(path, anchor string) bool {
	if anchor == "" {
		_, err := os.Stat(path)
		return err == nil
	}
	text, err := os.ReadFile(path)
	for _, m := range docHeading.FindAllStringSubmatch(string(text), -1) {
		if docNoWord.ReplaceAllString(strings.ReplaceAll(strings.ToLower(m[1]), " ", "-"), "") == anchor {
			return err == nil
		}
	}
	return false
}

// without are a diff's lines, but for those that begin with mark.
func without(diff string, mark byte) string {
	var kept strings.Builder
	for line := range strings.Lines(diff) {
		if line[0] != mark {
			kept.WriteString(line[1:])
		}
	}
	return kept.String()
}

func (f *facts) hasTest(part string) bool {
	for name := range f.tests {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func gather(t *testing.T, root string) *facts {
	t.Helper()
	f := &facts{mutants: map[string]bool{}, rules: map[string]bool{}, flags: map[string]map[string]bool{}}
	all, err := mutants.List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		f.mutants[m.Name] = true
	}
	proofs, suspicions := explain.Rules()
	for _, rule := range append(proofs, suspicions...) {
		f.rules[rule.ID] = true
	}
	files, err := filepath.Glob(filepath.Join(root, "labtests/runner/internal/bench/_textbook/*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		f.textbook += read(t, file)
	}
	f.targets = names(t, makeTarget, root, "Makefile")
	f.tests = names(t, testFunc, root, "labtests/src/*/*_test.go", "labtests/src2025/*/*_test.go")
	for _, m := range regexp.MustCompile(`(?m)^  labrun (\w+)`).FindAllStringSubmatch(usage, -1) {
		_, out, words := result(t, command(t, nil, m[1], "-h"))
		f.flags[m[1]] = map[string]bool{}
		for _, flag := range helpFlag.FindAllStringSubmatch(out+words, -1) {
			f.flags[m[1]][flag[1]] = true
		}
	}
	return f
}

// names are the first groups of all matches in the files of the patterns.
func names(t *testing.T, what *regexp.Regexp, root string, patterns ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			for _, m := range what.FindAllStringSubmatch(read(t, file), -1) {
				found[m[1]] = true
			}
		}
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the documents name is there: files, mutants, rules, targets, flags, tests.
func TestDocuments(t *testing.T) {
	root := root(t)
	f := gather(t, root)
	pages := []string{"README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/guide/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			page, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, page)
		}
	}
	for _, page := range pages {
		for _, wrong := range f.check(root, filepath.Dir(page), read(t, filepath.Join(root, page))) {
			t.Errorf("%s: %s", page, wrong)
		}
	}
	proofs, suspicions := explain.Rules()
	for _, rule := range append(proofs, suspicions...) {
		if _, err := os.Stat(filepath.Join(root, rule.Read)); err != nil {
			t.Errorf("the rule %s: %v", rule.ID, err)
		}
	}

	for text, want := range map[string]string{
		"[here](nowhere.md#top)":                        "the link nowhere.md#top leads nowhere",
		"[here](index.md#nowhere)":                      "the link index.md#nowhere leads nowhere",
		"PONTOON_MUTANT=no-such":                        "there is no mutant no-such",
		"`rust/core/src/nothing.rs`":                    "there is no file rust/core/src/nothing.rs",
		"the mutant `no-such`":                          "`no-such` is neither a mutant nor a rule",
		"```diff\n-\tbrew()\n+\tpour()\n```\n":          `this is not the textbook Raft, or there more than once: "\tbrew()\n"`,
		"`make coffee`":                                 "the Makefile has no target coffee",
		"`labrun brew`":                                 "labrun has no command brew",
		"\n$ X=1 target/labrun test -virtual -decaf 2A": "labrun test has no flag -decaf",
		"\n$ labrun test -run 'Backup2B|Nothing'":       "no test matches Nothing",
	} {
		if wrong := f.check(root, "docs/guide", text); len(wrong) != 1 || wrong[0] != want {
			t.Errorf("%q: %q instead of %q", text, wrong, want)
		}
	}
}
