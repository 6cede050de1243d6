// What is under the mouse, and what the keyboard steps to.
class Pick {
  constructor(view, chart) { Object.assign(this, { view, chart, lane: null, at: null }); }

  // under is the item at a point of the plot, or null. Marks go before arrows.
  under(px, py) {
    let best = null, nearest = 9;
    for (const m of this.chart.marks) {
      const d = Math.hypot(m.x - px, m.y - py) - (m.finding === undefined ? 0 : 4);
      if (d < nearest) { nearest = d; best = m.finding === undefined ? { event: m.event } : { event: m.event, finding: m.finding }; }
    }
    if (best) return best;
    nearest = 6;
    for (const p of this.chart.drawn) {
      const d = distance(p, px, py);
      if (d < nearest) { nearest = d; best = { arrow: p.a }; }
    }
    return best;
  }

  // step goes to the next (1) or previous (-1) thing in the lane that has the focus.
  step(by) {
    const { view } = this, { run } = view;
    if (!view.lanes.includes(this.lane)) this.lane = view.lanes[0];
    let i = this.at ?? (by > 0 ? view.first - 1 : view.last + 1);
    if (view.focus && !this.touches(i)) i = eventOf(run, view.focus);
    for (i += by; i >= 0 && i < run.size; i += by) {
      const item = this.touches(i) && this.itemOf(i);
      if (!item) continue;
      this.at = i;
      return item;
    }
    return null;
  }

  // over goes to another lane, and to what is next there in time.
  over(by) {
    const lanes = this.view.lanes, k = lanes.indexOf(this.lane);
    this.lane = lanes[Math.max(0, Math.min(lanes.length - 1, k < 0 ? 0 : k + by))];
    if (this.at !== null) this.at--;
    return this.step(1);
  }

  touches(i) {
    const e = this.view.run.doc.events, kind = e.kind[i];
    switch (kind) {
      case KIND.Send: case KIND.Return: return e.server[i] === this.lane;
      case KIND.Handle: case KIND.Reply: return e.peer[i] === this.lane;
      case KIND.Lost: case KIND.Link: return false;
    }
    return e.server[i] === this.lane;
  }

  itemOf(i) {
    const { view } = this, kind = view.run.doc.events.kind[i];
    if (kind < KIND.Send || kind > KIND.Lost) return view.showsEvent(i) && SHAPES[NAME[kind]] ? { event: i } : null;
    const a = view.run.ofArrow.get(i);
    return a !== undefined && view.showsArrow(a) ? { arrow: a } : null;
  }

  // where an item is on the plot; an arrow's middle
  where(item) {
    const { view } = this;
    if (item.arrow !== undefined) {
      const p = this.chart.place(item.arrow);
      return [(p.x1 + p.x2) / 2, (p.y1 + p.y2) / 2];
    }
    const m = this.chart.marks.find((k) => k.event === item.event && k.finding === item.finding);
    if (m) return [m.x, m.y];
    return [view.x(view.run.pos[item.event]), (this.chart.y.get(view.run.doc.events.server[item.event]) ?? TOP) + BAR / 2];
  }
}

function distance(p, px, py) {
  const dx = p.x2 - p.x1, dy = p.y2 - p.y1;
  const t = Math.max(0, Math.min(1, ((px - p.x1) * dx + (py - p.y1) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(p.x1 + t * dx - px, p.y1 + t * dy - py);
}
