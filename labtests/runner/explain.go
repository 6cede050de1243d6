package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
	"pontoon.dev/labrun/internal/timeline"
)

// explainOptions is what labrun explain was asked for.
type explainOptions struct {
	path   string
	html   string
	events bool
	view   explain.View
}

func parseExplain(args []string) (*explainOptions, error) {
	o := &explainOptions{}
	flags := flag.NewFlagSet("labrun explain", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: labrun explain [flags] TRACE    (a .trace file, or the directory that labrun test has kept)")
		flags.PrintDefaults()
	}
	server := flags.Int("server", trace.None, "show the events of this server instead of those of the servers that the finding is about")
	flags.DurationVar(&o.view.Around, "around", 0, "show every event so long before and after the finding, such as 200ms, instead of those that matter most")
	flags.StringVar(&o.html, "html", "", "also write the whole trace to this file, as an HTML page with the findings in it")
	flags.BoolVar(&o.events, "events", false, "print all events instead, one JSON object a line")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errSaid
	}
	switch {
	case flags.NArg() == 0:
		return nil, errors.New("say which trace: labrun explain TRACE, a .trace file or the directory that labrun test has kept")
	case flags.NArg() > 1:
		return nil, fmt.Errorf("unexpected argument %q: one trace at a time, and flags come before it", flags.Arg(1))
	case o.view.Around < 0:
		return nil, fmt.Errorf("-around %v: must not be negative", o.view.Around)
	case *server < trace.None:
		return nil, fmt.Errorf("-server %d: servers are numbered from 0", *server)
	}
	o.path = flags.Arg(0)
	if *server >= 0 {
		o.view.Servers = []int{*server}
	}
	return o, nil
}

// runExplain names the rule that a trace breaks. That there is one is no error.
func runExplain(args []string) error {
	o, err := parseExplain(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := readTrace(o.path)
	if err != nil {
		return err
	}
	if o.events {
		return writeEvents(os.Stdout, t)
	}
	found := explain.Of(t)
	if o.html != "" {
		if err := writePage(o.html, t, found, filepath.Base(o.path)); err != nil {
			return err
		}
	}
	return explain.WriteView(os.Stdout, t, found, o.view)
}

// writePage writes an HTML page of t to a file.
func writePage(path string, t *trace.Trace, found []explain.Finding, title string) error {
	var page bytes.Buffer
	if err := timeline.Write(&page, t, found, title); err != nil {
		return err
	}
	if err := os.WriteFile(path, page.Bytes(), 0o666); err != nil {
		return fmt.Errorf("-html: %w", err)
	}
	return nil
}

// readTrace reads a trace of one test.
func readTrace(path string) (*trace.Trace, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no trace at %s: labrun test -trace DIR writes one, and keeps those of tests that fail", path)
	}
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if err := checkOneTest(path); err != nil {
			return nil, err
		}
	}
	return trace.Read(path)
}

// checkOneTest refuses a directory in which several tests recorded: each has a
// clock of its own, so that they cannot be told apart once they are merged.
func checkOneTest(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"+trace.Extension))
	if err != nil || len(files) < 2 {
		return err
	}
	var tests []string
	for _, file := range files {
		t, err := trace.Read(file)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(t.Events, func(e trace.Event) bool { return e.Kind == trace.TestStart }); at >= 0 {
			tests = append(tests, fmt.Sprintf("%s (%s)", file, t.Events[at].Text))
		}
	}
	if len(tests) > 1 {
		return fmt.Errorf("%s holds the traces of %d tests: name one of %s", dir, len(tests), strings.Join(tests, ", "))
	}
	return nil
}

// eventLine is an event as -events prints it: what it does not have is left out.
type eventLine struct {
	At      float64      `json:"at_seconds"`
	Kind    string       `json:"kind"`
	Server  *int         `json:"server,omitempty"`
	Peer    *int         `json:"peer,omitempty"`
	Role    string       `json:"role,omitempty"`
	Flag    bool         `json:"flag,omitempty"`
	Term    uint64       `json:"term,omitempty"`
	Index   uint64       `json:"index,omitempty"`
	LogTerm uint64       `json:"log_term,omitempty"`
	Last    uint64       `json:"last,omitempty"`
	Digest  string       `json:"digest,omitempty"`
	Text    string       `json:"text,omitempty"`
	Message *messageLine `json:"message,omitempty"`
}

type messageLine struct {
	ID          uint64 `json:"id"`
	Type        string `json:"type,omitempty"`
	Method      string `json:"method,omitempty"`
	Known       bool   `json:"known,omitempty"`
	Term        uint64 `json:"term,omitempty"`
	Index       uint64 `json:"index,omitempty"`
	LogTerm     uint64 `json:"log_term,omitempty"`
	Entries     int    `json:"entries,omitempty"`
	EntriesTerm uint64 `json:"entries_term,omitempty"`
	Commit      uint64 `json:"commit,omitempty"`
	OK          bool   `json:"ok,omitempty"`
	Bytes       int    `json:"bytes,omitempty"`
	Text        string `json:"text,omitempty"`
}

func writeEvents(w io.Writer, t *trace.Trace) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for i := range t.Events {
		if err := lines.Encode(lineOf(&t.Events[i])); err != nil {
			return err
		}
	}
	return out.Flush()
}

func lineOf(e *trace.Event) eventLine {
	line := eventLine{
		At: e.At.Round(time.Nanosecond).Seconds(), Kind: e.Kind.String(), Flag: e.Flag,
		Term: e.Term, Index: e.Index, LogTerm: e.LogTerm, Last: e.Last, Text: e.Text,
	}
	if e.Server >= 0 {
		line.Server = &e.Server
	}
	if e.Peer >= 0 {
		line.Peer = &e.Peer
	}
	if e.Kind == trace.RoleChange || e.Kind == trace.Commit {
		line.Role = e.Role.String()
	}
	if e.Digest != 0 {
		line.Digest = fmt.Sprintf("%016x", e.Digest)
	}
	if m := e.Message; m != nil {
		line.Message = &messageLine{
			ID: m.ID, Method: m.Method, Known: m.Known, Term: m.Term, Index: m.Index, LogTerm: m.LogTerm,
			Entries: m.Entries, EntriesTerm: m.EntriesTerm, Commit: m.Commit, OK: m.OK, Bytes: m.Bytes, Text: m.Text,
		}
		if m.Type != trace.Other || e.Kind == trace.Send {
			line.Message.Type = m.Type.String()
		}
	}
	return line
}
