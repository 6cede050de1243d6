// Package compare presents how several Rafts did at the same things: as text, as
// a JSON document, and as one page that needs no network.
package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// Document is everything that was found out in one run.
type Document struct {
	Format          int              `json:"format"` // of the document; see Format
	Started         time.Time        `json:"started"`
	Go              string           `json:"go"`
	OS              string           `json:"os"`
	CPUs            int              `json:"cpus"`
	Repeats         int              `json:"repeats"`
	Quick           bool             `json:"quick"`
	Implementations []Implementation `json:"implementations"` // the first is held against the others
	Sections        []Section        `json:"sections"`
}

// Format is the version of documents that this program reads and writes.
const Format = 1

// Implementation is a Raft.
type Implementation struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it is, and with which settings it runs
}

// Section is rows that have the same figures.
type Section struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Terms   []string `json:"terms"` // sentences about what is the same for all, and what is not
	Figures []Figure `json:"figures"`
	Rows    []Row    `json:"rows"`
}

// Figure is one thing that is measured.
type Figure struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	Unit string `json:"unit"`
	More bool   `json:"more"` // more is better
	Log  bool   `json:"log"`  // its values are spread over powers of ten
}

// Row is one test or scenario.
type Row struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"` // one for each implementation
}

// Cell is what one implementation came to in a row.
type Cell struct {
	Runs     int                `json:"runs"`
	Passed   int                `json:"passed"`
	Failure  string             `json:"failure,omitempty"`   // of the first run that failed
	TimedOut bool               `json:"timed_out,omitempty"` // the limit came first; figures are of what was done by then
	Values   map[string]float64 `json:"values,omitempty"`    // medians of the runs that passed, by Figure.Key
}

// value returns a figure that counts: of a Raft that fails now and then none
// does.
func (c Cell) value(key string) (float64, bool) {
	v, ok := c.Values[key]
	return v, ok && c.Runs > 0 && c.Passed == c.Runs
}

// best returns the best value of a figure in a row, NaN if there is none.
func (r Row) best(f Figure) float64 {
	best := math.NaN()
	for _, c := range r.Cells {
		if v, ok := c.value(f.Key); ok && (math.IsNaN(best) || (v > best) == f.More) {
			best = v
		}
	}
	return best
}

// Outcome is how one implementation stands in a figure of a row.
type Outcome int

// The outcomes. Even is also what is not to be compared.
const (
	Even Outcome = iota
	Won
	Lost
)

// outcome holds the first implementation against the others, and returns the
// others' best.
func (r Row) outcome(f Figure) (Outcome, float64) {
	others := Row{Cells: r.Cells[1:]}.best(f)
	mine, ok := r.Cells[0].value(f.Key)
	switch {
	case r.Cells[0].Runs == 0 || math.IsNaN(others) && !ok:
		return Even, others
	case !ok:
		return Lost, others
	case math.IsNaN(others):
		return Won, others
	case mine == others:
		return Even, others
	case (mine > others) == f.More:
		return Won, others
	}
	return Lost, others
}

// Read returns the document in a file that Write wrote.
func Read(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s is no document of labrun compare: %w", file, err)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &d, nil
}

func (d *Document) check() error {
	if d.Format != Format {
		return fmt.Errorf("a document of format %d, and this labrun knows format %d: write it again with labrun compare -json", d.Format, Format)
	}
	if len(d.Implementations) == 0 {
		return errors.New("a document without an implementation")
	}
	for _, s := range d.Sections {
		for _, r := range s.Rows {
			if len(r.Cells) != len(d.Implementations) {
				return fmt.Errorf("row %q of section %q has %d cells for %d implementations", r.Name, s.ID, len(r.Cells), len(d.Implementations))
			}
		}
	}
	return nil
}

// Write writes the document as JSON.
func (d *Document) Write(file string) error {
	text, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o666)
}

// Sum is a row of the sums over those rows that all implementations passed.
func (s Section) Sum() Row {
	sum := Row{}
	for i := range s.Rows {
		if !s.Rows[i].passed() {
			continue
		}
		for j, c := range s.Rows[i].Cells {
			if len(sum.Cells) == j {
				sum.Cells = append(sum.Cells, Cell{Values: map[string]float64{}})
			}
			sum.Cells[j].Runs, sum.Cells[j].Passed = sum.Cells[j].Runs+c.Runs, sum.Cells[j].Passed+c.Passed
			for key, v := range c.Values {
				sum.Cells[j].Values[key] += v
			}
		}
	}
	return sum
}

func (r Row) passed() bool {
	for _, c := range r.Cells {
		if c.Runs == 0 || c.Passed < c.Runs {
			return false
		}
	}
	return true
}
