package rustlib

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/checkout"
)

// fakeCargo puts a script called cargo first on PATH; with no text, nothing at
// all is on PATH.
func fakeCargo(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	path := dir
	if text != "" {
		if err := os.WriteFile(filepath.Join(dir, "cargo"), []byte("#!/bin/sh\n"+text+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		path += ":" + os.Getenv("PATH")
	}
	t.Setenv("PATH", path)
}

func TestBuildWithoutCargo(t *testing.T) {
	fakeCargo(t, "")
	_, err := Build(context.Background(), t.TempDir(), Options{})
	if err == nil || !strings.Contains(err.Error(), "cargo is not on PATH: install Rust") {
		t.Errorf("got %v", err)
	}
}

func TestBuildShowsCargosWordsIfItFails(t *testing.T) {
	fakeCargo(t, "echo 'error: no such luck' >&2; exit 101")
	var log bytes.Buffer
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "target", "release"), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := Build(context.Background(), root, Options{Log: &log})
	if err == nil || !strings.Contains(err.Error(), "cargo could not build") || log.String() != "error: no such luck\n" {
		t.Errorf("got %v; log %q", err, log.String())
	}
}

// A feature must not disturb the normal build: it has its own directory.
func TestBuildArguments(t *testing.T) {
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{}, "build --release -p pontoon-ffi --message-format=json-render-diagnostics --target-dir ROOT/target"},
		{Options{Feature: "mutants"}, "build --release -p pontoon-ffi --message-format=json-render-diagnostics --features mutants --target-dir ROOT/target/mutants"},
	} {
		root := t.TempDir()
		library := filepath.Join(root, "libpontoon.a")
		if err := os.WriteFile(library, []byte("abc"), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Run(c.options.Feature, func(t *testing.T) {
			fakeCargo(t, `echo "$@" > "$PWD/args"
				echo '{"reason":"compiler-artifact","target":{"name":"pontoon"},"filenames":["'$PWD'/libpontoon.rlib","'$PWD'/libpontoon.a"]}'
				echo noise >&2`)
			var log bytes.Buffer
			c.options.Log = &log
			got, err := Build(context.Background(), root, c.options)
			if first := "labrun: building the Rust library, which takes a minute the first time\n"; err != nil || log.String() != first {
				t.Fatalf("got %v; log %q, want %q", err, log.String(), first)
			}
			args, err := os.ReadFile(filepath.Join(root, "args"))
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.ReplaceAll(strings.TrimSpace(string(args)), root, "ROOT"); text != c.want {
				t.Errorf("cargo %s\nwant  %s", text, c.want)
			}
			// sha256 of abc
			if got.Path != library || got.Hash != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestArtifact(t *testing.T) {
	messages := `{"reason":"compiler-artifact","target":{"name":"pontoon_core"},"filenames":["/t/libother.a"]}
{"reason":"build-script-executed"}
{"reason":"compiler-artifact","target":{"name":"pontoon"},"filenames":["/t/libpontoon.so","/t/libpontoon.a","/t/libpontoon.rlib"]}
{"reason":"build-finished","success":true}
`
	for _, c := range []struct {
		messages string
		shared   bool
		want     string
		fails    string
	}{
		{messages, false, "/t/libpontoon.a", ""},
		{messages, true, "/t/libpontoon.so", ""},
		{`{"reason":"build-finished"}`, false, "", "built no libpontoon.a"},
		{"no JSON", false, "", "are no JSON"},
	} {
		got, err := artifact(strings.NewReader(c.messages), c.shared)
		if got != c.want || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("shared %v: got %q, %v", c.shared, got, err)
		}
	}
}

func TestLinkFlags(t *testing.T) {
	t.Setenv("CGO_LDFLAGS", "")
	for path, want := range map[string]string{
		"/p/libpontoon.a":       "/p/libpontoon.a -lm -ldl -lpthread",
		"/my p/libpontoon.a":    "'/my p/libpontoon.a' -lm -ldl -lpthread",
		"/my p's/libpontoon.a":  `"/my p's/libpontoon.a" -lm -ldl -lpthread`,
		"/p/libpontoon.so":      "/p/libpontoon.so -Wl,-rpath,/p",
		"/my p/libpontoon.so":   "'/my p/libpontoon.so' '-Wl,-rpath,/my p'",
		"/p/libpontoon.a.dylib": "/p/libpontoon.a.dylib -Wl,-rpath,/p",
	} {
		env := Library{Path: path}.Env()
		if got := env[len(env)-1]; got != "CGO_LDFLAGS="+want {
			t.Errorf("%s: %s", path, got)
		}
	}
	t.Setenv("CGO_LDFLAGS", "-lmine")
	env := Library{Path: "/p/libpontoon.a"}.Env()
	if got := env[len(env)-1]; !strings.HasSuffix(got, " -lmine") {
		t.Errorf("the user's flags are lost: %s", got)
	}
}

// The real thing, in both flavours.
func TestBuild(t *testing.T) {
	root, err := checkout.Find("")
	if err != nil {
		t.Fatal(err)
	}
	for _, shared := range []bool{false, true} {
		var log bytes.Buffer
		library, err := Build(context.Background(), root, Options{Shared: shared, Log: &log})
		if err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		if !filepath.IsAbs(library.Path) || len(library.Hash) != 64 {
			t.Errorf("got %+v", library)
		}
	}
}
