package compare

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Text writes the tables for a terminal.
func (d *Document) Text(w io.Writer) {
	fmt.Fprintln(w, d.head())
	for _, i := range d.Implementations {
		fmt.Fprintf(w, "  %s: %s\n", i.Name, i.About)
	}
	for _, s := range d.Sections {
		fmt.Fprintf(w, "\n%s\n", s.Title)
		for _, term := range s.Terms {
			fmt.Fprintf(w, "  %s\n", term)
		}
		d.table(w, s)
	}
	d.standing(w)
}

func (d *Document) head() string {
	quick := ""
	if d.Quick {
		quick = ", quick"
	}
	return fmt.Sprintf("%s, %s, %d CPUs, %s: medians of %d interleaved runs%s", d.Go, d.OS, d.CPUs, d.Started.Format("2006-01-02 15:04 MST"), d.Repeats, quick)
}

// table has a line for each implementation in each row.
func (d *Document) table(w io.Writer, s Section) {
	head := []string{"", "", "runs"}
	for _, f := range s.Figures {
		head = append(head, f.label(), "")
	}
	lines := [][]string{head}
	for _, r := range s.Rows {
		name := r.Name
		for i, c := range r.Cells {
			line := []string{name, d.Implementations[i].Name, c.runs()}
			for _, f := range s.Figures {
				line = append(line, c.text(f), r.ratio(f, c))
			}
			lines = append(lines, line)
			name = ""
		}
	}
	align(w, lines, 2)
}

func (f Figure) label() string {
	if f.Unit == "" {
		return f.Name
	}
	return f.Name + " " + f.Unit
}

func (c Cell) runs() string {
	switch {
	case c.Runs == 0:
		return "not run"
	case c.Passed == c.Runs:
		return fmt.Sprint(c.Runs)
	}
	return fmt.Sprintf("FAILED %d of %d", c.Runs-c.Passed, c.Runs)
}

func (c Cell) text(f Figure) string {
	v, ok := c.value(f.Key)
	if !ok {
		return "–"
	}
	if c.TimedOut {
		return "TO " + number(v)
	}
	return number(v)
}

// ratio is a cell's figure as a multiple of the best in the row.
func (r Row) ratio(f Figure, c Cell) string {
	v, ok := c.value(f.Key)
	best := r.best(f)
	switch {
	case !ok:
		return ""
	case v == best:
		return "best"
	case best == 0:
		return "–"
	}
	return number(v/best) + "×"
}

// standing says how the first implementation stands, lost rows in the same
// words as won ones.
func (d *Document) standing(w io.Writer) {
	if len(d.Implementations) < 2 {
		return
	}
	fmt.Fprintf(w, "\n%s against the best of the others\n", d.Implementations[0].Name)
	lines := [][]string{}
	for _, st := range d.Standings() {
		lines = append(lines, []string{st.Section, st.Figure, fmt.Sprintf("won %d, even %d, lost %d", st.Won, st.Even, len(st.Lost)), strings.Join(st.Lost, ", ")})
	}
	align(w, lines, 4)
}

// Standing is how often the first implementation won and lost in a figure.
type Standing struct {
	Section, Figure string
	Won, Even       int
	Lost            []string // rows, with the figure as a multiple of the others' best
}

// Standings has one for each figure of each section.
func (d *Document) Standings() []Standing {
	var all []Standing
	for _, s := range d.Sections {
		for _, f := range s.Figures {
			st := Standing{Section: s.ID, Figure: f.Name}
			for _, r := range s.Rows {
				switch outcome, best := r.outcome(f); outcome {
				case Won:
					st.Won++
				case Even:
					st.Even++
				case Lost:
					how := "failed"
					if v, ok := r.Cells[0].value(f.Key); ok && best != 0 {
						how = number(v/best) + "×"
					}
					st.Lost = append(st.Lost, r.Name+" "+how)
				}
			}
			all = append(all, st)
		}
	}
	return all
}

// align writes columns, the first few to the left.
func align(w io.Writer, lines [][]string, left int) {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		text := ""
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < left {
				text += cell + pad + "  "
			} else {
				text += pad + cell + "  "
			}
		}
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
}

// number prints a figure with about three digits that count.
func number(x float64) string {
	digits := 0
	switch a := math.Abs(x); {
	case a == math.Trunc(a):
	case a < 0.0995:
		digits = 3
	case a < 9.95:
		digits = 2
	case a < 99.5:
		digits = 1
	}
	return thousands(fmt.Sprintf("%.*f", digits, x))
}

// thousands puts a comma after each three digits.
func thousands(text string) string {
	whole, rest := text, ""
	if dot := strings.IndexByte(text, '.'); dot >= 0 {
		whole, rest = text[:dot], text[dot:]
	}
	for at := len(whole) - 3; at > 0 && whole[at-1] != '-'; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	return whole + rest
}
