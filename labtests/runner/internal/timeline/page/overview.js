// The strip above the chart: the whole run, and the part that is shown.
const ROW = 7; // px a server

class Overview {
  constructor(view, node) {
    this.view = view;
    this.canvas = node.querySelector("canvas");
    this.svg = d3.select(node.querySelector("svg"));
    this.brush = d3.brushX().on("brush", (e) => {
      if (!e.sourceEvent || !e.selection) return;
      const [a, b] = e.selection.map((p) => view.full.invert(p));
      view.show(a, b);
    }).on("end", (e) => { // a click without a stretch centres there
      if (!e.sourceEvent || e.selection) return;
      view.around(view.full.invert(d3.pointer(e.sourceEvent, this.svg.node())[0]));
    });
    this.group = this.svg.append("g");
  }

  layout(width) {
    const height = this.view.lanes.length * ROW + 10, ratio = devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    this.canvas.style.cssText = `width:${width}px;height:${height}px`;
    this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    this.svg.attr("width", width).attr("height", height);
    this.brush.extent([[0, 0], [width, height]]);
    this.group.call(this.brush);
    this.paint();
  }

  // paint draws the run; it changes only with size, colours and filters.
  paint() {
    const c = this.canvas.getContext("2d"), { view } = this, { run, full } = view;
    c.clearRect(0, 0, this.width, this.height);
    view.lanes.forEach((s, k) => {
      const lane = run.doc.lanes[s], y = 5 + k * ROW;
      const ats = lane.role.at || [];
      ats.forEach((at, i) => {
        const x1 = full(run.pos[at]), x2 = full(i + 1 < ats.length ? run.pos[ats[i + 1]] : run.to), role = lane.role.value[i];
        if (role === DOWN) return;
        c.fillStyle = role === LEADER ? colourOfTerm(run.state(s, at).term) : role === CANDIDATE ? colours.candidate : colours.follower;
        c.fillRect(x1, y, Math.max(x2 - x1, role === FOLLOWER ? 0 : 1), ROW - 2);
      });
      (lane.cut.at || []).forEach((at, i) => {
        if (!run.cutOff(lane.cut.value[i]).length) return;
        const x1 = full(run.pos[at]), x2 = full(i + 1 < lane.cut.at.length ? run.pos[lane.cut.at[i + 1]] : run.to);
        c.fillStyle = colours.cut;
        c.fillRect(x1, y - 1.5, x2 - x1, 1.5);
      });
    });
    c.fillStyle = colours.accent;
    for (const i of view.found) c.fillRect(full(run.pos[i]) - 0.5, 0, 1, 4);
    c.fillStyle = colours.bad;
    for (const i of run.failures) c.fillRect(full(run.pos[i]) - 0.75, 0, 1.5, this.height);
    for (const f of run.findings) { c.fillStyle = colours[f.maybe ? "candidate" : "bad"]; c.beginPath(); c.arc(full(run.pos[f.at]), this.height - 4, 3.5, 0, 7); c.fill(); }
  }

  // follow moves the window to what the chart shows.
  follow() {
    const ends = this.view.domain.map((v) => Math.max(0, Math.min(this.width, this.view.full(v))));
    if (ends[1] - ends[0] < 4) { const m = (ends[0] + ends[1]) / 2; ends[0] = m - 2; ends[1] = m + 2; }
    this.group.call(this.brush.move, ends);
  }
}
