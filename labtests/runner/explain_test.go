package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pontoon.dev/go-shim/trace"
)

// twoLeaders is a test in which two servers lead one term.
var twoLeaders = []trace.Event{
	{Kind: trace.Run, Server: trace.None, Peer: trace.None, Text: "pontoon"},
	{Kind: trace.TestStart, Server: trace.None, Peer: trace.None, Text: "TestTwoLeaders2A"},
	{Kind: trace.Make, Server: 0, Peer: trace.None},
	{Kind: trace.Make, Server: 1, Peer: trace.None},
	{Kind: trace.State, Server: 0, Peer: trace.None, Term: 3, Flag: true},
	{Kind: trace.State, Server: 1, Peer: trace.None, Term: 3, Flag: true},
	{Kind: trace.Failure, Server: trace.None, Peer: trace.None, Text: "term 3 has 2 (>1) leaders"},
	{Kind: trace.TestEnd, Server: trace.None, Peer: trace.None, Text: "TestTwoLeaders2A"},
}

// record writes events to a file, of at most limit bytes.
func record(t *testing.T, path string, limit int64, events []trace.Event) string {
	t.Helper()
	r, err := trace.Create(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	r.RecordAll(events)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExplainNamesTheRule(t *testing.T) {
	dir := t.TempDir()
	file := record(t, filepath.Join(dir, "1.trace"), 0, twoLeaders)
	record(t, filepath.Join(dir, "2.trace"), 0, twoLeaders[:1]) // of a process that ran no test
	for _, args := range [][]string{{file}, {dir}, {"-around", "1s", file}, {"-server", "0", file}} {
		code, out, words := result(t, command(t, nil, append([]string{"explain"}, args...)...))
		for _, want := range []string{
			"TestTwoLeaders2A failed at 0.0000 s: term 3 has 2 (>1) leaders.\n",
			"Broken rule: One leader in a term (election-safety; §5.2, Figure 3 (Election Safety)), at 0.0000 s.\n",
			"==>", "GetState: leader of term 3", "To read: §5.2, Figure 3",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("explain %v does not say %q", args, want)
			}
		}
		if code != 0 || words != "" {
			t.Errorf("explain %v: exit code %d, %s", args, code, words)
		}
		t.Log("\n" + out)
	}
}

func TestExplainPrintsEvents(t *testing.T) {
	file := record(t, filepath.Join(t.TempDir(), "1.trace"), 0, append([]trace.Event{
		{Kind: trace.Send, Server: 0, Peer: 1, Message: &trace.Message{ID: 7, Type: trace.RequestVote, Known: true, Term: 2}},
	}, twoLeaders...))
	code, out, words := result(t, command(t, nil, "explain", "-events", file))
	if code != 0 || words != "" {
		t.Fatalf("exit code %d, %s", code, words)
	}
	lines := 0
	for scan := bufio.NewScanner(strings.NewReader(out)); scan.Scan(); lines++ {
		var line struct {
			Kind    string
			Message *struct{ Type string }
		}
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil || line.Kind == "" || (line.Message != nil) != (lines == 0) {
			t.Errorf("%s: %v", scan.Text(), err)
		}
	}
	if lines != len(twoLeaders)+1 {
		t.Errorf("%d lines", lines)
	}
}

func TestExplainWritesAPage(t *testing.T) {
	dir := t.TempDir()
	file := record(t, filepath.Join(dir, "1.trace"), 0, twoLeaders)
	page := filepath.Join(dir, "page.html")
	code, out, words := result(t, command(t, nil, "explain", "-html", page, file))
	text, err := os.ReadFile(page)
	if code != 0 || words != "" || !strings.Contains(out, "election-safety") || err != nil || !strings.Contains(strings.ToLower(string(text)), "<!doctype html>") {
		t.Errorf("exit code %d, %s%s; %d bytes, %v", code, out, words, len(text), err)
	}
	code, _, words = result(t, command(t, nil, "explain", "-html", filepath.Join(dir, "no", "page.html"), file))
	if code != 2 || !strings.Contains(words, "-html: ") {
		t.Errorf("exit code %d, %s", code, words)
	}
}

func TestExplainWithoutAFinding(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		file, want string
	}{
		{record(t, filepath.Join(dir, "fine.trace"), 0, twoLeaders[:5]), "No rule of Raft is broken in what was recorded (5 events"},
		{record(t, filepath.Join(dir, "empty.trace"), 0, nil), "The trace is empty: nothing was recorded."},
		{record(t, filepath.Join(dir, "full.trace"), 100, twoLeaders), "The recording stopped at its limit of size"},
	} {
		code, out, words := result(t, command(t, nil, "explain", test.file))
		if code != 0 || words != "" || !strings.Contains(out, test.want) {
			t.Errorf("%s: exit code %d, %s%s", test.file, code, out, words)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	dir := t.TempDir()
	two := t.TempDir()
	record(t, filepath.Join(two, "1.trace"), 0, twoLeaders)
	file := record(t, filepath.Join(two, "2.trace"), 0, twoLeaders)
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("this is no trace, but some text of a student"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "say which trace"},
		{[]string{file, file}, "one trace at a time"},
		{[]string{filepath.Join(dir, "nothing")}, "there is no trace at"},
		{[]string{dir}, "no .trace file in this directory"},
		{[]string{two}, "holds the traces of 2 tests"},
		{[]string{text}, "notes.txt"},
		{[]string{"-around", "-1s", file}, "must not be negative"},
		{[]string{"-server", "-2", file}, "numbered from 0"},
		{[]string{"-colour", file}, "usage: labrun explain"},
	} {
		code, out, words := result(t, command(t, nil, append([]string{"explain"}, test.args...)...))
		if code != 2 || out != "" || !strings.Contains(words, test.want) {
			t.Errorf("explain %v: exit code %d, %s%s", test.args, code, out, words)
		}
	}
}
