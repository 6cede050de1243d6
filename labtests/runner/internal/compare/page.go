package compare

import (
	"embed"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html.tmpl page.css page.js chartjs/chart.umd.min.js
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html.tmpl").Funcs(template.FuncMap{
	"file": func(name string) (string, error) {
		text, err := pageFiles.ReadFile(name)
		return string(text), err
	},
	"css":  func(text string) template.CSS { return template.CSS(text) },
	"code": func(text string) template.JS { return template.JS(withoutMap(text)) },
	"cell": func(r Row, f Figure, c Cell) pageCell { return pageCellOf(r, f, c) },
}).ParseFS(pageFiles, "page.html.tmpl"))

// withoutMap removes the line that sends a debugger for a file that is not there.
func withoutMap(text string) string {
	before, _, _ := strings.Cut(text, "\n//# sourceMappingURL=")
	return before
}

// pageCell is what the table under a plot shows in a cell.
type pageCell struct{ Class, Text, Ratio, Why string }

func pageCellOf(r Row, f Figure, c Cell) pageCell {
	p := pageCell{Text: c.text(f), Ratio: r.ratio(f, c)}
	switch _, ok := c.value(f.Key); {
	case !ok && c.Runs == 0:
		p.Class, p.Text = "none", "not run"
	case !ok && c.Passed < c.Runs:
		p.Class, p.Text, p.Why = "failed", "failed", c.Failure
	case p.Ratio == "best":
		p.Class = "best"
	}
	return p
}

// HTML writes the page: plots, and under each of them the table of its figures.
// Everything it needs is in it.
func (d *Document) HTML(w io.Writer) error {
	return pageTemplate.Execute(w, struct {
		*Document
		Head      string
		Standings []Standing
	}{d, d.head(), d.Standings()})
}
