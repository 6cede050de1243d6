// Marks are events on a lane, each kind with a shape of its own.
const SHAPES = {
  Timeout(c, x, y) { // a clock
    c.strokeStyle = colours.candidate;
    c.fillStyle = colours.surface;
    c.lineWidth = 1.6;
    c.beginPath(); c.arc(x, y - 6, 5, 0, 7); c.fill(); c.stroke();
    c.beginPath(); c.moveTo(x, y - 9); c.lineTo(x, y - 6); c.lineTo(x + 2.4, y - 5); c.stroke();
    return y - 6;
  },
  Vote(c, x, y) { // a tick of the pen
    c.strokeStyle = colours.ink;
    c.lineWidth = 1.8;
    c.beginPath(); c.moveTo(x - 3, y + BAR - 7); c.lineTo(x - 0.5, y + BAR - 4); c.lineTo(x + 4, y + BAR - 10); c.stroke();
    return y + BAR - 7;
  },
  Propose(c, x, y, taken) { triangle(c, x, y, taken ? 5 : 3, taken ? colours.ink : colours.faint); return y - 3; },
  Append(c, x, y) { dot(c, x, y + BAR + STRIP - 2, 1.8, colours.muted); return y + BAR + STRIP - 2; },
  Truncate(c, x, y) {
    c.strokeStyle = colours.bad;
    c.lineWidth = 2;
    line(c, x - 4, y + BAR + 5, x + 4, y + BAR + 5);
    return y + BAR + 5;
  },
  Commit(c, x, y) { dot(c, x, y + BAR + 4, 2, colours.ink); return y + BAR + 4; },
  Apply(c, x, y) { dot(c, x, y + BAR + 9, 1.6, colours.accent); return y + BAR + 9; },
  Receive(c, x, y) { dot(c, x, y + BAR + 9, 1.6, colours.accent); return y + BAR + 9; },
  Snapshot(c, x, y) { square(c, x, y + BAR / 2, colours.snapshot, false); return y + BAR / 2; },
  Install(c, x, y) { square(c, x, y + BAR / 2, colours.snapshot, true); return y + BAR / 2; },
  TimerReset(c, x, y) { tick(c, x, y + BAR - 4, 4, colours.faint); return y + BAR - 3; },
  Persist(c, x, y) { tick(c, x, y + BAR + STRIP - 4, 4, colours.faint); return y + BAR + STRIP - 3; },
  State(c, x, y) { dot(c, x, y + 4, 1.5, colours.faint); return y + 4; },
  Make(c, x, y) { // a start
    c.fillStyle = colours.ink;
    c.beginPath(); c.moveTo(x, y + 4); c.lineTo(x + 7, y + 10); c.lineTo(x, y + 16); c.closePath(); c.fill();
    return y + 10;
  },
  Kill(c, x, y) {
    c.strokeStyle = colours.bad;
    c.lineWidth = 2.4;
    line(c, x - 4, y + 6, x + 4, y + 14);
    line(c, x + 4, y + 6, x - 4, y + 14);
    return y + 10;
  },
};

function dot(c, x, y, r, colour) { c.fillStyle = colour; c.beginPath(); c.arc(x, y, r, 0, 7); c.fill(); }
function tick(c, x, y, h, colour) { c.fillStyle = colour; c.fillRect(x - 0.5, y, 1, h); }

function triangle(c, x, y, r, colour) {
  c.fillStyle = colour;
  c.strokeStyle = colours.halo;
  c.lineWidth = 1;
  c.beginPath(); c.moveTo(x - r, y - r - 1); c.lineTo(x + r, y - r - 1); c.lineTo(x, y + 2); c.closePath(); c.stroke(); c.fill();
}

function square(c, x, y, colour, arrow) {
  c.fillStyle = colours.surface;
  c.fillRect(x - 6, y - 6, 12, 12);
  c.fillStyle = colour;
  c.fillRect(x - 5, y - 5, 10, 10);
  c.strokeStyle = colours.halo;
  c.lineWidth = 1.4;
  if (arrow) { line(c, x, y - 3, x, y + 3); line(c, x - 2.5, y + 0.5, x, y + 3); line(c, x + 2.5, y + 0.5, x, y + 3); } else c.strokeRect(x - 2.5, y - 2.5, 5, 5);
}

