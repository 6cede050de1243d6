package passes

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Keeper keeps what there is of failed runs in a directory, which it makes for
// the first of them. Any goroutine may use it.
type Keeper struct {
	Dir  string              // "" makes a new one in the directory for temporary files
	Warn func(reason string) // is told once if nothing can be kept

	mu           sync.Mutex
	made, broken bool
}

// Path returns a path in the directory, "" if there is no directory.
func (k *Keeper) Path(name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken {
		return ""
	}
	if !k.made {
		var err error
		if k.Dir == "" {
			k.Dir, err = os.MkdirTemp("", time.Now().Format("labrun-failures-20060102-150405-"))
		} else {
			err = os.MkdirAll(k.Dir, 0o777)
		}
		if err != nil {
			k.give(err)
			return ""
		}
		k.made = true
	}
	return filepath.Join(k.Dir, name)
}

func (k *Keeper) give(err error) {
	k.broken = true
	k.Warn(fmt.Sprintf("the logs of failed tests are not kept: %v", err))
}

// Made tells whether anything is kept.
func (k *Keeper) Made() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.made && !k.broken
}

// Base is the name of a run's files, without what they end in.
func Base(test string, pass int) string { return fmt.Sprintf("%s-%03d", test, pass) }

// Base is that of this run.
func (r *Run) Base() string { return Base(r.Test, r.Pass) }

// log writes a run's output to a file, and returns its path.
func (k *Keeper) log(r *Run) string {
	path := k.Path(r.Base() + ".log")
	if path == "" {
		return ""
	}
	text := append([]byte{}, r.Output...)
	if r.Reason != "" {
		text = fmt.Appendf(text, "labrun: %s\n", r.Reason)
	}
	if r.Blame != "" {
		text = fmt.Appendf(text, "labrun: %s\n", r.Blame)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if !k.broken {
			k.give(err)
		}
		return ""
	}
	return path
}
