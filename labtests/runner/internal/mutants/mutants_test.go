package mutants

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/rustlib"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// No deliberate bug is in the library as it is delivered, and all are in the
// one that has the feature: else the search would find nothing whatever happens.
func TestReleaseHasNoMutant(t *testing.T) {
	all, err := List(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for feature, want := range map[string]bool{"": false, "mutants": true} {
		library, err := rustlib.Build(context.Background(), root(t), rustlib.Options{Feature: feature, Log: os.Stderr})
		if err != nil {
			t.Fatal(err)
		}
		code, err := os.ReadFile(library.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(all, Mutant{Name: "PONTOON_MUTANT"}) {
			if got := bytes.Contains(code, []byte(name.Name)); got != want {
				t.Errorf("feature %q: %s is in %s: %v, want %v", feature, name.Name, library.Path, got, want)
			}
		}
	}
}

// Every explanation is for a mutant that there is.
func TestReasonsNameMutants(t *testing.T) {
	all, err := List(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for suite, texts := range reasons {
		for name := range texts {
			if _, err := pick(all, name); err != nil {
				t.Errorf("%s: %v", suite, err)
			}
		}
	}
}

func TestTable(t *testing.T) {
	o := &options{suites: suiteNames}
	killed := Row{Mutant{"vote-twice", "§5.2: twice"}, map[string]Result{
		"paper": {Killed: true, Tries: 90, Count: 2, By: "request_vote::second", Seconds: 1},
		"sim":   {Killed: true, Tries: 7, By: "election safety", Seconds: 0.5},
		"lab":   {Tries: 3, Own: "TestHardVoteTwice2C (fail)"},
	}}
	survivor := Row{Mutant{"new-bug", "rule 0"}, map[string]Result{"paper": {Tries: 90}, "sim": {Tries: 2000}, "lab": {Tries: 3}}}
	if killed.survived() || !survivor.survived() {
		t.Error("a row that some suite killed has not survived; one that none did has")
	}
	var text bytes.Buffer
	writeMarkdown(&text, []Row{killed, survivor}, o, "abc", nil)
	for _, want := range []string{
		"| vote-twice | 2 of 90, request_vote::second, 1.0 s | 7 seeds, 0.50 s: election safety | *survived* 3 passes | TestHardVoteTwice2C (fail) | §5.2: twice |",
		"| new-bug | *survived* 90 tests | *survived* 2000 seeds in every range | *survived* 3 passes | - | rule 0 |",
		"lab, the course's tests: 0 of 2 killed",
		"our own tests kill 1 more",
		"new-bug survives the simulator: no explanation is known",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-suites lob", `-suites "lob": say some of paper,sim,lab`},
		{"-only vote-thrice", `no mutant is called "vote-thrice"; there are commit-old-term`},
		{"-passes 0", "must be positive"},
		{"vote-twice", "mutants are given with -only"},
	} {
		err := Command(context.Background(), strings.Fields(c.args))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.args, err, c.want)
		}
	}
}
