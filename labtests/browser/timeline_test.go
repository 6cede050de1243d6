package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"pontoon.dev/go-shim/trace"
	"pontoon.dev/labrun/internal/timeline"
	"pontoon.dev/labrun/internal/timeline/sample"
)

// evil is a command that tries to become markup.
const evil = `</script></template><img src=x onerror=document.body.remove()>`

// timelinePage is the page of a sample run.
func timelinePage(t *testing.T, o sample.Options) string {
	t.Helper()
	run, findings := sample.Run(o)
	var b strings.Builder
	if err := timeline.Write(&b, run, findings, "A run of "+o.Command); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var timelineChecks = []check{
	{name: "a lane per server", run: lanesAreThere, breaks: [2]string{`view.lanes, (s) => s)`, `view.lanes.slice(1), (s) => s)`}},
	{name: "lanes are painted", run: lanesArePainted, breaks: [2]string{`for (const s of this.view.lanes) this.lane(c, s);`, ``}},
	{name: "arrows are painted", run: arrowsArePainted, breaks: [2]string{`some, alpha, this`, `[], alpha, this`}},
	{name: "buttons and keys zoom", run: buttonsZoom, breaks: [2]string{`view.scale(1.6)`, `view.scale(1)`}},
	{name: "zooming out stops at the run's ends", run: wholeRun, breaks: [2]string{`whole() {`, `whole() { return;`}},
	{name: "the wheel zooms where the mouse is", run: wheelZooms, breaks: [2]string{`.call(this.zoom)`, ``}},
	{name: "the wheel moves sideways", run: wheelMoves, breaks: [2]string{`"wheel.pan"`, `"wheel.nothing", null).on("nothing"`}},
	{name: "dragging moves", run: dragMoves, view: view{hash: "#t=1300&span=400"}, breaks: [2]string{`.call(this.zoom)`, ``}},
	{name: "a message's card has its fields", run: cardHasFields, view: view{hash: "#t=300&span=60"}, breaks: [2]string{`rows.push(["leaderCommit", m.commit]);`, ``}},
	{name: "a click keeps the card", run: clickPins, view: view{hash: "#t=300&span=60"}, breaks: [2]string{`cards.pin(view.focus); })`, `{} })`}},
	{name: "a server can be hidden", run: serverHides, breaks: [2]string{`view.hidden.add(s)`, `0`}},
	{name: "a kind can be hidden", run: kindHides, breaks: [2]string{`view.shown.delete(name)`, `0`}},
	{name: "jump to the failure", run: jumpsToFailure, view: view{hash: "#t=300&span=100"}, breaks: [2]string{`failure: () => {`, `failure: () => { return;`}},
	{name: "findings in turn", run: findingsInTurn, view: view{hash: "#t=300&span=100"}, breaks: [2]string{`finding + by + n`, `finding + n`}},
	{name: "a link to a time", run: linkOpens, view: view{hash: "#t=1234&span=50"}, breaks: [2]string{`if (!openLink(view))`, ``}},
	{name: "search by index", run: searchByIndex, breaks: [2]string{`index && isAbout`, `false && isAbout`}},
	{name: "search by term", run: searchByTerm, breaks: [2]string{`const term = /^t`, `const term = /^u`}},
	{name: "keys go from event to event", run: keysStep, breaks: [2]string{`d3.select("#spoken").text(describe(run, item));`, ``}},
	{name: "by order of events", run: byOrder, breaks: [2]string{`view.space(e.target.value);`, ``}},
	{name: "dark", run: isDark, view: view{dark: true}, breaks: [2]string{`@media (prefers-color-scheme: dark)`, `@media (prefers-color-scheme: none)`}},
	{name: "the button changes light and dark", run: themeChanges, breaks: [2]string{`root.dataset.theme = dark`, `root.dataset.nothing = dark`}},
	{name: "fits 1000 px", run: fits, view: view{width: 1000, height: 700}, breaks: [2]string{`minmax(0, 1fr)`, `1200px`}},
	{name: "follows the window's width", run: followsWidth, breaks: [2]string{`new ResizeObserver(() => draw("layout"))`, `new ResizeObserver(() => {})`}},
	{name: "text of the trace is only text", run: textIsText, sample: sample.Options{Command: evil}, breaks: [2]string{`list.append("dd").text(value)`, `list.append("dd").html(value)`}},
	{name: "a Raft that does not tell", run: rolesAreInferred, sample: sample.Options{Foreign: true}, breaks: [2]string{`if (doc.inferred)`, `if (false)`}},
	{name: "many events", run: manyEvents, sample: sample.Options{Rounds: 150}, breaks: [2]string{`present.get("beat") <= 400`, `true`}},
	{name: "nothing is loaded", run: nothingIsSaid, breaks: [2]string{`readColours();`, `readColours(); fetch("https://example.org/").catch(() => 0);`}},
	{name: "no error in the console", run: nothingIsSaid, breaks: [2]string{`readColours();`, `readColours(); console.error("broken");`}},
}

func TestTimeline(t *testing.T) {
	for _, c := range timelineChecks {
		c.test(t, timelinePage(t, c.sample))
	}
}

// Labs have three to seven servers.
func TestTimelineOfAnySize(t *testing.T) {
	for _, n := range []int{3, 4, 6, 7} {
		b := open(t, timelinePage(t, sample.Options{Servers: n}), view{})
		if err := all(b.holds(fmt.Sprintf(`document.querySelectorAll(".lane").length === %d`, n)), arrowsArePainted(b), nothingIsSaid(b)); err != nil {
			t.Errorf("%d servers: %v", n, err)
		}
	}
}

func TestTimelineOfAPassedTest(t *testing.T) {
	run, _ := sample.Run(sample.Options{})
	for i := range run.Events {
		switch e := &run.Events[i]; e.Kind {
		case trace.Failure:
			e.Kind = trace.State
		case trace.TestEnd:
			e.Flag = true
		}
	}
	var page strings.Builder
	if err := timeline.Write(&page, run, nil, "Passed"); err != nil {
		t.Fatal(err)
	}
	b := open(t, page.String(), view{})
	if err := all(b.holds(`document.getElementById("verdict").textContent.includes("passed")`), b.holds(`document.getElementById("failure").disabled`),
		lanesArePainted(b), nothingIsSaid(b)); err != nil {
		t.Error(err)
	}
}

// A page whose data is damaged says so.
func TestTimelineThatIsTorn(t *testing.T) {
	html := timelinePage(t, sample.Options{})
	at := strings.Index(html, `<template id="data">`) + 2000
	b := open(t, html[:at]+html[at+400:], view{})
	if err := b.holds(`document.getElementById("notice").textContent.includes("could not be drawn")`); err != nil {
		t.Error(err)
	}
}

func lanesAreThere(b *tab) error {
	return b.holds(`[...document.querySelectorAll(".lane b")].map((l) => l.textContent).join() === "S0,S1,S2,S3,S4"`)
}

// lanesArePainted finds each lane's bar on the canvas: a row of pixels most of
// which are not of the ground.
func lanesArePainted(b *tab) error {
	return b.holds(`(() => {
		const c = document.getElementById("base"), { scale, width, data } = (` + pixels + `)(c), plot = c.parentNode.getBoundingClientRect();
		return window.timeline.run.servers.every((s) => {
			const lane = document.querySelector('.lane[data-server="' + s + '"]').getBoundingClientRect();
			const row = 4 * width * Math.round((lane.top - plot.top + 9) * scale);
			let n = 0;
			for (let i = row; i < row + 4 * width; i += 4) if (data[i + 3] === 255 && data[i] + data[i + 1] + data[i + 2] < 700) n++;
			return n > width / 4;
		});
	})()`)
}

// arrowsArePainted finds something on the canvas where arrows begin.
func arrowsArePainted(b *tab) error {
	return b.holds(`(() => {
		const c = document.getElementById("base"), { scale, width, data } = (` + pixels + `)(c);
		const seen = window.timeline.drawn().filter((p) => p.fate === 1 && p.x1 > 5 && p.x2 < c.clientWidth - 5).slice(0, 20);
		return seen.length > 5 && seen.every((p) => {
			const x = Math.round((p.x1 + (p.x2 - p.x1) * 0.05) * scale), y = Math.round((p.y1 + (p.y2 - p.y1) * 0.05) * scale);
			return [-2, -1, 0, 1, 2].some((dx) => data[4 * (y * width + x + dx) + 3] > 0);
		});
	})()`)
}

func (b *tab) domain() ([2]float64, error) { return eval[[2]float64](b, `window.timeline.domain()`) }

// moves is an error unless act makes good of the domain before and after.
func (b *tab) moves(act func() error, good func(was, is [2]float64) bool) error {
	was, err := b.domain()
	if err == nil {
		err = act()
	}
	if err != nil {
		return err
	}
	is, err := b.domain()
	if err == nil && !good(was, is) {
		err = fmt.Errorf("the axis went from %v to %v", was, is)
	}
	return err
}

func narrower(was, is [2]float64) bool { return is[1]-is[0] < 0.8*(was[1]-was[0]) }

func (b *tab) middle() point {
	p, _ := eval[point](b, `(() => { const r = document.getElementById("plot").getBoundingClientRect(); return { X: r.x + r.width / 2, Y: r.y + r.height / 2 }; })()`)
	return p
}

func buttonsZoom(b *tab) error {
	return all(b.moves(func() error { return b.click("#in") }, narrower), b.moves(func() error { return b.press("+") }, narrower),
		b.moves(func() error { return b.press("-") }, func(was, is [2]float64) bool { return narrower(is, was) }))
}

func wholeRun(b *tab) error {
	return all(b.click("#in"), b.click("#whole"), b.holds(`window.timeline.domain()[0] <= 0 && window.timeline.domain()[1] >= 2650`),
		b.moves(func() error { return b.click("#out") }, func(was, is [2]float64) bool { return was == is }))
}

func wheelZooms(b *tab) error {
	return b.moves(func() error { return b.wheel(b.middle(), 0, -300) }, func(was, is [2]float64) bool {
		middle, now := (was[0]+was[1])/2, (is[0]+is[1])/2
		return narrower(was, is) && max(middle-now, now-middle) < 0.01*(was[1]-was[0])
	})
}

func wheelMoves(b *tab) error {
	return all(b.click("#in"), b.click("#in"), b.moves(func() error { return b.wheel(b.middle(), -200, 0) }, func(was, is [2]float64) bool {
		return is[0] < was[0] && max(is[1]-is[0]-was[1]+was[0], was[1]-was[0]-is[1]+is[0]) < 1e-6
	}))
}

func dragMoves(b *tab) error {
	return b.moves(func() error { return b.drag(b.middle(), 150) }, func(was, is [2]float64) bool { return is[0] < was[0] && is[1] < was[1] })
}

// onMessage is where an AppendEntries with entries is, that arrived.
func (b *tab) onMessage() (point, error) {
	return eval[point](b, `(() => {
		const r = document.getElementById("plot").getBoundingClientRect();
		const p = window.timeline.drawn().find((p) => p.kind === "append" && !p.answer && p.fate === 1 && Math.abs(p.from - p.to) === 1 && p.x1 > 20);
		return { X: r.x + p.x1 + (p.x2 - p.x1) * 0.4, Y: r.y + p.y1 + (p.y2 - p.y1) * 0.4 };
	})()`)
}

func cardHasFields(b *tab) error {
	p, err := b.onMessage()
	if err != nil {
		return err
	}
	if err := b.hover(p); err != nil {
		return err
	}
	names, err := eval[[]string](b, `[...document.querySelectorAll(".card dt")].map((d) => d.textContent)`)
	if err != nil {
		return err
	}
	want := []string{"sent", "arrived", "term", "prevLog", "entries", "leaderCommit", "size"}
	if !slices.Equal(names, want) {
		return fmt.Errorf("the card has %q, not %q", names, want)
	}
	return b.holds(`document.querySelector(".card header").textContent.includes("AppendEntries")`)
}

func clickPins(b *tab) error {
	p, err := b.onMessage()
	return all(err, b.drag(p, 0), b.holds(`document.querySelectorAll(".card.pinned").length === 1`), b.hover(b.middle()),
		b.holds(`document.querySelectorAll(".card.pinned").length === 1`), b.press(kb.Escape), b.holds(`!document.querySelector(".card.pinned")`))
}

func serverHides(b *tab) error {
	return all(b.click(`#servers input[value="S3"]`), b.holds(`!document.querySelector('.lane[data-server="3"]')`),
		b.holds(`document.getElementById("plot").dataset.lanes === "0,1,2,4"`),
		b.holds(`window.timeline.drawn().length > 0 && window.timeline.drawn().every((p) => p.from !== 3 && p.to !== 3)`))
}

func kindHides(b *tab) error {
	return all(b.holds(`window.timeline.drawn().some((p) => p.kind === "append")`), b.click(`#messages input[value="AppendEntries"]`),
		b.holds(`!window.timeline.drawn().some((p) => p.kind === "append")`))
}

func jumpsToFailure(b *tab) error {
	return all(b.holds(`window.timeline.domain()[1] < 2000`), b.click("#failure"),
		b.holds(`window.timeline.domain()[0] < 2610 && window.timeline.domain()[1] > 2610`), b.holds(`document.querySelector(".card").textContent.includes("commit index=")`))
}

func findingsInTurn(b *tab) error {
	shows := func(n int) error {
		return b.holds(fmt.Sprintf(`(() => {
			const f = window.timeline.run.findings[%d], at = window.timeline.run.pos[f.at], [a, z] = window.timeline.domain();
			return a < at && at < z && document.querySelector(".card").textContent.includes(f.because);
		})()`, n))
	}
	return all(b.click("#next"), shows(0), b.press("n"), shows(1), b.press("n"), shows(0), b.click("#previous"), shows(1))
}

func linkOpens(b *tab) error {
	return all(b.holds(`Math.abs(window.timeline.domain()[0] - 1209) < 0.01 && Math.abs(window.timeline.domain()[1] - 1259) < 0.01`),
		b.do(`location.hash = "#t=400&span=20"; new Promise((done) => addEventListener("hashchange", done))`), b.holds(`Math.abs(window.timeline.domain()[0] - 390) < 0.01`))
}

// do runs a script, and waits for the page.
func (b *tab) do(script string) error {
	_, err := eval[chromedp.Void](b, script)
	return all(err, b.drawn())
}

func (b *tab) search(text string) error {
	// A real keyboard types no "/" here; the protocol's does, so that it is typed over.
	return all(b.press("/"), b.holds(`document.activeElement.id === "query"`), b.do(`document.activeElement.select()`), b.press(text), b.press(kb.Enter))
}

func searchByIndex(b *tab) error {
	return all(b.search("9"), b.holds(`/^\d+ of \d+$/.test(document.getElementById("matches").textContent)`),
		b.holds(`document.querySelector(".card") !== null`))
}

func searchByTerm(b *tab) error {
	return all(b.search("t1"), b.holds(`/ of /.test(document.getElementById("matches").textContent)`), b.holds(`document.querySelector(".card").textContent.includes("term")`))
}

func keysStep(b *tab) error {
	const spoken = `document.getElementById("spoken").textContent`
	if err := all(b.do(`document.getElementById("plot").focus()`), b.press(kb.ArrowDown), b.press(kb.ArrowRight)); err != nil {
		return err
	}
	first, err := eval[string](b, spoken)
	if err != nil {
		return err
	}
	if err := b.press(kb.ArrowRight); err != nil {
		return err
	}
	second, err := eval[string](b, spoken)
	if err == nil && (first == "" || first == second) {
		err = fmt.Errorf("the keys said %q, then %q", first, second)
	}
	return all(err, b.press(kb.Enter), b.holds(`document.querySelectorAll(".card.pinned").length === 1`))
}

func byOrder(b *tab) error {
	return all(b.click("#whole"), b.do(`(() => { const m = document.getElementById("mode"); m.value = "order"; m.dispatchEvent(new Event("change")); })()`),
		b.holds(`Math.abs(window.timeline.domain()[1] - window.timeline.run.size) < window.timeline.run.size * 0.05`),
		b.holds(`window.timeline.drawn().length > 100`))
}

func isDark(b *tab) error { return b.holds(brightness + ` < 150`) }

func themeChanges(b *tab) error {
	return all(b.holds(brightness+` > 600`), b.click("#theme"), b.holds(brightness+` < 150`), b.click("#theme"), b.holds(brightness+` > 600`))
}

func fits(b *tab) error {
	return all(b.holds(`document.documentElement.scrollWidth <= innerWidth`), b.holds(`document.getElementById("plot").clientWidth > 600`), arrowsArePainted(b))
}

func followsWidth(b *tab) error {
	return all(chromedp.Do(b.ctx, chromedp.EmulateViewport(1100, 800)), b.drawn(), b.holds(`Math.abs(document.getElementById("base").clientWidth - document.getElementById("plot").clientWidth) < 2`))
}

// textIsText shows the card of the command that looks like markup.
func textIsText(b *tab) error {
	return all(b.search("onerror"), b.holds(`document.querySelector(".card").textContent.includes("onerror")`), b.holds(`!document.querySelector("img")`),
		b.holds(`document.title.includes("onerror")`))
}

func rolesAreInferred(b *tab) error {
	return all(b.holds(`document.getElementById("notice").textContent.includes("tell nothing")`), b.click("#whole"),
		b.holds(`document.querySelector('.lane[data-server="4"] .role').textContent === "leader · term 2"`))
}

// manyEvents are thinned out, and heartbeats are off.
func manyEvents(b *tab) error {
	return all(b.holds(`window.timeline.run.size > 50000`), b.click("#whole"), b.holds(`window.timeline.drawn().length > 500 && window.timeline.drawn().length < 20000`),
		b.holds(`!document.querySelector('input[value="heartbeats"]').checked`), arrowsArePainted(b))
}
