package mutants

const (
	syncedDisk = "the lab's persister is done when Save returns, and a crash loses nothing that was saved: nothing here can tell early from late"
	lateReply  = "it takes an answer that arrives a term late and is decisive then: the tests reach that by luck at most"
	slowOnly   = "what it costs is time, and the tests' limits leave enough of that"
)

// reasons says why a mutant survives a suite, as far as is understood.
var reasons = map[string]map[string]string{"lab": {
	"commit-old-term":           "Figure 8 needs its partitions in one order: the random ones of Figure8 rarely come to it",
	"timer-on-any-message":      "it shows where few servers can win and many others stand: no test has that many servers",
	"vote-not-persisted":        "a voter must crash and be asked again in the same term: no test forces that",
	"forget-vote-on-follow":     "a server must be asked for a second vote in the term in which it stepped down: no test forces that",
	"count-stale-vote":          lateReply,
	"count-stale-ack":           lateReply,
	"match-falls":               "the next acknowledgement raises the match again: " + slowOnly,
	"commit-own-last-index":     "a follower with a conflicting end must hear a commit index beyond what the same message verified: the refusal that repairs its log usually comes first",
	"ack-own-last-index":        "a follower must have a conflicting end beyond a message that it accepts: the entries that replace it are usually in that message",
	"keep-log-on-install":       "a snapshot must meet an uncommitted entry of another term at its very index: no test makes a follower keep one that far",
	"install-old-snapshot":      "a snapshot must be overtaken by the entries that it holds: no test delays one for so long",
	"count-self-early":          syncedDisk,
	"stable-when-overwritten":   syncedDisk,
	"deliver-before-durable":    syncedDisk,
	"candidate-stays":           "the candidate's next term ends the leader's: one more election, and " + slowOnly,
	"allow-two-leaders":         "it lifts a check of what cannot happen in a correct core: it takes a second bug to show",
	"lone-server-waits":         "no cluster of the tests has one server",
	"count-lost-follower":       "no crash of the tests loses what a server has acknowledged",
	"silent-when-full":          "no test keeps so many messages unanswered that the pipeline of a reachable server is full",
	"discard-matching-log":      "the leader sends the discarded entries again: " + slowOnly,
	"heartbeat-aborts-transfer": "a snapshot of the tests is one message, and there is no transfer to abort",
	"compact-under-transfer":    "the next snapshot brings what was compacted: " + slowOnly,
}}
