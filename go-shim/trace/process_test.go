//go:build go1.25

//go:debug asynctimerchan=0

package trace

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMain is also the processes that the tests below start.
func TestMain(m *testing.M) {
	switch os.Getenv("TRACE_TEST_PROCESS") {
	case "":
		os.Exit(m.Run())
	case "forever":
		for i := uint64(1); ; i++ {
			Default().Record(&Event{Kind: Commit, Index: i, Text: strings.Repeat("x", int(i%50))})
			switch {
			case i == 20000:
				fmt.Println("recording")
			case i > 20000: // not faster than it is read
				time.Sleep(time.Microsecond)
			}
		}
	case "exit":
		Default().Record(&Event{Kind: Kill, Server: os.Getpid() % maxServer})
		if Default() == nil {
			fmt.Println("nothing")
		}
		os.Exit(1) // no Close
	}
}

// process is the test binary as one of the above, tracing into dir.
func process(what, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TRACE_TEST_PROCESS="+what, DirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	cmd := process("forever", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "recording\n" {
		t.Fatalf("%q, %v", line, err)
	}
	mustRead(t, dir) // it is written to just now
	cmd.Process.Kill()
	cmd.Wait()
	trace := mustRead(t, filepath.Join(dir, fmt.Sprintf("%d.trace", cmd.Process.Pid)))
	if len(trace.Events) < 20000 {
		t.Fatalf("%d events", len(trace.Events))
	}
	for i, e := range trace.Events {
		if e.Index != uint64(i+1) || len(e.Text) != int(e.Index%50) {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
}

func TestProcessesOfOneDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by the first")
	var want []int
	for i := 0; i < 3; i++ {
		cmd := process("exit", dir)
		out, _ := cmd.Output()
		want = append(want, cmd.Process.Pid%maxServer)
		if len(out) > 0 {
			t.Fatalf("%s", out)
		}
	}
	for i, e := range mustRead(t, dir).Events {
		if e.Kind != Kill || e.Server != want[i] {
			t.Fatalf("event %d is %+v, the processes were %v", i, e, want)
		}
	}
}

func TestDefaultWithoutADirectory(t *testing.T) {
	if out, _ := process("exit", "").Output(); string(out) != "nothing\n" {
		t.Fatalf("%q", out)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := process("exit", file)
	cmd.Stderr = nil
	out, _ := cmd.CombinedOutput()
	if said := string(out); strings.Count(said, "pontoon: nothing is traced") != 1 || !strings.Contains(said, file) || !strings.HasSuffix(said, "nothing\n") {
		t.Fatalf("%q", said)
	}
}

func TestProcessNumberComesAgain(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"", "-2", "-3"} {
		r, err := createIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		r.Record(&Event{Kind: Run})
		r.Close()
		mustRead(t, filepath.Join(dir, fmt.Sprintf("%d%s.trace", os.Getpid(), want)))
	}
	if n := len(mustRead(t, dir).Events); n != 3 {
		t.Fatalf("%d events", n)
	}
}

func TestBubbles(t *testing.T) {
	r, path := create(t, 0)
	record := func(index uint64) { r.Record(&Event{Kind: Commit, Peer: None, Index: index}) }
	record(0)
	for b := uint64(0); b < 3; b++ {
		synctest.Test(t, func(t *testing.T) {
			for i := uint64(0); i < 4; i++ {
				done := make(chan struct{})
				go func() { record(10*b + i); close(done) }()
				<-done
				time.Sleep(time.Second)
			}
		})
	}
	record(99)
	trace, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, e := range trace.Events {
		at = append(at, fmt.Sprintf("%d@%d", e.Index, int(e.At.Seconds())))
	}
	if got, want := strings.Join(at, " "), "0@0 0@0 1@1 2@2 3@3 10@3 11@4 12@5 13@6 20@6 21@7 22@8 23@9 99@9"; got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}
