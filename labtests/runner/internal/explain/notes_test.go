package explain

import (
	"fmt"
	"strings"
)

// rivals is rounds in which servers 1 and 2 stand for election, apart by so
// many ms, and server 0 has gone.
func rivals(rounds, apart int) string {
	var b strings.Builder
	b.WriteString(seen + "20 0 kill\n")
	for i := range rounds {
		at, term := 100+200*i, i+2
		fmt.Fprintf(&b, "%d 1>2 #%d ask t%d\n", at, 2*i+1, term)
		fmt.Fprintf(&b, "%d 2>1 #%d ask t%d\n", at+apart, 2*i+2, term)
		for _, end := range []string{"handle", "no t%[4]d", "return"} {
			fmt.Fprintf(&b, "%[1]d 1>2 #%[2]d "+end+"\n%[1]d 2>1 #%[3]d "+end+"\n", at+apart, 2*i+1, 2*i+2, term)
		}
	}
	b.WriteString("- failure expected one leader, got none\n- end fail")
	return strings.ReplaceAll(b.String(), "%!(EXTRA", "//")
}

// refusals is a leader that goes back by so many entries at a time.
func refusals(by int) string {
	var b strings.Builder
	b.WriteString(seen + "20 0 propose ok t1 i60\n20 1 propose ok t1 i1\n21 0>1 #1 append t1 i60/1\n")
	for i := range 15 {
		fmt.Fprintf(&b, "%d 0>1 append t1 i%d/1 : no t1\n", 30+i, 59-by*i)
	}
	b.WriteString("- failure one(5) failed to reach agreement\n- end fail")
	return b.String()
}

const failed = "\n- failure one(5) failed to reach agreement\n- end fail"

var suspicions = []example{
	{"same-timeouts", "seen", rivals(4, 2), rivals(2, 2)},
	{"split-votes", "seen", rivals(4, 40), rivals(2, 40)},
	{"split-votes", "seen: those who ask are heard", rivals(4, 40), strings.ReplaceAll(rivals(4, 40), "handle", "lost")},
	{"no-leader", "seen",
		seen + `
		100 1>2 ask t2 i0/0 : no t5
		3000 2 state t5` + failed,
		seen + `
		100 1>2 ask t2 i0/0 : no t5
		1000 0>1 append t1 : no t2
		2000 0>1 append t1 : no t2
		3000 2 state t5` + failed},
	{"no-leader", "seen, although all may talk again",
		seen + `
		20 0 link p1
		20 1 link p0
		20 0 link p2
		20 2 link p0
		20 1 link p2
		20 2 link p1
		100 0 link p1 ok
		100 1 link p0 ok
		3000 2 state t1` + failed,
		seen + `
		20 0 link p1
		20 1 link p0
		20 0 link p2
		20 2 link p0
		20 1 link p2
		20 2 link p1
		100 0 link p1 ok // and not back
		3000 2 state t1` + failed},
	{"timer-held", "seen",
		seen + `
		20 0 kill
		100 1>2 ask t2 : no t2
		1100 1>2 ask t3 : no t3
		2100 1>2 ask t4 : no t4
		3000 2 state t5` + failed,
		seen + `
		20 0 kill
		100 1>2 ask t2 : no t2
		1100 1>2 ask t3 : no t3
		2000 2>1 ask t4 : yes t4
		2001 2>1 append t4 : yes t4
		2500 2 state t4` + failed},
	{"no-heartbeats", "seen",
		seen + `
		1500 1>2 ask t2 : yes t2
		1501 1>2 append t2 : yes t2` + failed,
		seen + `
		800 0>1 append t1 : yes t1
		1500 1>2 ask t2 : yes t2
		1501 1>2 append t2 : yes t2` + failed},
	{"many-rpcs", "seen",
		seen + `
		1000 0 state t1
		- failure too many RPC calls: 900
		- end fail`,
		seen + failed},
	{"slow-backup", "seen", refusals(1), refusals(3)},
	{"refused-again", "seen", refusals(0), refusals(1)},
	{"commit-stalled", "seen",
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0>2 append t1 e1/1 : yes t1
		22 0>1 append t1 i1/1 : yes t1
		1900 0>1 append t1 i1/1 : yes t1` + failed,
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0>2 append t1 e1/1 : yes t1
		22 0>1 append t1 i1/1 : yes t1
		1900 0>1 append t1 i1/1 c1 : yes t1` + failed},
	{"left-behind", "seen",
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0>2 #1 append t1 e1/1
		22 0>1 append t1 i1/1 c1 : yes t1
		500 0>2 append t1 c1 : yes t1
		1900 0>2 append t1 c1 : yes t1` + failed,
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0>2 #1 append t1 e1/1
		22 0>1 append t1 i1/1 c1 : yes t1
		500 0>2 append t1 c1 : yes t1
		1900 0>2 #2 append t1 c1 e1/1` + failed},
	{"apply-stalled", "seen",
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0 receive i1
		22 0>1 append t1 i1/1 c1 : yes t1
		1000 0>1 append t1 i1/1 c1 : yes t1
		1900 0>1 append t1 i1/1 c1 : yes t1` + failed,
		seen + `
		20 0>1 append t1 e1/1 : yes t1
		21 0 receive i1
		22 0>1 append t1 i1/1 c1 : yes t1
		1000 0>1 append t1 i1/1 c1 : yes t1
		1600 1 receive i1
		1900 0>1 append t1 i1/1 c1 : yes t1` + failed},
	{"deposed-start", "seen",
		seen + `
		20 1>2 ask t2 : yes t2
		21 1>2 append t2 : yes t2
		30 0 propose ok t1 i1` + failed,
		seen + `
		20 0 propose ok t1 i1
		30 1>2 ask t2 : yes t2
		31 1>2 append t2 : yes t2` + failed},
}
