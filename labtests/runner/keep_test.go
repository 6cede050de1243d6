package main

import (
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/fixture"
)

// A key/value service that knows only the Raft of the lab runs on Pontoon's, in
// the API of an early year and of a late one. Its clients never rest.
func TestKeepAServiceThatWorks(t *testing.T) {
	l := newLab(t, 2022, func(dir string) error { return fixture.AddStudentKV(root(t), 2022, dir) })
	code, out, words := l.run(nil, "-part", "kv", "-keep", "kvraft", "-virtual")
	if code != 0 || strings.Count(out, "... Passed --") != 2 || !strings.Contains(words, "package kvraft is the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}

	whole := &lab{t: t, dir: t.TempDir(), tmp: t.TempDir()}
	err := fixture.WriteStudentKV(root(t), whole.dir)
	if err == nil {
		whole.hash, err = fixture.Hash(whole.dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, words = whole.run(nil, "-part", "kv", "-keep", "kvraft", "-virtual")
	if code != 0 || strings.Count(out, "... Passed --") != 25 {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}
