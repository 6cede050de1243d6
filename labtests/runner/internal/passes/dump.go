package passes

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"pontoon.dev/labrun/internal/virtual"
)

// frame is a line of the lab's, the student's or Pontoon's.
type frame struct {
	function string // as in "(*Raft).ticker"
	place    string // as in "raft/raft.go:123"
}

func (f frame) String() string { return f.place + "  " + f.function }

type goroutine struct {
	head   string // "goroutine 7 [chan receive]:"
	state  string
	frames []frame
}

// dump is what a Go program prints when it ends by a panic or SIGQUIT.
type dump struct {
	title      string // "panic: ..."
	more       []string
	goroutines []goroutine
}

// quit is how the dump begins of a process that was stopped at its limit.
const quit = "SIGQUIT: quit"

// startsDump tells a line with which such a dump begins.
func startsDump(line string) bool {
	for _, mark := range []string{"panic: ", "fatal error: ", quit, "unexpected fault address ", "SIGSEGV", "SIGABRT"} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

var (
	goroutineLine = regexp.MustCompile(`^goroutine \d+.* \[([^\],]+).*\]:$`)
	placeLine     = regexp.MustCompile(`^\s+(/?\S.*\.go):(\d+)(?: \+0x.*)?$`)
	arguments     = regexp.MustCompile(`\([^()]*\)$`)
)

func parseDump(lines []string, goRoot string) *dump {
	d := &dump{}
	if len(lines) == 0 {
		return d
	}
	d.title = lines[0]
	var current *goroutine
	for i := 1; i < len(lines); i++ {
		line := lines[i]
		if match := goroutineLine.FindStringSubmatch(line); match != nil {
			d.goroutines = append(d.goroutines, goroutine{head: line, state: match[1]})
			current = &d.goroutines[len(d.goroutines)-1]
			continue
		}
		if current == nil {
			if strings.TrimSpace(line) != "" {
				d.more = append(d.more, line)
			}
			continue
		}
		if f, ok := parseFrame(lines, i, goRoot); ok && !strings.HasPrefix(line, "created by ") {
			current.frames = append(current.frames, f)
		}
	}
	return d
}

// parseFrame reads a function and the place in the line below it. Frames of
// Go's own packages, and of the files that labrun adds, are none.
func parseFrame(lines []string, i int, goRoot string) (frame, bool) {
	if i+1 >= len(lines) || strings.HasPrefix(lines[i], "\t") {
		return frame{}, false
	}
	match := placeLine.FindStringSubmatch(lines[i+1])
	if match == nil {
		return frame{}, false
	}
	file := match[1]
	base := path.Base(file)
	if goRoot != "" && strings.HasPrefix(file, goRoot+"/") || base == "_cgo_gotypes.go" || base == "_testmain.go" || base == virtual.EntryName || base == virtual.ProbeName {
		return frame{}, false
	}
	function := arguments.ReplaceAllString(strings.TrimSpace(lines[i]), "")
	function = function[strings.LastIndex(function, "/")+1:] // the package's path
	_, function, _ = strings.Cut(function, ".")
	return frame{function, path.Join(path.Base(path.Dir(file)), base) + ":" + match[2]}, true
}

// lines shows the panic and where the first goroutine was; and with all what
// the others wait for.
func (d *dump) lines(all bool) []string {
	lines := []string{d.title}
	if d.title != quit {
		lines = append(lines, first(d.more, 3)...)
	}
	rest := d.goroutines
	if len(rest) > 0 && len(rest[0].frames) > 0 {
		lines = append(lines, rest[0].head)
		for _, f := range first(rest[0].frames, mostFrames) {
			lines = append(lines, "    "+f.String())
		}
		rest = rest[1:]
	}
	if all {
		lines = append(lines, groups(rest)...)
	}
	return lines
}

// groups counts goroutines that are in the same state at the same place.
func groups(all []goroutine) []string {
	counts := map[string]int{}
	for _, g := range all {
		if len(g.frames) > 0 {
			counts[fmt.Sprintf("%s at %v", g.state, g.frames[0])]++
		}
	}
	var keys []string
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var lines []string
	for _, key := range first(keys, mostGroups) {
		noun := "goroutines"
		if counts[key] == 1 {
			noun = "goroutine"
		}
		lines = append(lines, fmt.Sprintf("    %d %s: %s", counts[key], noun, key))
	}
	return lines
}

const raceRule = "=================="

// race is a data race: two accesses, each with where it came from.
type race struct {
	accesses []access
	times    int
}

type access struct {
	what  string // as in "Write by goroutine 7"
	lines []string
}

var accessLine = regexp.MustCompile(`^\s*((?:Previous |)(?:atomic |)(?:[Rr]ead|[Ww]rite)) at 0x[0-9a-f]+ (by .*):$`)

// parseRace reads what is between the rules. The stacks of the goroutines'
// creation are left out.
func parseRace(lines []string) race {
	r := race{times: 1}
	for i := 0; i < len(lines); i++ {
		match := accessLine.FindStringSubmatch(lines[i])
		if match == nil {
			continue
		}
		a := access{what: match[1] + " " + match[2]}
		for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
			i++
			a.lines = append(a.lines, lines[i])
		}
		r.accesses = append(r.accesses, a)
	}
	return r
}

// raceFrames is how many frames of each stack are shown.
const raceFrames = 3

// foldRaces shortens the stacks, and counts races between the same places.
func foldRaces(all []race, goRoot string) []*race {
	var kept []*race
	byText := map[string]*race{}
	for _, r := range all {
		for i := range r.accesses {
			a := &r.accesses[i]
			var frames []string
			for j := range a.lines {
				if f, ok := parseFrame(a.lines, j, goRoot); ok {
					frames = append(frames, f.String())
				}
			}
			a.lines = first(frames, raceFrames)
		}
		if before := byText[r.text()]; before != nil {
			before.times++
			continue
		}
		byText[r.text()] = &r
		kept = append(kept, &r)
	}
	return kept
}

func (r *race) text() string {
	var places []string
	for _, a := range r.accesses {
		if len(a.lines) > 0 {
			place, _, _ := strings.Cut(a.lines[0], " ")
			places = append(places, place)
		}
	}
	return "data race: " + strings.Join(places, " and ")
}

func (r *race) lines() []string {
	head := "data race"
	if r.times > 1 {
		head = fmt.Sprintf("data race, %d times", r.times)
	}
	lines := []string{head + ":"}
	for _, a := range r.accesses {
		lines = append(lines, "    "+a.what+":")
		for _, line := range a.lines {
			lines = append(lines, "        "+line)
		}
	}
	return lines
}
