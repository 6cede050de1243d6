package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
	"pontoon.dev/labrun/internal/fixture"
)

// With this in its environment the test program is labrun.
const asLabrun = "BE_LABRUN"

func TestMain(m *testing.M) {
	if os.Getenv(asLabrun) != "" {
		main()
	}
	os.Exit(m.Run())
}

// lab is a checkout, and where labrun puts its own files.
type lab struct {
	t        *testing.T
	dir, tmp string
	hash     string
}

// newLab writes the fixture of a year and lets change do more to it.
func newLab(t *testing.T, year int, change func(dir string) error) *lab {
	t.Helper()
	l := &lab{t: t, dir: t.TempDir(), tmp: t.TempDir()}
	err := fixture.Write(root(t), year, l.dir)
	if err == nil && change != nil {
		err = change(l.dir)
	}
	if err == nil {
		l.hash, err = fixture.Hash(l.dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command is labrun in another process; env is added to its environment.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(append(os.Environ(), asLabrun+"=1"), env...)
	return cmd
}

// run runs labrun test on the checkout, and checks that nothing of it stays.
func (l *lab) run(env []string, args ...string) (code int, stdout, stderr string) {
	l.t.Helper()
	cmd := command(l.t, append([]string{"TMPDIR=" + l.tmp}, env...), append([]string{"test", "-lab", l.dir}, args...)...)
	code, stdout, stderr = result(l.t, cmd)
	l.checkUntouched()
	return code, stdout, stderr
}

func (l *lab) checkUntouched() {
	l.t.Helper()
	hash, err := fixture.Hash(l.dir)
	if err != nil || hash != l.hash {
		l.t.Errorf("the checkout is not what it was (%v)", err)
	}
	left, err := filepath.Glob(filepath.Join(l.tmp, "labrun-*"))
	left = slices.DeleteFunc(left, func(name string) bool { return strings.HasPrefix(filepath.Base(name), "labrun-failures-") })
	if err != nil || len(left) > 0 {
		l.t.Errorf("labrun left %v behind (%v)", left, err)
	}
}

func result(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), words.String()
}

// put adds a text to the end of a file of package raft.
func put(name, text string) func(dir string) error {
	return func(dir string) error {
		file, err := os.OpenFile(filepath.Join(dir, "src", "raft", name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = file.WriteString(text)
		return errors.Join(err, file.Close())
	}
}

func TestEachYearInVirtualTime(t *testing.T) {
	for _, year := range fixture.Years() {
		if year >= 2026 {
			continue // servers are processes
		}
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			l := newLab(t, year, nil)
			code, out, words := l.run(nil, "-virtual")
			if code != 0 || strings.Count(out, "... Passed --") != 3 || !strings.Contains(out, "\nPASS\nok  \t") {
				t.Errorf("exit code %d\n%s%s", code, out, words)
			}
			if !strings.HasPrefix(words, "labrun: ") || strings.Count(words, "\n") != 1 || !strings.Contains(words, fmt.Sprint(year)) {
				t.Errorf("labrun said %q", words)
			}
		})
	}
}

func TestKeyValueLabInVirtualTime(t *testing.T) {
	for _, year := range fixture.Years() {
		if year >= 2026 {
			continue // servers are processes
		}
		t.Run(fmt.Sprint(year), func(t *testing.T) {
			l := newLab(t, year, nil)
			code, out, words := l.run(nil, "-virtual", "-part", "kv")
			if code != 0 || strings.Count(out, "... Passed --") != 2 || !strings.Contains(out, "\nPASS\nok  \t") {
				t.Errorf("exit code %d\n%s%s", code, out, words)
			}
		})
	}
}

func TestReplicatedStateMachineInVirtualTime(t *testing.T) {
	l := newLab(t, 2025, nil)
	code, out, words := l.run(nil, "-virtual", "-part", "rsm")
	if code != 0 || strings.Count(out, "... Passed --") != 3 || !strings.Contains(words, "in package rsm for rsm.go") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	code, out, words = l.run(nil, "-virtual", "-part", "4A")
	if code != 0 || strings.Count(out, "... Passed --") != 2 {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	// The tree's own has no Raft.
	code, out, words = l.run(nil, "-virtual", "-part", "4A", "-run", "Partition", "-keep", "kvraft")
	if code != 1 || !strings.Contains(out, "FAIL: TestSmokePartition4A") || !strings.Contains(words, "package rsm is the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// The fixture's own key/value service does nothing; it is in real time here.
func TestKeepTheStudentsKeyValueService(t *testing.T) {
	l := newLab(t, 2022, nil)
	code, out, words := l.run(nil, "-part", "3A", "-keep", "kvraft", "-real")
	if code != 1 || !strings.Contains(out, `got "", "" and ""`) || !strings.Contains(words, "package kvraft is the tree's own") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// The harness of early 2021 keeps a crashed server's state, but not its snapshot.
func TestCrashesThatLoseTheSnapshot(t *testing.T) {
	const kept = "cfg.saved[i] = cfg.saved[i].Copy()\n\t}\n\trf := cfg.rafts[i]"
	l := newLab(t, 2021, func(dir string) error {
		name := filepath.Join(dir, "src", "raft", "config.go")
		text, err := os.ReadFile(name)
		if err == nil && !strings.Contains(string(text), kept) {
			err = errors.New("crash1 is not what it was")
		}
		if err != nil {
			return err
		}
		lost := strings.Replace(kept, "\n", "; cfg.saved[i].snapshot = nil\n", 1)
		text = []byte(strings.Replace(string(text), kept, lost, 1))
		return errors.Join(os.WriteFile(name, text, 0o666), put("lost_test.go", losing)(dir))
	})
	code, out, words := l.run(nil, "-virtual", "-part", "2D")
	if code != 0 || strings.Count(out, "... Passed --") != 2 {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

const losing = `package raft

import "testing"

func TestLostSnapshots2D(t *testing.T) {
	cfg := make_config(t, 3, false, true)
	defer cfg.cleanup()
	cfg.begin("Test (2D): snapshots that a crash loses")
	cfg.one(1, 3, true)
	victim := (cfg.checkOneLeader() + 1) % 3
	cfg.crash1(victim)
	for i := 2; i <= 30; i++ {
		cfg.one(i, 2, true)
	}
	for i := 0; i < 3; i++ {
		cfg.crash1(i)
	}
	for i := 0; i < 3; i++ {
		cfg.start1(i, cfg.applierSnap)
		cfg.connect(i)
	}
	cfg.one(1000, 3, true)
	cfg.end()
}
`

func TestYears(t *testing.T) {
	labs := t.TempDir()
	for name, year := range map[string]int{"good": 2018, "failing": 2022, "damaged": 2023, "student": 2024} {
		if err := fixture.Write(root(t), year, filepath.Join(labs, name)); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(
		put("fails_test.go", failing)(filepath.Join(labs, "failing")),
		put("config.go", "\nvar _ = missing\n")(filepath.Join(labs, "student")),
		os.Remove(filepath.Join(labs, "damaged", "src", "raft", "config.go")))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := fixture.Hash(labs)
	if err != nil {
		t.Fatal(err)
	}
	code, out, words := result(t, command(t, nil, "years", "-labs", labs, "-part", "2A"))
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(out, "\n")
	for i, want := range []string{"year checkout parts", "? damaged 0 0 - -", "2018 good 2A 1 0", "2022 failing 2A 1 1", "2024 student 3A 0 0 - - does not compile"} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	for _, want := range []string{"as it should", "undefined: missing"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %s", want, words)
		}
	}
	if again, err := fixture.Hash(labs); err != nil || again != hash {
		t.Errorf("the checkouts are not what they were (%v)", err)
	}
}

func TestStudentsUnfinishedWork(t *testing.T) {
	l := newLab(t, 2023, func(dir string) error { return fixture.AddStudent(root(t), dir) })
	code, out, words := l.run(nil, "-virtual", "-part", "2A")
	if code != 0 || strings.Count(out, "... Passed --") != 2 {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
	for _, want := range []string{"set aside: inside_test.go logstore.go; ", "labrun: inside_test.go is left out, because"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %q", want, words)
		}
	}
}

func TestSharedLibraryAndRace(t *testing.T) {
	l := newLab(t, 2024, nil)
	code, out, words := l.run(nil, "-virtual", "-race", "-lib", "shared", "-count", "2", "-jobs", "1", "-part", "3A")
	if code != 0 || !strings.Contains(out, "2 passes of 1 test in ") {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// What the user's environment says about modules is not for the lab.
func TestUsersGoSettings(t *testing.T) {
	l := newLab(t, 2021, nil)
	env := []string{"GO111MODULE=off", "GOFLAGS=-mod=vendor", "GOWORK=off", "GODEBUG=panicnil=1"}
	if code, out, words := l.run(env, "-virtual", "-part", "2A"); code != 0 {
		t.Errorf("exit code %d\n%s%s", code, out, words)
	}
}

// What the tree's own go.mod requires comes from the user's module proxy, and
// the tree's go.sum vouches for it: the checksum database is out of reach.
func TestTreesOwnModules(t *testing.T) {
	for _, sum := range []bool{true, false} {
		proxy, cache := t.TempDir(), filepath.Join(t.TempDir(), "mod")
		l := newLab(t, 2025, func(dir string) error { return fixture.AddModule(dir, proxy, sum) })
		env := []string{"GOPROXY=file://" + proxy, "GOMODCACHE=" + cache, "GOSUMDB=sum.golang.org http://127.0.0.1:1", "GONOSUMDB=", "GOPRIVATE="}
		code, out, words := l.run(env, "-virtual", "-part", "3A")
		if sum && (code != 0 || !strings.Contains(out, "... Passed --")) {
			t.Errorf("exit code %d\n%s%s", code, out, words)
		}
		if !sum && (code == 0 || !strings.Contains(words, "verifying go.mod")) {
			t.Errorf("an unknown module was taken: exit code %d\n%s%s", code, out, words)
		}
		clean := exec.Command("go", "clean", "-modcache") // which is read-only
		clean.Env = append(os.Environ(), "GOMODCACHE="+cache)
		if words, err := clean.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, words)
		}
	}
}

const failing = `package raft

import "testing"

func TestAlwaysFails2A(t *testing.T) { t.Fatal("as it should") }
`

func TestFailureIsPassedOn(t *testing.T) {
	l := newLab(t, 2022, put("fails_test.go", failing))
	for _, mode := range [][]string{{"-real"}, nil, {"-real", "-jobs", "1"}} {
		code, out, words := l.run(nil, append(mode, "-run", "AlwaysFails")...)
		if code != 1 || !strings.Contains(out, "as it should") || !strings.Contains(out, "--- FAIL: TestAlwaysFails2A") || !strings.Contains(out, "\nFAIL\n") {
			t.Errorf("%v: exit code %d\n%s%s", mode, code, out, words)
		}
		if strings.Contains(words, "exit status") {
			t.Errorf("%v: labrun adds to go's words: %s", mode, words)
		}
	}
}

func TestCompileErrorsArePassedOn(t *testing.T) {
	l := newLab(t, 2022, put("config.go", "\nvar _ = (&Raft{}).role\n"))
	for _, mode := range [][]string{{"-real"}, nil, {"-real", "-jobs", "1"}} {
		code, out, words := l.run(nil, append(mode, "-part", "2A")...)
		if code != 2 || !strings.Contains(words, "role undefined") {
			t.Errorf("%v: exit code %d\n%s%s", mode, code, out, words)
		}
		head := "labrun: package raft does not compile with Pontoon in it; Pontoon stands in for raft.go"
		if at := strings.Index(words, head); at < 0 || at > strings.Index(words, "role undefined") {
			t.Errorf("%v: no line about the files before the errors: %s", mode, words)
		}
	}
}

// A signal to labrun alone ends everything, and leaves nothing behind.
func TestSignal(t *testing.T) {
	const waits = `package raft

import (
	"os"
	"testing"
)

func TestWaits2A(t *testing.T) {
	os.Stdout.WriteString("waiting\n")
	select {}
}
`
	l := newLab(t, 2023, put("waits_test.go", waits))
	cmd := command(t, []string{"TMPDIR=" + l.tmp}, "test", "-lab", l.dir, "-real", "-run", "Waits")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var words bytes.Buffer
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "waiting" {
		t.Errorf("labrun said %q", lines.Text())
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	for lines.Scan() { // until the test program, which holds the pipe, is gone
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("%v\n%s", err, words.String())
	}
	l.checkUntouched()
}

// Everything that the user can put right is one sentence and exit code 2.
func TestSentences(t *testing.T) {
	l := newLab(t, 2023, nil)
	empty := t.TempDir()
	onlyGo := t.TempDir()
	goPath, err := exec.LookPath("go")
	if err == nil {
		err = os.Symlink(goPath, filepath.Join(onlyGo, "go"))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no directory":      {args: []string{"-lab", "/nowhere"}, want: "/nowhere does not exist"},
		"no lab":            {args: []string{"-lab", empty}, want: "is no 6.824 or 6.5840 lab"},
		"no such part":      {args: []string{"-part", "2E"}, want: "has no part 2E"},
		"no such test":      {args: []string{"-run", "Nothing"}, want: "no test matches"},
		"bad expression":    {args: []string{"-run", "("}, want: "is no regular expression"},
		"argument":          {args: []string{"2A"}, want: `unexpected argument "2A"`},
		"keep what":         {args: []string{"-keep", "shardkv"}, want: "kvraft is all that can be kept"},
		"keep in Raft":      {args: []string{"-keep", "kvraft", "-part", "2A"}, want: "these are Raft's"},
		"count":             {args: []string{"-count", "0"}, want: "must be at least 1"},
		"jobs":              {args: []string{"-jobs", "0"}, want: "must be at least 1"},
		"both clocks":       {args: []string{"-real", "-virtual"}, want: "choose one"},
		"out in the lab":    {args: []string{"-out", filepath.Join(l.dir, "src", "new", "logs")}, want: "lies inside the lab tree"},
		"out is a file":     {args: []string{"-out", "/dev/null/logs"}, want: "-out: "},
		"trace in the lab":  {args: []string{"-trace", l.dir + "/src/raft"}, want: "lies inside the lab tree"},
		"json nowhere":      {args: []string{"-json", "/nowhere/results.json"}, want: "-json: open /nowhere"},
		"timeout":           {args: []string{"-timeout", "-1s"}, want: "must not be negative"},
		"lib":               {args: []string{"-lib", "both"}, want: "must be static or shared"},
		"no Pontoon":        {args: []string{"-root", empty}, want: "is no Pontoon checkout"},
		"no Pontoon in env": {env: []string{"PONTOON_ROOT=" + empty}, want: "is no Pontoon checkout"},
		"no go":             {env: []string{"PATH=" + empty}, want: "go is not on PATH"},
		"no compiler":       {env: []string{"PATH=" + onlyGo}, want: "C compiler"},
		"no cargo":          {env: []string{"PATH=" + onlyGo, "CC=" + goPath}, want: "cargo is not on PATH"},
		"TMPDIR in the lab": {env: []string{"TMPDIR=" + filepath.Join(l.dir, "src", "raft")}, want: "lies inside the lab tree"},
		"no TMPDIR":         {env: []string{"TMPDIR=/nowhere"}, want: "set TMPDIR to one that is"},
		"cgo off":           {env: []string{"CGO_ENABLED=0"}, want: "cgo is switched off"},
	} {
		t.Run(name, func(t *testing.T) {
			l := *l
			l.t = t
			code, out, words := l.run(c.env, c.args...)
			last := words[strings.LastIndex(strings.TrimSpace(words), "\n")+1:]
			if code != 2 || out != "" || !strings.HasPrefix(last, "labrun: ") || !strings.Contains(last, c.want) {
				t.Errorf("exit code %d, %q\n%s", code, out, words)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage:"},
		{[]string{"help"}, 0, "usage:"},
		{[]string{"tset"}, 2, `there is no command "tset"`},
		{[]string{"test", "-h"}, 0, "-virtual"},
		{[]string{"test", "-what"}, 2, "-what"},
		{[]string{"years", "-h"}, 0, "-labs"},
		{[]string{"years", "-what"}, 2, "-what"},
		{[]string{"years"}, 2, "with -labs"},
		{[]string{"years", "labs"}, 2, `unexpected argument "labs"`},
		{[]string{"years", "-labs", "/nowhere"}, 2, "/nowhere is no directory"},
	} {
		cmd := command(t, nil, c.args...)
		code, out, words := result(t, cmd)
		if code != c.code || !strings.Contains(out+words, c.want) {
			t.Errorf("%v: exit code %d\n%s%s", c.args, code, out, words)
		}
	}
}
