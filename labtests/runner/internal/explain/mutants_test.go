package explain_test

import (
	"testing"

	"pontoon.dev/labrun/internal/overlay"
)

// Pontoon's deliberate bugs, a lab test in which each shows, and the rule that
// has to be named first.
var bugs = []struct{ mutant, test, rule string }{
	{"commit-old-term", "TestHardFigure8Forced2B", "commit-current-term"},
	{"timer-on-any-message", "TestInitialElection2A", "timer-reset"},
	{"truncate-on-outdated", "TestFailNoAgree2B", "keep-matching"},
	{"vote-not-persisted", "TestInitialElection2A", "durable-answer"},
	{"term-not-persisted", "TestInitialElection2A", "durable-answer"},
	{"log-not-persisted", "TestBasicAgree2B", "durable-answer"},
	{"vote-for-any-log", "TestBackup2B", "up-to-date-log"},
	{"vote-by-length-only", "TestRejoin2B", "up-to-date-log"},
	{"vote-twice", "TestManyElections2A", "one-vote"},
	{"forget-vote-on-follow", "TestHardVoteTwice2C", "one-vote"},
	{"commit-without-quorum", "TestBasicAgree2B", "commit-majority"},
	{"ack-own-last-index", "TestUnreliableAgree2C", "ack-verified"},
	{"skip-consistency-check", "TestRejoin2B", "consistency-check"},
	{"keep-conflicting", "TestFailNoAgree2B", "conflict-replaced"},
	{"candidate-stays", "TestManyElections2A", "candidate-follows"},
	{"gap-in-pipeline", "TestRejoin2B", "log-matching"},
	{"noop-in-lab", "TestBasicAgree2B", "no-noop"},
	{"stay-leader", "TestReElection2A", "self-check"},
	{"accept-stale-leader", "TestReElection2A", "self-check"},
	// What only keeps the cluster from getting on is no more than a suspicion.
	{"fixed-timeout", "TestInitialElection2A", "same-timeouts"},
	{"reply-early", "TestInitialElection2A", "no-leader"},
	{"trust-hint", "TestRejoin2B", "refused-again"},
	{"unsorted-match", "TestFollowerFailure2B", "commit-stalled"},
	{"never-fall-back", "TestPersist12C", "left-behind"},
}

// Of a Raft that tells what goes on inside the rule is named where it breaks,
// often in a test that passes.
func TestMutantsAreNamed(t *testing.T) {
	c := compile(t, overlay.Raft{}, "mutants")
	for _, bug := range bugs {
		t.Run(bug.mutant, func(t *testing.T) { c.named(t, []string{bug.test}, bug.rule, "PONTOON_MUTANT="+bug.mutant) })
	}
}
