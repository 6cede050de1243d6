// Cards say everything that is known of an item.
class Cards {
  constructor(view, pick, node) {
    Object.assign(this, { view, pick, node: d3.select(node), hover: null });
  }

  // show puts the card of an item beside it; null takes it away.
  show(item) {
    this.hover?.remove();
    this.hover = null;
    if (!item || this.view.pins.some((p) => same(p.item, item))) return;
    this.hover = this.build(item, false);
    this.beside(this.hover, this.pick.where(item));
  }

  pin(item) {
    if (!item || this.view.pins.some((p) => same(p.item, item))) return;
    const place = this.pick.where(item);
    this.hover?.remove();
    this.hover = null;
    const card = this.build(item, true);
    this.beside(card, place);
    this.view.pins.push({ item, card });
    this.view.changed("over");
  }

  unpin(item) {
    const pins = this.view.pins, k = item ? pins.findIndex((p) => same(p.item, item)) : pins.length - 1;
    if (k < 0) return;
    pins[k].card.remove();
    pins.splice(k, 1);
    this.view.changed("over");
  }

  beside(card, [px, py]) {
    const node = card.node(), left = this.node.node().offsetLeft;
    const width = this.view.width, { offsetWidth: w, offsetHeight: h } = node;
    const x = px + 18 + w < width ? px + 18 : Math.max(4, px - w - 18);
    const room = this.node.node().parentNode.offsetHeight;
    const y = Math.max(4, Math.min(py - 20, Math.max(4, room - h - 4)));
    card.style("left", Math.min(x, Math.max(4, width - w - 4)) + "px").style("top", y + "px");
    return left;
  }

  build(item, pinned) {
    const card = this.node.append("article").attr("class", pinned ? "card pinned" : "card").attr("data-event", eventOf(this.view.run, item));
    const head = card.append("header");
    if (pinned) {
      head.append("button").attr("type", "button").attr("class", "close").attr("aria-label", "Unpin").text("×").on("click", () => this.unpin(item));
      draggable(card, head);
    }
    const facts = item.arrow === undefined ? factsOfEvent(this.view.run, item) : factsOfMessage(this.view.run, item.arrow);
    if (facts.swatch) head.append("i").attr("class", "swatch").style("background", facts.swatch);
    head.append("b").text(facts.title);
    head.append("span").text(facts.of);
    if (facts.says) card.append("p").text(facts.says);
    const list = card.append("dl");
    for (const [name, value] of facts.rows) {
      list.append("dt").text(name);
      list.append("dd").text(value);
    }
    if (facts.text) card.append("pre").text(facts.text);
    if (facts.other) card.append("button").attr("type", "button").attr("class", "link").text(facts.other.label).on("click", () => this.pin({ arrow: facts.other.arrow }));
    if (!pinned) card.append("footer").text("click to keep");
    return card;
  }
}

function draggable(card, handle) {
  handle.call(d3.drag().container(document.body).filter((e) => e.target.tagName !== "BUTTON").on("drag", (e) => {
    card.style("left", parseFloat(card.style("left")) + e.dx + "px").style("top", parseFloat(card.style("top")) + e.dy + "px");
  }));
}

const entryText = (index, term) => (Number(index) ? "index " + index + ", term " + term : "none: the log's beginning");

function factsOfMessage(run, a) {
  const { arrows } = run, from = run.event(arrows.from[a]), to = run.event(arrows.to[a]);
  const [sender, receiver, answer] = run.ways(a), m = from.message, rows = [["sent", clock(from.at)]];
  if (arrows.fate[a] === ARRIVED) rows.push(["arrived", clock(to.at) + ", " + clock(to.at - from.at) + " later"]);
  else if (arrows.fate[a] === LOST) rows.push(["lost", clock(to.at) + (to.kind === KIND.Lost && to.text ? ": " + to.text : "")]);
  else rows.push(["arrived", "not before the trace ends"]);
  if (!answer && from.last && from.last !== run.life(from.server, from.i)) rows.push(["sent by", server(sender) + "'s life " + from.last + ", which is over"]);
  if (m && m.known) rows.push(...(answer ? answerRows(m) : requestRows(m)));
  if (m && m.bytes) rows.push(["size", plural(m.bytes, "byte")]);
  if (m && !m.known) rows.push(["fields", "not known: no struct of Figure 2's names"]);
  const other = arrows.other[a] - 1;
  return { title: (m ? nameOf(m) : "message") + (answer ? " answer" : run.arrows.beat[a] ? ", heartbeat" : ""), of: server(sender) + " → " + server(receiver), rows,
    text: m ? m.text : "", swatch: colours.types[m ? m.type : 0], other: other >= 0 ? { arrow: other, label: answer ? "its request" : "its answer" } : null };
}

function requestRows(m) {
  const rows = [["term", m.term]];
  switch (m.type) {
    case 1:
      rows.push(["prevLog", entryText(m.index, m.logTerm)]);
      rows.push(["entries", m.entries ? m.entries + ": " + entriesOf(Number(m.index) + 1, Number(m.index) + m.entries) + ", the last of term " + m.entriesTerm : "none"]);
      rows.push(["leaderCommit", m.commit]);
      break;
    case 2: rows.push(["lastLog", entryText(m.index, m.logTerm)]); break;
    case 3: rows.push(["lastIncluded", entryText(m.index, m.logTerm)]); break;
  }
  return rows;
}

function answerRows(m) {
  const rows = [["term", m.term]];
  if (m.type === 1) rows.push(["success", m.ok ? "yes" : "no"]);
  if (m.type === 2) rows.push(["voteGranted", m.ok ? "yes" : "no"]);
  if (m.type === 1 && Number(m.index)) rows.push(["log agrees up to", m.index]);
  return rows;
}

function factsOfEvent(run, item) {
  const e = run.event(item.event), rows = [["at", clock(e.at)]];
  if (item.finding !== undefined) {
    const f = run.findings[item.finding];
    return { title: f.title, of: f.section, says: f.because, rows: [...rows, ["the rule", f.says], ["event", describeEvent(e)]], swatch: colours.bad };
  }
  const add = (name, value) => rows.push([name, value]);
  if (e.kind >= KIND.Timeout || e.kind === KIND.Propose || e.kind === KIND.State) if (Number(e.term)) add("term", e.term);
  if ([KIND.Append, KIND.Truncate].includes(e.kind)) add("entries", entriesOf(e.index, e.last) + (Number(e.logTerm) ? ", of term " + e.logTerm : ""));
  else if (Number(e.index)) add(e.kind === KIND.Make || e.kind === KIND.Vote ? "last entry" : "index", e.index + (Number(e.logTerm) ? ", of term " + e.logTerm : ""));
  if (e.kind === KIND.Commit) add("before", e.last);
  if (e.kind === KIND.Make && Number(e.last)) add("snapshot through", e.last);
  if (e.text) add(e.kind === KIND.Propose || e.kind === KIND.Receive ? "command" : "text", e.text);
  if (e.digest) add("digest", e.digest);
  if (e.server >= 0) {
    const s = run.state(e.server, e.i);
    add(server(e.server) + " then", roleText(s) + "; log " + s.log + ", commit " + s.commit);
  }
  return { title: NAME[e.kind] || "Event", of: e.server >= 0 ? server(e.server) : "", says: describeEvent(e), rows };
}
