//go:build go1.25

package tester

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestRandstring(t *testing.T) {
	alphabet := regexp.MustCompile(`^[A-Za-z0-9_-]*$`)
	seen := map[string]bool{}
	for _, n := range []int{0, 1, 19, 20, 20, 20, 5000} {
		s := Randstring(n)
		if len(s) != n || !alphabet.MatchString(s) {
			t.Errorf("Randstring(%d) = %q", n, s)
		}
		// Two of 20 characters are equal with probability 64^-20 = 8e-37.
		if n >= 20 && seen[s] {
			t.Errorf("%q comes twice", s)
		}
		seen[s] = true
	}
}

// inChild runs f in virtual time in a process of its own, which is the named test
// again, and returns its output and whether it passed.
func inChild(t *testing.T, f func(r *rig), env ...string) (string, bool) {
	t.Helper()
	const variable = "TESTER_TEST_CHILD"
	if os.Getenv(variable) == t.Name() {
		bubble(t, func(t *testing.T) { f(newRig(t, 3)) })
		return "", true
	}
	if os.Getenv(variable) != "" {
		return "", true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	cmd.Env = append(append(os.Environ(), variable+"="+t.Name(), "VIS_ENABLE=never"), env...)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		run  func(r *rig)
		want string // in the output, if there is any
		pass bool
	}{
		"passes": {func(r *rig) {
			r.reach() // not part of the test
			r.Op()
			r.Begin("Test (9X): a title")
			r.reach()
			r.Op()
			r.Op()
			time.Sleep(3540 * time.Millisecond)
			r.End()
			r.Cleanup()
		}, "Test (9X): a title (reliable network)...\n  ... Passed --  time  3.5s #peers 3 #RPCs     9 #Ops    2\n", true},
		"unreliable": {func(r *rig) {
			r.SetReliable(false)
			r.Begin("title")
			r.Cleanup()
		}, "title (unreliable network)...\n", true},
		"in time": {func(r *rig) {
			time.Sleep(testLimit)
			r.Cleanup()
		}, "PASS", true},
		"late": {func(r *rig) {
			time.Sleep(testLimit + 1)
			r.Cleanup()
		}, "Fatal: the test took longer than 2m0s\n", false},
		"fails": {func(r *rig) {
			defer r.Cleanup()
			defer r.End()
			r.Begin("title")
			r.Fatalf("no %s", "leader")
		}, "Fatal: no leader\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			out, pass := inChild(t, c.run)
			if out == "" {
				return // this is the child
			}
			if !strings.Contains(out, c.want) || pass != c.pass || strings.Contains(out, "Passed") != (name == "passes") {
				t.Errorf("passes: %v; the output has no %q, or says Passed:\n%s", pass, c.want, out)
			}
			if name == "fails" && !regexp.MustCompile(`\t.*config_test\.go:[0-9]+ `).MatchString(out) {
				t.Errorf("the output does not say where:\n%s", out)
			}
		})
	}
}

// The page is written when a test has failed, or always, or never.
func TestPage(t *testing.T) {
	for name, c := range map[string]struct {
		enable string
		fail   bool
		want   bool
	}{
		"passed": {"", false, false},
		"failed": {"", true, true},
		"always": {"always", false, true},
		"never":  {"never", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.html")
			out, _ := inChild(t, func(r *rig) {
				defer r.Cleanup()
				AnnotateTest("a test", 3)
				AnnotateCheckerBegin("looks for <a leader>")
				AnnotateShutdown([]int{1})
				AnnotateConnection([]bool{true, false, true})
				time.Sleep(70 * time.Millisecond)
				AnnotateCheckerFailure("no leader", "")
				if c.fail {
					r.FailNow()
				}
			}, "VIS_ENABLE="+c.enable, "VIS_FILE="+file)
			if out == "" {
				return
			}
			text, err := os.ReadFile(file)
			if (err == nil) != c.want {
				t.Fatalf("reading the page: %v\n%s", err, out)
			}
			if !c.want {
				return
			}
			for _, part := range []string{
				"<h1>a test</h1>", "&lt;a leader&gt;", "servers up: [0 2]", "connected: [0 2]",
				`<tr class="failure"><td>0s<td>70ms<td>checker<td>no leader`,
			} {
				if !strings.Contains(string(text), part) {
					t.Errorf("the page has no %q:\n%s", part, text)
				}
			}
		})
	}
}
