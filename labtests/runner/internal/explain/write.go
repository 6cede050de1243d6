package explain

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pontoon.dev/go-shim/trace"
)

// View says which events of a finding to show.
type View struct {
	// Around, if not 0: every event so long before and after, instead of the
	// finding's Context.
	Around time.Duration
	// Servers, if not nil: those of these servers instead of the finding's.
	Servers []int
}

// Write says what f, the findings of t, are about: the first one with the
// events around it, the others in a line each.
func Write(w io.Writer, t *trace.Trace, f []Finding) { WriteView(w, t, f, View{}) }

// WriteView is Write with the events that v asks for. It returns the first
// error of w.
func WriteView(w io.Writer, t *trace.Trace, f []Finding, v View) error {
	out := &writer{Writer: bufio.NewWriter(w), t: t, sent: map[uint64]*trace.Message{}}
	for i := range t.Events {
		if e := &t.Events[i]; e.Kind == trace.Send && e.Message != nil {
			out.sent[e.Message.ID] = e.Message
		}
	}
	out.verdicts()
	if len(f) == 0 {
		out.nothing()
	} else {
		out.finding(f[0], v)
		out.others(f[1:])
	}
	if t.Full {
		out.wrap("", fmt.Sprintf("The recording stopped at its limit of size after %s, with the test still going on: what came then is not in it.", clock(out.end())))
	}
	return out.Flush()
}

type writer struct {
	*bufio.Writer
	t    *trace.Trace
	sent map[uint64]*trace.Message
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) end() time.Duration {
	if len(w.t.Events) == 0 {
		return 0
	}
	return w.t.Events[len(w.t.Events)-1].At
}

// Failure says in a sentence what the test itself found wrong, "" if nothing.
func Failure(t *trace.Trace) string {
	name := "The test"
	for i := range t.Events {
		e := &t.Events[i]
		switch {
		case e.Kind == trace.TestStart && e.Text != "":
			name = e.Text
		case e.Kind == trace.Failure:
			return fmt.Sprintf("%s failed at %s: %s", name, clock(e.At), sentence(e.Text))
		case e.Kind == trace.TestEnd && !e.Flag:
			if i+1 < len(t.Events) && t.Events[i+1].Kind == trace.Failure {
				continue
			}
			return fmt.Sprintf("%s failed at %s.", name, clock(e.At))
		}
	}
	return ""
}

// sentence is text in one line, with a full stop.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

func (w *writer) verdicts() {
	if failure := Failure(w.t); failure != "" {
		w.wrap("", failure)
		w.line("")
	}
}

// nothing says that no rule is broken, and what that is worth.
func (w *writer) nothing() {
	if len(w.t.Events) == 0 {
		w.line("The trace is empty: nothing was recorded.")
		return
	}
	told := slices.ContainsFunc(w.t.Events, func(e trace.Event) bool { return inside(e.Kind) })
	w.line("No rule of Raft is broken in what was recorded (%d events in %s).", len(w.t.Events), clock(w.end()))
	if !told {
		w.wrap("", "This Raft does not tell what goes on inside of it: only its messages and what the test saw of it were looked at.")
	}
}

func (w *writer) finding(f Finding, v View) {
	if f.Suspicion {
		w.wrap("", "No rule is broken for certain. A suspicion: "+f.Rule.Title+" ("+f.Rule.ID+"; "+f.Rule.Section+").")
	} else {
		w.wrap("", "Broken rule: "+f.Rule.Title+" ("+f.Rule.ID+"; "+f.Rule.Section+"), at "+clock(w.t.Events[f.At].At)+".")
	}
	w.line("")
	w.wrap("  ", f.Rule.Says)
	w.wrap("  ", f.Because)
	w.line("")
	w.events(f, v)
	if f.Rule.Read != "" {
		w.line("To read: %s of the paper, and %s.", f.Rule.Section, f.Rule.Read)
	} else {
		w.line("To read: %s of the paper.", f.Rule.Section)
	}
}

func (w *writer) others(rest []Finding) {
	if len(rest) == 0 {
		return
	}
	w.line("")
	if rest[0].Suspicion {
		w.line("Also suspicious:")
	} else {
		w.line("Broken as well, later, and maybe because of that:")
	}
	for _, f := range rest {
		w.wrap("  ", fmt.Sprintf("%s  %s (%s): %s", clock(w.t.Events[f.At].At), f.Rule.Title, f.Rule.ID, f.Because))
	}
}

// Widths of the text: a line, and a column of two.
const (
	wide   = 110
	column = 46
)

// wrap writes text with indent before each line.
func (w *writer) wrap(indent, text string) {
	for _, line := range wrapped(text, wide-len(indent)) {
		w.line("%s%s", indent, line)
	}
}

func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// events writes the events around f: in two columns if there are two servers.
func (w *writer) events(f Finding, v View) {
	servers := f.Servers
	if v.Servers != nil {
		servers = v.Servers
	}
	indices := w.choose(f, v, servers)
	if len(servers) == 2 {
		w.line("    %10s  %-*s  %s", "time", column, fmt.Sprintf("server %d", servers[0]), fmt.Sprintf("server %d", servers[1]))
	}
	last := -1
	for _, at := range indices {
		e := &w.t.Events[at]
		mark := "   "
		if at == f.At {
			mark = "==>"
		}
		if last >= 0 && e.At-w.t.Events[last].At > time.Second {
			w.line("    %10s", "...")
		}
		last = at
		w.event(e, mark, servers)
	}
	w.line("")
}

func (w *writer) event(e *trace.Event, mark string, servers []int) {
	var sent *trace.Message
	if e.Message != nil {
		sent = w.sent[e.Message.ID]
	}
	text, owner := Words(e, sent), Owner(e)
	if len(servers) != 2 || !slices.Contains(servers, owner) {
		whose := ""
		if owner >= 0 {
			whose = fmt.Sprintf("server %d ", owner)
		}
		w.line("%s %10s  %s%s", mark, clock(e.At), whose, text)
		return
	}
	indent := 0
	if owner == servers[1] {
		indent = column + 2
	}
	for i, line := range wrapped(text, column) {
		if i == 0 {
			w.line("%s %10s  %s%s", mark, clock(e.At), strings.Repeat(" ", indent), line)
		} else {
			w.line("%16s%s  %s", "", strings.Repeat(" ", indent), line)
		}
	}
}

// choose returns the events to show.
func (w *writer) choose(f Finding, v View, servers []int) []int {
	if v.Around == 0 && v.Servers == nil {
		return f.Context
	}
	around := v.Around
	if around == 0 {
		around = Around
	}
	chosen := map[int]bool{f.At: true}
	for _, at := range f.Context {
		chosen[at] = slices.Contains(servers, Owner(&w.t.Events[at])) || at == f.At
	}
	here := w.t.Events[f.At].At
	for at := range w.t.Events {
		e := &w.t.Events[at]
		if gap := e.At - here; gap <= around && gap >= -around && slices.Contains(servers, Owner(e)) {
			chosen[at] = true
		}
	}
	var indices []int
	for at, yes := range chosen {
		if yes {
			indices = append(indices, at)
		}
	}
	slices.Sort(indices)
	return indices
}
