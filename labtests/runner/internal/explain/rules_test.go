package explain

import (
	"slices"
	"strings"
	"testing"
)

// example is a script that breaks a rule, and one that comes close.
type example struct{ rule, what, breaks, fine string }

// leads is server 0 elected in term 1 by server 1, on servers that tell.
const leads = `
	servers 3
	0 0 timer p0
	0 1 timer p1
	0 2 timer p2
	10 0 role candidate t1
	10 0 vote p0 t1
	10 0 persist t1 p0
	11 1 role follower t1
	11 1 vote p0 t1
	11 1 timer p0
	11 1 persist t1 p0
	12 0 role leader t1
	13 2 role follower t1
	13 2 timer p0
	13 2 persist t1
`

// seen is the same of servers that tell nothing.
const seen = `
	servers 3
	10 0>1 ask t1 : yes t1
	10 0>2 ask t1 : yes t1
	12 0>1 append t1 : yes t1
	12 0>2 append t1 : yes t1
`

func TestEachRule(t *testing.T) {
	covered := map[string]bool{}
	for _, ex := range examples() {
		covered[ex.rule] = true
		t.Run(ex.rule+"/"+ex.what, func(t *testing.T) {
			found := Of(parse(t, ex.breaks))
			is := func(f Finding) bool { return f.Rule.ID == ex.rule }
			at := slices.IndexFunc(found, is)
			if at < 0 {
				t.Fatalf("it is not found, but: %v", found)
			}
			t.Log(found[at].Because)
			if at > 0 && !found[at].Suspicion {
				t.Errorf("found before it: %s: %s", found[0].Rule.ID, found[0].Because)
			}
			for _, f := range Of(parse(t, ex.fine)) {
				if !f.Suspicion || is(f) {
					t.Errorf("in the near miss: %s: %s", f.Rule.ID, f.Because)
				}
			}
		})
	}
	proofs, guesses := Rules()
	for _, rule := range append(proofs, guesses...) {
		if !covered[rule.ID] {
			t.Errorf("there is no example of %s", rule.ID)
		}
		for what, text := range map[string]string{"Title": rule.Title, "Section": rule.Section, "Says": rule.Says} {
			if text == "" {
				t.Errorf("%s has no %s", rule.ID, what)
			}
		}
		if !strings.HasSuffix(rule.Says, ".") {
			t.Errorf("%s: %q is no sentence", rule.ID, rule.Says)
		}
	}
}

func examples() []example {
	var all []example
	for _, group := range [][]example{elections, terms, logs, commits, applies, suspicions} {
		all = append(all, group...)
	}
	return all
}

// replace is a script with one passage changed.
func replace(script string, oldNew ...string) string {
	return strings.NewReplacer(oldNew...).Replace(script)
}

