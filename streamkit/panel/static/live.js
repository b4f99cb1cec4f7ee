// The one event stream of the page. Only where a proxy holds it back does the page ask by itself.
const SILENT_MS = 10000, ASK_MS = 5000, ANSWER_MS = 4000, REOPEN_MS = 30000, LONGEST_RETRY_MS = 30000;
const LOST = "The connection to the machine is lost. What you see is old; trying again…";
const OUT = "You are signed out.";
const HELD = "A proxy between this page and the machine holds its events back. Until it lets them through, figures are asked for every five seconds.";

const listeners = { update: [], config: [], link: [] };
const tell = (kind, value) => listeners[kind].forEach((listener) => listener(value));
/** Hear of "update" ({stats, status}), "config" (the settings) or "link" ({state, text}). */
export const on = (kind, listener) => listeners[kind].push(listener);

/** `state`: connecting, live, asking (a proxy buffers), lost, out (signed out). `skew_s`: the machine's clock minus ours. */
export const link = { state: "connecting", text: "", at: 0, skew_s: 0, last: null, config: null };
export const machineNow = () => Date.now() / 1000 + link.skew_s;

let source = null, openedAt = 0, retryTimer = 0, failures = 0, askTimer = 0;

function become(state, text = "") {
  if (state === link.state && text === link.text) return;
  link.state = state;
  link.text = text;
  tell("link", link);
}

function take(update, state, text) {
  link.last = update;
  link.at = Date.now();
  link.skew_s = update.status.sampled_at - link.at / 1000;
  become(state, text);
  tell("update", update);
}

function takeConfig(config) {
  link.config = config;
  tell("config", config);
}

export function listen() {
  hang();
  openedAt = Date.now();
  source = new EventSource("/api/events");
  source.addEventListener("combined_update", (event) => {
    clearTimeout(askTimer);
    askTimer = failures = 0;
    take(JSON.parse(event.data), "live");
  });
  source.addEventListener("config_update", (event) => takeConfig(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    openedAt = Date.now();
    if (source.readyState !== EventSource.CLOSED) { if (!askTimer) become("lost", LOST); return; }
    // The browser gives up for good on an answer that is no event stream: signed out, too many pages, a proxy's error.
    failures += 1;
    refused();
    retryTimer = setTimeout(listen, Math.min(LONGEST_RETRY_MS, 1000 * 2 ** failures));
  });
}

function hang() {
  clearTimeout(retryTimer);
  if (source) source.close();
  source = null;
}

/** Ask once more for what an EventSource does not tell: why it was refused. */
async function refused() {
  const answer = await fetch("/api/events", { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);
  if (answer?.ok) { answer.body.cancel(); return; }
  const reply = await answer?.json().catch(() => null);
  if (answer?.status === 401) become("out", OUT);
  else become("lost", reply?.error ?? LOST);
}

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (answer.status === 401) become("out", OUT);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/** Bring the settings again where no event will. */
export async function askConfig() {
  takeConfig(await get("/api/config"));
}

async function ask() {
  try {
    const [stats, status] = await Promise.all([get("/api/stats"), get("/api/status")]);
    if (!askTimer) return;
    take({ stats, status }, "asking", HELD);
    if (!link.config && document.documentElement.dataset.access === "full") askConfig().catch(() => {});
  } catch {
    if (askTimer && link.state !== "out") become("lost", LOST);
  }
  if (askTimer) askTimer = setTimeout(ask, ASK_MS);
}

function watch() {
  const now = Date.now();
  if (document.hidden || !source) return;
  const silent_ms = now - Math.max(link.state === "live" ? link.at : 0, openedAt);
  if (silent_ms > SILENT_MS && !askTimer) {
    askTimer = -1;
    ask();
  }
  // A connection that went away without a word, as on a phone that slept, is not coming back by itself.
  if (askTimer && now - openedAt > REOPEN_MS) listen();
}
setInterval(watch, 1000);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && source && Date.now() - Math.max(link.at, openedAt) > ASK_MS) listen();
});
addEventListener("pagehide", hang);
addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
