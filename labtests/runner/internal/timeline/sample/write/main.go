// Command write writes the page of a sample run, to be looked at:
// go run ./internal/timeline/sample/write FILE.html [ROUNDS [foreign]]
package main

import (
	"fmt"
	"os"
	"strconv"

	"pontoon.dev/labrun/internal/timeline"
	"pontoon.dev/labrun/internal/timeline/sample"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(2)
	}
}

func write(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: write FILE.html [ROUNDS [foreign]]")
	}
	o := sample.Options{Foreign: len(args) > 2}
	if len(args) > 1 {
		rounds, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		o.Rounds = rounds
	}
	f, err := os.Create(args[0])
	if err != nil {
		return err
	}
	t, findings := sample.Run(o)
	if err := timeline.Write(f, t, findings, "A sample run"); err != nil {
		return err
	}
	return f.Close()
}
