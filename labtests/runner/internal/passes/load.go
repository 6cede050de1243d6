package passes

import (
	"fmt"
	"sync"
	"time"

	"pontoon.dev/labrun/internal/virtual"
)

// Lateness is how late timers came in some stretch of time.
type Lateness struct {
	Worst time.Duration
	Late  time.Duration // by how much timers were late that were more than virtual.LateFrom late
}

func (l *Lateness) add(by time.Duration) {
	l.Worst = max(l.Worst, by)
	if by > virtual.LateFrom {
		l.Late += by
	}
}

// lateness measures that of labrun's own timers.
type lateness struct {
	quit    chan struct{}
	mu      sync.Mutex
	origin  time.Time
	seconds []Lateness // by second since origin
}

func watch() *lateness {
	l := &lateness{quit: make(chan struct{}), origin: time.Now()}
	go l.measure()
	return l
}

func (l *lateness) stop() { close(l.quit) }

func (l *lateness) measure() {
	timer := time.NewTimer(0)
	<-timer.C
	for {
		begin := time.Now()
		timer.Reset(virtual.ProbeEvery)
		select {
		case <-l.quit:
			return
		case <-timer.C:
			l.note(begin, time.Since(begin)-virtual.ProbeEvery)
		}
	}
}

// note takes down that a timer, set at begin, came late.
func (l *lateness) note(begin time.Time, by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	second := int(begin.Sub(l.origin) / time.Second)
	for len(l.seconds) <= second {
		l.seconds = append(l.seconds, Lateness{})
	}
	l.seconds[second].add(by)
}

// between sums up the seconds that have something of the stretch in them.
func (l *lateness) between(begin, end time.Time) Lateness {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum Lateness
	for i := int(begin.Sub(l.origin) / time.Second); i <= int(end.Sub(l.origin)/time.Second) && i < len(l.seconds); i++ {
		sum.Worst = max(sum.Worst, l.seconds[i].Worst)
		sum.Late += l.seconds[i].Late
	}
	return sum
}

// Load is how the machine treated one run.
type Load struct {
	Real   bool          // it was in real time
	Late   bool          // it was stopped at the limit of wall time
	Wall   time.Duration // of the run
	CPU    time.Duration // of its process
	CPUs   int
	Jobs   int // runs side by side
	Runner Lateness
	Test   virtual.Probe
}

// When a run's timers were late in more than this share of it, or its threads
// waited as long for a processor as this share of it and longer than half of
// what they got, the machine has not done its part.
const (
	lateShare   = 0.05
	waitedShare = 0.05
)

// greedy is the share of all processors that a lab's test, which mostly waits,
// has no use for.
const greedy = 0.7

// busyShare is the share of the limit in virtual time that a test has to compute
// for, to have no one to blame but itself.
const busyShare = 0.3

// Judge says in a sentence who else than the algorithm may be to blame for a
// failed run; "" if there is nobody.
func Judge(l Load) string {
	wall := l.Wall.Seconds()
	runner, test := l.Runner.Late.Seconds() > lateShare*wall, l.Test.Late.Seconds() > lateShare*wall
	starved := l.Test.Waited.Seconds() > waitedShare*wall && l.Test.Waited > l.CPU/2
	own := l.CPU.Seconds() > greedy*wall*float64(l.CPUs)
	worst := max(l.Runner.Worst, l.Test.Worst)
	switch {
	case !l.Real && !l.Late:
		return "" // time stands still until every goroutine has had its turn
	case !l.Real && l.CPU.Seconds() > busyShare*wall:
		return fmt.Sprintf("its process computed for %.0f of the %.0f s: in virtual time no clock moves on while a goroutine has something to do, such as to send again at once what was refused", l.CPU.Seconds(), wall)
	case !l.Real && runner:
		return fmt.Sprintf("load does not make a test fail in virtual time, but the limit that it exceeded is wall time, and timers were late by up to %v: run it again with a longer -timeout, or -jobs 1", ms(worst))
	case !l.Real:
		return ""
	case own || test && !runner && !starved:
		return fmt.Sprintf("its process kept %.1f of %d processors busy: a goroutine that does not sleep or wait is likely, and timers were late by up to %v", l.CPU.Seconds()/wall, l.CPUs, ms(worst))
	case runner:
		return fmt.Sprintf("this failure is likely the machine's: timers were late by up to %v, and by over %v for %.0f %% of the run; %s", ms(worst), virtual.LateFrom, min(100, 100*max(l.Runner.Late, l.Test.Late).Seconds()/wall), l.advice())
	case starved:
		return fmt.Sprintf("this failure is likely the machine's: the test's threads waited %.1f s for a processor, and got one for %.1f s; %s", l.Test.Waited.Seconds(), l.CPU.Seconds(), l.advice())
	}
	return ""
}

func (l *Load) advice() string {
	if l.Jobs > 1 {
		return "run with -jobs 1 or in virtual time"
	}
	return "run it on a machine with less to do, or in virtual time"
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
