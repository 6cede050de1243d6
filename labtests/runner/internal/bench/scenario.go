package bench

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Scenario is one row of the bench.
type Scenario struct {
	Mode          string // seq, conc, pipe, outstanding or idle; kv: the key/value service
	Servers       int
	Commands      int
	Size          int // bytes of a command
	Clients       int // in mode conc; in mode outstanding the commands on their way
	SnapshotEvery int // commands between two snapshots; 0: none
	MaxState      int // in mode kv: bytes of Raft state at which snapshots are taken; -1: never
	Limit         time.Duration
}

// snapshotInterval is that of the rows with snapshots.
const snapshotInterval = 500

// Key names the scenario, for -only, for JSON and for the published figures.
func (s Scenario) Key() string {
	if s.Mode == "idle" {
		return fmt.Sprintf("idle/%d", s.Servers)
	}
	if s.Mode == "kv" {
		key := fmt.Sprintf("kv/%dx%d", s.Servers, s.Commands)
		if s.MaxState >= 0 {
			key += fmt.Sprintf("/state%d", s.MaxState)
		}
		return key
	}
	mode := s.Mode
	if mode == "conc" || mode == "outstanding" {
		mode = fmt.Sprintf("%s%d", mode, s.Clients)
	}
	key := fmt.Sprintf("%s/%dx%dx%d", mode, s.Servers, s.Commands, s.Size)
	if s.SnapshotEvery > 0 {
		key += fmt.Sprintf("/snap%d", s.SnapshotEvery)
	}
	return key
}

// Title says in words what Key abbreviates, without the mode.
func (s Scenario) Title() string {
	if s.Mode == "idle" {
		return fmt.Sprintf("%d servers", s.Servers)
	}
	if s.Mode == "kv" {
		title := fmt.Sprintf("%d servers, %s operations", s.Servers, thousands(s.Commands))
		if s.MaxState >= 0 {
			title += fmt.Sprintf(", snapshots at %s B", thousands(s.MaxState))
		}
		return title
	}
	size := fmt.Sprintf("%d B", s.Size)
	if s.Size%1024 == 0 {
		size = fmt.Sprintf("%d KiB", s.Size/1024)
	}
	title := fmt.Sprintf("%d servers, %s × %s", s.Servers, thousands(s.Commands), size)
	if s.SnapshotEvery > 0 {
		title += fmt.Sprintf(", snapshot/%d", s.SnapshotEvery)
	}
	return title
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// env is how the probe learns what to do.
func (s Scenario) env() []string {
	return []string{
		"PROBE_MODE=" + s.Mode,
		fmt.Sprintf("PROBE_SERVERS=%d", s.Servers),
		fmt.Sprintf("PROBE_COMMANDS=%d", s.Commands),
		fmt.Sprintf("PROBE_SIZE=%d", s.Size),
		fmt.Sprintf("PROBE_CLIENTS=%d", s.Clients),
		fmt.Sprintf("PROBE_SNAPSHOT_EVERY=%d", s.SnapshotEvery),
		fmt.Sprintf("PROBE_MAX_STATE=%d", s.MaxState),
		fmt.Sprintf("PROBE_LIMIT_MS=%d", s.Limit.Milliseconds()),
	}
}

// group is the scenarios that share a table.
type group struct {
	Title     string
	Mode      string
	Scenarios []Scenario
}

// groups returns the whole matrix. The quick one has fewer commands, which
// flatters whatever slows down as the log grows.
func groups(quick bool, limit time.Duration) []group {
	both := func(s Scenario) []Scenario {
		s.Limit = limit
		with := s
		with.SnapshotEvery = snapshotInterval
		return []Scenario{s, with}
	}
	seq := group{Mode: "seq", Title: "One client: Start, wait until the leader has applied it, repeat"}
	conc := group{Mode: "conc", Title: "50 clients, each of them the same"}
	pipe := group{Mode: "pipe", Title: "Pipelined: Start back to back, until the last command is applied on all servers"}
	idle := group{Mode: "idle", Title: "Idle: a leader, no commands"}

	seqN, concN, idleFor := 2000, 5000, 10*time.Second
	pipeN := []int{1000, 2000, 4000, 8000, 20000}
	largeN := []int{2000, 20000}
	longN := 20000
	if quick {
		seqN, concN, idleFor = 500, 1000, 3*time.Second
		pipeN, largeN, longN = []int{1000, 4000}, []int{1000}, 4000
	} else {
		seq.Scenarios = both(Scenario{Mode: "seq", Servers: 3, Commands: 500, Size: 16})
	}
	for _, size := range []int{16, 1024} {
		for _, servers := range []int{3, 5} {
			seq.Scenarios = append(seq.Scenarios, both(Scenario{Mode: "seq", Servers: servers, Commands: seqN, Size: size})...)
		}
	}
	for _, servers := range []int{3, 5} {
		conc.Scenarios = append(conc.Scenarios, both(Scenario{Mode: "conc", Servers: servers, Commands: concN, Size: 16, Clients: 50})...)
		idle.Scenarios = append(idle.Scenarios, Scenario{Mode: "idle", Servers: servers, Size: 16, Limit: idleFor})
	}
	for _, n := range pipeN {
		pipe.Scenarios = append(pipe.Scenarios, both(Scenario{Mode: "pipe", Servers: 3, Commands: n, Size: 16})...)
	}
	pipe.Scenarios = append(pipe.Scenarios, both(Scenario{Mode: "pipe", Servers: 5, Commands: longN, Size: 16})...)
	for _, n := range largeN {
		pipe.Scenarios = append(pipe.Scenarios, both(Scenario{Mode: "pipe", Servers: 3, Commands: n, Size: 1024})...)
	}
	return []group{seq, conc, pipe, idle}
}

// outstandingGroups returns what labrun compare measures behind the lab interface.
func outstandingGroups(quick bool, limit time.Duration) []group {
	g := group{Mode: "outstanding", Title: "A number of commands outstanding: Start another as soon as the leader has applied the oldest"}
	few, many := 2000, 20000
	if quick {
		few, many = 300, 3000
	}
	for _, n := range []int{1, 64, 256, 1024} {
		s := Scenario{Mode: g.Mode, Servers: 3, Commands: many, Size: 16, Clients: n, Limit: limit}
		if n == 1 {
			s.Commands = few
		}
		g.Scenarios = append(g.Scenarios, s)
	}
	return []group{g}
}

// kvGroups returns the lab's tests of the key/value service's speed.
func kvGroups(limit time.Duration) []group {
	s := Scenario{Mode: "kv", Servers: 3, Commands: 1000, MaxState: -1, Limit: limit}
	with := s
	with.MaxState = 1000
	return []group{{Mode: "kv", Title: "Key/value service: one client appends to one key, one operation after the other", Scenarios: []Scenario{s, with}}}
}

// only keeps the scenarios whose key matches.
func only(all []group, pattern string) ([]group, error) {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-only %q is no regular expression: %v", pattern, err)
	}
	var kept []group
	for _, g := range all {
		var scenarios []Scenario
		for _, s := range g.Scenarios {
			if match.MatchString(s.Key()) {
				scenarios = append(scenarios, s)
			}
		}
		if g.Scenarios = scenarios; len(scenarios) > 0 {
			kept = append(kept, g)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("-only %q matches no scenario; they are named like %s and %s", pattern,
			all[0].Scenarios[0].Key(), all[len(all)-1].Scenarios[0].Key())
	}
	return kept, nil
}
