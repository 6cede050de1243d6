// Package gotool finds the go command and the C compiler, and runs programs so
// that a signal to labrun ends them and everything they started.
package gotool

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"strings"
)

// oldest is the first Go with testing/synctest.
const oldest = "go1.25"

// toolchain is what go env says.
type toolchain struct{ GOVERSION, CGO_ENABLED, CC string }

// Find checks the tools that a lab run on Pontoon needs and returns the path of
// go. An error is one sentence that says what to install or to change. dir is
// any directory outside the lab.
func Find(dir string) (string, error) {
	path, env, err := look(dir)
	if err == nil {
		err = checkCgo(env)
	}
	return path, err
}

// FindGo is Find for a run without Pontoon's library, which needs go alone.
func FindGo(dir string) (string, error) {
	path, _, err := look(dir)
	return path, err
}

func look(dir string) (path string, env toolchain, err error) {
	path, err = exec.LookPath("go")
	if err != nil {
		return "", env, errors.New("go is not on PATH: install Go 1.25 or later from https://go.dev/dl")
	}
	cmd := exec.Command(path, "env", "-json", "GOVERSION", "CGO_ENABLED", "CC")
	cmd.Dir = dir
	cmd.Env = Environ("GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=-vet=off")
	out, err := cmd.Output()
	if err != nil {
		return "", env, fmt.Errorf("%s env failed (%w): install Go 1.25 or later from https://go.dev/dl", path, err)
	}
	if err := json.Unmarshal(out, &env); err != nil {
		return "", env, fmt.Errorf("%s env -json printed no JSON (%w): install Go 1.25 or later from https://go.dev/dl", path, err)
	}
	return path, env, checkVersion(path, env.GOVERSION)
}

// Root returns the directory of go's own files; "" if go does not tell.
func Root(path string) string {
	cmd := exec.Command(path, "env", "GOROOT")
	cmd.Env = Environ("GOTOOLCHAIN=local")
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func checkVersion(path, goVersion string) error {
	// A development version, "devel go1.27-...", is newer than what is out.
	release, _, _ := strings.Cut(goVersion, " ")
	if version.IsValid(release) && version.Compare(release, oldest) < 0 {
		return fmt.Errorf("%s is %s, which is too old: install Go 1.25 or later from https://go.dev/dl, first on PATH", path, release)
	}
	return nil
}

func checkCgo(env toolchain) error {
	// Without a compiler go switches cgo off by itself, so ask for that first.
	compiler, _, _ := strings.Cut(env.CC, " ")
	if _, err := exec.LookPath(compiler); err != nil {
		return fmt.Errorf("the C compiler %q is not on PATH, and go needs it to link the Rust library: install gcc or clang, or set CC", compiler)
	}
	if env.CGO_ENABLED != "1" {
		return errors.New("cgo is switched off, and go needs it to link the Rust library: unset CGO_ENABLED or set it to 1")
	}
	return nil
}

// Environ returns the environment with settings ("KEY=value") added; the last
// of a key counts.
func Environ(settings ...string) []string {
	return append(os.Environ(), settings...)
}
