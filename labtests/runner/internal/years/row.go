package years

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"pontoon.dev/labrun/internal/passes"
)

// Row is one line of the table.
type Row struct {
	Checkout
	Parts          []string
	Passed, Failed int
	Time           time.Duration // of all tests, in wall time
	RPCs           int           // of those tests that tell; -1 if none does
	Remark         string        // what else there is to say, such as why nothing ran
}

// OK reports whether the tests ran and all passed.
func (r Row) OK() bool { return r.Failed == 0 && r.Passed > 0 && r.Remark == "" }

// Take takes what the row says of the tests from what a run of them came to.
func (r *Row) Take(d *passes.Document) {
	for _, test := range d.Tests {
		r.Passed += test.Passed
		r.Failed += test.Failed
	}
	r.Time = time.Duration(d.Wall * float64(time.Second))
	r.RPCs = -1
	for _, run := range d.Runs {
		if run.RPCs != nil {
			r.RPCs = max(r.RPCs, 0) + *run.RPCs
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
