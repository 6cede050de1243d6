package passes

import (
	"regexp"
	"strconv"
	"strings"
)

// Figures is what the lab prints of a test that passed. A year that does not
// print one of them leaves it at -1.
type Figures struct {
	Seconds float64
	Peers   int
	RPCs    int
	Bytes   int
	Ops     int // commits of Raft, operations of the key/value lab
}

var (
	bareFigures  = regexp.MustCompile(`\.\.\. Passed\s*--\s+([0-9][0-9. ]*)(?:\n|$)`)
	namedFigures = regexp.MustCompile(`\.\.\. Passed\s*--\s+time\s+([0-9.]+)s #peers\s+([0-9]+) #RPCs\s+([0-9]+) #Ops\s+([0-9]+)`)
)

// ParseFigures reads the line with "... Passed --" in a test's output. It is nil
// if there is none, or one of an unknown form.
func ParseFigures(output []byte) *Figures {
	var fields []string
	if match := namedFigures.FindSubmatch(output); match != nil {
		fields = []string{string(match[1]), string(match[2]), string(match[3]), string(match[4])}
	} else if match := bareFigures.FindSubmatch(output); match != nil {
		fields = strings.Fields(string(match[1]))
	}
	if len(fields) == 4 { // no bytes: 2018, the key/value lab, and since 2025
		fields = []string{fields[0], fields[1], fields[2], "-1", fields[3]}
	}
	if len(fields) != 5 {
		return nil
	}
	seconds, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return nil
	}
	var whole [4]int
	for i, field := range fields[1:] {
		if whole[i], err = strconv.Atoi(field); err != nil {
			return nil
		}
	}
	return &Figures{Seconds: seconds, Peers: whole[0], RPCs: whole[1], Bytes: whole[2], Ops: whole[3]}
}
