package gotool

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Interrupted is the cause of a context that a signal has ended.
type Interrupted struct{ Signal syscall.Signal }

func (e Interrupted) Error() string { return "stopped by signal: " + e.Signal.String() }

// WithSignals returns a context that ends, with cause Interrupted, when one of
// the signals arrives that ask a program to stop. A second one kills what Run
// still waits for, and a third does what the system has it do.
func WithSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		for n := 0; ; n++ {
			select {
			case s := <-signals:
				cancel(Interrupted{s.(syscall.Signal)})
				if n > 0 {
					signal.Stop(signals)
					groups.kill()
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
		close(done)
	}
}

// groups are the process groups that Run waits for.
var groups = registry{pids: map[int]bool{}}

type registry struct {
	mu   sync.Mutex
	pids map[int]bool
}

func (r *registry) set(pid int, there bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if there {
		r.pids[pid] = true
	} else {
		delete(r.pids, pid)
	}
}

func (r *registry) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid := range r.pids {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// grace is how long a program may take to end after a signal; the goroutine
// dump of a large test comes in that time.
const grace = 10 * time.Second

// Command prepares a program in a process group of its own. When ctx ends the
// group gets the signal that ended it, or SIGQUIT, with which a Go program
// prints its goroutines and ends, if it was a timeout.
func Command(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(env, "PWD="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = grace
	cmd.Cancel = func() error {
		s := syscall.SIGQUIT
		var interrupted Interrupted
		if errors.As(context.Cause(ctx), &interrupted) {
			s = interrupted.Signal
		}
		return syscall.Kill(-cmd.Process.Pid, s)
	}
	return cmd
}

// Run runs cmd, made by Command, to its end. If ctx ended, nothing of the
// process group is left, and the error is ctx's cause.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	return RunWith(ctx, cmd, func(int) {})
}

// RunWith is Run, and tells the process's id once there is one.
func RunWith(ctx context.Context, cmd *exec.Cmd, started func(pid int)) error {
	err := cmd.Start()
	if err == nil {
		groups.set(cmd.Process.Pid, true)
		started(cmd.Process.Pid)
		err = cmd.Wait()
		groups.set(cmd.Process.Pid, false)
	}
	if ctx.Err() != nil && cmd.Process != nil {
		// What ignored the signal; none left is the usual case.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return context.Cause(ctx)
	}
	return err
}
