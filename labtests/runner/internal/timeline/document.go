package timeline

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
)

// maxServers is how many lanes a page has at most. The labs have 3 to 7
// servers; a file from elsewhere may claim any number.
const maxServers = 32

// document is what a page is given: the events in columns, and what follows
// from them. Everything refers to an event by its place in the columns.
type document struct {
	Title    string         `json:"title"`
	Impl     string         `json:"impl"`
	Servers  int            `json:"servers"`
	Full     bool           `json:"full"`     // the recording stopped at its limit
	Inferred bool           `json:"inferred"` // no server told of itself
	Total    int            `json:"total"`    // events in the trace
	Left     []leftOut      `json:"left"`
	Strings  []string       `json:"strings"`
	Events   events         `json:"events"`
	Messages messages       `json:"messages"`
	Arrows   arrows         `json:"arrows"`
	Lanes    []*lane        `json:"lanes"`
	Findings []shownFinding `json:"findings"`
}

// leftOut says how many events of a sort the page does not have.
type leftOut struct {
	Count int    `json:"count"`
	What  string `json:"what"`
}

// events has a row for each event. At is in microseconds, each one counted
// from the one before.
type events struct {
	At      column `json:"at"`
	Server  ints   `json:"server"`
	Peer    ints   `json:"peer"`
	Kind    ints   `json:"kind"`
	Role    ints   `json:"role"`
	Flag    ints   `json:"flag"`
	Term    column `json:"term"`
	Index   column `json:"index"`
	LogTerm column `json:"logTerm"`
	Last    column `json:"last"`
	Digest  ints   `json:"digest"`  // of Strings
	Text    ints   `json:"text"`    // of Strings
	Message ints   `json:"message"` // its row plus 1, or 0
}

// messages has a row for each request or answer with fields of its own.
type messages struct {
	Type        ints   `json:"type"`
	Method      ints   `json:"method"` // of Strings
	Known       ints   `json:"known"`
	Term        column `json:"term"`
	Index       column `json:"index"`
	LogTerm     column `json:"logTerm"`
	Entries     ints   `json:"entries"`
	EntriesTerm column `json:"entriesTerm"`
	Commit      column `json:"commit"`
	OK          ints   `json:"ok"`
	Bytes       ints   `json:"bytes"`
	Text        ints   `json:"text"` // of Strings
}

type shownFinding struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Section string `json:"section"`
	Says    string `json:"says"`
	Read    string `json:"read"`
	At      int    `json:"at"`
	Servers []int  `json:"servers"`
	Because string `json:"because"`
	Context []int  `json:"context"`
	Maybe   bool   `json:"maybe"` // a suspicion
}

// newDocument makes the document of at most limit events.
func newDocument(t *trace.Trace, findings []explain.Finding, title string, limit int) (*document, error) {
	if t == nil || len(t.Events) == 0 {
		return nil, errors.New("timeline: there is nothing in the trace to draw")
	}
	for _, f := range findings {
		for _, i := range append([]int{f.At}, f.Context...) {
			if i < 0 || i >= len(t.Events) {
				return nil, fmt.Errorf("timeline: finding %s is of event %d, and the trace has %d", f.Rule.ID, i, len(t.Events))
			}
		}
	}
	d := &document{Title: title, Full: t.Full, Total: len(t.Events)}
	kept, left := thin(t.Events, findings, limit)
	d.Left = left
	// Lanes and arrows are of the whole trace, whatever the page leaves out.
	place := make([]int, len(t.Events)) // of each event in the columns, or of the next one that is there
	for i, k := len(t.Events)-1, len(kept); i >= 0; i-- {
		if k > 0 && kept[k-1] == i {
			k--
		}
		place[i] = min(k, len(kept)-1)
	}
	d.Impl, d.Servers = about(t.Events)
	d.Lanes, d.Inferred = newLanes(t.Events, d.Servers)
	for _, l := range d.Lanes {
		l.move(place)
	}
	d.fill(t.Events, kept)
	d.Arrows = newArrows(t.Events, kept, place)
	for _, f := range findings {
		s := shownFinding{ID: f.Rule.ID, Title: f.Rule.Title, Section: f.Rule.Section, Says: f.Rule.Says, Read: f.Rule.Read,
			At: place[f.At], Servers: slices.Clone(f.Servers), Because: f.Because, Maybe: f.Suspicion}
		for _, c := range f.Context {
			s.Context = append(s.Context, place[c])
		}
		d.Findings = append(d.Findings, s)
	}
	return d, nil
}

// about is the implementation's name and the number of servers.
func about(all []trace.Event) (impl string, servers int) {
	most := -1
	for i := range all {
		e := &all[i]
		if e.Kind == trace.Run {
			impl = e.Text
			servers = max(servers, int(min(e.Index, maxServers)))
			continue
		}
		if drawable(e) {
			most = max(most, e.Server, e.Peer)
		}
	}
	return impl, max(servers, most+1)
}

// drawable tells that e is of servers that have a lane.
func drawable(e *trace.Event) bool { return e.Server < maxServers && e.Peer < maxServers }

func laneOf(server int) int {
	if server < 0 || server >= maxServers {
		return trace.None
	}
	return server
}

func (d *document) fill(all []trace.Event, kept []int) {
	texts := newTexts(d)
	var before time.Duration
	for _, i := range kept {
		e := &all[i]
		ev := &d.Events
		at := max(e.At, before)
		ev.At = append(ev.At, uint64(at.Microseconds()-before.Microseconds()))
		before = at
		ev.Server = append(ev.Server, laneOf(e.Server))
		ev.Peer = append(ev.Peer, laneOf(e.Peer))
		ev.Kind = append(ev.Kind, int(e.Kind))
		ev.Role = append(ev.Role, int(e.Role))
		ev.Flag = append(ev.Flag, bit(e.Flag))
		ev.Term = append(ev.Term, e.Term)
		ev.Index = append(ev.Index, e.Index)
		ev.LogTerm = append(ev.LogTerm, e.LogTerm)
		ev.Last = append(ev.Last, e.Last)
		digest := ""
		if e.Digest != 0 {
			digest = strconv.FormatUint(e.Digest, 16)
		}
		ev.Digest = append(ev.Digest, texts.of(digest))
		ev.Text = append(ev.Text, texts.of(e.Text))
		row := 0
		if e.Message != nil && (e.Kind == trace.Send || e.Kind == trace.Reply) {
			d.Messages.add(e.Message, texts)
			row = len(d.Messages.Type)
		}
		ev.Message = append(ev.Message, row)
	}
}

func (c *messages) add(m *trace.Message, texts *texts) {
	c.Type = append(c.Type, int(m.Type))
	c.Method = append(c.Method, texts.of(m.Method))
	c.Known = append(c.Known, bit(m.Known))
	c.Term = append(c.Term, m.Term)
	c.Index = append(c.Index, m.Index)
	c.LogTerm = append(c.LogTerm, m.LogTerm)
	c.Entries = append(c.Entries, m.Entries)
	c.EntriesTerm = append(c.EntriesTerm, m.EntriesTerm)
	c.Commit = append(c.Commit, m.Commit)
	c.OK = append(c.OK, bit(m.OK))
	c.Bytes = append(c.Bytes, m.Bytes)
	c.Text = append(c.Text, texts.of(m.Text))
}
