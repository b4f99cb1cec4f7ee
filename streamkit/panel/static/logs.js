// The log: a stream of its own that is open only while its pane is seen. A line is data: it goes in as text.
import { $, count, make, plural } from "./format.js";

const MOST = 2000, NEAR_PX = 40;
const list = $("lines"), note = $("logs-note"), pause = $("pause"), search = $("search"), newest = $("newest");
let source = null, shown = false, lastId = null, held = [], problem = "", paused = false, total = 0;

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
const time = (at) => clock.format(at > 1e11 ? at : at * 1000);

function row({ at, level, source: from, text }) {
  const node = make("div", { class: "line", "data-level": level }, make("time", {}, time(at)), make("b", {}, level), make("i", {}, from), make("span", {}, text));
  node.hidden = misses(node);
  return node;
}

const words = () => search.value.trim().toLowerCase();
const misses = (node) => Boolean(words()) && !`${node.children[2].textContent} ${node.children[3].textContent}`.toLowerCase().includes(words());
const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;

function add(lines) {
  const follow = atEnd();
  list.append(...lines.slice(-MOST).map(row));
  total += lines.length;
  while (list.children.length > MOST) list.firstChild.remove();
  if (follow) list.scrollTop = list.scrollHeight;
  tell();
}

function tell() {
  const seen = list.children.length;
  newest.hidden = atEnd() || seen === 0;
  const text = problem || (paused ? `Paused. ${held.length ? `${plural(held.length, "new line")} so far.` : "Nothing new so far."}`
    : !seen ? "Waiting for the first line…" : `${plural(seen, "line")}${total > seen ? `, the newest of ${count(total)}` : ""}`);
  if (note.textContent !== text) note.textContent = text;
}

function open() {
  if (source) return;
  source = new EventSource(`/api/logs/stream${lastId === null ? "" : `?after=${encodeURIComponent(lastId)}`}`);
  source.addEventListener("open", () => { problem = ""; tell(); });
  source.addEventListener("log", (event) => {
    problem = "";
    const { lines } = JSON.parse(event.data);
    if (lines.length) lastId = lines.at(-1).id;
    if (paused) { held = held.concat(lines).slice(-MOST); tell(); } else add(lines);
  });
  source.addEventListener("error", () => {
    problem = "The log does not come through; trying again…";
    tell();
    if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(follow, 3000); }
  });
}

function close() {
  source?.close();
  source = null;
}

function follow() {
  if (shown && !document.hidden) open();
  else close();
}

/** Follow the log, or let go of it: nothing is asked for while the pane is not seen. */
export function showLogs(yes) {
  shown = yes;
  follow();
  if (yes) list.scrollTop = list.scrollHeight;
}

function resume(yes) {
  paused = yes;
  pause.textContent = paused ? "Continue" : "Pause";
  pause.setAttribute("aria-pressed", String(paused));
  const waiting = paused ? [] : held;
  if (!paused) held = [];
  add(waiting);
}

$("level").addEventListener("change", (event) => { list.dataset.least = event.target.value; list.scrollTop = list.scrollHeight; tell(); });
search.addEventListener("input", () => {
  for (const node of list.children) node.hidden = misses(node);
  list.scrollTop = list.scrollHeight;
});
pause.addEventListener("click", () => resume(!paused));
newest.addEventListener("click", () => { list.scrollTop = list.scrollHeight; });
list.addEventListener("scroll", () => { newest.hidden = atEnd(); });
document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", close);
