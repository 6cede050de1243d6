package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// From arguments to tables and JSON, with the Rust library.
func TestCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	findRoot := func(given string) (string, error) { return filepath.EvalSymlinks(given) }
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-root", root, "-quick", "-only", "^(pipe/3x1000x16|idle/3)$", "-json", file}
	if err := Command(context.Background(), args, findRoot); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"pipe/3x1000x16", "idle/3"} {
		medians := d.Medians[key]
		if len(medians) != 2 || medians[0].Implementation != pontoon || medians[1].Implementation != textbook {
			t.Fatalf("%s: the medians are %+v", key, medians)
		}
		for _, m := range medians {
			if m.Runs != 1 || m.Error != "" || m.Result == nil || m.Result.CPUMillis <= 0 {
				t.Errorf("%s: got %+v", key, m)
			}
		}
	}
}

func TestCommandRefuses(t *testing.T) {
	lost := errors.New("no checkout")
	findRoot := func(string) (string, error) { return "", lost }
	if err := Command(context.Background(), nil, findRoot); !errors.Is(err, lost) {
		t.Errorf("without a checkout: %v", err)
	}
	if err := Command(context.Background(), []string{"-h"}, findRoot); err != nil {
		t.Errorf("-h: %v", err)
	}
	if err := Command(context.Background(), []string{"-flag"}, findRoot); !errors.Is(err, ErrSaid) {
		t.Errorf("an unknown flag: %v", err)
	}
}
