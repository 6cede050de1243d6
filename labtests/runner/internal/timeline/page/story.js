// What went wrong, in words: above the chart the first of it, below it all.
function tellFacts(run) {
  const { doc } = run, parts = [];
  if (doc.impl) parts.push(doc.impl);
  parts.push(plural(doc.servers, "server"), d3.format(",.2f")((run.time[run.size - 1] - run.time[0]) / 1000) + " s", plural(doc.total, "event"));
  const tests = run.eventsOf(KIND.TestStart).map((i) => run.event(i).text);
  if (tests.length === 1 && !doc.title.includes(tests[0])) parts.unshift(tests[0]);
  else if (tests.length > 1) parts.unshift(plural(tests.length, "test"));
  d3.select("#facts").text(parts.join(" · "));
  const left = (doc.left || []).map((l) => count(l.count) + " " + l.what), notes = [];
  if (left.length) notes.push("Left out of this page to keep it small: " + left.join(", ") + ".");
  if (doc.full) notes.push("The recording stopped at its limit of size, before the test ended.");
  if (doc.inferred) notes.push("These servers tell nothing of themselves: role, term, log and commit index are what their messages and answers show.");
  if (notes.length) d3.select("#notice").text(notes.join(" ")).property("hidden", false);
}

function tellStory(run, view, go) {
  const failed = run.failures.map((i) => run.event(i)), findings = run.findings;
  const verdict = d3.select("#verdict"), ends = run.eventsOf(KIND.TestEnd).map((i) => run.event(i));
  if (!failed.length && !findings.length) {
    const good = ends.length > 0 && ends.every((e) => e.flag);
    verdict.property("hidden", !good).attr("class", "good").text(good ? "✓ " + (ends.length === 1 ? "The test passed" : "All tests passed") + ", and no rule was seen broken." : "");
    d3.select("#failure").property("disabled", true);
  } else {
    verdict.property("hidden", false).attr("class", findings[0]?.maybe ? "maybe" : "bad");
    if (findings.length) {
      const f = findings[0], p = verdict.append("p");
      p.append("b").text((f.maybe ? "Perhaps: " : "✕ Broken rule: ") + f.title);
      p.append("span").attr("class", "muted").text(" " + f.section + " ");
      p.append("span").text(f.because + " ");
      p.append("button").attr("type", "button").attr("class", "link").text("see it at " + clock(run.time[f.at])).on("click", () => go(f.at, true));
    }
    if (failed.length) {
      const p = verdict.append("p");
      p.append("span").text("The test " + (findings.length ? "noticed" : "failed") + " at " + clock(failed[0].at) + ": ");
      p.append("q").text(failed[0].text);
      if (failed.length > 1) p.append("span").attr("class", "muted").text(" and " + plural(failed.length - 1, "more failure"));
    }
  }
  for (const id of ["previous", "next"]) d3.select("#" + id).property("disabled", !findings.length);
  if (!failed.length && findings.length) d3.select("#failure").text("Jump to the finding");
  listFindings(run, go);
}

function listFindings(run, go) {
  const story = d3.select("#story");
  if (!run.findings.length) return;
  const proven = run.findings.length === 1 ? "The rule that was broken" : "The rules that were broken, in order: the first may be why there are others";
  story.append("h2").text(run.findings[0].maybe ? "No rule is seen broken, but this is unusual" : proven);
  run.findings.forEach((f, n) => {
    const box = story.append("article").attr("class", "finding");
    const head = box.append("h3");
    head.append("i").attr("class", f.maybe ? "pin maybe" : "pin").text(n + 1);
    head.append("span").text(f.title);
    head.append("small").text(f.section);
    box.append("p").text(f.because);
    box.append("p").attr("class", "muted").text(f.says + (f.read ? " More: docs/" + f.read.replace(/^docs\//, "").replace(/(\.md)?$/, ".md") + "." : ""));
    const list = box.append("ol");
    for (const i of d3.sort(new Set([...(f.context || []), f.at]))) {
      const row = list.append("li").classed("at", i === f.at);
      row.append("button").attr("type", "button").on("click", () => go(i, true)).call((b) => {
        b.append("time").text(clock(run.time[i]));
        b.append("span").text(describe(run, itemAt(run, i)));
      });
    }
  });
}

// itemAt is the item of an event: for one of a message, its arrow.
function itemAt(run, i) {
  const kind = run.doc.events.kind[i];
  const a = kind >= KIND.Send && kind <= KIND.Lost ? run.ofArrow.get(i) : undefined;
  return a === undefined ? { event: i } : { arrow: a };
}

function drawLegend() {
  const legend = d3.select("#legend");
  const item = (mark, text) => { const s = legend.append("span"); s.append("i").attr("class", mark); s.append("span").text(text); };
  item("bar follower", "follower");
  item("bar candidate", "candidate");
  const terms = legend.append("span");
  d3.range(4).forEach((k) => terms.append("i").attr("class", "bar short").style("background", `var(--leader-${k})`));
  terms.append("span").text("leader, a colour per term");
  item("bar hatched", "down");
  item("bar rail", "cut off");
  item("bar log", "log");
  item("bar committed", "committed");
  item("glyph clock", "election timeout");
  item("glyph tick", "votes");
  item("glyph command", "command");
  item("glyph shot", "snapshot");
  item("glyph cross", "lost");
}
