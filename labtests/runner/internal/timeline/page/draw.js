// The picture itself. Arrows lie under the lanes, so that one that passes a
// lane is seen to pass.
const TOP = 66, FLAGS = 38; // px above the first lane, and of these the axis and the flags of failures
const BAR = 20, STRIP = 16, HALF = 3; // px: a lane's bar, its log, the space at which arrows end
const FEW = 260; // arrows up to which each one is drawn with its head, and labelled if there is room

class Chart {
  constructor(view, base, over) {
    this.view = view;
    this.base = base;
    this.over = over;
    this.drawn = []; // arrows as drawn, for the mouse: {a, x1, y1, x2, y2}
    this.marks = []; // marks as drawn: {event, x, y}
    this.hatch = null;
  }

  layout(width, available) {
    const n = Math.max(1, this.view.lanes.length);
    this.width = width;
    this.gap = Math.max(66, Math.min(128, (available - TOP - 30) / n));
    this.height = Math.round(TOP + this.gap * n - (this.gap - BAR - STRIP) + 26);
    this.y = new Map(this.view.lanes.map((s, k) => [s, Math.round(TOP + k * this.gap)])); // of each lane's bar
    for (const canvas of [this.base, this.over]) {
      const ratio = devicePixelRatio || 1;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.style.height = this.height + "px";
      canvas.style.width = width + "px";
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
  }

  draw() {
    const c = this.base.getContext("2d");
    this.visible = [this.view.first, Math.min(this.view.run.size - 1, this.view.last + 1)];
    c.clearRect(0, 0, this.width, this.height);
    c.font = "11px " + colours.font;
    c.lineJoin = "round";
    this.axis(c);
    for (const s of this.view.lanes) this.ground(c, s);
    this.arrows(c);
    for (const s of this.view.lanes) this.lane(c, s);
    drawMarks(this, c);
    this.flags(c);
    this.highlight();
  }

  axis(c) {
    const { x, mode, run } = this.view, [from, to] = this.view.domain;
    const ticks = x.ticks(Math.max(3, Math.floor(this.width / 110)));
    const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10((to - from) / 8))));
    c.strokeStyle = colours.line;
    c.lineWidth = 1;
    c.fillStyle = colours.muted;
    c.textAlign = "center";
    for (const t of ticks) {
      if (t < run.from || t > run.to) continue;
      const px = Math.round(x(t)) + 0.5;
      line(c, px, 20, px, this.height - 4);
      const ms = mode === "time" ? t : run.time[Math.max(0, Math.min(run.size - 1, Math.round(t)))];
      if (px > 26 && px < this.width - 26) c.fillText(d3.format(",." + (mode === "time" ? digits : 1) + "f")(ms) + " ms", px, 13);
    }
  }

  // ground is behind everything: which servers cannot be reached.
  ground(c, s) {
    const y = this.y.get(s);
    for (const [x1, x2, mask] of this.stretches(this.view.run.doc.lanes[s].cut)) {
      const cut = this.view.run.cutOff(mask).filter((p) => p !== s);
      if (!cut.length) continue;
      c.fillStyle = colours["bad-soft"];
      c.fillRect(x1, y - 13, x2 - x1, BAR + STRIP + 26);
    }
  }

  // stretches are the parts of a lane's value in sight: [x1, x2, value, event].
  *stretches(steps) {
    const at = steps.at || [], { run, x } = this.view;
    const [first, last] = this.visible;
    for (let k = Math.max(0, d3.bisectRight(at, first) - 1); k < at.length && at[k] <= last; k++) {
      const x1 = Math.max(-4, x(run.pos[at[k]]));
      const x2 = Math.min(this.width + 4, k + 1 < at.length ? x(run.pos[at[k + 1]]) : x(run.to));
      if (x2 >= x1) yield [x1, x2, steps.value[k], at[k]];
    }
  }

  lane(c, s) {
    const lane = this.view.run.doc.lanes[s], y = this.y.get(s);
    c.fillStyle = colours.surface;
    c.fillRect(0, y - 1, this.width, BAR + 2);
    this.strip(c, lane, y + BAR + 1);
    this.rail(c, s, y);
    c.textAlign = "left";
    for (const [x1, x2, role, at] of this.stretches(lane.role)) {
      if (role === DOWN) this.down(c, x1, x2, y);
      else this.bar(c, s, x1, x2, role, at, y);
    }
  }

  // bar shows a role, cut into terms; what comes before the first known one has none.
  bar(c, s, x1, x2, role, at, y) {
    const { run, x } = this.view, term = run.doc.lanes[s].term, ats = term.at || [];
    const place = (k) => (k < ats.length ? Math.min(x2, x(run.pos[ats[k]])) : x2);
    for (let k = d3.bisectRight(ats, at) - 1, from = x1; from < x2; from = place(++k)) {
      const next = place(k + 1);
      if (next > -4 && from < this.width + 4 && next > from) this.segment(c, Math.max(from, -4), Math.min(next, this.width + 4), y, role, k < 0 ? null : term.value[k]);
    }
  }

  segment(c, x1, x2, y, role, term) {
    const w = Math.max(x2 - x1, 1);
    c.fillStyle = role === LEADER ? colourOfTerm(term) : role === CANDIDATE ? colours.candidate : colours.follower;
    c.fillRect(x1, y, w, BAR);
    c.fillStyle = colours.surface;
    c.fillRect(x2 - 0.5, y, 1, BAR);
    if (term === null) return;
    const room = Math.min(x2, this.width) - Math.max(x1, 0);
    const words = [role === LEADER ? "leader · term " + term : role === CANDIDATE ? "candidate · term " + term : "term " + term, "term " + term, String(term)];
    c.font = (role === FOLLOWER ? "" : "600 ") + "11px " + colours.font;
    const text = words.find((t) => c.measureText(t).width + 12 < room);
    if (!text) return;
    c.fillStyle = colours[role === LEADER ? "on-leader" : role === CANDIDATE ? "on-candidate" : "on-follower"];
    c.fillText(text, Math.max(x1, 0) + 7, y + 14);
  }

  down(c, x1, x2, y) {
    if (!this.hatch || this.hatch.of !== colours.down) this.hatch = { of: colours.down, fill: hatch(c) };
    c.fillStyle = this.hatch.fill;
    c.fillRect(x1, y, x2 - x1, BAR + STRIP + 1);
    if (Math.min(x2, this.width) - Math.max(x1, 0) < 46) return;
    c.font = "11px " + colours.font;
    halo(c, "down", Math.max(x1, 0) + 7, y + 14, colours.muted);
  }

  // rail names the servers that one cannot reach.
  rail(c, s, y) {
    c.font = "600 10px " + colours.font;
    c.textAlign = "left";
    for (const [x1, x2, mask] of this.stretches(this.view.run.doc.lanes[s].cut)) {
      const cut = this.view.run.cutOff(mask).filter((p) => p !== s);
      if (!cut.length) continue;
      c.fillStyle = colours.cut;
      c.fillRect(x1, y - 4, x2 - x1, 3);
      const all = cut.length === this.view.run.servers.length - 1;
      const text = all ? "cut off" : "cut off from " + cut.map(server).join(" ");
      if (c.measureText(text).width + 10 < Math.min(x2, this.width) - Math.max(x1, 0)) halo(c, text, Math.max(x1, 0) + 7, y - 8, colours.cut);
    }
  }

  // strip is the log: its length after the snapshot, and how much of it is committed.
  strip(c, lane, y) {
    const height = (v, base) => (STRIP - 2) * Math.min(1, Math.max(0, v - base) / this.view.run.highest);
    for (const [of, fill] of [[lane.log, colours.log], [lane.commit, colours.committed]]) {
      c.fillStyle = fill;
      for (const [x1, x2, value, at] of this.stretches(of)) {
        for (const [b1, b2, base] of this.bases(lane, at, x1, x2)) {
          const h = height(value, base);
          c.fillRect(b1, y + STRIP - h, b2 - b1, h);
        }
      }
    }
    c.fillStyle = colours.line;
    c.fillRect(0, y + STRIP, this.width, 1);
    c.font = "10px " + colours.font;
    c.textAlign = "left";
    let free = 0;
    for (const [x1, x2, value] of this.stretches(lane.commit)) {
      const text = String(value), from = Math.max(x1, 0) + 3, w = c.measureText(text).width;
      if (from < free || !value || x2 - from < w || from > this.width) continue;
      halo(c, text, from, y + 11, colours.ink);
      free = from + w + 6;
    }
  }

  *bases(lane, at, x1, x2) {
    const ats = lane.base.at || [], { run, x } = this.view;
    let k = d3.bisectRight(ats, at) - 1, from = x1;
    while (true) {
      const next = k + 1 < ats.length ? Math.min(x2, x(run.pos[ats[k + 1]])) : x2;
      if (next > from) yield [from, next, k < 0 ? 0 : lane.base.value[k]];
      if (next >= x2) return;
      from = Math.max(from, next);
      k++;
    }
  }

  arrows(c) {
    const { view } = this, { run } = view;
    this.drawn = [];
    const [lo, hi] = run.arrows.within(...this.visible);
    const step = hi - lo > 4000 ? 3 : hi - lo > 1500 ? 1.5 : 0; // px between arrows of one sort, when there are many
    const before = new Map();
    for (let a = lo; a < hi; a++) {
      if (!view.showsArrow(a)) continue;
      if (step) {
        const [from, to, answer] = run.ways(a), x1 = view.x(run.pos[run.arrows.from[a]]);
        const sort = (from * 32 + to) * 4 + (answer ? 2 : 0) + (run.arrows.fate[a] === LOST ? 1 : 0);
        if (x1 - (before.get(sort) ?? -Infinity) < step) continue;
        before.set(sort, x1);
      }
      const p = this.place(a);
      if (p.x1 <= this.width && p.x2 >= 0) this.drawn.push(p);
    }
    const alpha = Math.max(0.16, Math.min(0.9, 1.6 / Math.sqrt(1 + this.drawn.length / 90)));
    const sorts = d3.group(this.drawn, (p) => p.kind + (p.beat ? "b" : "") + (p.answer ? "a" : "") + p.fate);
    for (const some of sorts.values()) strokeArrows(c, some, alpha, this.drawn.length <= 6 * FEW);
    if (this.drawn.length <= FEW) this.labels(c);
  }

  // place is where an arrow begins and ends on the canvas.
  place(a) {
    const { run, x } = this.view, { arrows } = run, [from, to, answer] = run.ways(a);
    const down = this.y.get(to) > this.y.get(from);
    const edge = (s, leaves) => this.y.get(s) + (down === leaves ? BAR + STRIP + HALF : -HALF);
    const p = { a, from, to, answer, fate: arrows.fate[a], beat: arrows.beat[a] === 1, kind: kindOfArrow(run, a),
      x1: x(run.pos[arrows.from[a]]), y1: edge(from, true), x2: x(run.pos[arrows.to[a]]), y2: edge(to, false) };
    if (p.fate !== ARRIVED) { // ends on its way
      const y = edge(to, false);
      p.y2 = p.y1 + (y - p.y1) * (p.fate === LOST ? 0.55 : 0.3);
      if (p.fate === UNDERWAY) p.x2 = Math.min(p.x2, p.x1 + 24);
      else p.x2 = Math.min(p.x2, p.x1 + Math.max(30, this.width / 12)); // the test's network may lose it late
    }
    if (answer && p.fate === ARRIVED) {
      const row = run.doc.events.message[arrows.from[a]] - 1, m = run.doc.messages;
      p.refused = row >= 0 && m.known[row] === 1 && !m.ok[row] && m.type[row] !== 3;
    }
    return p;
  }

  // labels stand beside arrows where there is room.
  labels(c) {
    const taken = [], run = this.view.run;
    c.font = "10px " + colours.font;
    c.textAlign = "left";
    for (const p of this.drawn) {
      if (p.beat) continue;
      const m = run.event(run.arrows.from[p.a]).message;
      const text = describeMessage(m, p.answer, p.beat, p.answer ? requestOf(run, p.a) : null);
      const at = p.answer ? 0.55 : 0.36, w = c.measureText(text).width;
      const px = p.x1 + (p.x2 - p.x1) * at + 5, py = p.y1 + (p.y2 - p.y1) * at + 3;
      const box = [px - 2, py - 10, px + w + 2, py + 3];
      if (px < 0 || px + w > this.width || this.overLane(py) || taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
      taken.push(box);
      halo(c, text, px, py, colours.types[TYPES.indexOf(p.kind)] || colours.types[1]);
    }
  }

  overLane(y) { return [...this.y.values()].some((top) => y > top - 14 && y < top + BAR + STRIP + 12); }

  flags(c) {
    const { run, x } = this.view;
    c.textAlign = "left";
    let free = -Infinity;
    for (const i of run.failures) {
      const px = x(run.pos[i]);
      if (px < -400 || px > this.width + 400) continue;
      c.strokeStyle = c.fillStyle = colours.bad;
      c.lineWidth = 1.5;
      line(c, px, 22, px, this.height - 4);
      c.lineWidth = 1;
      if (px < free) continue;
      c.font = "600 11px " + colours.font;
      const text = clip(c, "✕ " + run.event(i).text, Math.min(380, this.width - 20)), w = c.measureText(text).width + 12;
      const left = Math.max(2, Math.min(px, this.width - w - 2));
      if (px < 0 || px > this.width) continue;
      c.fillRect(left, 20, w, 18);
      c.fillStyle = colours["on-leader"];
      c.fillText(text, left + 6, 33);
      free = left + w;
    }
    for (const i of run.eventsOf(KIND.TestStart)) {
      const px = x(run.pos[i]);
      if (px < 0 || px > this.width || run.failures.includes(i)) continue;
      c.strokeStyle = colours.muted;
      c.setLineDash([2, 3]);
      line(c, px + 0.5, 22, px + 0.5, this.height - 4);
      c.setLineDash([]);
    }
    drawFindings(this, c);
  }

  highlight() {
    const c = this.over.getContext("2d"), { view } = this, { run, x } = view;
    c.clearRect(0, 0, this.width, this.height);
    c.fillStyle = colours.accent;
    for (const i of view.found) {
      const px = x(run.pos[i]);
      if (px >= 0 && px <= this.width) c.fillRect(px - 1, 17, 2, 5);
    }
    if (this.cursor) {
      c.strokeStyle = colours.faint;
      line(c, Math.round(this.cursor) + 0.5, 20, Math.round(this.cursor) + 0.5, this.height - 4);
    }
    for (const item of [...view.pins.map((p) => p.item), view.focus]) if (item) this.emphasise(c, item);
  }

  emphasise(c, item) {
    const { run, x } = this.view;
    if (item.arrow === undefined) {
      const s = run.doc.events.server[item.event], y = this.y.get(s);
      const mark = this.marks.find((m) => m.event === item.event);
      c.strokeStyle = colours.accent;
      c.lineWidth = 2;
      const [px, py] = mark ? [mark.x, mark.y] : [x(run.pos[item.event]), (y ?? TOP) + BAR / 2];
      circle(c, px, py, 8);
      return;
    }
    const other = run.arrows.other[item.arrow] - 1;
    for (const [a, width] of [[other, 1.6], [item.arrow, 3]]) {
      if (a < 0 || this.view.hidden.has(run.ways(a)[0]) || this.view.hidden.has(run.ways(a)[1])) continue;
      const p = this.place(a);
      if (Number.isNaN(p.y1) || Number.isNaN(p.y2)) continue;
      strokeArrows(c, [{ ...p, beat: false }], 1, true, width);
    }
  }
}

