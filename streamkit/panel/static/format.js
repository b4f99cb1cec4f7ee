// Words for figures, and the few ways in which this page touches its document. Text always goes in as text.
const number = new Intl.NumberFormat("en");

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
export const count = (value) => (isNumber(value) ? number.format(value) : null);
export const percent = (value, digits = 0) => (isNumber(value) ? `${value.toFixed(digits)}\u00a0%` : null);
export const ms = (value) => (isNumber(value) ? `${value < 10 ? value.toFixed(1) : Math.round(value)}\u00a0ms` : null);
export const rate = (kbps) => (!isNumber(kbps) ? null : kbps >= 1000 ? `${(kbps / 1000).toFixed(2)} Mbit/s` : `${Math.round(kbps)} kbit/s`);
export const bytes = (value) => (!isNumber(value) ? null : value >= 1e9 ? `${(value / 2 ** 30).toFixed(1)}\u00a0GiB` : `${Math.round(value / 2 ** 20)}\u00a0MiB`);
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Whole seconds as a person says them: 42 s, 3 min 10 s, 2 h 5 min, 4 d 3 h. */
export function lasting(seconds) {
  if (!isNumber(seconds)) return null;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export const $ = (id) => document.getElementById(id);

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}
/** An element; attributes that are not text are set as properties. */
export const make = (tag, attributes = {}, ...children) => furnish(document.createElement(tag), attributes, children);
export const draw = (tag, attributes = {}, ...children) =>
  furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const fields = new Map();
export function field(name) {
  if (!fields.has(name)) fields.set(name, document.querySelector(`[data-f="${name}"]`));
  return fields.get(name);
}
/** Put text into a node, or a dash where there is none; the document is touched only when it changes. */
export function say(node, text) {
  const value = text ?? "–";
  if (node.textContent !== value) node.textContent = value;
}
export const put = (name, text) => say(field(name), text);

export const tone = (node, name) => { node.dataset.tone = name; };

/** A table's body from rows of cells, each row after its class. Rows that stay are only written over. */
export function fill(id, rows) {
  const body = $(id);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(([kind, ...cells], index) => {
    const line = body.rows[index] ?? body.insertRow();
    if (line.className !== kind) line.className = kind;
    cells.forEach((text, place) => say(line.cells[place] ?? line.insertCell(), text));
  });
}
