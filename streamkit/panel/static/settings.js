// The settings: made from what may be changed, checked by the machine, shared with whoever else has them open.
import { $, make, plural, say } from "./format.js";
import { askConfig, link, on } from "./live.js";

const ORIGINS = { default: "default", plan: "chosen for this machine", inventory: "inventory", override: "set in this panel", panel: "set in this panel", deployment: "set by the deployment" };
const CHOICES = { whep: "Viewers connect to this machine (WHEP)", whip: "Publish to a server (WHIP)" };
const SERVER = ["server_url", "whep_url", "stream_key"], GOES = ["publish", "stun_server", ...SERVER];
const QUIET = "whep_url";     // nothing that streams depends on it
const KEY = { name: "stream_key", label: "Stream key", help: "It opens the server, is kept on the machine and never shown.", kind: "key" };

const form = $("settings"), note = $("settings-note"), rows = new Map(), edits = new Map();
let config = null, saving = false, held = null, built = "";

const valueOf = (name, from = config) => from.settings[name]?.value ?? "";
const words = (value) => (value === null ? "as deployed" : value === "" ? "nothing" : String(value));
const clear = (part) => { for (const row of rows.values()) say(row[part], ""); };

function build() {
  rows.clear();
  const fields = [...config.fields, KEY], group = (title, chosen) => make("fieldset", {}, make("legend", {}, title), ...chosen.map(row));
  $("fields").replaceChildren(
    group("Picture", fields.filter(({ name }) => !GOES.includes(name))),
    group("Where it goes", fields.filter(({ name }) => GOES.includes(name))));
}

function row(about) {
  const { name, kind, label, help, allowed } = about, id = `f-${name}`, input = inputFor(about, id), scripts = name === "encoder";
  const part = (tag, of, text = "") => make(tag, { class: of, id: `${id}-${of}` }, text);
  const origin = part("span", "origin"), reset = make("button", { type: "button", class: "link" });
  const problem = part("p", "problem"), news = part("p", "news");
  const hint = part("p", "hint", [!scripts && help, !scripts && kind !== "choice" && allowed && `Allowed: ${allowed}.`].filter(Boolean).join(" "));
  const head = make("p", { class: "head" }, scripts ? part("b", "name", label) : make("label", { for: id }, label), origin, reset);
  const node = make("div", { class: "field", "data-name": name }, head, input, problem, news, hint);
  const control = input.matches("input, select") ? input : input.querySelector("input");
  control.setAttribute("aria-describedby", `${id}-problem ${id}-news ${id}-hint`);
  input.addEventListener("input", ({ target }) => edit(name, kind === "bool" ? target.checked : target.value));
  reset.addEventListener("click", () => edit(name, edits.get(name)?.value === null ? undefined : null));
  rows.set(name, { about, node, control, origin, reset, problem, news });
  return node;
}

function inputFor({ name, kind, choices }, id) {
  if (name === "encoder") return scripts(id);
  if (kind === "choice") return make("select", { id }, ...choices.map((value) => make("option", { value }, CHOICES[value] ?? value)));
  const key = kind === "key", type = kind === "bool" ? "checkbox" : key ? "password" : "text";
  const input = make("input", { id, type, autocomplete: key ? "new-password" : "off", spellcheck: false });
  if (kind === "number") input.inputMode = "decimal";
  return input;
}

/** One radio for each script; those that this machine does not run follow, closed off, each with the reason. */
function scripts(id) {
  const one = ({ script, encoder, title, usable, reason }) => make("label", { class: "script" },
    make("input", { type: "radio", name: "encoder", value: encoder, disabled: !usable }),
    make("span", {}, title, " ", make("code", {}, script), make("small", {}, reason)));
  const not = config.scripts.filter(({ usable }) => !usable);
  return make("div", { id, role: "radiogroup", "aria-labelledby": `${id}-name`, class: "scripts" },
    ...config.scripts.filter(({ usable }) => usable).map(one),
    make("details", { hidden: !not.length }, make("summary", {}, `${plural(not.length, "script")} that this machine does not run`), ...not.map(one)));
}

function edit(name, value) {
  const { problem } = rows.get(name), was = valueOf(name);
  if (value === undefined || (value !== null && String(value) === String(was))) edits.delete(name);
  else edits.set(name, { value, base: edits.get(name)?.base ?? was });
  say(problem, "");
  refresh();
}

function put({ about: { name, kind }, node, control }, value) {
  if (name === "encoder") for (const one of node.querySelectorAll("input")) one.checked = one.value === value;
  else if (kind === "bool") control.checked = Boolean(value);
  else if (control.value !== String(value)) control.value = value;
}

