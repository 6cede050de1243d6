package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/fixture"
)

// textbookRaft writes labrun bench's Go Raft, as a student of a year would have
// it, to the directory dir, which takes the place of what is there.
func textbookRaft(t *testing.T, year int, dir string) {
	t.Helper()
	api, others := "api_classic.go", "api_tester1.go"
	if year >= 2025 {
		api, others = others, api
	}
	imports := map[int]string{2017: `"`, 2018: `"`, 2020: `"../`, 2021: `"6.824/`, 2022: `"6.824/`}[year]
	if imports == "" {
		imports = `"6.5840/`
	}
	from := filepath.Join(root(t), "labtests", "runner", "internal", "bench", "_textbook")
	names, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		base := filepath.Base(name)
		if err == nil && base != others {
			if base == api {
				base = "api.go"
			}
			err = os.WriteFile(filepath.Join(dir, base), []byte(strings.ReplaceAll(string(text), `"6.5840/`, imports)), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wholeTree is a copy of the embedded tree with the textbook Raft as its own.
func wholeTree(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), tmp: t.TempDir()}
	src := filepath.Join(l.dir, "src")
	err := os.CopyFS(src, os.DirFS(filepath.Join(root(t), "labtests", "src")))
	if err == nil {
		textbookRaft(t, 2023, filepath.Join(src, "raft"))
		l.hash, err = fixture.Hash(l.dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// noTools is an environment in which neither Rust nor a C compiler is found.
func noTools(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	goPath, err := findProgram("go")
	if err == nil {
		err = os.Symlink(goPath, filepath.Join(dir, "go"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + dir, "CGO_ENABLED=0"}
}

func findProgram(name string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if path := filepath.Join(dir, name); isExecutable(path) {
			return filepath.EvalSymlinks(path)
		}
	}
	return "", errors.New(name + " is not on PATH")
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0 && !info.IsDir()
}

// A student's own Raft gets the course's whole suite in the time of a breath,
// with traces in which nothing is found.
func TestOwnRaftInVirtualTime(t *testing.T) {
	l, traces := wholeTree(t), t.TempDir()
	code, out, words := l.run(noTools(t), "-virtual", "-impl", "own", "-part", "all", "-trace", traces)
	if code != 0 || strings.Count(out, "... Passed --") != 31 || !strings.Contains(words, "all of it is the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	kept := keptTraces(t, traces)
	if len(kept) != 31 {
		t.Errorf("%d traces were kept", len(kept))
	}
	noFindings(t, kept)
}

// Every year's tree runs a Raft of that year from anywhere, and its own.
func TestOtherRaftsInEachYear(t *testing.T) {
	for _, year := range fixture.Years() {
		if year == 2017 {
			continue // another ApplyMsg than the textbook's
		}
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			how, tests := []string{"-virtual", "-impl"}, 3
			if year >= 2026 {
				how, tests = []string{"-part", "2A", "-impl"}, 1 // in real time: servers are processes
			}
			raft := t.TempDir()
			textbookRaft(t, year, raft)
			l := newLab(t, year, nil)
			code, out, words := l.run(noTools(t), append(how, raft)...)
			if code != 0 || strings.Count(out, "... Passed --") != tests || !strings.Contains(words, "the Raft of "+raft) {
				t.Errorf("-impl DIR: exit code %d\n%s%s", code, out, words)
			}
			l = newLab(t, year, func(dir string) error {
				to := filepath.Join(dir, "src", "raft")
				if year >= 2025 {
					to = filepath.Join(dir, "src", "raft1")
				}
				textbookRaft(t, year, to)
				return nil
			})
			code, out, words = l.run(noTools(t), append(how, "own")...)
			if code != 0 || strings.Count(out, "... Passed --") != tests {
				t.Errorf("-impl own: exit code %d\n%s%s", code, out, words)
			}
		})
	}
}

// The skeleton of 2017 elects nobody, but it is what runs.
func TestOwnRaftOf2017(t *testing.T) {
	l := newLab(t, 2017, nil)
	code, out, words := l.run(noTools(t), "-virtual", "-impl", "own", "-part", "2A")
	if code != 1 || !strings.Contains(out, "--- FAIL: TestSmoke2A") || !strings.Contains(words, "the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// With the key/value lab's parts the tree stays what it is, too, or it gets
// another Raft below its own service, or below Pontoon's.
func TestOwnKeyValueService(t *testing.T) {
	raft := t.TempDir()
	textbookRaft(t, 2022, raft)
	l := newLab(t, 2022, func(dir string) error {
		textbookRaft(t, 2022, filepath.Join(dir, "src", "raft"))
		return fixture.AddStudentKV(root(t), 2022, dir)
	})
	for _, c := range []struct{ impl, keep, said string }{
		{"own", "", "all of it is the tree's own"},
		{raft, "kvraft", "of package raft, package kvraft is the tree's own"},
		{raft, "", "in package kvraft Pontoon for server.go"},
	} {
		code, out, words := l.run(noTools(t), "-virtual", "-impl", c.impl, "-part", "kv", "-keep", c.keep)
		if code != 0 || strings.Count(out, "... Passed --") != 2 || !strings.Contains(words, c.said) {
			t.Errorf("%+v: exit code %d\n%s%s", c, code, out, words)
		}
	}
}

// A Raft that does not fit gets a sentence.
func TestRaftsThatDoNotFit(t *testing.T) {
	l := newLab(t, 2023, nil)
	write := func(name, text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	old, new := t.TempDir(), t.TempDir()
	textbookRaft(t, 2022, old)
	textbookRaft(t, 2025, new)
	checkout := newLab(t, 2021, nil).dir
	for _, c := range []struct{ impl, want string }{
		{"/no/such/raft", "/no/such/raft does not exist"},
		{write("x.go", "package kvraft\n"), "is of package kvraft: give the directory of a package raft"},
		{write("raft.go", "package raft\n\nfunc {"), "this Raft does not compile: "},
		{write("raft.go", "package raft\n\ntype Raft struct{}\n"), "has a func Make"},
		{write("notes.txt", ""), "has a func Make"},
		{old, `imports "6.824/labrpc", and the lab of 2023`},
		{new, `raftapi", and the lab of 2023`},
		{checkout, "this is a Raft of 2021, and the tests are of 2023, with another interface: run it in its own tree, with -lab " + checkout},
	} {
		code, _, words := l.run(nil, "-impl", c.impl)
		if code != exitUsage || !strings.Contains(words, c.want) || strings.Count(words, "\n") != 1 {
			t.Errorf("-impl %s: exit code %d\n%s", c.impl, code, words)
		}
	}
	code, _, words := l.run(nil, "-impl", "own", "-cargo-feature", "mutants")
	if code != exitUsage || !strings.Contains(words, "has no Rust library") {
		t.Errorf("exit code %d\n%s", code, words)
	}
}

// What the compiler says of another Raft comes with whose files they are.
func TestARaftThatDoesNotCompile(t *testing.T) {
	raft := t.TempDir()
	textbookRaft(t, 2023, raft)
	if err := os.WriteFile(filepath.Join(raft, "more.go"), []byte("package raft\n\nvar more int = \"\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, 2023, nil)
	code, _, words := l.run(nil, "-virtual", "-impl", raft)
	if code != exitUsage || !strings.Contains(words, "package raft does not compile with the Raft of "+raft+" in it") || !strings.Contains(words, "more.go:3:") {
		t.Errorf("exit code %d\n%s", code, words)
	}
}