// SMALL are the marks of the log. They are drawn where they have room: its
// steps and numbers tell the same from farther away.
const SMALL = new Set(["Append", "Commit", "Apply", "Receive", "Persist", "TimerReset", "State"]);

function drawMarks(chart, c) {
  const { view } = chart, { run, x } = view, e = run.doc.events;
  chart.marks = [];
  for (const s of view.lanes) {
    const of = run.marks[s], last = {};
    const from = d3.bisectLeft(of, chart.visible[0]), crowded = d3.bisectRight(of, chart.visible[1]) - from > chart.width / 14;
    for (let k = from; k < of.length && of[k] <= chart.visible[1]; k++) {
      const i = of[k], name = NAME[e.kind[i]], px = x(run.pos[i]);
      if (!SHAPES[name] || !view.showsEvent(i) || px < -8 || px > chart.width + 8) continue;
      if (crowded && SMALL.has(name) || px - (last[name] ?? -Infinity) < (crowded ? 7 : 2.5)) continue; // on top of one of its kind
      last[name] = px;
      chart.marks.push({ event: i, x: px, y: SHAPES[name](c, px, chart.y.get(s), e.flag[i] === 1) });
    }
  }
}

// drawFindings puts a numbered pin at each finding, with its rule's title.
// Pins that would cover each other are stacked.
function drawFindings(chart, c) {
  const { view } = chart, { run, x } = view, pins = [];
  run.findings.forEach((f, n) => {
    const px = x(run.pos[f.at]);
    if (px < -20 || px > chart.width + 20) return;
    const lane = chart.y.get(run.doc.events.server[f.at]), foot = (lane ?? TOP - 2) - 14;
    let y = foot, px2 = px;
    const covers = () => pins.some((p) => Math.abs(p.x - px2) < 19 && Math.abs(p.y - y) < 19);
    while (covers() && y - 20 > FLAGS) y -= 20;
    while (covers()) px2 -= 20; // no more room above
    pins.push({ event: f.at, at: px, x: px2, y, foot, finding: n, title: (f.maybe ? "perhaps: " : "broken: ") + f.title, colour: colours[f.maybe ? "candidate" : "bad"], on: colours[f.maybe ? "on-candidate" : "on-leader"] });
  });
  c.setLineDash([2, 3]);
  for (const p of pins) { c.strokeStyle = p.colour; line(c, p.at, 22, p.at, chart.height - 4); }
  c.setLineDash([]);
  for (const p of pins) {
    c.fillStyle = p.colour;
    c.beginPath(); c.moveTo(p.at - 5, p.foot + 7); c.lineTo(p.at + 5, p.foot + 7); c.lineTo(p.at, p.foot + 14); c.fill();
    c.strokeStyle = colours.halo;
    c.beginPath(); c.arc(p.x, p.y, 9, 0, 7); c.fill(); c.stroke();
    c.fillStyle = p.on;
    c.font = "700 11px " + colours.font;
    c.textAlign = "center";
    c.fillText(p.finding + 1, p.x, p.y + 4);
  }
  c.textAlign = "left";
  c.font = "600 11px " + colours.font;
  const taken = [];
  for (const p of pins) {
    const w = c.measureText(p.title).width, left = p.x + 15 + w < chart.width ? p.x + 13 : p.x - 13 - w;
    const box = [left, p.y - 8, left + w, p.y + 8];
    const covered = pins.some((q) => q !== p && Math.abs(q.y - p.y) < 16 && q.x + 9 > box[0] && q.x - 9 < box[2]);
    if (covered || taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1])) continue;
    taken.push(box);
    c.fillStyle = colours.halo;
    c.fillRect(left - 3, p.y - 8, w + 6, 16);
    c.fillStyle = p.colour;
    c.fillText(p.title, left, p.y + 4);
  }
  chart.marks.push(...pins);
}
