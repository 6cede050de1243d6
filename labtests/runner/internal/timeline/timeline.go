// Package timeline draws a recorded run as one HTML page that opens from disk
// and needs no network: a lane per server, messages as arrows between them.
package timeline

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/explain"
)

// The scripts share one scope, in this order; the last one starts the page.
var scripts = []string{"theme.js", "data.js", "text.js", "view.js", "draw.js", "marks.js", "overview.js", "pick.js", "card.js", "controls.js", "story.js", "app.js"}

//go:embed page/*.js page/style.css page/page.html.tmpl
var page embed.FS

// d3 has its own folder: see d3/README.md.
//
//go:embed d3/d3.min.js
var d3 string

// maxEvents is how many events a page shows at most. It opens within a second
// or two, and is about a megabyte.
const maxEvents = 150_000

// Write writes the page of t. Findings point into t.Events; title heads the
// page. Nothing in a trace can reach the page as markup: its data is compressed
// and in base64.
func Write(w io.Writer, t *trace.Trace, findings []explain.Finding, title string) error {
	doc, err := newDocument(t, findings, title, maxEvents)
	if err != nil {
		return err
	}
	data, err := pack(doc)
	if err != nil {
		return err
	}
	html, err := template.ParseFS(page, "page/page.html.tmpl")
	if err != nil {
		return err
	}
	style, err := page.ReadFile("page/style.css")
	if err != nil {
		return err
	}
	app, err := joinScripts()
	if err != nil {
		return err
	}
	return html.Execute(w, struct {
		Title   string
		Style   template.CSS
		D3, App template.JS
		Hashes  template.HTMLAttr
		Data    string
	}{title, template.CSS(style), template.JS(d3), template.JS(app), template.HTMLAttr(hash(d3) + " " + hash(app)), data})
}

// hash names a script to the browser, which then runs no other.
func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func joinScripts() (string, error) {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		src, err := page.ReadFile("page/" + name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "// %s\n%s", name, src)
	}
	b.WriteString("})();\n")
	if strings.Contains(strings.ToLower(b.String()+d3), "</script") {
		return "", fmt.Errorf("timeline: a script of the page ends its own element")
	}
	return b.String(), nil
}

// pack makes data of v that the page can read: unpadded base64url of gzip of JSON.
func pack(v any) (string, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if err := json.NewEncoder(z).Encode(v); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}
