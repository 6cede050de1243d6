package passes

import (
	"fmt"
	"regexp"
	"strings"

	"pontoon.dev/labrun/internal/virtual"
)

// Failure is what matters of a failed run's output.
type Failure struct {
	Text   string   // in one line
	Lines  []string // for the screen
	Folded int      // lines of the output that are not among them
}

// How many lines of each sort are shown.
const (
	mostLog    = 6 // of what the test says by t.Fatal and its like
	mostPlain  = 8 // of what it printed last
	mostRaces  = 3
	mostFrames = 8
	mostGroups = 8 // of goroutines
)

var (
	logLine  = regexp.MustCompile(`^ {4,}\w[\w.-]*\.go:\d+: `)
	raceLine = regexp.MustCompile(`^ {4,}testing\.go:\d+: race detected`)
	stamp    = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(\.\d+)? `)
)

// sorted is a failed test's output, taken apart.
type sorted struct {
	title string   // the lab's "Test (2A): ..."
	log   []string // of the testing package
	races []race
	dump  []string // from a panic on
	plain []string // all else
	lines int
}

func sortLines(output []byte) *sorted {
	s := &sorted{}
	var block []string // of a data race
	inRace, inLog := false, false
	for text := range strings.Lines(string(output)) {
		text = strings.TrimRight(text, "\r\n")
		s.lines++
		switch {
		case s.dump != nil:
			s.dump = append(s.dump, text)
		case text == raceRule && inRace:
			s.races, inRace = append(s.races, parseRace(block)), false
		case inRace:
			block = append(block, text)
		case text == raceRule:
			block, inRace = nil, true
		case startsDump(text):
			s.dump = []string{text}
		case logLine.MatchString(text):
			s.log, inLog = append(s.log, text), true
			continue
		case inLog && strings.HasPrefix(text, "        "):
			s.log = append(s.log, text)
			continue
		case s.title == "" && strings.HasPrefix(text, "Test") && strings.Contains(text, "..."):
			s.title = text
		default:
			s.plain = append(s.plain, text)
		}
		inLog = false
	}
	if inRace {
		s.races = append(s.races, parseRace(block))
	}
	return s
}

// fold tells what matters of a failed test's output.
func fold(o *virtual.Outcome, goRoot string) Failure {
	s := sortLines(o.Output)
	d := parseDump(s.dump, goRoot)
	races := foldRaces(s.races, goRoot)
	var f Failure
	shown := 0 // lines of the output
	show := func(lines ...string) {
		f.Lines = append(f.Lines, lines...)
		shown += len(lines)
	}
	if s.title != "" {
		show(s.title)
	}
	show(repeats(first(s.log, mostLog))...)
	for _, r := range first(races, mostRaces) {
		show(r.lines()...)
	}
	if len(races) > mostRaces {
		f.Lines = append(f.Lines, fmt.Sprintf("    %d more data races", len(races)-mostRaces))
	}
	switch how := o.How(); {
	case len(s.dump) > 0:
		show(d.lines(how == "hang" || strings.HasPrefix(d.title, "fatal error: "))...)
	case how == "exit" || f.Lines == nil:
		show(repeats(last(s.plain, mostPlain))...)
	}
	f.Text = text(o, s, d, races)
	f.Folded = max(0, s.lines-shown)
	return f
}

// text is a failure in one line.
func text(o *virtual.Outcome, s *sorted, d *dump, races []*race) string {
	switch how := o.How(); {
	case how == "hang" && o.Late:
		return o.Reason
	case how == "hang":
		return strings.TrimPrefix(strings.SplitN(d.title, " [", 2)[0], "panic: ")
	}
	for _, line := range s.log {
		if !raceLine.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	switch plain := last(s.plain, 1); {
	case d.title != "":
		at := ""
		if len(d.goroutines) > 0 && len(d.goroutines[0].frames) > 0 {
			at = " at " + d.goroutines[0].frames[0].place
		}
		return strings.SplitN(d.title, " [", 2)[0] + at
	case len(races) > 0:
		return races[0].text()
	case o.How() == "exit" && len(plain) > 0:
		return stamp.ReplaceAllString(plain[0], "")
	}
	return o.Reason
}

// repeats folds lines that follow their like.
func repeats(lines []string) []string {
	var kept []string
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n] == lines[i] {
			n++
		}
		line := lines[i]
		if n > 1 {
			line = fmt.Sprintf("%s  (%d times)", line, n)
		}
		kept = append(kept, line)
		i += n
	}
	return kept
}

func first[T any](all []T, n int) []T { return all[:min(n, len(all))] }

func last(lines []string, n int) []string {
	end := len(lines)
	for end > 0 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	// Repeats count as one.
	begin, distinct := end, 0
	for begin > 0 && distinct < n {
		begin--
		if begin == 0 || lines[begin] != lines[begin-1] {
			distinct++
		}
	}
	return lines[begin:end]
}
