package browser

import (
	"os"
	"strings"
	"testing"

	"pontoon.dev/labrun/internal/compare"
)

// comparePage is the page of the runner's own sample, with an implementation
// whose name tries to become markup.
func comparePage(t *testing.T) string {
	t.Helper()
	d, err := compare.Read("../runner/internal/compare/testdata/sample.json")
	if err != nil {
		t.Fatal(err)
	}
	d.Implementations[1].Name = evil
	var b strings.Builder
	if err := d.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var compareChecks = []check{
	{name: "plots are painted", run: plotsArePainted, breaks: [2]string{`data: section.rows.map(`, `data: [].map(`}},
	{name: "a plot per figure", run: plotPerFigure, breaks: [2]string{`charts.push(`, `0 && charts.push(`}},
	{name: "dark", run: isDark, view: view{dark: true}, breaks: [2]string{`prefers-color-scheme: dark`, `prefers-color-scheme: none`}},
	{name: "fits 1000 px", run: pageFits, view: view{width: 1000, height: 700}, breaks: [2]string{`<main>`, `<main style="min-width: 1100px">`}},
	{name: "text is only text", run: namesAreText, breaks: [2]string{`&lt;img src=x`, `<img src=x`}},
	{name: "nothing is loaded", run: nothingIsSaid, breaks: [2]string{`"use strict";`, `fetch("https://example.org/").catch(() => 0);`}},
}

func TestCompare(t *testing.T) {
	html := comparePage(t)
	for _, c := range compareChecks {
		c.test(t, html)
	}
}

// TestCompareOfThisMachine opens the page that COMPARE_PAGE names: in CI the one
// that labrun compare has just written.
func TestCompareOfThisMachine(t *testing.T) {
	file := os.Getenv("COMPARE_PAGE")
	if file == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("COMPARE_PAGE is not set: make test-peers writes the page, and make test-pages names it")
		}
		return
	}
	html, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, string(html), view{})
	if err := all(plotsArePainted(b), plotPerFigure(b), nothingIsSaid(b)); err != nil {
		t.Error(err)
	}
}

// plotsArePainted finds on each canvas a bar of the first implementation's colour.
func plotsArePainted(b *tab) error {
	return b.holds(`(() => {
		const probe = document.createElement("i");
		probe.style.color = "var(--c0)";
		document.body.append(probe);
		const want = getComputedStyle(probe).color.match(/\d+/g).slice(0, 3).map(Number);
		const all = [...document.querySelectorAll("canvas")];
		return all.length > 1 && all.every((c) => {
			const { data } = (` + pixels + `)(c);
			let n = 0;
			for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255 && want.every((v, k) => Math.abs(v - data[i + k]) < 4)) n++;
			return n > 800; // more than the legend's sample
		});
	})()`)
}

func plotPerFigure(b *tab) error {
	return all(b.holds(`document.querySelectorAll("figure").length > 1`), b.holds(`+document.documentElement.dataset.charts === document.querySelectorAll("figure").length`))
}

func pageFits(b *tab) error {
	return b.holds(`document.documentElement.scrollWidth <= innerWidth`)
}

func namesAreText(b *tab) error {
	return all(b.holds(`document.getElementById("implementations").textContent.includes("onerror")`), b.holds(`!document.querySelector("img")`))
}
