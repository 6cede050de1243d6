package compare

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func sample(t *testing.T) *Document {
	t.Helper()
	d, err := Read("testdata/sample.json")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWriteAndRead(t *testing.T) {
	d := sample(t)
	file := filepath.Join(t.TempDir(), "again.json")
	if err := d.Write(file); err != nil {
		t.Fatal(err)
	}
	again, err := Read(file)
	if err != nil || !reflect.DeepEqual(again, d) {
		t.Errorf("read again: %v\n%+v, want\n%+v", err, again, d)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":             "no document",
		"[]":           "no document",
		`{"format":2}`: "format 2",
		`{"format":1}`: "without an implementation",
		`{"format":1,"implementations":[{"name":"a"}],"sections":[{"id":"x","rows":[{"name":"r"}]}]}`: `row "r" of section "x" has 0 cells`,
	} {
		file := filepath.Join(t.TempDir(), "d.json")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read of %q: %v, want an error with %q", text, err, want)
		}
	}
}

// Lost rows are there as plainly as won ones, and what failed has no figure.
func TestStandings(t *testing.T) {
	want := []Standing{
		{Section: "tests", Figure: "time", Won: 1, Lost: []string{"Figure8Unreliable 1.02×"}},
		{Section: "tests", Figure: "RPCs", Won: 2},
		{Section: "direct", Figure: "throughput", Won: 1, Lost: []string{"1 outstanding 0.49×"}},
	}
	if got := sample(t).Standings(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	d := sample(t)
	d.Sections[0].Rows[0].Cells[0] = Cell{Runs: 3, Passed: 2, Values: map[string]float64{"seconds": 0.1, "rpcs": 1}}
	if got := d.Standings()[0].Lost; !reflect.DeepEqual(got, []string{"BasicAgree failed", "Figure8Unreliable 1.02×"}) {
		t.Errorf("a failed row: lost %q", got)
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	sample(t).Text(&out)
	for _, want := range []string{
		`BasicAgree +pontoon +3 +0\.50 +best +16 +best`,
		`\n +etcd +3 +1\.30 +2\.60× +18 +1\.12×`,
		`\n +hashicorp +FAILED 2 of 3 +– +–\n`,
		`1 outstanding +pontoon +3 +40,000 +0\.49×`,
		`hashicorp +3 +TO 13,000 +0\.16×`,
		`hashicorp +not run`,
		`tests +time +won 1, even 0, lost 1 +Figure8Unreliable 1\.02×`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the text does not match %s", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func page(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if err := sample(t).HTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The page must work without a network, and whatever names are in a document.
func TestPageIsSelfContained(t *testing.T) {
	text := page(t)
	for _, bad := range []string{
		`(?i)\b(src|href|action|poster|data)\s*=\s*["']?\s*(https?:|//)`, `(?i)url\(\s*["']?(https?:|//)`, `(?i)@import`,
		`(?i)<link\b`, `sourceMappingURL`, `\bimport\s*\(`, `\bfetch\s*\(`, `XMLHttpRequest`,
	} {
		if found := regexp.MustCompile(bad).FindString(text); found != "" {
			t.Errorf("the page has %q, which matches %s", found, bad)
		}
	}
	if got := strings.Count(text, "<script"); got != 3 {
		t.Errorf("there are %d scripts, want the data, Chart.js and the page's own", got)
	}
	for _, bad := range []string{"<b>not bold", "alert(1)</script>", "agreement <i>"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q of the document is in the page as it is", bad)
		}
	}
	for _, want := range []string{"Chart.js v4", "MIT License", "prefers-color-scheme: dark"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestPageHasAllFigures(t *testing.T) {
	text := page(t)
	if got := strings.Count(text, "<canvas"); got != 3 {
		t.Errorf("there are %d plots, want one for each figure", got)
	}
	for _, want := range []string{
		`<td class="n best">0.50</td><td class="n best">best</td>`, `<td class="n ">1.30</td><td class="n ">2.60×</td>`,
		`<td class="n failed" title="one(5216) failed to reach agreement &lt;i&gt;">failed</td>`, `<td class="n none">not run</td>`,
		`<td>Figure8Unreliable 1.02×</td>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestSum(t *testing.T) {
	sum := sample(t).Sections[0].Sum()
	if len(sum.Cells) != 3 || sum.Cells[1].Values["rpcs"] != 18 {
		t.Errorf("got %+v, want those of the row that all passed", sum)
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.0123: "0.012", 0.5: "0.50", 12.34: "12.3", 999.6: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := number(x); got != want {
			t.Errorf("number(%v) = %s, want %s", x, got, want)
		}
	}
}
