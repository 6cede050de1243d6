// What is shown: the stretch of the run, the lanes, the kinds.
const SMALLEST = 0.02; // ms, or hundredths of an event: as far as zooming in goes

class View {
  constructor(run) {
    this.run = run;
    this.hidden = new Set(); // servers
    this.shown = new Set(); // kinds: see KINDS
    this.cursor = null; // the event up to which the lanes' labels tell; without one, the last in sight
    this.focus = null; // the item under the mouse or the keyboard
    this.pins = [];
    this.found = []; // events that the search found
    this.listeners = [];
    this.width = 100;
    this.full = d3.scaleLinear();
    this.x = d3.scaleLinear();
    this.zoom = d3.zoom().on("zoom", (e) => this.follow(e.transform)).filter((e) => !e.button && !(e.type === "wheel" && sideways(e)));
    this.space("time");
  }

  get lanes() { return this.run.servers.filter((s) => !this.hidden.has(s)); }
  get domain() { return this.x.domain(); }
  get first() { return this.run.before(this.domain[0]); }
  get last() { return this.run.before(this.domain[1]); }

  attach(node) { this.plot = d3.select(node).call(this.zoom).on("dblclick.zoom", null); }

  on(listener) { this.listeners.push(listener); }
  // changed tells what is to be drawn again: "all", or "over" for highlights alone
  changed(what) { for (const l of this.listeners) l(what); }

  resize(width) {
    const [from, to] = this.domain;
    this.width = Math.max(50, width);
    this.measure();
    this.show(from, to);
  }

  // space chooses what the axis counts: milliseconds or events.
  space(mode) {
    const run = this.run;
    const ends = this.mode ? [this.first, this.last] : null;
    this.mode = mode;
    run.pos = mode === "time" ? run.spread : run.order;
    this.measure();
    if (ends && this.plot) this.show(run.pos[ends[0]], run.pos[Math.max(ends[1], ends[0] + 1)] ?? run.to);
    else this.x.domain(this.full.domain());
  }

  measure() {
    const { from, to } = this.run, margin = Math.max((to - from) * 0.006, SMALLEST);
    this.full.domain([from - margin, to + margin]).range([0, this.width]);
    this.x.range([0, this.width]);
    const [a, b] = this.full.domain();
    this.zoom.extent([[0, 0], [this.width, 100]]).translateExtent([[0, -Infinity], [this.width, Infinity]]).scaleExtent([1, Math.max(2, (b - a) / SMALLEST)]);
  }

  follow(transform) {
    this.x.domain(transform.rescaleX(this.full).domain());
    this.changed("all");
  }

  // show moves the window to [from, to], within the run.
  show(from, to) {
    const [a, b] = this.full.domain();
    const span = Math.min(b - a, Math.max(to - from, SMALLEST));
    const start = Math.min(Math.max(from + (to - from - span) / 2, a), b - span);
    const k = (b - a) / span;
    this.plot.call(this.zoom.transform, d3.zoomIdentity.translate(-this.full(start) * k, 0).scale(k));
  }

  around(place, span = this.domain[1] - this.domain[0]) { this.show(place - span / 2, place + span / 2); }
  whole() { this.show(...this.full.domain()); }
  scale(k) { const [a, b] = this.domain, middle = this.anchor(); this.show(middle - (middle - a) / k, middle + (b - middle) / k); }
  pan(share) { const [a, b] = this.domain, d = (b - a) * share; this.show(a + d, b + d); }

  // zooming by key or button keeps what has the focus in place
  anchor() {
    const [a, b] = this.domain;
    const place = this.focus ? this.run.pos[eventOf(this.run, this.focus)] : (a + b) / 2;
    return place >= a && place <= b ? place : (a + b) / 2;
  }

  // readable is a stretch around a place with about enough arrows to read.
  readable(place, arrows = 60) {
    const { run } = this, e = run.before(place);
    let lo = e, hi = e, n = 0;
    while (n < arrows && (lo > 0 || hi < run.size - 1)) {
      const left = lo > 0 ? place - run.pos[lo - 1] : Infinity, right = hi < run.size - 1 ? run.pos[hi + 1] - place : Infinity;
      const i = left <= right ? --lo : ++hi;
      const a = run.ofArrow.get(i);
      if (a !== undefined && run.arrows.from[a] === i && this.showsArrow(a)) n++;
    }
    const half = Math.max(place - run.pos[lo], run.pos[hi] - place, this.mode === "time" ? 5 : 20);
    const start = Math.max(place - half, run.from - half / 20); // not much of what was before the run
    this.show(start, start + 2 * half);
  }

  showsArrow(a) {
    const [from, to, answer] = this.run.ways(a);
    if (this.hidden.has(from) || this.hidden.has(to) || from < 0 || to < 0) return false;
    if (answer && !this.shown.has("answers")) return false;
    return this.shown.has(kindOfArrow(this.run, a));
  }

  showsEvent(i) {
    return !this.hidden.has(this.run.doc.events.server[i]) && this.shown.has(kindOfEvent(this.run, i));
  }
}

const sideways = (e) => Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey;

// The kinds of messages and events that can be shown or not, in the order of
// their checkboxes: name, label, and whether they are shown at first.
const KINDS = {
  messages: [["append", "AppendEntries", true], ["beat", "heartbeats", true], ["vote", "RequestVote", true], ["snapshot", "InstallSnapshot", true],
    ["other", "other", true], ["answers", "answers", true]],
  events: [["election", "elections", true], ["propose", "commands", true], ["refused", "refused commands", false], ["log", "log", true], ["apply", "applied", true], ["snapshots", "snapshots", true],
    ["timer", "timers", false], ["disk", "disk", false], ["state", "GetState", false]],
};
const EVENT_KINDS = { Timeout: "election", RoleChange: "election", Vote: "election", Propose: "propose", Append: "log", Truncate: "log", Commit: "log", Apply: "apply",
  Receive: "apply", Snapshot: "snapshots", Install: "snapshots", TimerReset: "timer", Persist: "disk", State: "state", Make: "always", Kill: "always" };

function kindOfEvent(run, i) {
  const e = run.doc.events;
  if (e.kind[i] === KIND.Propose && !e.flag[i]) return "refused";
  return EVENT_KINDS[NAME[e.kind[i]]] || "always";
}

function kindOfArrow(run, a) {
  if (run.arrows.beat[a]) return "beat";
  const row = run.doc.events.message[run.arrows.from[a]] - 1;
  return TYPES[row < 0 ? 0 : run.doc.messages.type[row]] || "other";
}

// eventOf is the event at which an item is.
function eventOf(run, item) { return item.arrow === undefined ? item.event : run.arrows.from[item.arrow]; }
const same = (a, b) => Boolean(a && b) && a.arrow === b.arrow && a.event === b.event;
