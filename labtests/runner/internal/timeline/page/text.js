// Words: what an event or a message is, in one line.
const server = (s) => (s >= 0 ? "S" + s : "the test");
const count = d3.format(",");
const plural = (n, one) => count(n) + " " + one + (n === 1 ? "" : "s");
const entriesOf = (first, last) => (first === last ? "entry " + first : "entries " + first + "–" + last);
const ROLES = ["follower", "candidate", "leader", "down"];

function clock(ms) { return d3.format(",.3f")(ms).replace(/\.?0+$/, "") + " ms"; }

function roleText(state) {
  if (state.role === DOWN) return "down";
  return ROLES[state.role] + (state.role === LEADER ? ", term " : " in term ") + state.term;
}

function describeEvent(e) {
  const who = server(e.server);
  switch (e.kind) {
    case KIND.Run: return "the trace begins";
    case KIND.TestStart: return e.text + " begins";
    case KIND.TestEnd: return e.text + (e.flag ? " passed" : " failed");
    case KIND.Failure: return "the test: " + e.text;
    case KIND.Make: return who + " starts" + (e.term || e.index ? " with term " + e.term + " and a log up to " + e.index : "");
    case KIND.Kill: return who + " is killed";
    case KIND.Link: return "the way " + who + " → " + server(e.peer) + (e.flag ? " is open" : " is cut");
    case KIND.Propose: return who + (e.flag ? " takes " + e.text + " as entry " + e.index + " in term " + e.term : " refuses " + e.text);
    case KIND.State: return who + " says: term " + e.term + (e.flag ? ", leader" : "");
    case KIND.Receive: return who + (e.flag ? " delivers a snapshot through " + e.index : " delivers " + e.text + " as entry " + e.index);
    case KIND.Timeout: return who + " waited too long for a leader of term " + e.term;
    case KIND.TimerReset: return who + " sets its election timer anew" + (e.peer >= 0 && e.peer !== e.server ? ", because of " + server(e.peer) : "");
    case KIND.RoleChange: return who + " is now " + roleText({ role: e.role, term: e.term });
    case KIND.Vote: return who + " votes for " + (e.peer === e.server ? "itself" : server(e.peer)) + " in term " + e.term;
    case KIND.Append: return who + " appends " + entriesOf(e.index, e.last) + " of term " + e.logTerm + (e.peer >= 0 && e.peer !== e.server ? " from " + server(e.peer) : "");
    case KIND.Truncate: return who + " removes " + entriesOf(e.index, e.last) + ", in conflict with " + server(e.peer) + "'s";
    case KIND.Persist: return who + " has stored term " + e.term + " and its log up to " + e.index;
    case KIND.Commit: return who + " moves its commit index from " + e.last + " to " + e.index;
    case KIND.Apply: return who + " applies entry " + e.index;
    case KIND.Snapshot: return who + " has a snapshot through " + e.index;
    case KIND.Install: return who + " installs " + server(e.peer) + "'s snapshot through " + e.index;
  }
  return (NAME[e.kind] || "event " + e.kind) + " of " + who;
}

function nameOf(m) { return m.type === 0 && m.method ? m.method : RPC[m.type]; }

// describeMessage is what stands beside an arrow: request is what an answer is to.
function describeMessage(m, answer, beat, request) {
  if (!m || !m.known) return (m ? nameOf(m) : "message") + (answer ? " answer" : "");
  if (answer) {
    if (m.type === 2) return m.ok ? "vote" : "no vote";
    if (m.type === 1) return m.ok ? (beat ? "ok" : "has " + upTo(m, request)) : "no" + (request && m.term > request.term ? ": term " + m.term : "");
    return m.ok || m.type === 3 ? "ok" : "no";
  }
  switch (m.type) {
    case 1: return m.entries ? entriesOf(Number(m.index) + 1, Number(m.index) + m.entries) : "heartbeat";
    case 2: return "vote? term " + m.term;
    case 3: return "snapshot through " + m.index;
  }
  return nameOf(m);
}

function upTo(m, request) {
  if (Number(m.index)) return m.index;
  return request && request.known ? Number(request.index) + request.entries : "it";
}

// describe is one sentence for an item: {arrow} or {event}.
function describe(run, item) {
  if (item.arrow === undefined) return describeEvent(run.event(item.event));
  const a = item.arrow, [from, to, answer] = run.ways(a);
  const m = run.event(run.arrows.from[a]).message;
  const fate = ["is still on its way", "arrives", "is lost"][run.arrows.fate[a]];
  const what = m ? nameOf(m) : "message";
  return (answer ? "answer to " : "") + what + " " + server(from) + " → " + server(to) + ": " + describeMessage(m, answer, run.arrows.beat[a], requestOf(run, a)) + ", " + fate;
}

function requestOf(run, a) {
  const other = run.arrows.other[a] - 1;
  if (other < 0) return null;
  return run.event(run.arrows.from[other]).message;
}