var elections = []example{
	{"one-vote", "tells",
		leads + `
		20 2 role candidate t2
		20 2 vote p2 t2
		21 1 role follower t2
		21 1 vote p2 t2
		22 1 vote p0 t2`,
		leads + `
		20 2 role candidate t2
		20 2 vote p2 t2
		21 1 role follower t2
		21 1 vote p2 t2
		22 1 role follower t3
		22 1 vote p0 t3`},
	{"one-vote", "tells, restarted, the first vote told to the candidate",
		leads + `
		20 2 role candidate t2
		20 2 vote p2 t2
		20 2>1 #1 ask t2 L1
		21 2>1 #1 handle
		21 1 role follower t2
		21 1 vote p2 t2
		21 1 persist t2 p2
		21 2>1 #1 yes t2
		21 2>1 #1 return
		22 1 kill
		23 1 make t2
		24 1 vote p0 t2
		24 0>1 #2 ask t2 L1
		24 0>1 #2 handle
		24 0>1 #2 yes t2`,
		leads + `
		20 2 role candidate t2
		20 2 vote p2 t2
		20 2>1 #1 ask t2 L1
		21 2>1 #1 handle
		21 1 role follower t2
		21 1 vote p2 t2
		22 1 kill
		23 1 make t1
		24 1 role follower t2
		24 1 vote p0 t2
		24 1 persist t2`},
	{"one-vote", "seen, restarted",
		seen + `
		20 1>2 ask t2 : yes t2
		21 2 kill
		22 2 make
		23 0>2 ask t2 : yes t2`,
		seen + `
		20 1>2 #1 ask t2
		20 1>2 #1 handle
		20 1>2 #1 yes t2
		21 2 kill // and the answer has not arrived
		22 2 make
		23 0>2 ask t2 : yes t2`},
	{"one-vote", "seen",
		seen + `
		20 1>2 ask t2 : yes t2
		21 0>2 ask t2 : yes t2`,
		seen + `
		20 1>2 ask t2 : yes t2
		21 0>2 ask t2 : no t2
		22 0>2 ask t3 : yes t3`},
	{"one-vote", "seen: for itself",
		seen + `
		20 1>0 ask t2 : no t2
		21 2>1 ask t2 : yes t2`,
		seen + `
		20 1>0 ask t2 : no t2
		21 2>1 ask t3 : yes t3`},
	{"one-vote", "seen: an end of an earlier life asks",
		seen + `
		20 1 kill
		21 1 make
		22 1>0 #1 ask t2 L2
		23 2>1 ask t2 : yes t2`,
		seen + `
		20 1 kill
		21 1 make
		22 1>0 #1 ask t2 L1
		23 2>1 ask t2 : yes t2`},
	{"up-to-date-log", "tells",
		leads + `
		20 0 append p0 t1 i1/1 l1
		21 1 append p0 t1 i1/1 l1
		30 2 role candidate t2
		30 2 vote p2 t2
		31 1 role follower t2
		31 1 vote p2 t2 i0/0`,
		leads + `
		20 0 append p0 t1 i1/1 l1
		21 1 append p0 t1 i1/1 l1
		30 0 role candidate t2
		30 0 vote p0 t2
		31 1 role follower t2
		31 1 vote p0 t2 i1/1`},
	{"up-to-date-log", "seen",
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		30 2>1 ask t2 i0/0 : yes t2`,
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		28 0>2 ask t3 : yes t3
		29 0>1 #1 append t3 i0/0 // of another leader: whatever it does to the log
		29 0>1 #1 handle
		30 2>1 ask t4 i0/0 : yes t4`},
	{"stale-replies", "seen",
		`servers 3
		10 0>1 #1 ask t1
		11 0>1 #1 handle
		11 0>1 #1 yes t1
		20 0>2 #2 ask t2
		21 0>1 #1 return
		22 0>1 append t2 : yes t2`,
		`servers 3
		10 0>1 #1 ask t1
		11 0>1 #1 handle
		11 0>1 #1 yes t1
		20 0>2 ask t2 : yes t2
		21 0>1 #1 return
		22 0>1 append t2 : yes t2`},
	{"vote-majority", "tells",
		replace(leads, "11 1 vote p0 t1\n", "\n", "11 1 timer p0\n", "\n"), leads},
	{"vote-majority", "seen",
		`servers 3
		10 0>1 ask t1 : no t1
		12 0>1 append t1 : yes t1`,
		seen},
	{"election-safety", "tells, as nobody knows how many servers there are",
		`0 0 make
		0 1 make
		0 2 make
		0 9 make
		10 0 role leader t1
		11 1 role leader t1`,
		`0 0 make
		0 1 make
		0 2 make
		0 9 make
		10 0 role leader t1
		11 1 role leader t2`},
	{"election-safety", "seen",
		replace(seen, "servers 3", "0 0 make\n0 1 make\n0 9 make") + `
		20 1 state t1 leader`,
		seen + `
		20 1 state t1`},
	{"timer-reset", "tells",
		leads + `
		20 1 timer p2
		21 1 timeout t1`,
		leads + `
		20 1 timer p0
		21 1 timer p1
		22 1 role follower t2
		22 1 timer p2
		22 1 vote p2 t2`},
}

