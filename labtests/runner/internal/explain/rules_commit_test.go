package explain

var commits = []example{
	{"commit-current-term", "tells",
		holds + `
		30 2 append p0 t1 i1/1 l1
		31 0 role candidate t3
		31 0 vote p0 t3
		31 0 append p9 t3 i2/2 l2
		31 0 persist t3 i2/2
		32 1 role follower t3
		32 1 vote p0 t3 i2/2
		33 0 role leader t3
		34 1 append p0 t3 i2/2 l2
		34 1 persist t3 i2/2
		35 0 commit leader i2/2 l1`,
		holds + `
		31 0 role candidate t3
		31 0 vote p0 t3
		31 0 append p9 t3 i2/2 l2
		32 1 role follower t3
		32 1 vote p0 t3 i2/2
		33 0 role leader t3
		34 0 append p0 t3 i3/3 l3
		34 0 persist t3 i3/3
		34 1 append p0 t3 i2/2 l2
		34 1 append p0 t3 i3/3 l3
		34 1 persist t3 i3/3
		35 0 commit leader i3/3 l1`},
	{"commit-current-term", "seen",
		seen + `
		20 0>1 append t1 i0/0 e1/1 : yes t1
		30 0>1 ask t2 i1/1 : yes t2
		31 0>1 append t2 i1/1 : yes t2
		32 0>1 append t2 i1/1 c1 : yes t2`,
		seen + `
		20 0>1 append t1 i0/0 e1/1 : yes t1
		21 0>1 #9 append t1 i1/1 c1
		30 0>1 ask t2 i1/1 : yes t2
		31 0>1 append t2 i1/1 c1 : yes t2
		32 0>1 append t2 i1/1 e1/2 c1 : yes t2
		33 0>1 append t2 i2/2 c2 : yes t2`},
	{"commit-majority", "tells",
		replace(holds, "21 1 persist t1 i1/1\n", "\n"), holds},
	{"commit-majority", "tells: an answer of a server that is being killed counts",
		replace(holds, "21 1 append p0 t1 i1/1 l1 d11\n", "\n", "21 1 persist t1 i1/1\n", "\n", "23 1 commit follower i1/1 l0\n", "\n"),
		replace(holds, "21 1 append p0 t1 i1/1 l1 d11\n", "\n", "21 1 persist t1 i1/1\n", `
		21 0>1 #1 append t1 e1/1
		21 0>1 #1 handle
		21 1 kill
		21 0>1 #1 yes t1
		`, "23 1 commit follower i1/1 l0\n", "\n")},
	{"commit-majority", "seen: applied before it is said",
		seen + `
		20 0>1 #1 append t1 i0/0 e1/1
		21 0 receive i1 d5
		22 0>2 #2 append t1 i0/0 e1/1 c1`,
		seen + `
		20 0>1 append t1 i0/0 e1/1 : yes t1
		21 0 receive i1 d5
		22 0>2 #2 append t1 i0/0 e1/1 c1`},
	{"commit-majority", "seen",
		seen + `
		20 0>1 append t1 i0/0 e1/1 : yes t1
		21 0>1 append t1 i1/1 e1/1 c2 : yes t1`,
		seen + `
		20 0>1 append t1 i0/0 e1/1 : yes t1
		21 0>1 append t1 i1/1 e1/1 c1 : yes t1
		22 0>2 append t1 i0/0 c2 : yes t1`},
	{"commit-verified", "tells: more than any leader",
		leads + `
		20 0 append p0 t1 i1/1 l1
		21 1 append p0 t1 i1/1 l1
		23 1 commit follower i1/1 l0`,
		holds},
	{"commit-verified", "tells: another entry",
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l1
		40 2 persist t2 i1/2
		40 1 append p2 t2 i1/2 l1
		40 1 persist t2 i1/2
		41 2 commit leader i1/2 l0
		42 0 role follower t2
		43 0 commit follower i1/1 l0`,
		leads + `
		20 0 append p0 t1 i1/1 l1` + third + `
		40 2 append p2 t2 i1/2 l1
		40 2 persist t2 i1/2
		40 1 append p2 t2 i1/2 l1
		40 1 persist t2 i1/2
		41 2 commit leader i1/2 l0
		42 0 role follower t2
		43 0 truncate p2 t2 i1/1 l1
		43 0 append p2 t2 i1/2 l1
		43 0 commit follower i1/2 l0`},
	{"commit-forward", "tells",
		holds + `
		30 1 commit follower i0/0 l1`,
		holds + `
		30 1 commit follower i1/1 l1`},
	{"leader-completeness", "tells: at its election",
		replace(holds, "22 0 commit", "21 2 append p0 t1 i1/1 l1\n21 2 persist t1 i1/1\n22 0 commit") + `
		24 2 truncate p9 t1 i1/1 l1` + replace(third, "31 1 vote p2 t2", "31 1 vote p2 t2 i1/1"),
		replace(holds, "22 0 commit", "21 2 append p0 t1 i1/1 l1\n21 2 persist t1 i1/1\n22 0 commit") +
			replace(third, "31 1 vote p2 t2", "31 1 vote p2 t2 i1/1")},
	{"leader-completeness", "tells: an old leader commits",
		leads + `
		20 0 append p0 t1 i1/1 l1
		20 0 persist t1 i1/1` + third + `
		40 1 append p9 t2 i1/1 l1
		40 1 persist t2 i1/1
		41 0 commit leader i1/1 l0`,
		leads + `
		20 0 append p0 t1 i1/1 l1
		20 0 persist t1 i1/1
		21 1 append p0 t1 i1/1 l1
		21 1 persist t1 i1/1
		22 2 append p0 t1 i1/1 l1` + replace(third, "31 1 vote p2 t2", "31 1 vote p2 t2 i1/1") + `
		41 0 commit leader i1/1 l0`},
}

var applies = []example{
	{"state-machine-safety", "received",
		`servers 3
		10 0 receive i1 d5
		11 1 receive i1 d6`,
		`servers 3
		10 0 receive i1 d5
		11 1 receive i1 d5
		12 1 receive i2 d6`},
	{"state-machine-safety", "tells",
		holds + `
		30 0 apply i1/1 d5
		30 1 apply i1/1 d6`,
		holds + `
		30 0 apply i1/1 d5
		30 1 apply i1/1 d5`},
	{"apply-order", "tells",
		holds + `
		30 0 apply i2/1`,
		holds + `
		30 0 apply i1/1
		31 1 install p0 i7/1
		32 0 append p0 t1 i2/1 l8
		32 1 append p0 t1 i8/1 l8
		32 1 persist t1 i8/1
		32 0 persist t1 i8/1
		33 0 commit leader i8/1 l1
		33 1 commit follower i8/1 l7
		34 1 apply i8/1`},
	{"apply-order", "received: a gap",
		`servers 3
		10 0 receive i1 d5
		11 0 receive i3 d6`,
		`servers 3
		10 0 receive i1 d5
		11 0 receive snap i2
		12 0 receive i3 d6`},
	{"apply-order", "received: twice",
		`servers 3
		10 0 receive i1 d5
		11 0 receive i1 d5`,
		`servers 3
		10 0 receive i1 d5
		11 0 kill
		11 0 make
		12 0 receive i1 d5
		12 0 receive i2 d5
		13 0 receive snap i1 // refused by the service, as CondInstallSnapshot may
		13 0 receive i3 d7`},
	{"apply-order", "received: behind a snapshot",
		`servers 3
		10 0 receive i1 d5
		11 0 kill
		11 0 make
		12 0 receive i2 d6 // behind a snapshot
		12 0 receive i3 d7
		13 0 kill
		13 0 make
		14 0 receive i9 d7`,
		`servers 3
		10 0 receive i1 d5
		11 0 kill
		11 0 make
		12 0 receive i2 d6 // behind a snapshot
		12 0 receive i3 d7
		13 0 kill
		13 0 make
		14 0 receive i3 d7`},
	{"apply-order", "received: a gap after a restart",
		`servers 3
		10 0 receive i1 d5
		11 0 kill
		11 0 make
		12 0 receive i3 d7`,
		`servers 3
		10 0 receive i1 d5
		10 0 receive i2 d6
		11 0 kill
		11 0 make
		12 0 receive i3 d7
		13 0 kill
		13 1>0 #1 install t1 i7/1
		13 0 make
		13 1>0 #2 install t1 i7/1
		13 1>0 #2 handle
		14 0 kill // when the snapshot was saved, and not handed over
		14 0 make
		15 1>0 append t1 i7/1 e1/1 : yes t1
		15 0 receive i8 d8`},
	{"apply-committed", "tells",
		leads + `
		20 0 append p0 t1 i1/1 l1
		21 0 apply i1/1`,
		holds + `
		30 0 apply i1/1`},
	{"apply-committed", "seen",
		seen + `
		20 0>1 #1 append t1 i0/0 e1/1
		21 0 receive i1 d5`,
		seen + `
		20 0>1 #1 append t1 i0/0 e1/1
		20 0>1 #1 handle
		20 0>1 #1 yes t1
		21 0 receive i1 d5`},
	{"no-noop", "proposed",
		`servers 3
		10 0 propose ok t1 i2
		11 0 propose ok t1 i3`,
		`servers 3
		10 0 propose ok t1 i2 // Start returned late
		11 0 propose ok t1 i1`},
}