function strokeArrows(c, some, alpha, heads, width) {
  const { kind, beat, answer, fate } = some[0];
  const colour = kind === "beat" ? colours.types[1] : colours.types[TYPES.indexOf(kind)];
  c.save();
  c.globalAlpha = width ? 1 : beat ? alpha * 0.45 : answer ? alpha * 0.75 : alpha;
  c.strokeStyle = c.fillStyle = colour;
  c.lineWidth = width || (answer || beat ? 1 : 1.5);
  if (fate !== ARRIVED) c.setLineDash([4, 3]);
  c.beginPath();
  for (const p of some) { c.moveTo(p.x1, p.y1); c.lineTo(p.x2, p.y2); }
  c.stroke();
  c.setLineDash([]);
  if (fate === LOST) {
    c.strokeStyle = colours.bad;
    const r = beat ? 3 : 4;
    c.globalAlpha = Math.min(1, c.globalAlpha * (beat ? 1.2 : 1.6));
    c.lineWidth = width ? 2.5 : beat ? 1.2 : 1.6;
    c.beginPath();
    for (const p of some) { c.moveTo(p.x2 - r, p.y2 - r); c.lineTo(p.x2 + r, p.y2 + r); c.moveTo(p.x2 + r, p.y2 - r); c.lineTo(p.x2 - r, p.y2 + r); }
    c.stroke();
  } else if (fate === ARRIVED && heads) {
    for (const p of some) head(c, p, p.answer && !width ? 5 : 7);
  }
  c.restore();
}

