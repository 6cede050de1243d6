// The page starts here.
async function start() {
  readColours();
  const doc = await decode(document.getElementById("data").content.textContent);
  const run = new Run(doc), view = new View(run);
  const plot = document.getElementById("plot");
  const chart = new Chart(view, document.getElementById("base"), document.getElementById("over"));
  const overview = new Overview(view, document.getElementById("overview"));
  const pick = new Pick(view, chart), cards = new Cards(view, pick, document.getElementById("cards"));
  tellFacts(run);
  setUpFilters(view);
  view.attach(plot);
  const lanes = laneLabels(view, chart);
  const draw = painter(view, chart, overview, lanes, cards, plot);
  view.on(draw);
  const go = goer(view, pick, cards);
  tellStory(run, view, go);
  drawLegend();
  const commands = commandsOf(view, pick, cards, go);
  setUpSearch(view, go);
  setUpButtons(view, commands);
  setUpKeys(commands);
  setUpMouse(view, chart, pick, cards, plot);
  onTheme(() => draw("layout"));
  new ResizeObserver(() => draw("layout")).observe(document.getElementById("chart"));
  draw.now();
  if (!openLink(view)) firstSight(view);
  addEventListener("hashchange", () => openLink(view));
  draw.now();
  // For who looks at the page from outside: where things are.
  window.timeline = { domain: () => view.domain, where: (item) => pick.where(item), drawn: () => chart.drawn, marks: () => chart.marks, run };
  document.body.dataset.ready = "true";
}

// firstSight shows the first thing that went wrong, or the beginning.
function firstSight(view) {
  const { run } = view;
  const wrong = run.findings.length ? run.findings[0].at : run.failures[0];
  view.readable(run.pos[wrong ?? Math.min(run.size - 1, firstElection(run))]);
  if (wrong === undefined && run.arrows.size < 300) view.whole();
}

function firstElection(run) {
  const i = run.doc.events.kind.findIndex((k) => k === KIND.Timeout || k === KIND.Send);
  return Math.max(0, i);
}

// openLink follows #t=ms or #t=ms&span=ms in the address.
function openLink(view) {
  const link = new URLSearchParams(location.hash.slice(1)), t = parseFloat(link.get("t")), span = parseFloat(link.get("span"));
  if (!Number.isFinite(t)) return false;
  const { run } = view;
  const place = view.mode === "time" ? t : run.pos[Math.max(0, d3.bisectRight(run.time, t) - 1)];
  if (span > 0 && view.mode === "time") view.around(place, span);
  else view.readable(place);
  return true;
}

// painter draws what changed, once a frame.
function painter(view, chart, overview, lanes, cards, plot) {
  let want = null, frame = 0;
  const rank = { over: 0, all: 1, found: 2, layout: 3 };
  const now = () => {
    const what = want ?? "layout";
    cancelAnimationFrame(frame);
    want = null;
    frame = 0;
    if (what === "layout") {
      const width = plot.clientWidth;
      chart.layout(width, Math.max(380, innerHeight - 300));
      if (width !== view.width) view.resize(width);
      overview.layout(document.getElementById("overview").clientWidth);
      lanes.layout();
    }
    if (what === "found") overview.paint();
    if (what === "over") chart.highlight();
    else { chart.draw(); overview.follow(); rememberLink(view); }
    lanes.tell();
    if (what !== "over" && view.focus) cards.show(view.focus);
    tellNumbers(view, chart, plot);
  };
  const draw = (what) => {
    if (!want || rank[what] > rank[want]) want = what;
    frame ||= requestAnimationFrame(now);
  };
  draw.now = now;
  return draw;
}

// tellNumbers leaves on the plot what it shows, for assistive tools and tests.
function tellNumbers(view, chart, plot) {
  Object.assign(plot.dataset, { from: view.domain[0].toFixed(3), to: view.domain[1].toFixed(3), arrows: chart.drawn.length, marks: chart.marks.length, lanes: view.lanes.join(",") });
}

let remembering = 0;
function rememberLink(view) {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (view.mode !== "time" || !document.body.dataset.ready) return;
    const [a, b] = view.domain;
    try { history.replaceState(null, "", "#t=" + +((a + b) / 2).toFixed(3) + "&span=" + +(b - a).toFixed(3)); } catch { /* not where the page is a file in some browsers */ }
  }, 400);
}

