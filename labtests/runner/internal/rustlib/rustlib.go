// Package rustlib builds libpontoon with cargo and says how to link it.
package rustlib

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pontoon.dev/labrun/internal/gotool"
)

// Options is what to build.
type Options struct {
	Shared  bool      // libpontoon.so instead of libpontoon.a
	Feature string    // a cargo feature of pontoon-ffi; such a build has a target directory of its own
	Log     io.Writer // what the user should read
}

// Library is a built library.
type Library struct {
	Path string // absolute
	Hash string // sha256 of the file
}

// Build builds the library in the Pontoon checkout at root. Cargo's words are
// shown only if it fails.
func Build(ctx context.Context, root string, o Options) (Library, error) {
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		return Library{}, errors.New("cargo is not on PATH: install Rust from https://rustup.rs")
	}
	target := filepath.Join(root, "target")
	args := []string{"build", "--release", "-p", "pontoon-ffi", "--message-format=json-render-diagnostics"}
	if o.Feature != "" {
		target = filepath.Join(target, o.Feature)
		args = append(args, "--features", o.Feature)
	}
	args = append(args, "--target-dir", target)
	if _, err := os.Stat(filepath.Join(target, "release")); err != nil {
		fmt.Fprintln(o.Log, "labrun: building the Rust library, which takes a minute the first time")
	}

	var out, words bytes.Buffer
	cmd := gotool.Command(ctx, root, gotool.Environ(), cargo, args...)
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		if ctx.Err() != nil {
			return Library{}, err
		}
		_, _ = io.Copy(o.Log, &words)
		return Library{}, fmt.Errorf("cargo could not build the Rust library in %s (%w): its words are above", root, err)
	}
	path, err := artifact(&out, o.Shared)
	if err != nil {
		return Library{}, err
	}
	hash, err := hashFile(path)
	return Library{Path: path, Hash: hash}, err
}

// artifact finds the library among the messages of cargo: its place depends on
// cargo's configuration too.
func artifact(messages io.Reader, shared bool) (string, error) {
	endings := []string{".a"}
	if shared {
		endings = []string{".so", ".dylib"}
	}
	decoder := json.NewDecoder(messages)
	for {
		var message struct {
			Reason    string
			Target    struct{ Name string }
			Filenames []string
		}
		err := decoder.Decode(&message)
		if err == io.EOF {
			return "", fmt.Errorf("cargo built no libpontoon%s: crate-type in rust/ffi/Cargo.toml must name staticlib and cdylib", endings[0])
		}
		if err != nil {
			return "", fmt.Errorf("cargo's messages are no JSON: %w", err)
		}
		if message.Reason != "compiler-artifact" || message.Target.Name != "pontoon" {
			continue
		}
		for _, file := range message.Filenames {
			for _, ending := range endings {
				if strings.HasSuffix(file, ending) {
					return file, nil
				}
			}
		}
	}
}

func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Flags are go's flags for a program with this library. The tag makes the shim
// leave the library to Env. The hash is there because go's caches look at flags
// and Go files, but not into a library: without it a changed one is not linked.
func (l Library) Flags() []string {
	return []string{
		"-tags=pontoon_external",
		"-ldflags=-X pontoon.dev/go-shim/internal/core.LibHash=" + l.Hash,
	}
}

// Env is what go needs in the environment to link the library.
func (l Library) Env() []string {
	flags := quote(l.Path) + " -lm -ldl -lpthread"
	if !strings.HasSuffix(l.Path, ".a") {
		dir := filepath.Dir(l.Path)
		flags = quote(l.Path) + " " + quote("-Wl,-rpath,"+dir)
	}
	if own := os.Getenv("CGO_LDFLAGS"); own != "" {
		flags += " " + own
	}
	return []string{"CGO_ENABLED=1", "CGO_LDFLAGS=" + flags}
}

// quote quotes a flag as go splits CGO_LDFLAGS: at spaces, but for those in
// quotes.
func quote(flag string) string {
	if !strings.ContainsAny(flag, " \t'\"") {
		return flag
	}
	if strings.Contains(flag, "'") {
		return `"` + flag + `"`
	}
	return "'" + flag + "'"
}
