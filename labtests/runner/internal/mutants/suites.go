package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pontoon.dev/labrun/internal/gotool"
)

// suite tries mutants; the empty name is no mutant at all.
type suite interface {
	try(ctx context.Context, mutant string) (Result, error)
}

// cargoBuild builds with the feature mutants, apart from other builds, and
// returns the path of the executable named.
func cargoBuild(ctx context.Context, root, name string, args ...string) (string, error) {
	args = append(args, "--features", "mutants", "--target-dir", filepath.Join(root, "target", "mutants"), "--message-format=json-render-diagnostics")
	cmd := gotool.Command(ctx, root, gotool.Environ(), "cargo", args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := gotool.Run(ctx, cmd); err != nil {
		return "", fmt.Errorf("cargo %s: %w\n%s", strings.Join(args, " "), err, words.Bytes())
	}
	for line := range bytes.Lines(out.Bytes()) {
		var message struct {
			Target     struct{ Name string }
			Executable string
		}
		if json.Unmarshal(line, &message) == nil && message.Target.Name == name && message.Executable != "" {
			return message.Executable, nil
		}
	}
	return "", fmt.Errorf("cargo %s built no program %s", strings.Join(args, " "), name)
}

// output runs a program under the limit and returns what it printed, and its
// processor time. A failure of the program is no error; not ending is errHang.
func output(ctx context.Context, limit time.Duration, dir string, env []string, name string, args ...string) (string, float64, error) {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := gotool.Command(timed, dir, gotool.Environ(env...), name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := gotool.Run(timed, cmd)
	seconds := 0.0
	if state := cmd.ProcessState; state != nil {
		seconds = (state.UserTime() + state.SystemTime()).Seconds()
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", 0, context.Cause(ctx)
	case errors.Is(err, context.DeadlineExceeded):
		return out.String(), seconds, errHang
	case err != nil && !errors.As(err, &exit):
		return "", 0, err
	}
	return out.String(), seconds, nil
}

var errHang = errors.New("it does not end")

// paper is the core's paper tests, all in one program.
type paper struct {
	root, program string
	limit         time.Duration
}

var paperLine = regexp.MustCompile(`(?m)^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)$`)

func (p *paper) try(ctx context.Context, mutant string) (Result, error) {
	var env []string
	if mutant != "" {
		env = []string{"PONTOON_MUTANT=" + mutant}
	}
	// The skipped one runs this program again for every mutant.
	text, seconds, err := output(ctx, p.limit, filepath.Join(p.root, "rust", "core"), env, p.program, "--skip", "every_mutant_is_noticed")
	result := Result{Seconds: seconds}
	if errors.Is(err, errHang) {
		result.Killed, result.How, result.By = true, "hang", "a test that does not end"
		return result, nil
	}
	if err != nil {
		return result, err
	}
	var failed []string
	for _, match := range paperLine.FindAllStringSubmatch(text, -1) {
		result.Tries++
		if match[2] == "FAILED" {
			failed = append(failed, match[1])
		}
	}
	if result.Tries == 0 || strings.Contains(text, "no mutant is called") {
		return result, fmt.Errorf("the paper tests did not run:\n%s", text)
	}
	// A paper test tells more than random schedules, and sorts before them.
	slices.SortStableFunc(failed, func(a, b string) int {
		return strings.Count(a, "random_") - strings.Count(b, "random_")
	})
	if result.Count = len(failed); result.Count > 0 {
		result.Killed, result.By = true, failed[0]
	}
	return result, nil
}

var simLine = regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| .* \| (?:by seed (\d+) in [0-9.]+ s: (.*)|\*survived\* (\d+) seeds in [0-9.]+ s) \|$`)

// simulator runs ranges of seeds, as many times as it takes for a median.
type simulator struct {
	root, program string
	seeds, ranges int
	limit         time.Duration
}

func (s *simulator) try(ctx context.Context, mutant string) (Result, error) {
	if mutant == "" {
		return s.clean(ctx)
	}
	result := Result{}
	var tries, seconds []float64
	for i := range s.ranges {
		from := i * s.seeds
		text, cpu, err := output(ctx, s.limit, s.root, nil, s.program, "--mutants", "--mutant", mutant, "--seeds", fmt.Sprintf("%d..%d", from, from+s.seeds))
		if errors.Is(err, errHang) {
			result.Count++
			result.How, result.By = "hang", "a seed that does not end"
			continue
		}
		if err != nil {
			return result, err
		}
		match := simLine.FindStringSubmatch(text)
		if match == nil || match[1] != mutant {
			return result, fmt.Errorf("the simulator did not run:\n%s", text)
		}
		n := s.seeds
		if match[2] != "" {
			seed, err := strconv.Atoi(match[2])
			if err != nil {
				return result, err
			}
			n = seed - from + 1
			result.Count++
			result.By = match[3]
		}
		tries, seconds = append(tries, float64(n)), append(seconds, cpu)
	}
	result.Killed = result.Count > 0
	result.Tries, result.Seconds = int(median(tries)), median(seconds)
	return result, nil
}

// clean makes sure that the seeds pass without a bug.
func (s *simulator) clean(ctx context.Context) (Result, error) {
	text, cpu, err := output(ctx, s.limit, s.root, nil, s.program, "--seeds", fmt.Sprintf("0..%d", min(s.seeds, 300)))
	if err == nil && !strings.Contains(text, " seeds: ") {
		err = fmt.Errorf("the simulator did not run:\n%s", text)
	}
	return Result{Seconds: cpu, Killed: strings.Contains(text, "FAILED")}, err
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[len(all)/2] + all[(len(all)-1)/2]) / 2
}
