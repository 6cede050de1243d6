package passes

import (
	"fmt"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/virtual"
)

const panicked = `Test (2B): basic agreement ...
leader is 1
panic: runtime error: index out of range [7] with length 3 [recovered]
	panic: runtime error: index out of range [7] with length 3

goroutine 41 [running]:
testing.tRunner.func1.2({0x1, 0x2})
	/usr/lib/go/src/testing/testing.go:1974 +0x232
panic({0x560540?, 0x5a5280?})
	/usr/lib/go/src/runtime/panic.go:860 +0x13a
6.5840/raft.(*Raft).advance(0xc0001, 0x7)
	/home/me/6.5840/src/raft/raft.go:311 +0x25
6.5840/raft.(*Raft).AppendEntries(0xc0001, 0xc0002, 0xc0003)
	/home/me/6.5840/src/raft/append.go:45 +0x99
reflect.Value.call({0x1, 0x2, 0x3})
	/usr/lib/go/src/reflect/value.go:581 +0xc
created by 6.5840/labrpc.(*Network).processReq in goroutine 12
	/home/me/6.5840/src/labrpc/labrpc.go:239 +0x1

goroutine 1 [chan receive]:
testing.(*T).Run(0x1)
	/usr/lib/go/src/testing/testing.go:2101 +0x1

goroutine 2 [sleep]:
6.5840/raft.(*Raft).ticker(0xc0001)
	/home/me/6.5840/src/raft/raft.go:400 +0x2
`

const raced = `Test (2A): initial election ...
==================
WARNING: DATA RACE
Write at 0x00c0000140 by goroutine 9:
  6.5840/raft.(*Raft).ticker()
      /home/me/6.5840/src/raft/raft.go:71 +0x30
  6.5840/raft.Make.gowrap1()
      /home/me/6.5840/src/raft/raft.go:20 +0x30

Previous read at 0x00c0000140 by goroutine 8:
  sync/atomic.LoadInt32()
      /usr/lib/go/src/sync/atomic/x.go:9 +0xb
  6.5840/raft.(*Raft).GetState()
      /home/me/6.5840/src/raft/raft.go:72 +0xbd
  6.5840/raft.(*config).checkOneLeader()
      /home/me/6.5840/src/raft/config.go:411 +0x38

Goroutine 9 (running) created at:
  6.5840/raft.Make()
      /home/me/6.5840/src/raft/raft.go:20 +0x99
==================
`

