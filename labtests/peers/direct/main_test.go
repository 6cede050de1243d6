package main

import (
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	for impl := range clusters {
		for _, outstanding := range []int{1, 64} {
			r, err := run(impl, outstanding, 200, 16, time.Minute)
			if err != nil || r.Ops != 200 || r.TimedOut {
				t.Fatalf("%s, %d outstanding: %+v, %v", impl, outstanding, r, err)
			}
			for i, x := range []float64{r.OpsPerSecond, r.P50, r.P99, r.CPUPerOp, r.MaxRSS} {
				if x <= 0 {
					t.Errorf("%s: figure %d is %v", impl, i, x)
				}
			}
		}
	}
}

// A Raft that loses or repeats what it has acknowledged gets no figures.
func TestSettle(t *testing.T) {
	for _, c := range []struct {
		counts [servers]int64
		want   string
	}{
		{[servers]int64{7, 7, 7}, ""}, {[servers]int64{7, 8, 7}, "of 7 that were"},
	} {
		p := &pontoonCluster{}
		for i := range c.counts {
			p.applied[i].Store(c.counts[i])
		}
		if err := settle(p, 7); err == nil != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.counts, err)
		}
	}
}

func TestBadArguments(t *testing.T) {
	if _, err := run("nobody", 1, 1, 16, time.Second); err == nil {
		t.Error("an unknown implementation is accepted")
	}
	if _, err := run("etcd", 0, 1, 16, time.Second); err == nil {
		t.Error("nothing outstanding is accepted")
	}
}
