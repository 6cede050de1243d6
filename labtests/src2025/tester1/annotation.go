package tester

// What happened in a test, for a page to look at when it has failed. Nothing
// here decides whether a test passes. An interrupt writes no page: to catch one
// takes a goroutine that no test in virtual time could be rid of.
//
// The environment variable VIS_ENABLE says when there is a page: never, always,
// or else when the test has failed. VIS_FILE says where: by default in a new
// file among the temporary ones.

import (
	"fmt"
	"html/template"
	"os"
	"sync"
	"time"
)

// The kinds of events, by which the page colours them.
const (
	kindInfo    = "info"
	kindChecker = "checker"
	kindSuccess = "success"
	kindFailure = "failure"
)

// event is one line of the page.
type event struct {
	Start, End time.Duration // since the test began; equal for an instant
	Kind       string
	Tag        string
	Text       string
	Details    string
}

// annotations is the log of the test that runs.
type annotations struct {
	mu      sync.Mutex
	title   string
	begun   time.Time
	up      []bool // by server of GRP0
	checker time.Time
	events  []event
}

var annotation annotations

// AnnotateTest begins the log of a test with n servers, in place of the last.
func AnnotateTest(title string, n int) {
	a := &annotation
	a.mu.Lock()
	defer a.mu.Unlock()
	a.title, a.begun, a.checker, a.events = title, time.Now(), time.Time{}, nil
	a.up = make([]bool, n)
	for i := range a.up {
		a.up[i] = true
	}
}

// Annotate logs an event of the user's own under a tag.
func Annotate(tag, text, details string) {
	now := time.Now()
	annotation.add(now, now, kindInfo, tag, text, details)
}

// AnnotateInfo logs that something has happened.
func AnnotateInfo(text, details string) { Annotate("test", text, details) }

// AnnotateInfoInterval logs something that began at start and ends now.
func AnnotateInfoInterval(start time.Time, text, details string) {
	annotation.add(start, time.Now(), kindInfo, "test", text, details)
}

// AnnotateCheckerBegin says what a checker is about to find out.
func AnnotateCheckerBegin(details string) {
	annotation.mu.Lock()
	defer annotation.mu.Unlock()
	annotation.checker = time.Now()
	annotation.log(event{Kind: kindChecker, Tag: kindChecker, Text: "begins", Details: details}, time.Now(), time.Now())
}

// AnnotateCheckerSuccess logs that the checker found what it should.
func AnnotateCheckerSuccess(text, details string) { annotation.checked(kindSuccess, text, details) }

// AnnotateCheckerFailure logs that it did not.
func AnnotateCheckerFailure(text, details string) { annotation.checked(kindFailure, text, details) }

// AnnotateCheckerNeutral logs that it ended without a verdict.
func AnnotateCheckerNeutral(text, details string) { annotation.checked(kindInfo, text, details) }

// AnnotateConnection logs which servers are on the network.
func AnnotateConnection(connected []bool) {
	AnnotateInfo(fmt.Sprintf("connected: %v", chosen(connected)), "")
}

// AnnotateTwoPartitions logs that the network was cut in two.
func AnnotateTwoPartitions(p1, p2 []int) {
	AnnotateInfo(fmt.Sprintf("partitions %v and %v", p1, p2), "")
}

// AnnotateShutdown logs that servers were shut down.
func AnnotateShutdown(servers []int) { annotation.turn(servers, false) }

// AnnotateRestart logs that servers were started again.
func AnnotateRestart(servers []int) { annotation.turn(servers, true) }

// AnnotateShutdownAll logs that all servers were shut down.
func AnnotateShutdownAll() { annotation.turn(nil, false) }

// AnnotateRestartAll logs that all servers were started again.
func AnnotateRestartAll() { annotation.turn(nil, true) }

// AnnotateClearFailure logs that every server is up and connected again.
func AnnotateClearFailure() { annotation.turn(nil, true) }

// turn logs that servers, all if nil, went up or down.
func (a *annotations) turn(servers []int, up bool) {
	a.mu.Lock()
	for i := range a.up {
		if servers == nil {
			a.up[i] = up
		}
	}
	for _, i := range servers {
		if i < len(a.up) {
			a.up[i] = up
		}
	}
	text := fmt.Sprintf("servers up: %v", chosen(a.up))
	a.mu.Unlock()
	AnnotateInfo(text, "")
}

// chosen lists the servers of which a list says yes.
func chosen(list []bool) []int {
	var servers []int
	for i, yes := range list {
		if yes {
			servers = append(servers, i)
		}
	}
	return servers
}

func (a *annotations) checked(kind, text, details string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, start := time.Now(), a.checker
	if start.IsZero() {
		start = now
	}
	a.checker = time.Time{}
	a.log(event{Kind: kind, Tag: kindChecker, Text: text, Details: details}, start, now)
}

func (a *annotations) add(start, end time.Time, kind, tag, text, details string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log(event{Kind: kind, Tag: tag, Text: text, Details: details}, start, end)
}

// log needs mu.
func (a *annotations) log(e event, start, end time.Time) {
	e.Start, e.End = start.Sub(a.begun), end.Sub(a.begun)
	a.events = append(a.events, e)
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<meta charset="utf-8">
<title>{{.Title}}</title>
<style>
body { font-family: sans-serif }
td { padding: 0 1em 0 0; vertical-align: top }
.success { color: green }
.failure { color: red; font-weight: bold }
.info { color: gray }
</style>
<h1>{{.Title}}</h1>
<table>
<tr><th>from<th>to<th>by<th>what<th>details
{{range .Events}}<tr class="{{.Kind}}"><td>{{.Start}}<td>{{.End}}<td>{{.Tag}}<td>{{.Text}}<td>{{.Details}}
{{end}}</table>
`))

// finish writes the page of the test that runs, if there is to be one, and says
// where it is.
func (a *annotations) finish(failed bool) {
	switch os.Getenv("VIS_ENABLE") {
	case "never":
		return
	case "always":
	default:
		if !failed {
			return
		}
	}
	name, err := a.write(os.Getenv("VIS_FILE"))
	if err != nil {
		fmt.Fprintf(os.Stderr, "info: the page of the test cannot be written: %v\n", err)
		return
	}
	fmt.Fprintf(os.Stderr, "info: what happened in the test is in %s\n", name)
}

// write writes the page to a file, if unnamed to a new one, and returns its name.
func (a *annotations) write(name string) (string, error) {
	var file *os.File
	var err error
	if name == "" {
		file, err = os.CreateTemp("", "raft-test-*.html")
	} else {
		file, err = os.Create(name)
	}
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	err = page.Execute(file, struct {
		Title  string
		Events []event
	}{a.title, a.events})
	if closed := file.Close(); err == nil {
		err = closed
	}
	return file.Name(), err
}

// AnnotateFatal writes the page when the process is about to end, because a
// server has done what it never may.
func AnnotateFatal(text string) {
	AnnotateCheckerFailure(text, "the process ends")
	annotation.finish(true)
}