function refresh() {
  const whip = (edits.get("publish")?.value ?? valueOf("publish")) === "whip";
  for (const [name, row] of rows) {
    const { about, node, control, origin, reset, problem, news } = row, mine = edits.get(name), back = mine?.value === null;
    const key = about.kind === "key", from = key ? config.key_origin : config.settings[name]?.origin;
    node.hidden = SERVER.includes(name) && !whip && !mine;
    node.classList.toggle("edited", Boolean(mine));
    control.setAttribute("aria-invalid", String(problem.textContent !== ""));
    say(origin, back ? "goes back to what was deployed" : mine ? "changed, not applied yet" : ORIGINS[from] ?? (key ? "there is none" : ""));
    reset.hidden = !back && (Boolean(mine) || !["override", "panel"].includes(from));
    say(reset, back ? "Undo" : "Reset");
    reset.setAttribute("aria-label", `${reset.textContent}: ${about.label}`);
    if (!mine || back) put(row, valueOf(name));
    if (mine && String(mine.base) !== String(valueOf(name))) say(news, `Somebody else has just set this to ${words(valueOf(name))}. Yours wins if you apply it.`);
    else if (mine) say(news, "");
  }
  const restart = restarts();
  $("apply").hidden = !edits.size;
  say($("apply-note"), `${plural(edits.size, "change")}. ${restart ? "The stream restarts: the picture is away for some seconds." : "The stream goes on."}`);
  say($("save"), restart ? "Apply and restart" : "Apply");
}

const restarts = () => ["running", "starting"].includes(link.last?.status.stream?.state)
  && [...edits.keys()].some((name) => name !== QUIET && (name !== KEY.name || valueOf("publish") === "whip"));

function take(next) {
  if (saving) { held = next; return; }
  const before = config, shape = JSON.stringify([next.fields, next.scripts.map(({ chosen, ...rest }) => rest)]);
  config = next;
  if (shape !== built) build();
  built = shape;
  if (!before) say(note, config.note || "What is changed here wins over the deployment and survives a restart.");
  else if (next.version !== before.version && next.version !== link.saved) tellNews(before);
  refresh();
}

/** Say what somebody else has changed; what is being edited here stays as it is. */
function tellNews(before) {
  const changed = [...rows].filter(([name]) => String(valueOf(name, before)) !== String(valueOf(name)));
  clear("news");
  for (const [name, { news }] of changed) say(news, `Just changed elsewhere; it was ${words(valueOf(name, before))}.`);
  if (changed.length) say(note, `Somebody else has just changed: ${changed.map(([, { about }]) => about.label).join(", ")}.${edits.size ? " What you changed is not applied yet." : ""}`);
}

function confirmed() {
  const dialog = $("confirm"), viewers = link.last.stats.viewer_count;
  $("confirm-list").replaceChildren(...[...edits].map(([name, { value }]) => make("li", {}, `${rows.get(name).about.label}: `
    + (name !== KEY.name ? `${words(valueOf(name))} → ${words(value)}` : value ? "a new one" : "as deployed"))));
  say($("confirm-note"), `The picture is away for some seconds${viewers ? `, for ${plural(viewers, "viewer")}` : ""}.`);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => { dialog.addEventListener("close", () => done(dialog.returnValue === "go"), { once: true }); });
}

const asSent = (name, value) => (rows.get(name).about.kind === "number" && /^ *\d+(\.\d+)? *$/.test(value) ? Number(value) : value);

async function save(event) {
  event.preventDefault();
  // The version that was on the screen when the button was pressed: what comes behind the question is not overwritten.
  const { version } = config;
  if (saving || !edits.size || (restarts() && !(await confirmed()))) return;
  const { [KEY.name]: key, ...changes } = Object.fromEntries([...edits].map(([name, { value }]) => [name, asSent(name, value)]));
  const body = { version, changes, ...(key === undefined ? {} : { stream_key: key ?? "" }) };
  saving = true;
  clear("problem");
  say(note, "Saving…");
  const answer = await fetch("/api/config", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  const reply = (await answer?.json().catch(() => null)) ?? {};
  saving = false;
  if (answer?.ok) {
    link.saved = reply.version;
    edits.clear();
    clear("news");
  }
  if (held) take(held);
  else if (link.state === "asking") askConfig().catch(() => {});
  held = null;
  if (answer?.ok) {
    say(note, reply.changed ? "Saved." : "Saved; nothing is different.");
  } else if (answer?.status === 409) {
    say(note, "Somebody else was faster: nothing was saved, what you changed is not applied yet. See what is new, then apply again.");
  } else {
    say(note, reply.error ?? (answer ? `The panel answered ${answer.status}.` : "The machine does not answer; nothing was saved."));
    for (const [name, sentence] of Object.entries(reply.fields ?? {})) if (rows.has(name)) say(rows.get(name).problem, sentence);
  }
  refresh();
  (form.querySelector("[aria-invalid=true]") ?? note).focus();
}

form.addEventListener("submit", save);
$("discard").addEventListener("click", () => { edits.clear(); clear("problem"); clear("news"); refresh(); });
on("config", take);
on("update", () => edits.size && refresh());
