package bench

import (
	"fmt"

	"pontoon.dev/labrun/internal/compare"
)

// about is what a reader has to know of an implementation.
func about(name string) string {
	switch name {
	case pontoon:
		return "Pontoon with the settings of the lab: heartbeats every 100 ms, elections after 350 to 700 ms without one. " +
			"Without the lab: the service profile as it comes, its transport in memory, and its storage.Memory, which copies the whole state with every save."
	case etcd:
		return "go.etcd.io/raft/v3 3.6 on a RawNode, MemoryStorage and the Persister, one save for each Ready: heartbeats every 100 ms, elections after 1 to 2 s, " +
			"256 messages in flight, PreVote and CheckQuorum off (the library's defaults). Messages are etcd's protobuf; what goes to one server at once goes in one RPC, and answers come in its reply. " +
			"Without the lab: the same RawNode with MemoryStorage alone; it comes with no transport, so messages are handed over in memory, unencoded, and proposals that came during a Ready go into the log together."
	case hashi:
		return "github.com/hashicorp/raft 1.8 with its defaults: timeouts of 1 s, 64 entries in an AppendEntries, PreVote; BatchApplyCh is on, and no log stays behind a snapshot. " +
			"Its stores are in memory and in the Persister, messages are msgpack as on its network transport, and AppendEntries is not pipelined, for labrpc does not keep order. " +
			"Without the lab: its InmemTransport, pipelined and unencoded, InmemStore and a BatchingFSM."
	case textbook:
		return "a Go Raft in the usual student style, part of labrun; not to be had without the lab."
	}
	return "the Raft of a lab tree; not to be had without the lab."
}

var latencyFigures = []compare.Figure{
	{Key: "ops", Name: "throughput", Unit: "ops/s", More: true, Log: true},
	{Key: "p50", Name: "median latency", Unit: "ms", Log: true},
	{Key: "p99", Name: "99th percentile", Unit: "ms", Log: true},
	{Key: "cpu", Name: "CPU", Unit: "µs/op", Log: true},
}

var memoryFigure = compare.Figure{Key: "memory", Name: "peak memory", Unit: "MB"}

// rowName names a scenario by what differs between the rows.
func rowName(s Scenario) string { return fmt.Sprintf("%s outstanding", thousands(s.Clients)) }

func labSection(scenarios []Scenario, runs []Run, labels []string) compare.Section {
	s := compare.Section{
		ID: "lab", Title: "Commands outstanding, behind the lab interface",
		Terms: []string{
			fmt.Sprintf("Three servers in one process on a reliable labrpc; %s commands of 16 B (%s with 1 outstanding). A command takes from Start until the leader delivers it.",
				thousands(scenarios[len(scenarios)-1].Commands), thousands(scenarios[0].Commands)),
			"The same for all: the network, the Persister, which copies the whole state with every save, the encoding of commands, and that a reply leaves when what it promises is saved. There are no snapshots, so saves grow with the log.",
			"Each Raft's own: what it puts into one save and into one RPC, as said above. CPU and RPCs are of all three servers together; memory is the process's.",
		},
		Figures: append(append([]compare.Figure{}, latencyFigures...), compare.Figure{Key: "rpcs", Name: "RPCs", Unit: "per op", Log: true}, memoryFigure),
	}
	for _, sc := range scenarios {
		row := compare.Row{Name: rowName(sc)}
		for _, c := range cellsOf(runs, labels, sc.Key()) {
			cell := compare.Cell{Runs: c.Runs, Passed: c.Runs, Failure: c.Failure, TimedOut: c.Median.TimedOut}
			for _, run := range runs {
				if run.Implementation == c.Label && run.Scenario == sc.Key() && run.Result == nil {
					cell.Runs++
				}
			}
			if c.Runs > 0 {
				m := c.Median
				cell.Values = map[string]float64{"ops": m.OpsPerSecond, "p50": m.P50, "p99": m.P99, "cpu": m.CPUPerOp, "rpcs": m.RPCsPerOp, "memory": m.MaxRSS}
			}
			row.Cells = append(row.Cells, cell)
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func directSection(scenarios []Scenario, runs []directRun, labels []string) compare.Section {
	s := compare.Section{
		ID: "direct", Title: "Commands outstanding, without the lab",
		Terms: []string{
			fmt.Sprintf("Three servers in one process, each Raft on its own transport and storage in memory, as said above; %s commands of 16 B (%s with 1 outstanding). So many goroutines propose one after the other, and each waits until the leader has applied its command.",
				thousands(directCommands(scenarios[len(scenarios)-1])), thousands(directCommands(scenarios[0]))),
			"Not the same for all: Pontoon encodes its messages and copies its whole state with every save, etcd and hashicorp hand over pointers and keep their logs as they are.",
		},
		Figures: append(append([]compare.Figure{}, latencyFigures...), memoryFigure),
	}
	for _, sc := range scenarios {
		row := compare.Row{Name: rowName(sc)}
		for _, label := range labels {
			row.Cells = append(row.Cells, directCell(runs, label, sc))
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}

func testSection(tests []suiteTest, runs []SuiteRun, labels []string) compare.Section {
	s := compare.Section{
		ID: "tests", Title: "The lab's tests",
		Terms: []string{
			"Each test in a process of its own, in real time; seconds, RPCs and bytes as the test itself counts them, CPU and memory of its whole process.",
			"Seconds are mostly the tests' own waiting, and what an election takes with the Raft's timeouts.",
		},
		Figures: []compare.Figure{
			{Key: "seconds", Name: "time", Unit: "s"}, {Key: "rpcs", Name: "RPCs", Log: true}, {Key: "bytes", Name: "bytes", Log: true},
			{Key: "cpu", Name: "CPU", Unit: "s", Log: true}, memoryFigure,
		},
	}
	for _, test := range tests {
		row := compare.Row{Name: test.Name}
		for _, label := range labels {
			row.Cells = append(row.Cells, testCell(runs, label, test.Name))
		}
		s.Rows = append(s.Rows, row)
	}
	if sum := s.Sum(); len(sum.Cells) > 0 && len(s.Rows) > 1 {
		sum.Name = "sum of those that all passed"
		for _, c := range sum.Cells {
			delete(c.Values, "memory")
		}
		s.Rows = append(s.Rows, sum)
	}
	return s
}

func testCell(runs []SuiteRun, label, test string) compare.Cell {
	var c compare.Cell
	columns := map[string][]float64{}
	for _, run := range runs {
		if run.Implementation != label || run.Test != test {
			continue
		}
		c.Runs++
		if run.Error != "" {
			if c.Failure == "" {
				c.Failure = run.Error
			}
			continue
		}
		c.Passed++
		for key, v := range map[string]float64{"seconds": run.Seconds, "rpcs": run.RPCs, "bytes": run.Bytes, "cpu": run.CPUSeconds, "memory": run.MaxRSS} {
			columns[key] = append(columns[key], v)
		}
	}
	c.Values = medians(columns)
	return c
}

func medians(columns map[string][]float64) map[string]float64 {
	if len(columns) == 0 {
		return nil
	}
	m := map[string]float64{}
	for key, column := range columns {
		m[key] = median(column)
	}
	return m
}
