package virtual

import (
	"fmt"
	"time"
)

// report prints outcomes as they come in.
type report struct {
	job      Job
	done     int
	failed   int            // tests of the present pass
	failures map[string]int // by test
}

func (p *report) add(o outcome) {
	p.done++
	if o.verdict == "fail" {
		p.failed++
		p.failures[o.name]++
	}
	// Of many passes only the failures are worth reading.
	if p.job.Count == 1 || p.job.Verbose || o.verdict == "fail" {
		p.write(o)
	}
	if tests := len(p.job.Tests); p.job.Count > 1 && p.done%tests == 0 {
		fmt.Fprintf(p.job.Out, "pass %d of %d: %d of %d tests passed\n", p.done/tests, p.job.Count, tests-p.failed, tests)
		p.failed = 0
	}
}

// write prints one outcome as go test would, with the clock of the bubble.
func (p *report) write(o outcome) {
	_, _ = p.job.Out.Write(o.output)
	if o.verdict != "fail" && !p.job.Verbose {
		return
	}
	label := map[string]string{"pass": "PASS", "fail": "FAIL", "skip": "SKIP"}[o.verdict]
	clock := "unfinished"
	if o.virtual != "" {
		clock = o.virtual + " virtual"
	}
	fmt.Fprintf(p.job.Out, "--- %s: %s (%s, %.2fs wall)\n", label, o.name, clock, o.wall.Seconds())
	if o.reason != "" {
		fmt.Fprintf(p.job.Out, "    labrun: %s: %s\n", o.name, o.reason)
	}
}

// end prints the last lines and reports whether every test passed.
func (p *report) end(wall time.Duration) bool {
	failed := 0
	for _, name := range p.job.Tests {
		if n := p.failures[name]; n > 0 && p.job.Count > 1 {
			fmt.Fprintf(p.job.Out, "%s failed in %d of %d passes\n", name, n, p.job.Count)
		}
		failed += p.failures[name]
	}
	if p.job.Count > 1 {
		fmt.Fprintf(p.job.Out, "%d passes of %d tests in %.1f s: %d passed, %d failed\n",
			p.job.Count, len(p.job.Tests), wall.Seconds(), p.done-failed, failed)
	}
	if failed > 0 {
		fmt.Fprintf(p.job.Out, "FAIL\nFAIL\t%s\t%.3fs\nFAIL\n", p.job.Pkg, wall.Seconds())
		return false
	}
	fmt.Fprintf(p.job.Out, "PASS\nok  \t%s\t%.3fs\n", p.job.Pkg, wall.Seconds())
	return true
}
