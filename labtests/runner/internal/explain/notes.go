package explain

// notes are what may be wrong with a test that failed although no rule broke:
// the more special ones first.
var notes = []note{
	sameTimeouts, splitVotes, noHeartbeats, timerHeld, noLeader,
	manyRPCs, refusedAgain, slowBackup, commitStalled, leftBehind, applyStalled, deposedStart,
}
