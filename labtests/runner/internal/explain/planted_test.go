package explain_test

import (
	"testing"
	"time"

	"pontoon.dev/labrun/internal/overlay"
)

// planting is a bug in the textbook Raft, as a student would make it, behind a
// switch: what is there, and what to put in its place.
type planting struct {
	name, old, buggy string
	tests            []string // in which it shows, the likeliest first
	rule             string   // that has to be named
}

var plantings = []planting{
	{"vote-twice", "(rf.votedFor != -1 && rf.votedFor != args.Candidate)", `(rf.votedFor != -1 && rf.votedFor != args.Candidate && !planted("vote-twice"))`,
		[]string{"TestManyElections2A", "TestHardOldCandidates2A"}, "one-vote"},
	{"any-log", "if args.LastLogTerm < lastTerm ||", `if !planted("any-log") && args.LastLogTerm < lastTerm || !planted("any-log") &&`,
		[]string{"TestRejoin2B", "TestBackup2B"}, "up-to-date-log"},
	{"forget-vote", "rf.log, rf.snapshot = entries, snapshot\n", `rf.log, rf.snapshot = entries, snapshot
	if planted("forget-vote") {
		rf.votedFor = -1
	}
`,
		[]string{"TestHardVoteTwice2C"}, "one-vote"},
	{"cut-always", "	for i, entry := range entries {\n		index := prev + 1 + i\n", `	if planted("cut-always") {
		rf.log = append(rf.log[:prev+1-rf.base], entries...)
		rf.persist()
		return
	}
	for i, entry := range entries {
		index := prev + 1 + i
`,
		[]string{"TestUnreliableAgree2C", "TestFigure8Unreliable2C"}, "keep-matching"},
	{"commit-old-term", "|| rf.termAt(index) != rf.currentTerm {", `|| rf.termAt(index) != rf.currentTerm && !planted("commit-old-term") {`,
		[]string{"TestHardFigure8Forced2B", "TestPersist12C"}, "commit-current-term"},
	{"minority", "index := match[(len(match)-1)/2]", `index := match[(len(match)-1)/2]
	if planted("minority") {
		index = match[len(match)-1]
	}`,
		[]string{"TestBasicAgree2B", "TestFailNoAgree2B"}, "commit-majority"},
	{"log-in-memory", "rf.log = append(rf.log[:index-rf.base], entries[i:]...)\n		rf.persist()\n", `rf.log = append(rf.log[:index-rf.base], entries[i:]...)
		if !planted("log-in-memory") {
			rf.persist()
		}
`,
		[]string{"TestPersist12C", "TestPersist32C"}, "durable-log"},
	{"stale-leader", "	if term < rf.currentTerm {\n		return false\n	}\n", `	if term < rf.currentTerm && !planted("stale-leader") {
		return false
	}
`,
		[]string{"TestFailNoAgree2B", "TestRejoin2B"}, "older-term"},
	{"one-timeout", "electionTimeoutMin + time.Duration(rand.Int63n(spread))", `electionTimeoutMin + time.Duration(rand.Int63n(spread)*odds())`,
		[]string{"TestInitialElection2A", "TestManyElections2A"}, "same-timeouts"},
}

const plantedFile = `package raft

import "os"

func planted(name string) bool { return os.Getenv("PLANTED") == name }

func odds() int64 {
	if planted("one-timeout") {
		return 0
	}
	return 1
}
`

// Of a Raft that tells nothing of itself the right rule is named, from what
// labrpc and the harness saw.
func TestPlantedBugs(t *testing.T) {
	var edits []string
	for _, p := range plantings {
		edits = append(edits, p.old, p.buggy)
	}
	c := compile(t, textbook(t, map[string]string{"planted.go": plantedFile}, edits...), "")
	for _, p := range plantings {
		t.Run(p.name, func(t *testing.T) { c.named(t, p.tests, p.rule, "PLANTED="+p.name) })
	}
}

// tries is how often a bug that needs luck may be missed.
const tries = 50

// named runs tests until a rule is found broken, which has to be this one.
func (c *traced) named(t *testing.T, tests []string, rule, setting string) {
	c.program.Wall = 5 * time.Second // some never end, and what they recorded until then says enough
	for range tries {
		for _, test := range tests {
			o := c.once(test, setting)
			if len(o.found) == 0 {
				t.Logf("%s (%s, %s): nothing", test, o.How(), o.Why())
				continue
			}
			if f := o.found[0]; f.Rule.ID != rule {
				t.Errorf("not %s, but:\n%s", rule, text(o))
			} else {
				t.Logf("%s: %s", test, f.Because)
			}
			return
		}
	}
	t.Errorf("%s is not found", rule)
}

// The textbook Raft is right: nothing is to be found.
func TestTextbookIsClean(t *testing.T) {
	compile(t, textbook(t, nil), "", some()...).clean()
}

// So is Pontoon.
func TestPontoonIsClean(t *testing.T) {
	compile(t, overlay.Raft{}, "", some()...).clean()
}