func TestFold(t *testing.T) {
	const tick = "goroutine %d [sleep, 3 minutes]:\n6.5840/raft.(*Raft).ticker(0x1)\n\t/home/me/src/raft/raft.go:400 +0x2\n\n"
	hang := "panic: the test has not ended after 10m0s of virtual time\n\ngoroutine 7 [running]:\n" +
		"6.5840/raft.TestPontoonVirtual.func2.1()\n\t/home/me/src/raft/pontoon_virtual_test.go:40 +0x8b\n\n" +
		fmt.Sprintf(tick, 8) + fmt.Sprintf(tick, 9) +
		"goroutine 10 [select (no cases), synctest bubble 1]:\n6.5840/raft.(*config).one(0x1)\n\t/home/me/src/raft/config.go:590 +0x2\n"
	for name, c := range map[string]struct {
		output string
		ended  bool
		late   bool
		reason string
		text   string
		lines  string
		folded int
	}{
		"fatal": {
			output: "Test (2C): Figure 8 ...\n" + strings.Repeat("S1 T3 election\n", 500) + "    config.go:601: one(1234) failed to reach agreement\n        after 10 s\n", ended: true,
			text: "config.go:601: one(1234) failed to reach agreement", folded: 500,
			lines: "Test (2C): Figure 8 ...\n    config.go:601: one(1234) failed to reach agreement\n        after 10 s",
		},
		"panic": {
			output: panicked, reason: "the process ended before the test did: exit status 2",
			text: "panic: runtime error: index out of range at raft/raft.go:311", folded: 20,
			lines: "Test (2B): basic agreement ...\npanic: runtime error: index out of range [7] with length 3 [recovered]\n" +
				"\tpanic: runtime error: index out of range [7] with length 3\ngoroutine 41 [running]:\n" +
				"    raft/raft.go:311  (*Raft).advance\n    raft/append.go:45  (*Raft).AppendEntries",
		},
		"race": {
			output: raced + raced[strings.Index(raced, "\n")+1:] + "    testing.go:1617: race detected during execution of test\n", ended: true,
			text: "data race: raft/raft.go:71 and raft/raft.go:72", folded: 33,
			lines: "Test (2A): initial election ...\n    testing.go:1617: race detected during execution of test\ndata race, 2 times:\n" +
				"    Write by goroutine 9:\n        raft/raft.go:71  (*Raft).ticker\n        raft/raft.go:20  Make.gowrap1\n" +
				"    Previous read by goroutine 8:\n        raft/raft.go:72  (*Raft).GetState\n        raft/config.go:411  (*config).checkOneLeader",
		},
		"log.Fatal": {
			output: "Test (2B): x ...\n" + strings.Repeat("same\n", 40) + "2026/01/02 03:04:05 apply error: server 1 apply out of order 12\n", reason: "the process ended before the test did: exit status 1",
			text: "apply error: server 1 apply out of order 12", folded: 39,
			lines: "Test (2B): x ...\nsame  (40 times)\n2026/01/02 03:04:05 apply error: server 1 apply out of order 12",
		},
		"hang": {
			output: hang,
			text:   "the test has not ended after 10m0s of virtual time",
			lines: "panic: the test has not ended after 10m0s of virtual time\n    2 goroutines: sleep at raft/raft.go:400  (*Raft).ticker\n" +
				"    1 goroutine: select (no cases) at raft/config.go:590  (*config).one",
			folded: 14,
		},
		"limit": {
			output: "SIGQUIT: quit\nPC=0x495da1 m=0 sigcode=0\n\ngoroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\nruntime.futex(0x1)\n\t/usr/lib/go/src/runtime/sys.s:558 +0x21 fp=0x7f sp=0x7e pc=0x49\n\n" +
				"goroutine 5 gp=0x1 m=nil [select, synctest bubble 1]:\n6.5840/raft.(*Raft).ticker(0x1)\n\t/home/me/src/raft/raft.go:400 +0x2 fp=0x7f sp=0x7e pc=0x49\n",
			reason: "it did not end within 3m0s of wall time", text: "it did not end within 3m0s of wall time", late: true,
			lines: "SIGQUIT: quit\n    1 goroutine: select at raft/raft.go:400  (*Raft).ticker", folded: 8,
		},
		"nothing": {reason: "the process ended well before the test did", text: "the process ended well before the test did"},
	} {
		o := &virtual.Outcome{Test: "TestX", Verdict: virtual.Fail, Output: []byte(c.output), Ended: c.ended, Late: c.late, Reason: c.reason}
		f := fold(o, "/usr/lib/go")
		if f.Text != c.text {
			t.Errorf("%s: text %q, want %q", name, f.Text, c.text)
		}
		if got := strings.Join(f.Lines, "\n"); got != c.lines {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.lines)
		}
		if f.Folded != c.folded {
			t.Errorf("%s: folded %d, want %d", name, f.Folded, c.folded)
		}
	}
}

func TestGeneral(t *testing.T) {
	for text, want := range map[string]string{
		"config.go:601: one(1234) failed after 3.5 s":                    "config.go:601: one(…) failed after … s",
		"panic: bad address 0xc000123 at raft/raft.go:12":                "panic: bad address … at raft/raft.go:12",
		"data race: raft/raft.go:71 and raft/raft.go:72":                 "data race: raft/raft.go:71 and raft/raft.go:72",
		"the test has not ended after 10m0s of virtual time":             "the test has not ended after …m…s of virtual time",
		"2 different leaders in term 7, servers 0 and 3; 1 then 2 (2A2)": "… different leaders in term …, servers … and …; … then … (…A…)",
	} {
		if got := general(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
