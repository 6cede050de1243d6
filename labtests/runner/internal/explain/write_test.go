package explain

import (
	"strings"
	"testing"
)

// What is printed is a text that can be read from top to bottom.
func TestWrite(t *testing.T) {
	tr := parse(t, leads+`
		20 0 append p0 t1 i1/1 l3
		20 0 persist t1 p0 i3/1
		21 0>1 #1 append t1 i0/0 e3/1
		21 0>2 #2 append t1 i0/0 e3/1
		21 0>1 #1 handle
		21 1 append p0 t1 i1/1 l3
		21 1 persist t1 p0 i3/1
		21 0>1 #1 yes t1
		21 0>1 #1 return
		21 0>2 #2 lost
		22 1 truncate p0 t1 i3/1 l3
		2300 1 apply i1/1
		- failure one(5)
		- end fail`)
	tr.Full = true
	var b strings.Builder
	Write(&b, tr, Of(tr))
	want := `TestScript failed at 2.3000 s: one(5).

Broken rule: An outdated AppendEntries cuts nothing (keep-matching; §5.3, Figure 2 (AppendEntries 3)), at
0.0220 s.

  A follower deletes entries only where one of the leader's entries conflicts with its own; a short or late
  message is no conflict.
  Server 1 cuts its log from index 3 on because of server 0, whose entry there is the same, of term 1: only a
  conflicting one may be cut.

          time  server 0                                        server 1
      0.0000 s  is started
      0.0000 s                                                  is started
      0.0100 s  is candidate in term 1
      0.0100 s  votes for itself in term 1
      0.0100 s  on stable storage: term 1, its vote for 0, log
                  up to 0 (term 0)
      0.0110 s                                                  is follower in term 1
      0.0110 s                                                  votes for 0 in term 1, whose log ends at 0
                                                                  (term 0)
      0.0110 s                                                  on stable storage: term 1, its vote for 0, log
                                                                  up to 0 (term 0)
      0.0120 s  is leader in term 1
      0.0200 s  appends indexes 1 to 3 of its own term 1
      0.0200 s  on stable storage: term 1, its vote for 0, log
                  up to 3 (term 1)
      0.0210 s  to 1: AppendEntries, term 1, after 0 (term 0),
                  indexes 1 to 3 (the last of term 1), commit 0
      0.0210 s                                                  appends indexes 1 to 3 (term 1) of 0
      0.0210 s                                                  on stable storage: term 1, its vote for 0, log
                                                                  up to 3 (term 1)
      0.0210 s                                                  answers 0's AppendEntries: yes, term 1
==>   0.0220 s                                                  cuts index 3 (term 1), because of 0

To read: §5.3, Figure 2 (AppendEntries 3) of the paper, and docs/guide/outdated-append.md.

Broken as well, later, and maybe because of that:
  2.3000 s Only committed entries are applied (apply-committed): Server 1 applies index 1, and its commit
  index is 0.
The recording stopped at its limit of size after 2.3000 s, with the test still going on: what came then is not
in it.
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s", got)
	}
	b.Reset()
	if err := WriteView(&b, tr, Of(tr), View{Around: 2e6, Servers: []int{2}}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "server 1 cuts index 3") || strings.Contains(text, "is candidate") {
		t.Errorf("around server 2:\n%s", text)
	}
}
