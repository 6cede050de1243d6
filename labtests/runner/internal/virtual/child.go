package virtual

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// Once runs one test once, in a process of its own, with settings added to its
// environment.
func (p *Program) Once(ctx context.Context, test string, settings ...string) Outcome {
	o := Outcome{Test: test}
	said, err := os.CreateTemp(p.Work, "verdict-")
	if err != nil {
		o.judge("", err, p.Wall)
		return o
	}
	_ = said.Close()
	defer os.Remove(said.Name())

	timed, cancel := context.WithTimeout(ctx, p.Wall)
	defer cancel()
	env := append(append([]string{}, p.Env...), settings...)
	run := test
	if p.Real {
		env = append(env, probeEnv+"="+said.Name())
	} else {
		run = entryTest
		env = append(env,
			"PONTOON_VIRTUAL_TEST="+test,
			"PONTOON_VIRTUAL_LIMIT="+p.Limit.String(),
			"PONTOON_VIRTUAL_VERDICT="+said.Name(),
			// A bubble needs the timers of Go 1.23, which the lab's go line predates.
			"GODEBUG="+godebug(os.Getenv("GODEBUG")))
	}
	// -test.v, because a test's log would not be printed before its end, which
	// may never come; -test.timeout=0, because p.Wall does that.
	cmd := gotool.Command(timed, p.Dir, env, p.binary, "-test.run=^"+run+"$", "-test.v=test2json", "-test.timeout=0")
	var output limited
	cmd.Stdout, cmd.Stderr = &output, &output

	begin := time.Now()
	err = gotool.Run(timed, cmd)
	o.Wall = time.Since(begin)
	if state := cmd.ProcessState; state != nil {
		o.CPU = state.UserTime() + state.SystemTime()
	}
	text, _ := os.ReadFile(said.Name())
	o.read(&output, string(text), err, p)
	return o
}

// panicked is the exit code with which a Go program ends for a panic.
const panicked = 2

// read takes from what the process left behind what the test came to.
func (o *Outcome) read(output *limited, said string, err error, p *Program) {
	all := output.bytes()
	how := ""
	if p.Real {
		how, o.Clock = verdict(all, o.Test)
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == panicked {
			how = "" // the testing package calls this a failed test, too
		}
		o.Probe = parseProbe(said)
		if o.Clock == 0 {
			o.Clock = o.Wall
		}
	} else {
		var clock string
		how, clock, _ = strings.Cut(strings.TrimSpace(said), " ")
		o.Clock, _ = time.ParseDuration(clock)
	}
	o.Output, o.Dropped = filter(all), output.dropped
	o.judge(how, err, p.Wall)
	if o.Late && !p.Real {
		o.Reason += ": a goroutine of it computes without end, or waits for something outside of its bubble, such as a mutex"
	}
}

// godebug adds to the user's setting; the last of a key counts.
func godebug(own string) string {
	return strings.TrimPrefix(own+",asynctimerchan=0", ",")
}

// What is kept of a test that prints without end, in bytes: its beginning, and
// its end, which tells why it failed.
const (
	headLimit = 1 << 20
	tailLimit = 15 << 20
)

// limited keeps both ends of what is written to it.
type limited struct {
	head, tail []byte // tail is a ring once it is full
	next       int    // the oldest byte of a full ring
	dropped    int
}

func (l *limited) Write(p []byte) (int, error) {
	n := len(p)
	room := min(n, headLimit-len(l.head))
	l.head = append(l.head, p[:room]...)
	p = p[room:]
	room = min(len(p), tailLimit-len(l.tail))
	l.tail = append(l.tail, p[:room]...)
	p = p[room:]
	l.dropped += len(p)
	if over := len(p) - tailLimit; over > 0 {
		p = p[over:]
	}
	for len(p) > 0 {
		moved := copy(l.tail[l.next:], p)
		l.next = (l.next + moved) % tailLimit
		p = p[moved:]
	}
	return n, nil
}

func (l *limited) bytes() []byte {
	all := append([]byte{}, l.head...)
	if l.dropped > 0 {
		all = fmt.Appendf(all, "\nlabrun: %d bytes of output are dropped here\n", l.dropped)
	}
	all = append(all, l.tail[l.next:]...)
	return append(all, l.tail[:l.next]...)
}
