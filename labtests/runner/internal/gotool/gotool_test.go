package gotool

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakePath makes a PATH of nothing but these scripts.
func fakePath(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func goEnv(version, cgo, cc string) string {
	return `echo '{"GOVERSION":"` + version + `","CGO_ENABLED":"` + cgo + `","CC":"` + cc + `"}'`
}

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		scripts map[string]string
		want    string // part of the sentence; empty: no error
		plain   bool   // without cgo it does
	}{
		"no go":          {map[string]string{"cc": ""}, "go is not on PATH: install", false},
		"go fails":       {map[string]string{"go": "exit 3"}, "env failed", false},
		"go says nought": {map[string]string{"go": "echo hello"}, "printed no JSON", false},
		"too old":        {map[string]string{"go": goEnv("go1.24.9", "1", "cc"), "cc": ""}, "is go1.24.9, which is too old: install Go 1.25", false},
		"just new":       {map[string]string{"go": goEnv("go1.25", "1", "cc"), "cc": ""}, "", true},
		"development":    {map[string]string{"go": goEnv("devel go1.28-abc Tue", "1", "cc -m64"), "cc": ""}, "", true},
		"no compiler":    {map[string]string{"go": goEnv("go1.26.1", "0", "gcc")}, `C compiler "gcc" is not on PATH`, true},
		"cgo off":        {map[string]string{"go": goEnv("go1.26.1", "0", "gcc"), "gcc": ""}, "unset CGO_ENABLED or set it to 1", true},
	} {
		t.Run(name, func(t *testing.T) {
			fakePath(t, c.scripts)
			if _, err := FindGo(t.TempDir()); (err == nil) != c.plain {
				t.Errorf("without cgo: %v", err)
			}
			path, err := Find(t.TempDir())
			switch {
			case c.want == "" && (err != nil || !strings.HasSuffix(path, "/go")):
				t.Errorf("got %q, %v", path, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
				t.Errorf("got %v, want one line with %q", err, c.want)
			}
		})
	}
}

func TestFindRealGo(t *testing.T) {
	if _, err := Find(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// startGroup starts a program with a child of its own; both hold the write end
// of the pipe that is returned, and neither ends by itself.
func startGroup(t *testing.T, ctx context.Context, script string) (*bufio.Reader, chan error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd := Command(ctx, t.TempDir(), Environ(), "sh", "-c", script)
	cmd.Stdout = w
	done := make(chan error, 1)
	go func() {
		err := Run(ctx, cmd)
		w.Close()
		done <- err
	}()
	lines := bufio.NewReader(r)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return lines, done
}

func TestRunEndsTheWholeGroup(t *testing.T) {
	for name, c := range map[string]struct {
		cause  error
		script string
		said   string
	}{
		"signal is passed on": {Interrupted{syscall.SIGTERM}, `trap 'echo term; exit' TERM; sleep 1000 & echo ready; wait`, "term\n"},
		"timeout quits":       {context.DeadlineExceeded, `trap 'echo quit; exit' QUIT; sleep 1000 & echo ready; wait`, "quit\n"},
		// An ignored signal is inherited: the child has to be killed.
		"child that ignores": {Interrupted{syscall.SIGTERM}, `trap '' TERM; sleep 1000 & trap 'exit' TERM; echo ready; wait`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			lines, done := startGroup(t, ctx, c.script)
			cancel(c.cause)
			if err := <-done; !errors.Is(err, c.cause) {
				t.Errorf("got %v, want %v", err, c.cause)
			}
			// The end of the pipe: nobody is left who could write to it.
			rest, err := io.ReadAll(lines)
			if err != nil || string(rest) != c.said {
				t.Errorf("the program said %q, %v, want %q", rest, err, c.said)
			}
		})
	}
}

func TestRunPassesTheExitCodeOn(t *testing.T) {
	ctx := context.Background()
	err := Run(ctx, Command(ctx, t.TempDir(), Environ("CODE=7"), "sh", "-c", `exit $CODE`))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v", err)
	}
}

func TestWithSignals(t *testing.T) {
	ctx, stop := WithSignals(context.Background())
	defer stop()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var interrupted Interrupted
	if !errors.As(context.Cause(ctx), &interrupted) || interrupted.Signal != syscall.SIGHUP {
		t.Errorf("got %v", context.Cause(ctx))
	}
}

func TestTimeoutIsNoSignal(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if err := Run(ctx, Command(ctx, t.TempDir(), Environ(), "sh", "-c", "exit 0")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A program that does not heed a signal is killed by the next one.
func TestSecondSignalKills(t *testing.T) {
	ctx, stop := WithSignals(context.Background())
	defer stop()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := Command(ctx, t.TempDir(), Environ(), "sh", "-c", `trap 'echo hup' HUP; echo ready; while :; do sleep 1000 & wait; done`)
	cmd.Stdout = w
	cmd.WaitDelay = time.Hour // otherwise the program would be killed after a while
	done := make(chan error, 1)
	go func() { done <- Run(ctx, cmd) }()
	lines := bufio.NewReader(r)
	for _, want := range []string{"ready\n", "hup\n"} {
		if line, err := lines.ReadString('\n'); err != nil || line != want {
			t.Fatalf("the program said %q, %v", line, err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	var interrupted Interrupted
	if err := <-done; !errors.As(err, &interrupted) || interrupted.Signal != syscall.SIGHUP {
		t.Errorf("got %v", err)
	}
}
