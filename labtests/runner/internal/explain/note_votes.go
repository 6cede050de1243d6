package explain

import (
	"slices"
	"time"
)

// Elections that fail in a row before they are worth a word, and how close to
// each other candidates begin that have the same timeout.
const (
	failedElections = 3
	together        = 5 * time.Millisecond
)

var splitVotes = note{
	Rule{
		ID: "split-votes", Title: "Votes are split again and again", Section: "§5.2 (randomized election timeouts)",
		Says: "Election timeouts are drawn anew at random for every election, from a range that is wide enough that one server is usually well ahead of the others.",
		Read: pageTimers,
	}, lookForSplitVotes,
}

func lookForSplitVotes(c *cluster, report report) {
	lookAtRivals(c, func(rounds [][]*candidacy, witnesses []int) {
		first := rounds[0]
		report(first[0].begins, contenders(rounds), witnesses,
			"In %d terms in a row, from term %d on, two or more servers stood for election and nobody won.", len(rounds), first[0].term)
	}, func([]*candidacy) bool { return true })
}

var sameTimeouts = note{
	Rule{
		ID: "same-timeouts", Title: "Election timeouts that are not random", Section: "§5.2 (randomized election timeouts)",
		Says: "Each server draws its election timeout at random, so that rarely two of them run out at the same moment.",
		Read: pageTimers,
	}, lookForSameTimeouts,
}

func lookForSameTimeouts(c *cluster, report report) {
	lookAtRivals(c, func(rounds [][]*candidacy, witnesses []int) {
		first := rounds[0]
		report(first[0].begins, contenders(rounds), witnesses,
			"In %d terms in a row, from term %d on, %s began their elections within %v of each other: their timeouts are the same, or nearly so.",
			len(rounds), first[0].term, serverList(contenders(rounds)), together)
	}, func(round []*candidacy) bool {
		return round[1].begins.At-round[0].begins.At <= together
	})
}

func contenders(rounds [][]*candidacy) []int {
	set := map[int]bool{}
	for _, round := range rounds {
		for _, one := range round {
			set[one.server] = true
		}
	}
	return sorted(set)
}

// lookAtRivals finds terms in a row in which several stood, nobody won, and the
// test holds.
func lookAtRivals(c *cluster, say func(rounds [][]*candidacy, witnesses []int), test func([]*candidacy) bool) {
	byTerm := map[uint64][]*candidacy{}
	last := uint64(0)
	for _, one := range c.candidacies() {
		// Who is cut off takes no votes from anybody.
		if !slices.ContainsFunc(one.asked, func(k *call) bool { return k.handled >= 0 }) {
			continue
		}
		byTerm[one.term] = append(byTerm[one.term], one)
		last = max(last, one.term)
	}
	if last > sane {
		return
	}
	var rounds [][]*candidacy
	for term := uint64(1); term <= last+1; term++ {
		round := byTerm[term]
		if len(round) >= 2 && !c.led(term) && test(round) {
			rounds = append(rounds, round)
			continue
		}
		if len(rounds) >= failedElections {
			var witnesses []int
			for _, round := range rounds[:failedElections] {
				witnesses = append(witnesses, round[0].begins.at, round[1].begins.at)
			}
			say(rounds, witnesses)
			return
		}
		rounds = nil
	}
}
