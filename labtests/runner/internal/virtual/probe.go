package virtual

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

// ProbeName is the file that ProbeFile is for.
const ProbeName = "pontoon_probe_test.go"

const probeEnv = "PONTOON_PROBE"

// Probe is how the machine treated a test's process: its own timers, measured
// inside of it. It is zero if the process did not live long enough to tell.
type Probe struct {
	Worst  time.Duration // the latest timer's lateness
	Late   time.Duration // how much of the run timers were late by more than LateFrom
	Waited time.Duration // its threads were ready to run, and did not: all of them together
}

// LateFrom is from when on a timer counts as late, and ProbeEvery how often one
// is set.
const (
	LateFrom   = 50 * time.Millisecond
	ProbeEvery = 10 * time.Millisecond
)

//go:embed probe.go.tmpl
var probeText string

var probeTemplate = template.Must(template.New(ProbeName).Parse(probeText))

// ProbeFile returns the file that, in the package pkg, measures the lateness of
// timers while its tests run in real time.
func ProbeFile(pkg string) (string, error) {
	var text strings.Builder
	err := probeTemplate.Execute(&text, map[string]any{
		"Package": pkg, "Env": probeEnv, "Every": int64(ProbeEvery), "LateFrom": int64(LateFrom),
	})
	return text.String(), err
}

// parseProbe reads what that file writes.
func parseProbe(text string) Probe {
	var p Probe
	if n, err := fmt.Sscan(text, (*int64)(&p.Worst), (*int64)(&p.Late), (*int64)(&p.Waited)); n != 3 || err != nil {
		return Probe{}
	}
	return p
}
