// Checkboxes, search, buttons and keys.
function setUpFilters(view) {
  const { run } = view;
  const present = countKinds(run);
  for (const [group, kinds] of Object.entries(KINDS)) {
    const box = d3.select("#" + group);
    for (const [name, label, on] of kinds) {
      if (!present.get(name)) continue;
      const show = name === "beat" ? present.get("beat") <= 400 : on; // of many heartbeats none, at first
      if (show) view.shown.add(name);
      const l = checkbox(box, label, show, (checked) => { checked ? view.shown.add(name) : view.shown.delete(name); view.changed("layout"); });
      l.attr("title", plural(present.get(name), "of them").replace("of thems", "of them"));
      if (group === "messages" && name !== "answers") l.classed("type type-" + (name === "beat" ? "append faint" : name), true);
    }
  }
  view.shown.add("always");
  for (const s of run.servers) {
    checkbox(d3.select("#servers"), server(s), true, (checked) => { checked ? view.hidden.delete(s) : view.hidden.add(s); view.changed("layout"); });
  }
}

function checkbox(box, label, checked, change) {
  const l = box.append("label");
  l.append("input").attr("type", "checkbox").attr("value", label).property("checked", checked).on("change", (e) => change(e.target.checked));
  l.append("span").text(label);
  return l;
}

function countKinds(run) {
  const n = new Map(), add = (k) => n.set(k, (n.get(k) || 0) + 1);
  for (let a = 0; a < run.arrows.size; a++) {
    add(kindOfArrow(run, a));
    if (run.ways(a)[2]) add("answers");
  }
  for (const marks of run.marks) for (const i of marks) add(kindOfEvent(run, i));
  return n;
}

// find is the events that a query is about: "12" an index or a command, "term 3"
// or "t3" a term, anything else a part of a text.
function find(run, query) {
  const q = query.trim().toLowerCase();
  if (!q) return [];
  const term = /^t(?:erm)?\s*(\d+)$/.exec(q), index = /^(?:i(?:ndex)?\s*)?(\d+)$/.exec(q);
  const found = [], e = run.doc.events, m = run.doc.messages;
  const texts = new Set();
  run.doc.strings.forEach((s, i) => { if (i && (index ? s === q : s.toLowerCase().includes(q))) texts.add(i); });
  for (let i = 0; i < run.size; i++) {
    const row = e.message[i] - 1;
    if (term) {
      if (Number(e.term[i]) === +term[1] || row >= 0 && m.known[row] && Number(m.term[row]) === +term[1]) found.push(i);
    } else if (index && isAbout(run, i, row, +index[1]) || texts.has(e.text[i]) || row >= 0 && (texts.has(m.text[row]) || texts.has(m.method[row]))) found.push(i);
  }
  return found;
}

// isAbout tells that event i, or its message, is of an entry.
function isAbout(run, i, row, index) {
  const e = run.doc.events, m = run.doc.messages, kind = e.kind[i];
  if (row >= 0) {
    if (m.type[row] === 3) return Number(m.index[row]) === index;
    return m.type[row] === 1 && kind === KIND.Send && Number(m.index[row]) < index && index <= Number(m.index[row]) + m.entries[row];
  }
  if (kind === KIND.Append || kind === KIND.Truncate) return e.index[i] <= index && index <= e.last[i];
  if (kind === KIND.Commit) return e.last[i] < index && index <= e.index[i];
  return [KIND.Propose, KIND.Receive, KIND.Apply, KIND.Snapshot, KIND.Install].includes(kind) && Number(e.index[i]) === index;
}

function setUpSearch(view, go) {
  let at = -1;
  const say = () => d3.select("#matches").text(query.value.trim() ? (view.found.length ? (at >= 0 ? at + 1 + " of " : "") + count(view.found.length) : "nothing") : "");
  const query = d3.select("#query").on("input", () => { view.found = find(view.run, query.value); at = -1; say(); view.changed("found"); })
    .on("keydown", (e) => { if (e.key === "Escape") { query.value = ""; query.dispatchEvent(new Event("input")); document.getElementById("plot").focus(); } }).node();
  const next = (by) => {
    const n = view.found.length;
    if (!n) return;
    if (at < 0) { // from what is shown on
      const k = d3.bisectLeft(view.found, view.first);
      at = by > 0 ? k % n : (k + n - 1) % n;
    } else at = (at + by + n) % n;
    say();
    go(view.found[at], true);
  };
  d3.select("#search").on("submit", (e) => { e.preventDefault(); next(1); });
  d3.select("#query").on("keydown.enter", (e) => { if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); next(-1); } });
}

function setUpButtons(view, commands) {
  for (const name of ["in", "out", "whole", "failure", "previous", "next"]) d3.select("#" + name).on("click", commands[name]);
  d3.select("#mode").on("change", (e) => { view.space(e.target.value); view.changed("layout"); });
  d3.select("#help").on("click", () => {
    const guide = d3.select("#guide"), open = guide.property("hidden");
    guide.property("hidden", !open);
    d3.select("#help").attr("aria-expanded", open);
    view.changed("layout");
  });
}

const KEYS = { "+": "in", "=": "in", "-": "out", "−": "out", 0: "whole", f: "failure", F: "failure", n: "next", N: "next", p: "previous", P: "previous", "/": "search",
  Enter: "pin", Escape: "unpin", ArrowUp: "up", ArrowDown: "down", Home: "home", End: "end" };

function setUpKeys(commands) {
  d3.select(document).on("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && e.target.type !== "checkbox") return;
    const onButton = e.target.tagName === "BUTTON" || e.target.type === "checkbox";
    let name = KEYS[e.key];
    if (e.key === "ArrowLeft" || e.key === "ArrowRight") name = (e.shiftKey ? "move" : "step") + e.key.slice(5);
    if (!name || onButton && name === "pin") return;
    e.preventDefault();
    commands[name]();
  });
}