var terms = []example{
	{"older-term", "tells: a vote",
		leads + `
		20 1 role follower t3
		21 1 vote p2 t2`,
		leads + `
		20 1 role follower t3
		21 1 vote p2 t3`},
	{"older-term", "tells: entries of a deposed leader",
		leads + `
		20 0 append p0 t1 i1/1 l1
		30 2 role candidate t2
		30 2 vote p2 t2
		31 1 role follower t2
		31 1 vote p2 t2
		32 2 role leader t2
		40 1 append p0 t2 i1/1 l1`,
		leads + `
		20 0 append p0 t1 i1/1 l1
		30 2 role candidate t2
		30 2 vote p2 t2
		31 1 role follower t2
		31 1 vote p2 t2
		32 2 role leader t2
		40 2 append p2 t2 i1/2 l1
		40 1 append p2 t2 i1/2 l1`},
	{"older-term", "tells: a heartbeat sets the timer",
		leads + `
		20 1 role follower t2
		21 0>1 #1 append t1
		21 0>1 #1 handle
		21 1 timer p0`,
		leads + `
		21 0>1 #1 append t1
		21 0>1 #1 handle
		21 1 timer p0
		21 1 role follower t2`},
	{"higher-term", "seen: an answer",
		seen + `
		20 0>1 append t1 : no t5
		1900 0 state t1 leader`,
		seen + `
		20 0>1 append t1 : no t5
		900 0 state t1 leader // GetState may have been slow to return
		1900 0 state t5`},
	{"older-term", "seen",
		seen + `
		20 2>1 ask t2 : yes t2
		30 0>1 append t1 : yes t2`,
		seen + `
		20 2>1 #1 ask t2
		20 2>1 #1 handle
		20 0>1 #2 append t1
		20 0>1 #2 handle
		21 2>1 #1 yes t2
		21 0>1 #2 yes t1 // its handler was first
		30 0>1 append t1 : no t2`},
	{"higher-term", "tells",
		leads + `
		20 2>0 ask t2 : no t1`,
		leads + `
		20 2>0 #1 ask t2
		20 2>0 #1 handle
		20 0 role follower t2
		20 0 persist t2
		20 2>0 #1 no t2`},
	{"candidate-follows", "tells",
		leads + `
		20 2 role candidate t2
		20 2 persist t2
		20 0 vote p1 t2
		21 1>2 append t2 : yes t2`,
		leads + `
		20 2 role candidate t2
		20 0 vote p1 t2
		21 1>2 #1 append t2
		21 1>2 #1 handle
		21 2 role follower t2
		21 2 persist t2
		21 1>2 #1 yes t2
		22 2 role candidate t3`},
	{"term-falls", "tells, restarted",
		leads + `
		20 1 link p0 ok
		20 1 kill
		21 1 make ok`,
		leads + `
		20 1 link p0 ok
		20 1 role follower t7 // not durable, and nobody was told
		20 1 kill
		21 1 make t1
		21 1 make`},
	{"term-falls", "tells, restarted after it was cut off",
		leads + `
		20 1 link p0 ok
		20 1 role follower t7
		20 1 persist t7
		21 1 link p0
		22 1 kill
		23 1 make t1`,
		leads + `
		20 1 link p0 ok
		20 1 role follower t7
		21 1 link p0
		21 1 persist t7 // when what survives had been copied
		22 1 kill
		23 1 make t1`},
	{"term-falls", "seen, restarted: in an answer",
		seen + `
		20 2>1 ask t5 : no t5
		21 1 kill
		22 1 make
		23 0>1 ask t2 : yes t2`,
		seen + `
		20 2>1 ask t5 : no t5
		21 1 kill
		22 1 make
		23 0>1 ask t2 : no t5`},
	{"term-falls", "seen, restarted: as a candidate",
		seen + `
		20 2>1 ask t5 : no t5
		21 1 kill
		22 1 make
		23 1>0 #1 ask t2 L2`,
		seen + `
		20 2>1 ask t5 : no t5
		21 1 kill
		22 1 make
		23 1>0 #1 ask t2 L1
		24 1>0 #2 ask t6 L2`},
	{"term-falls", "seen: in GetState",
		seen + `
		20 2>1 ask t5 : no t5
		1900 1 state t2`,
		seen + `
		20 2>1 ask t5 : no t5
		21 1 state t2 // GetState may have been slow to return
		1900 1 state t5`},
	{"durable-answer", "term",
		leads + `
		20 2>1 #1 ask t2
		20 2>1 #1 handle
		20 1 role follower t2
		20 2>1 #1 no t2`,
		leads + `
		20 2>1 #1 ask t2
		20 2>1 #1 handle
		20 1 role follower t2
		20 1 persist t2
		20 2>1 #1 no t2`},
	{"durable-answer", "a vote",
		leads + `
		20 2>1 #1 ask t2
		20 2>1 #1 handle
		20 1 role follower t2
		20 1 vote p2 t2
		20 1 persist t2
		20 2>1 #1 yes t2`,
		leads + `
		20 2>1 #1 ask t2
		20 2>1 #1 handle
		20 1 role follower t2
		20 1 vote p2 t2
		20 1 persist t2 p2
		20 2>1 #1 yes t2`},
	{"durable-answer", "entries",
		leads + `
		20 0 append p0 t1 i1/1 l2
		20 0>1 #1 append t1 e2/1
		21 0>1 #1 handle
		21 1 append p0 t1 i1/1 l2
		21 1 persist t1 i1/1
		22 0>1 #1 yes t1`,
		leads + `
		20 0 append p0 t1 i1/1 l2
		20 0>1 #1 append t1 e2/1
		21 0>1 #1 handle
		21 1 append p0 t1 i1/1 l2
		21 1 persist t1 i2/1
		22 0>1 #1 yes t1`},
	{"durable-log", "tells",
		leads + `
		19 1 link p0 ok
		20 1 append p0 t1 i1/1 l2
		21 1 persist t1 i2/1
		22 1 kill
		23 1 make t1 i1/1`,
		leads + `
		19 1 link p0 ok
		20 1 append p0 t1 i1/1 l2
		21 1 persist t1 i1/1
		22 1 kill
		23 1 make t1 i1/1`},
	{"durable-log", "seen",
		seen + `
		20 0>1 append t1 e2/1 : yes t1
		21 1 kill
		22 1 make
		23 0>1 append t1 i2/1 : no t1`,
		seen + `
		20 0>1 #1 append t1 e2/1
		20 0>1 #1 handle
		20 0>1 #1 yes t1
		21 1 kill // and the answer has not arrived
		22 1 make
		23 0>1 append t1 i2/1 : no t1`},
}
