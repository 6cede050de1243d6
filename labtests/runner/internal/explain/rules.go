package explain

// Pages that explain what a rule is about; a test of package main sees that they
// are there.
const (
	pageTimers    = "docs/guide/timers.md"
	pageOutdated  = "docs/guide/outdated-append.md"
	pageFigure8   = "docs/guide/figure-8.md"
	pageBackingUp = "docs/guide/backing-up.md"
	pageIsolated  = "docs/guide/isolated-server.md"
	pageSnapshots = "docs/guide/snapshot-meets-append.md"
	pageNoop      = "docs/guide/no-op.md"
	pageApplies   = "docs/guide/applych.md"
)

// checks are the rules, in the paper's order. Of two that one event breaks, the
// first is named: it says more.
var checks = []check{
	olderTerm, higherTerm, termFalls, candidateFollows,
	oneVote, upToDateLog, staleVotes, voteMajority, electionSafety, timerReset,
	durableAnswer, durableLog,
	leaderAppendOnly, keepMatching, consistencyCheck, conflictReplaced, ackVerified, logMatching,
	commitCurrentTerm, commitMajority, commitVerified, commitForward, leaderCompleteness,
	noNoop, applyOrder, applyCommitted, stateMachineSafety,
	snapshotApplied, installForward, installTail, selfCheck,
}
