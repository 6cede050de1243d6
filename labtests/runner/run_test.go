package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/passes"
)

// mixed holds a test that passes, one that fails every other time, and one that
// waits for a signal.
const mixed = `package raft

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestQuick2A(t *testing.T) {
	fmt.Println("Test (2A): quick ...")
	fmt.Println("  ... Passed --   0.1  3   18    1016    2")
}

func TestSometimes2A(t *testing.T) {
	cfg := make_config(t, 3, false, false)
	cfg.checkOneLeader()
	cfg.cleanup()
	names, err := os.ReadDir(os.Getenv("TIMES"))
	if err == nil {
		err = os.WriteFile(os.Getenv("TIMES")+"/"+strings.Repeat("x", len(names)+1), nil, 0o666)
	}
	if err != nil || len(names)%2 == 0 {
		t.Fatalf("failed to reach agreement, for the %d. time (%v)", len(names), err)
	}
}

func TestWaits2A(t *testing.T) {
	os.WriteFile(os.Getenv("WAITS"), nil, 0)
	select {}
}
`

// decode reads a document, all of whose fields must be known.
func decode(t *testing.T, text []byte) *passes.Document {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	d := &passes.Document{}
	if err := decoder.Decode(d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

// In both clocks: the table, the document, and what is kept of failures.
func TestManyPasses(t *testing.T) {
	l := newLab(t, 2022, put("mixed_test.go", mixed))
	for _, clock := range []string{"virtual", "real"} {
		keep := filepath.Join(t.TempDir(), "kept")
		file := filepath.Join(t.TempDir(), "results.json")
		code, out, words := l.run([]string{"TIMES=" + t.TempDir()}, "-"+clock, "-run", "Quick2A|Sometimes2A", "-count", "3", "-jobs", "1", "-out", keep, "-json", file)
		for _, want := range []string{`(?m)^TestQuick2A +3 +3 +0 .* 18 +1016$`, `(?m)^TestSometimes2A +3 +1 +2 `, `(?m)^3 passes of 2 tests in .*: 4 passed, 2 failed$`,
			`(?m)^  TestSometimes2A: 2 times: "mixed_test.go:24: failed to reach agreement, for the …. time \(<nil>\)": TestSometimes2A-001.log TestSometimes2A-003.log$`, `\nFAIL\t6.824/raft\t`} {
			if !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("%s: no %q in\n%s", clock, want, out)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil || code != 1 || strings.Count(words, "\n") != 1 {
			t.Fatalf("%s: exit code %d, %v\n%s%s", clock, code, err, out, words)
		}
		checkDocument(t, decode(t, text), clock, keep)
		left, err := os.ReadDir(keep)
		if err != nil || len(left) != 6 {
			t.Errorf("%s: kept %v (%v)", clock, left, err)
		}
	}
}

func checkDocument(t *testing.T, d *passes.Document, clock, keep string) {
	t.Helper()
	if d.Schema != passes.Schema || d.Clock != clock || d.Impl != "pontoon" || d.Lab.Year != 2022 || d.Lab.Package != "6.824/raft" || d.Passed || d.Interrupted || d.Abandoned != 0 ||
		d.Passes != 3 || d.Jobs != 1 || len(d.Tests) != 2 || len(d.Runs) != 6 || len(d.Failures) != 1 || fmt.Sprint(d.Failures[0].Passes) != "[1 3]" || d.Wall <= 0 || d.Machine.CPUs < 1 {
		t.Errorf("got %+v", d)
	}
	if quick := d.Tests[0]; quick.Test != "TestQuick2A" || quick.Runs != 3 || quick.Passed != 3 || *quick.RPCs != 18 || *quick.Bytes != 1016 || quick.P99 == nil {
		t.Errorf("got %+v", quick)
	}
	for _, run := range d.Runs {
		if run.Verdict == "pass" {
			continue
		}
		log, err := os.ReadFile(run.Log)
		page, pageErr := os.ReadFile(run.Page)
		recorded, traceErr := trace.Read(run.Trace)
		if err := errors.Join(err, pageErr, traceErr); err != nil {
			t.Errorf("of %+v: %v", run, err)
			continue
		}
		if filepath.Dir(run.Log) != keep || run.Log != filepath.Join(keep, fmt.Sprintf("%s-%03d.log", run.Test, run.Pass)) ||
			!strings.Contains(string(log), "failed to reach agreement") || !bytes.Contains(page, []byte(run.Test)) || len(recorded.Events) < 10 {
			t.Errorf("got %+v, %d events, and in the log:\n%s", run, len(recorded.Events), log)
		}
		if !strings.Contains(run.Reason, "failed to reach agreement") || run.How != "fail" {
			t.Errorf("got %+v", run)
		}
	}
}

// With the document on standard output all else is on the other.
func TestDocumentOnStandardOutput(t *testing.T) {
	l := newLab(t, 2023, put("mixed_test.go", mixed))
	code, out, words := l.run(nil, "-run", "Quick2A", "-json", "-", "-trace", "off")
	if d := decode(t, []byte(out)); code != 0 || !d.Passed || len(d.Runs) != 1 || !strings.Contains(words, "... Passed --") || !strings.Contains(words, "\nok  \t") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// After a signal nothing more is begun, and what ended is told of.
func TestInterruptOfManyPasses(t *testing.T) {
	l := newLab(t, 2023, put("mixed_test.go", mixed))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, []string{"TMPDIR=" + l.tmp, "WAITS=" + pipe}, "test", "-lab", l.dir, "-real", "-run", "Quick2A|Waits2A", "-count", "50", "-jobs", "1", "-json", "-")
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(pipe); err != nil { // TestWaits2A is under way
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	d := decode(t, out.Bytes())
	if cmd.ProcessState.ExitCode() != 130 || !d.Interrupted || d.Passed || d.Abandoned != 99 || len(d.Runs) != 1 {
		t.Errorf("%v, %+v", cmd.ProcessState, d)
	}
	for _, want := range []string{`(?m)^TestQuick2A +1 +1 +0 `, `(?m)^all +1 +1 +0$`, `(?m)^interrupted: 99 runs abandoned, of 100$`, `labrun: stopped by signal: interrupt\n$`} {
		if !regexp.MustCompile(want).MatchString(words.String()) {
			t.Errorf("no %q in\n%s", want, &words)
		}
	}
	l.checkUntouched()
}
