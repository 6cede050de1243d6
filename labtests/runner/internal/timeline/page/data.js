// The numbers of trace.Kind, by name.
const KIND = { Run: 1, TestStart: 2, TestEnd: 3, Failure: 4, Make: 5, Kill: 6, Link: 7, Propose: 8, State: 9, Receive: 10, Send: 11, Handle: 12, Reply: 13,
  Return: 14, Lost: 15, Timeout: 64, TimerReset: 65, RoleChange: 66, Vote: 67, Append: 68, Truncate: 69, Persist: 70, Commit: 71, Apply: 72, Snapshot: 73, Install: 74 };
const NAME = Object.fromEntries(Object.entries(KIND).map(([name, k]) => [k, name]));
const FOLLOWER = 0, CANDIDATE = 1, LEADER = 2, DOWN = 3;
const UNDERWAY = 0, ARRIVED = 1, LOST = 2;
const RPC = ["RPC", "AppendEntries", "RequestVote", "InstallSnapshot"];

// decode reads what the page carries: base64url of gzip of JSON.
async function decode(text) {
  const raw = Uint8Array.from(atob(text.trim().replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Run is the document with what drawing it needs. Everything is named by the
// number of its event; where that is on the axis, pos says.
class Run {
  constructor(doc) {
    this.doc = doc;
    this.servers = d3.range(doc.servers);
    this.size = doc.events.at.length;
    this.time = new Float64Array(this.size); // ms
    let us = 0;
    doc.events.at.forEach((d, i) => { us += d; this.time[i] = us / 1000; });
    this.spread = spreadInstants(this.time);
    this.order = Float64Array.from(this.time, (_, i) => i);
    this.pos = this.spread;
    this.failures = this.eventsOf(KIND.Failure);
    this.findings = doc.findings || [];
    this.arrows = new Arrows(doc.arrows);
    this.marks = this.marksOfLanes();
    this.ofArrow = new Map(); // from an event of a message to its arrow
    for (let a = 0; a < this.arrows.size; a++) {
      if (this.arrows.fate[a] !== UNDERWAY) this.ofArrow.set(this.arrows.to[a], a);
    }
    for (let a = 0; a < this.arrows.size; a++) this.ofArrow.set(this.arrows.from[a], a);
    this.makes = this.servers.map((s) => this.marks[s].filter((i) => doc.events.kind[i] === KIND.Make));
    this.heights();
    this.end = this.size - 1; // the last event before the test stops everything
    while (this.end > 0 && [KIND.Kill, KIND.TestEnd, KIND.Link, KIND.Return, KIND.Lost].includes(doc.events.kind[this.end])) this.end--;
  }

  // life is which one of a server's lives event i is in, from 1.
  life(server, i) { return d3.bisectRight(this.makes[server], i); }

  get from() { return this.pos[0]; }
  get to() { return this.pos[this.size - 1]; }

  eventsOf(kind) {
    const found = [];
    this.doc.events.kind.forEach((k, i) => { if (k === kind) found.push(i); });
    return found;
  }

  event(i) {
    const e = this.doc.events, text = this.doc.strings;
    return { i, at: this.time[i], server: e.server[i], peer: e.peer[i], kind: e.kind[i], role: e.role[i], flag: e.flag[i] === 1, term: e.term[i],
      index: e.index[i], logTerm: e.logTerm[i], last: e.last[i], digest: text[e.digest[i]], text: text[e.text[i]], message: this.message(e.message[i] - 1) };
  }

  message(row) {
    if (row < 0) return null;
    const m = this.doc.messages, text = this.doc.strings;
    return { type: m.type[row], method: text[m.method[row]], known: m.known[row] === 1, term: m.term[row], index: m.index[row], logTerm: m.logTerm[row],
      entries: m.entries[row], entriesTerm: m.entriesTerm[row], commit: m.commit[row], ok: m.ok[row] === 1, bytes: m.bytes[row], text: text[m.text[row]] };
  }

  // A message's end: whose lane it leaves and whose it goes to.
  ways(a) {
    const i = this.arrows.from[a], e = this.doc.events;
    const answer = e.kind[i] === KIND.Reply;
    return answer ? [e.peer[i], e.server[i], true] : [e.server[i], e.peer[i], false];
  }

  // state is what is known of a server just after event i.
  state(server, i) {
    const lane = this.doc.lanes[server];
    const now = (s) => { const k = d3.bisectRight(s.at || [], i) - 1; return k < 0 ? 0 : s.value[k]; };
    return { role: now(lane.role), term: now(lane.term), log: now(lane.log), base: now(lane.base), commit: now(lane.commit), cut: this.cutOff(now(lane.cut)) };
  }

  cutOff(mask) { return this.servers.filter((s) => BigInt(mask) >> BigInt(s) & 1n); }

  // last event at or before a place on the axis
  before(place) { return Math.max(0, d3.bisectRight(this.pos, place) - 1); }

  marksOfLanes() {
    const e = this.doc.events, marks = this.servers.map(() => []);
    for (let i = 0; i < this.size; i++) {
      const message = e.kind[i] >= KIND.Send && e.kind[i] <= KIND.Lost;
      if (e.server[i] >= 0 && e.server[i] < marks.length && !message && e.kind[i] !== KIND.Link) marks[e.server[i]].push(i);
    }
    return marks;
  }

  heights() { // the longest log after a snapshot, for the scale of all lanes
    this.highest = 1;
    for (const lane of this.doc.lanes) {
      (lane.log.at || []).forEach((i, k) => {
        const b = d3.bisectRight(lane.base.at || [], i) - 1;
        this.highest = Math.max(this.highest, lane.log.value[k] - (b < 0 ? 0 : lane.base.value[b]));
      });
    }
  }
}

class Arrows {
  constructor(columns) {
    Object.assign(this, { from: [], to: [], fate: [], beat: [], other: [] });
    for (const [name, values] of Object.entries(columns)) this[name] = values || [];
    this.size = this.from.length;
    this.ends = new Float64Array(this.size); // the largest event that any message up to here reaches
    let far = 0;
    for (let a = 0; a < this.size; a++) this.ends[a] = far = Math.max(far, this.fate[a] === UNDERWAY ? this.from[a] : this.to[a]);
  }

  // the arrows that may touch the events first to last, as a range
  within(first, last) { return [d3.bisectLeft(this.ends, first), d3.bisectRight(this.from, last)]; }
}

// spreadInstants puts events of one instant side by side, 0.1 ms each, but
// never beyond half of the way to the next instant.
function spreadInstants(time) {
  const pos = Float64Array.from(time);
  for (let i = 0; i < time.length;) {
    let j = i + 1;
    while (j < time.length && time[j] === time[i]) j++;
    const gap = j < time.length ? time[j] - time[i] : 0.1 * (j - i);
    const step = Math.min(0.1, gap / 2 / (j - i));
    for (let k = i; k < j; k++) pos[k] = time[i] + (k - i) * step;
    i = j;
  }
  return pos;
}
