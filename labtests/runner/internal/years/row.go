package years

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is one line of the table.
type Row struct {
	Checkout
	Parts          []string
	Passed, Failed int
	Time           time.Duration // of the tests
	RPCs           int           // of those tests that tell; -1 if none does
	Remark         string        // what else there is to say, such as why nothing ran
}

// OK reports whether the tests ran and all passed.
func (r Row) OK() bool { return r.Failed == 0 && r.Passed > 0 && r.Remark == "" }

var (
	begunLine   = regexp.MustCompile(`(?m)^=== RUN +(Test\w+)$`)
	verdictLine = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (Test\w+) \(`)
	timeLine    = regexp.MustCompile(`(?m)^(?:ok  |FAIL)\t\S+\t([0-9.]+)s$`)
	// What the harness prints of a test that passed: seconds, peers, RPCs and
	// more; since 2025 with words; nothing in 2017.
	rpcLine = regexp.MustCompile(`(?m)\.\.\. Passed --(?: +[0-9.]+ +[0-9]+ +| .*#RPCs +)([0-9]+)`)
)

// Read takes what go test -v printed for the verdicts of the tests. A test that
// began and has none ended the process.
func (r *Row) Read(output string) {
	verdicts := map[string]bool{}
	for _, match := range verdictLine.FindAllStringSubmatch(output, -1) {
		verdicts[match[2]] = true
		switch match[1] {
		case "PASS":
			r.Passed++
		case "FAIL":
			r.Failed++
		}
	}
	for _, match := range begunLine.FindAllStringSubmatch(output, -1) {
		if !verdicts[match[1]] {
			r.Failed++
		}
	}
	if match := timeLine.FindStringSubmatch(output); match != nil {
		if seconds, err := strconv.ParseFloat(match[1], 64); err == nil {
			r.Time = time.Duration(seconds * float64(time.Second))
		}
	}
	r.RPCs = -1
	for _, match := range rpcLine.FindAllStringSubmatch(output, -1) {
		if n, err := strconv.Atoi(match[1]); err == nil {
			r.RPCs = max(r.RPCs, 0) + n
		}
	}
}

// Write prints the table.
func Write(out io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "year\tcheckout\tparts\tpassed\tfailed\tseconds\tRPCs\t")
	for _, r := range rows {
		year, seconds, rpcs := "?", "-", "-"
		if r.Tree != nil {
			year = strconv.Itoa(r.Tree.Year)
		}
		if r.Time > 0 {
			seconds = fmt.Sprintf("%.1f", r.Time.Seconds())
		}
		if r.RPCs >= 0 && r.Passed > 0 {
			rpcs = strconv.Itoa(r.RPCs)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n",
			year, filepath.Base(r.Dir), strings.Join(r.Parts, " "), r.Passed, r.Failed, seconds, rpcs, r.Remark)
	}
	return table.Flush()
}