// laneLabels are the names of the lanes, and what is known at the cursor.
function laneLabels(view, chart) {
  const box = d3.select("#lanes");
  let labels = null;
  return {
    layout() {
      box.style("height", chart.height + "px");
      labels = box.selectAll("div.lane").data(view.lanes, (s) => s).join((enter) => {
        const l = enter.append("div").attr("class", "lane").attr("data-server", (s) => s);
        l.append("b").text(server);
        l.append("span").attr("class", "role");
        l.append("small");
        return l;
      }).style("top", (s) => chart.y.get(s) - 4 + "px");
    },
    tell() {
      const { run } = view;
      labels?.each(function (s) {
        const state = run.state(s, view.cursor ?? Math.min(view.last, run.end)), l = d3.select(this);
        l.select(".role").text(state.role === DOWN ? "down" : ROLES[state.role] + " · term " + state.term)
          .style("--colour", state.role === LEADER ? colourOfTerm(state.term) : state.role === CANDIDATE ? colours.candidate : colours.follower).classed("down", state.role === DOWN);
        l.select("small").text("log " + state.log + " · commit " + state.commit);
      });
    },
  };
}

// goer moves to an event and shows its card.
function goer(view, pick, cards) {
  return (i, focus) => {
    const { run } = view, [a, b] = view.domain, item = itemAt(run, i);
    const span = Math.min(b - a, (run.to - run.from) / 4);
    if (run.pos[i] < a + (b - a) * 0.1 || run.pos[i] > b - (b - a) * 0.1) view.around(run.pos[i], span);
    view.cursor = i;
    pick.at = i;
    if (focus) {
      view.focus = item;
      const e = run.doc.events;
      pick.lane = e.server[i] >= 0 ? e.server[i] : pick.lane;
      d3.select("#spoken").text(describe(run, item));
    }
    view.changed("all");
  };
}

function commandsOf(view, pick, cards, go) {
  const { run } = view;
  let finding = -1;
  const toFinding = (by) => {
    const n = run.findings.length;
    if (!n) return;
    finding = finding < 0 ? (by > 0 ? 0 : n - 1) : (finding + by + n) % n;
    d3.select("#finding").text("finding " + (finding + 1) + " of " + n);
    go(run.findings[finding].at, true);
    view.focus = { event: run.findings[finding].at, finding };
    d3.select("#spoken").text(run.findings[finding].title + ": " + run.findings[finding].because);
  };
  d3.select("#finding").text(plural(run.findings.length, "finding"));
  const focus = (item) => { if (item) go(pick.at, true); };
  return {
    in: () => view.scale(1.6), out: () => view.scale(1 / 1.6), whole: () => view.whole(),
    failure: () => { const i = run.failures[0] ?? run.findings[0]?.at; if (i !== undefined) go(i, true); },
    next: () => toFinding(1), previous: () => toFinding(-1),
    search: () => document.getElementById("query").focus(),
    pin: () => cards.pin(view.focus),
    unpin: () => { if (view.pins.length) cards.unpin(); else { view.focus = null; cards.show(null); view.changed("over"); } },
    stepLeft: () => focus(pick.step(-1)), stepRight: () => focus(pick.step(1)), up: () => focus(pick.over(-1)), down: () => focus(pick.over(1)),
    moveLeft: () => view.pan(-0.2), moveRight: () => view.pan(0.2),
    home: () => view.pan(-1e6), end: () => view.pan(1e6),
  };
}

function setUpMouse(view, chart, pick, cards, plot) {
  const { run } = view;
  const hover = (e) => {
    if (e.buttons) return;
    const [px, py] = d3.pointer(e, plot), item = pick.under(px, py);
    view.cursor = run.before(view.x.invert(px));
    chart.cursor = px;
    plot.style.cursor = item ? "pointer" : "";
    if (!same(item, view.focus) || item?.finding !== view.focus?.finding) {
      view.focus = item;
      cards.show(item);
    }
    view.changed("over");
  };
  d3.select(plot).on("pointermove", hover).on("pointerleave", () => { chart.cursor = view.cursor = null; view.changed("over"); })
    .on("click", () => { if (view.focus) cards.pin(view.focus); })
    .on("dblclick", (e) => { if (!view.focus) { const at = view.x.invert(d3.pointer(e, plot)[0]), [a, b] = view.domain; view.show(at - (at - a) / 2, at + (b - at) / 2); } })
    .on("wheel.pan", (e) => { // sideways
      if (!sideways(e)) return;
      e.preventDefault();
      view.pan((e.deltaX || e.deltaY) / view.width);
    }, { passive: false });
}

start().catch((err) => {
  d3.select("#notice").property("hidden", false).text("The page could not be drawn: " + err.message + ". A current Chrome, Firefox or Safari can.");
  throw err;
});
