// Colours come from the style sheet, so that light and dark are told in one place.
const LEADERS = 8; // colours of terms, which repeat
const TYPES = ["other", "append", "vote", "snapshot"]; // in the order of trace.Type
let colours = null;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue("--" + name).trim();
  colours = { leaders: d3.range(LEADERS).map((i) => get("leader-" + i)), types: TYPES.map((t) => get("type-" + t)) };
  for (const name of ["ink", "muted", "faint", "line", "surface", "page", "follower", "candidate", "on-follower", "on-candidate", "on-leader",
    "bad", "bad-soft", "cut", "log", "committed", "accent", "down", "halo", "snapshot"]) colours[name] = get(name);
  colours.font = style.getPropertyValue("--sans");
}

const colourOfTerm = (term) => colours.leaders[(Number(term) + LEADERS - 1) % LEADERS];

// onTheme calls redraw whenever the colours change, by the system or the button.
function onTheme(redraw) {
  const again = () => { readColours(); redraw(); };
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", again);
  d3.select("#theme").on("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    root.dataset.theme = dark ? "light" : "dark";
    again();
  });
}
