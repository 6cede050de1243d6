package explain

// holds is leads with an entry on servers 0 and 1, committed.
const holds = leads + `
	20 0 append p0 t1 i1/1 l1 d11
	20 0 persist t1 i1/1
	21 1 append p0 t1 i1/1 l1 d11
	21 1 persist t1 i1/1
	22 0 commit leader i1/1 l0
	23 1 commit follower i1/1 l0
`

// third makes server 2 the leader of term 2, with server 1's vote, without
// entries.
const third = `
	30 2 role candidate t2
	30 2 vote p2 t2
	30 2 persist t2
	31 1 role follower t2
	31 1 vote p2 t2
	31 1 persist t2
	32 2 role leader t2
`

var logs = []example{
	{"leader-append-only", "tells",
		leads + `
		20 0 append p0 t1 i1/1 l2
		30 0 truncate p1 t1 i2/1 l2`,
		leads + `
		20 0 append p0 t1 i1/1 l2
		30 0 role follower t2
		31 2 role follower t2
		32 0 truncate p2 t2 i2/1 l2`},
	{"leader-append-only", "seen",
		seen + `
		20 0>1 #1 append t1 i0/0 e2/1
		21 0>1 #2 append t1 i2/3 e1/3`,
		seen + `
		20 0>1 #1 append t1 i0/0 e2/1
		21 0>1 #2 append t1 i2/1 e1/1`},
	{"keep-matching", "tells: the same entry",
		leads + `
		20 0 append p0 t1 i1/1 l3
		21 1 append p0 t1 i1/1 l3
		22 1 truncate p0 t1 i3/1 l3`,
		leads + `
		20 0 append p0 t1 i1/1 l3` + third + `
		40 2 append p2 t2 i1/2 l1
		41 0 role follower t2
		42 0 truncate p2 t2 i1/1 l3`},
	{"keep-matching", "tells: nothing there",
		leads + `
		20 0 append p0 t1 i1/1 l3` + third + `
		41 0 role follower t2
		42 0 truncate p2 t2 i1/1 l3`,
		holds},
	{"keep-matching", "seen",
		seen + `
		20 0>1 append t1 i0/0 e2/1 : yes t1
		21 0>1 append t1 i0/0 e1/1 : yes t1
		22 0>1 append t1 i2/1 e1/1 : no t1`,
		seen + `
		20 0>1 append t1 i0/0 e2/1 : yes t1
		21 0>1 append t1 i0/0 e1/1 : yes t1
		22 0>1 append t1 i3/1 e1/1 : no t1
		23 0>1 append t1 i2/1 e1/1 : yes t1`},
	{"consistency-check", "tells: another entry before it",
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l2
		41 0 role follower t2
		42 0 append p2 t2 i2/2 l2`,
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l2
		41 0 role follower t2
		41 0 truncate p2 t2 i1/1 l1
		42 0 append p2 t2 i1/2 l2`},
	{"consistency-check", "tells: a commit index that came with it",
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l1
		40 2 persist t2 i1/2
		40 1 append p2 t2 i1/2 l1
		40 1 persist t2 i1/2
		41 2 commit leader i1/2 l0
		42 2>0 #1 append t2 i1/2 c1
		42 2>0 #1 handle
		42 0 role follower t2
		43 0 commit follower i1/1 l0`,
		holds + `
		30 0>1 #1 append t1 i1/1 c1
		30 0>1 #1 handle
		30 1 commit follower i1/1 l0`},
	{"consistency-check", "tells: a gap",
		leads + `
		20 0 append p0 t1 i1/1 l2
		21 1 append p0 t1 i2/1 l2`,
		leads + `
		20 0 append p0 t1 i1/1 l2
		21 1 append p0 t1 i1/1 l2`},
	{"consistency-check", "tells: a heartbeat",
		leads + `
		20 0 append p0 t1 i1/1 l1
		21 0>1 append t1 i1/1 : yes t1`,
		holds + `
		24 0>1 append t1 i1/1 : yes t1`},
	{"consistency-check", "seen",
		seen + `
		20 0>1 append t1 i2/1 e1/1 : yes t1`,
		seen + `
		20 0>1 append t1 i0/0 e2/1 : yes t1
		20 0>1 append t1 i2/1 e1/1 : yes t1`},
	{"conflict-replaced", "tells",
		leads + `
		20 0 append p0 t1 i1/1 l1
		20 0 persist t1 i1/1` + third + `
		40 2 append p2 t2 i1/2 l1
		41 2>0 #1 append t2 i0/0 e1/2
		41 2>0 #1 handle
		41 0 role follower t2
		41 0 persist t2 i1/1
		42 2>0 #1 yes t2`,
		leads + `
		20 0 append p0 t1 i1/1 l1
		20 0 persist t1 i1/1` + third + `
		40 2 append p2 t2 i1/2 l1
		41 2>0 #1 append t2 i0/0 e1/2
		41 2>0 #1 handle
		41 0 role follower t2
		41 0 truncate p2 t2 i1/1 l1
		41 0 append p2 t2 i1/2 l1
		41 0 persist t2 i1/2
		42 2>0 #1 yes t2`},
	{"conflict-replaced", "tells: more behind it",
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l2
		41 2>0 #1 append t2 i0/0 e2/2
		41 2>0 #1 handle
		41 0 role follower t2
		41 0 append p2 t2 i2/2 l2`,
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l2
		41 2>0 #1 append t2 i0/0 e2/2
		41 2>0 #1 handle
		41 0 role follower t2
		41 0 truncate p2 t2 i1/1 l1
		41 0 append p2 t2 i1/2 l2`},
	{"self-check", "tells",
		leads + `
		20 0>1 #1 append t1
		20 0>1 #1 handle
		20 1 died`,
		leads + `
		- failure the test's own`},
	{"ack-verified", "tells",
		leads + `
		20 1 append p0 t1 i1/1 l2
		20 1 persist t1 i2/1
		21 0>1 append t1 i0/0 : yes t1 i2`,
		holds + `
		24 0>1 append t1 i0/0 : yes t1 i1`},
	{"log-matching", "tells: other commands",
		leads + `
		20 0 append p0 t1 i1/1 l1 d11
		21 1 append p0 t1 i1/1 l1 d12`,
		leads + `
		20 0 append p0 t1 i1/1 l1 d11
		21 1 append p0 t1 i1/1 l1 d11
		22 2 append p0 t1 i1/1 l1`},
	{"log-matching", "seen: another entry before it",
		replace(seen, "servers 3", "0 0 make\n0 1 make\n0 9 make") + `
		20 0>1 #1 append t1 i0/0 e1/1
		21 0>1 #2 append t3 i1/1 e1/3
		22 2>1 #3 append t4 i1/2 e1/3`,
		replace(seen, "servers 3", "0 0 make\n0 1 make\n0 9 make") + `
		20 0>1 #1 append t1 i0/0 e1/1
		21 0>1 #2 append t3 i1/1 e1/3
		22 2>1 #3 append t4 i1/1 e1/3
		23 2>1 #4 append t4 i1/1 e2/4`},
	{"install-forward", "tells",
		holds + `
		24 1 install p0 i0/0`,
		holds + `
		24 1 install p0 i4/1`},
	{"install-tail", "tells: a tail that agrees is lost",
		leads + `
		20 0 append p0 t1 i1/1 l3
		21 1 append p0 t1 i1/1 l3
		22 1 truncate p0 t1 i3/1 l3
		22 1 install p0 i2/1`,
		leads + `
		20 0 append p0 t1 i1/1 l4
		21 1 append p0 t1 i1/1 l3
		22 1 install p0 i2/1
		23 1 append p0 t1 i4/1 l4`},
	{"install-tail", "tells: a tail that contradicts is kept",
		leads + `
		20 0 append p0 t1 i1/1 l3` + third + `
		40 0 role follower t2
		41 0 install p2 i2/2`,
		leads + `
		20 0 append p0 t1 i1/1 l3` + third + `
		40 0 role follower t2
		41 0 truncate p2 t2 i3/1 l3
		41 0 install p2 i2/2
		42 0 persist t2 i2/2`},
	{"snapshot-applied", "tells",
		holds + `
		30 0 snapshot i1/1`,
		holds + `
		30 0 apply i1/1
		31 0 snapshot i1/1`},
}
