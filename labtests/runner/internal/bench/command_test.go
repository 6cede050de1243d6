package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// From arguments to tables and JSON, with the Rust library.
func TestCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.json")
	args := []string{"-root", "../../../..", "-quick", "-only", "^(pipe/3x1000x16|idle/3)$", "-json", file}
	if err := Command(context.Background(), args); err != nil {
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
	if err := Command(context.Background(), []string{"-root", t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no Pontoon checkout") {
		t.Errorf("without a checkout: %v", err)
	}
	if err := Command(context.Background(), []string{"-h"}); err != nil {
		t.Errorf("-h: %v", err)
	}
	if err := Command(context.Background(), []string{"-flag"}); !errors.Is(err, ErrSaid) {
		t.Errorf("an unknown flag: %v", err)
	}
}