// head is a triangle, or the bar of a refusal.
function head(c, p, size) {
  const angle = Math.atan2(p.y2 - p.y1, p.x2 - p.x1);
  c.beginPath();
  if (p.refused) {
    c.lineWidth = 2;
    c.moveTo(p.x2 - size * Math.sin(angle), p.y2 + size * Math.cos(angle));
    c.lineTo(p.x2 + size * Math.sin(angle), p.y2 - size * Math.cos(angle));
    c.stroke();
    return;
  }
  c.moveTo(p.x2, p.y2);
  for (const side of [0.4, -0.4]) c.lineTo(p.x2 - size * Math.cos(angle - side), p.y2 - size * Math.sin(angle - side));
  c.closePath();
  c.fill();
}

function line(c, x1, y1, x2, y2) { c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke(); }
function circle(c, x, y, r) { c.beginPath(); c.arc(x, y, r, 0, 7); c.stroke(); }

// halo writes text that stays readable on whatever is below.
function halo(c, text, x, y, colour) {
  c.strokeStyle = colours.halo;
  c.lineWidth = 3;
  c.strokeText(text, x, y);
  c.lineWidth = 1;
  c.fillStyle = colour;
  c.fillText(text, x, y);
}

function clip(c, text, width) {
  if (c.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && c.measureText(text.slice(0, n) + "…").width > width) n = Math.floor(n * 0.9);
  return text.slice(0, n) + "…";
}

function hatch(c) {
  const tile = document.createElement("canvas"), ratio = 2;
  tile.width = tile.height = 8 * ratio;
  const t = tile.getContext("2d");
  t.scale(ratio, ratio);
  t.strokeStyle = colours.down;
  t.lineWidth = 1.2;
  for (const d of [-8, 0, 8]) line(t, d, 8, d + 8, 0);
  const pattern = c.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}
