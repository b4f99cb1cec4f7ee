// The page itself: views, the three buttons, what is said of the connection, and the keys.
import "./figures.js";
import { $, put, tone } from "./format.js";
import { link, listen, on } from "./live.js";
import { showLogs } from "./logs.js";
import "./settings.js";

const VIEWS = ["live", "settings", "logs"];
const full = document.documentElement.dataset.access === "full";
const buttons = [...document.querySelectorAll("[data-action]")];
let pending = null;

function say(id, text) {
  const node = $(id);
  node.hidden = !text;
  if (node.firstElementChild.textContent !== text) node.firstElementChild.textContent = text;
}

function arrange() {
  const { last, state } = link, stream = last?.status.stream?.state;
  const idle = ["stopped", "failed"].includes(stream), apart = ["lost", "out"].includes(state);
  for (const button of buttons) {
    button.hidden = !last || last.status.problem != null || (button.dataset.action === "start" ? !idle : idle);
    button.disabled = pending !== null || apart;
  }
  document.body.classList.toggle("offline", apart);
}

on("update", arrange);
on("link", ({ state, text }) => {
  arrange();
  say("banner", state === "live" ? "" : text);
  $("banner").dataset.tone = state === "asking" ? "busy" : "bad";
  $("banner").lastElementChild.hidden = state !== "out";
  if (state === "lost" || state === "out") {
    put("state", "No connection");
    tone($("state"), "bad");
  }
});

async function act(button) {
  if (pending) return;
  pending = button.dataset.action;
  button.classList.add("pending");
  arrange();
  let problem = "";
  try {
    const answer = await fetch(`/api/stream/${pending}`, { method: "POST" });
    const reply = await answer.json().catch(() => ({}));
    if (!answer.ok) problem = reply.error || `The panel answered ${answer.status}.`;
  } catch {
    problem = "The machine does not answer.";
  }
  button.classList.remove("pending");
  pending = null;
  const hadFocus = document.activeElement === button || document.activeElement === document.body;
  arrange();
  if (button.hidden && hadFocus) buttons.find((each) => !each.hidden)?.focus();
  say("notice", problem);
}

function turn() {
  const wish = location.hash.slice(1), view = full && VIEWS.includes(wish) ? wish : "live";
  document.body.dataset.view = view;
  for (const one of document.querySelectorAll(".views a")) {
    if (one.hash === `#${view}`) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  document.body.classList.toggle("work", view !== "live");
  showLogs(view === "logs");
  // The address names the view; it is not a place on the page to scroll to.
  scrollTo(0, 0);
}

const keys = {
  "?": () => $("help").showModal(),
  "/": () => { location.hash = "logs"; setTimeout(() => $("search").focus()); },
  p: () => document.body.dataset.view === "logs" && $("pause").click(),
};
VIEWS.forEach((view, index) => { keys[index + 1] = () => { location.hash = view; }; });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (!keys[event.key] || (!full && event.key !== "?")) return;
  event.preventDefault();
  keys[event.key]();
});

put("host", location.hostname);
for (const button of buttons) button.addEventListener("click", () => act(button));
$("help-open").addEventListener("click", () => $("help").showModal());
$("notice").lastElementChild.addEventListener("click", () => say("notice", ""));
addEventListener("hashchange", turn);
turn();
listen();
