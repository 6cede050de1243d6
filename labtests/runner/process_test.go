package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The servers' program is built, but not where the student has an older one.
func TestServersAsProcesses(t *testing.T) {
	l := newLab(t, 2026, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "src", "main", "raft1d"), []byte("#!/bin/false\n"), 0o777)
	})
	code, out, words := l.run(nil)
	if code != 0 || strings.Count(out, "... Passed --") != 3 || !strings.Contains(out, "\nPASS\nok  \t") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	if !strings.HasPrefix(words, "labrun: "+l.dir) || strings.Count(words, "\n") != 1 {
		t.Errorf("labrun said %q", words)
	}
	code, out, words = l.run(nil, "-virtual")
	if code != 2 || out != "" || strings.Count(words, "\n") != 1 || !strings.Contains(words, "a process of its own") {
		t.Errorf("-virtual: exit code %d\n%s%s", code, out, words)
	}
}

// Each package of the key/value lab has a servers' program of its own.
func TestKeyValueLabInProcesses(t *testing.T) {
	l := newLab(t, 2026, nil)
	for part, want := range map[string]int{"4A": 2, "4B": 1} {
		code, out, words := l.run(nil, "-part", part)
		if code != 0 || strings.Count(out, "... Passed --") != want {
			t.Errorf("%s: exit code %d\n%s%s", part, code, out, words)
		}
	}
	// The tree's own answers nothing.
	code, out, words := l.run(nil, "-part", "4A", "-run", "Crash", "-keep", "kvraft")
	if code != 1 || !strings.Contains(out, "FAIL: TestSmokeCrash4A") || !strings.Contains(words, "package rsm is the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	l = newLab(t, 2026, func(dir string) error { return os.Remove(filepath.Join(dir, "src", "main", "rsm1d.go")) })
	code, out, words = l.run(nil, "-part", "rsm")
	if code != 2 || out != "" || !strings.Contains(words, "rsm1d.go does not exist: restore it") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

func TestServersProgramThatDoesNotCompile(t *testing.T) {
	l := newLab(t, 2026, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "src", "main", "raft1d.go"), []byte("package main\n\nfunc main() { missing() }\n"), 0o666)
	})
	code, out, words := l.run(nil)
	at := strings.Index(words, "labrun: main/raft1d.go does not compile with Pontoon in it; Pontoon stands in for raft.go")
	if code != 2 || at < 0 || at > strings.Index(words, "undefined: missing") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}
