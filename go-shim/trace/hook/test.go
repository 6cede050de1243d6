package hook

import (
	"fmt"
	"strings"

	"pontoon.dev/go-shim/trace"
)

// Test is the beginning of the test name; impl names the Raft. What it returns
// is the test's end, and has to be deferred.
func Test(impl, name string, t interface{ Failed() bool }) (end func()) {
	return global.startTest(impl, name, t)
}

func (c *cluster) startTest(impl, name string, t interface{ Failed() bool }) (end func()) {
	if c.rec == nil {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
	c.impl, c.test = impl, name
	return func() {
		panicked := recover()
		if panicked != nil {
			c.fail(fmt.Sprintf("panic: %v", panicked))
		}
		c.endTest(panicked == nil && !t.Failed())
		if panicked != nil {
			panic(panicked)
		}
	}
}

func (c *cluster) endTest(passed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(0)
	if c.test != "" {
		c.record(trace.Event{Kind: trace.TestEnd, Server: trace.None, Peer: trace.None, Text: c.test, Flag: passed})
	}
	c.test = ""
}

func (c *cluster) fail(text string) {
	if c.rec == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(0)
	c.record(trace.Event{Kind: trace.Failure, Server: trace.None, Peer: trace.None, Text: strings.TrimSpace(text)})
}

// Failed is the beginning of a function of the harness that ends the test.
func Failed(format string, args []any) { global.fail(fmt.Sprintf(format, args...)) }

// failer is a *testing.T, or a testing.TB.
type failer interface {
	Helper()
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

// Judge is a test whose failures are recorded.
type Judge struct{ t failer }

// T is what stands for t where it says that something is wrong.
func T(t failer) Judge { return Judge{t} }

// Error is testing.T's.
func (j Judge) Error(args ...any) {
	j.t.Helper()
	global.fail(fmt.Sprintln(args...))
	j.t.Error(args...)
}

// Errorf is testing.T's.
func (j Judge) Errorf(format string, args ...any) {
	j.t.Helper()
	global.fail(fmt.Sprintf(format, args...))
	j.t.Errorf(format, args...)
}

// Fatal is testing.T's.
func (j Judge) Fatal(args ...any) {
	j.t.Helper()
	global.fail(fmt.Sprintln(args...))
	j.t.Fatal(args...)
}

// Fatalf is testing.T's.
func (j Judge) Fatalf(format string, args ...any) {
	j.t.Helper()
	global.fail(fmt.Sprintf(format, args...))
	j.t.Fatalf(format, args...)
}

// Exit stands for log.Fatal and log.Fatalln, which end the process and with it
// the test.
func Exit(fatal func(...any)) func(...any) {
	return func(args ...any) {
		global.fail(fmt.Sprintln(args...))
		global.exit()
		fatal(args...)
	}
}

// Exitf stands for log.Fatalf.
func Exitf(fatal func(string, ...any)) func(string, ...any) {
	return func(format string, args ...any) {
		global.fail(fmt.Sprintf(format, args...))
		global.exit()
		fatal(format, args...)
	}
}

func (c *cluster) exit() {
	if c.rec != nil {
		c.endTest(false)
	}
}
