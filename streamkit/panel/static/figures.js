// Puts every update into words: state and reasons, tiles with their five minutes, machine, server and viewers.
import { Spark, noteLedger, renderDelay, renderLedger } from "./charts.js";
import { $, bytes, count, draw, field, fill, isNumber, lasting, make, ms, percent, plural, put, rate, tone } from "./format.js";
import { link, machineNow, on } from "./live.js";
import { player } from "./player.js";

const STATES = {
  running: ["Live", "good"], starting: ["Starting", "busy"], stopping: ["Stopping", "busy"], stopped: ["Stopped", "quiet"],
  backoff: ["Restarting", "busy", "The stream ended and will be started again"],
  waiting: ["Waiting", "busy", "The stream starts when its source is there"],
  failed: ["Failed", "bad", "The stream has failed and is not tried again by itself"],
  unknown: ["Unknown", "bad", "The state of the stream is not known"],
};
const sentence = (state) => STATES[state]?.[2] ?? `The stream is ${(STATES[state]?.[0] ?? state).toLowerCase()}`;
const CAPTURE = {
  ok: ["The picture comes in", "good"], usb2: ["Held back by USB 2", "busy"], no_signal: ["No signal", "bad"],
  waiting: ["Waiting for the capture card", "busy"], no_device: ["No capture card", "busy"], test: ["Test picture", "quiet"],
  starting: ["Starting", "busy"], idle: ["Not in use", "quiet"],
};
const CODECS = { h264: "H.264", h265: "H.265", vp8: "VP8", vp9: "VP9", av1: "AV1" };
const CARDS = [
  ["capture", "Capture", { mode: "Mode", device: "Device", sound: "Sound" }],
  ["encoder", "Encoder", { output: "Output", keyframes: "Key frames" }],
  ["stream", "Stream", { since: "Since", restarts: "Restarts", goes_to: "Goes to", last_exit: "Last end" }],
  ["server", "Broadcast Box", { latency: "Answers in", own: "This stream", asked: "Asked" }],
];
const fixed = (digits, part = 1) => (value) => (value / part).toFixed(digits);
// The least that fills the height of the line comes third, so that noise around nothing stays flat.
const TILES = [
  ["fps", "Frames per second", 1, fixed(1), ""], ["bitrate", "Bitrate (Mbit/s)", 100, fixed(2, 1000), ""],
  ["delay", "Machine's delay", 10, fixed(1), "ms"], ["dropped", "Frames dropped", 2, count, "in five minutes"],
  ["rtt", "Round trip", 10, fixed(1), "ms"], ["loss", "Packet loss", 1, fixed(2), "%"],
  ["viewers", "Viewers", 1, count, ""], ["cpu", "CPU of the stream", 20, fixed(2, 100), "cores"],
];
const METERS = { host: "CPU", memory: "Memory", container: "Container CPU", limit: "Container memory", gpu: "GPU, video engine", heat: "Temperature" };

const slot = (name) => make("dd", { "data-f": name }, "–");
$("cards").prepend(...CARDS.map(([id, title, rows]) => make("section", { class: "card", id: `card-${id}` },
  make("h2", {}, title), make("p", { class: "lead", "data-f": `${id}_lead` }), make("p", { class: "note", "data-f": `${id}_reason` }),
  make("dl", { class: "rows" }, ...Object.entries(rows).map(([name, label]) => make("div", {}, make("dt", {}, label), slot(name)))))));
$("meters").append(...Object.entries(METERS).map(([name, title]) =>
  make("div", { class: "meter", id: `meter-${name}` }, make("dt", {}, title), slot(`meter_${name}`), make("i", { "aria-hidden": "true" }, make("b")))));
const sparks = {};
for (const [name, title, floor] of TILES) {
  const svg = draw("svg", { "aria-hidden": "true", "data-spark": name });
  sparks[name] = new Spark(svg, floor);
  $("tiles").append(make("div", { class: "tile" }, make("dt", {}, title), make("dd", {}, make("b", { "data-f": name }, "–"), " ", make("span", { "data-f": `${name}_of` })), svg));
}

const settingOf = (name) => (link.config?.settings ?? link.last?.status.settings)?.[name]?.value ?? null;
const chosen = (name) => (settingOf(name) === "auto" ? null : settingOf(name));
const ours = ({ server }) => server?.streams?.find((one) => one.own);
const codec = (video) => CODECS[video?.codec] ?? video?.codec;

/** Keep what the five-minute lines need, also while nobody looks at the page; return this moment's values. */
function remember({ sampled_at, video, processes, ...stats }, viewers) {
  const at = sampled_at * 1000, stages = Object.values(video?.stages_ms ?? {}).filter((stage) => isNumber(stage?.p50));
  const values = {
    fps: video?.fps, bitrate: video?.bitrate_kbps, delay: stages.length ? stages.reduce((sum, stage) => sum + stage.p50, 0) : null,
    dropped: noteLedger(at, video?.ledger), rtt: stats.rtt_ms, loss: stats.loss_percent, viewers,
    cpu: processes?.stream?.cpu_percent,
  };
  for (const name in values) sparks[name].push(at, isNumber(values[name]) ? values[name] : null);
  return values;
}

function renderTiles({ video, host }, values) {
  const wanted = video?.configured_fps, target = settingOf("bitrate_kbps") / 1000, { fps, viewers } = values;
  const of = {
    fps: wanted && `of ${count(Math.round(wanted * 100) / 100)}`, bitrate: target && `of ${target.toFixed(1)}`,
    viewers: viewers && player.state === "playing" && (viewers === 1 ? "this page" : "with this page"), cpu: `of ${plural(host?.cpu_count, "core")}`,
  };
  const bad = { fps: fps < 0.95 * wanted, rtt: values.rtt > 150, loss: values.loss > 2 };
  for (const [name, , , text, unit] of TILES) {
    const known = isNumber(values[name]), range = sparks[name].range(), node = field(name);
    put(name, known ? text(values[name]) : null);
    put(`${name}_of`, known ? of[name] || unit : "");
    node.classList.toggle("bad", Boolean(bad[name]));
    node.closest(".tile").title = range ? `Last five minutes: ${text(range[0])} to ${text(range[1])} ${unit}` : "";
    sparks[name].render();
  }
}

function renderSource({ capture, video }, { source, encoder_reason }) {
  const [lead, colour] = CAPTURE[capture?.state] ?? [capture ? capture.state : "Not known yet", "quiet"];
  put("capture_lead", lead);
  tone($("card-capture"), colour);
  put("capture_reason", capture?.reason || source?.reason || "");
  put("mode", capture?.mode);
  put("device", source?.video === "test" ? "none: the picture is made here" : [source?.card, source?.device].filter(Boolean).join(", ") || null);
  put("sound", { tone: "test tone", none: "none" }[source?.audio] ?? source?.audio_device ?? source?.audio);
  put("encoder_lead", link.config?.scripts?.find((one) => one.chosen)?.title ?? chosen("encoder") ?? codec(video) ?? "Not chosen yet");
  put("encoder_reason", encoder_reason || "");
  put("output", video?.width ? [`${video.width}×${video.height}`, codec(video)].filter(Boolean).join(", ") : chosen("resolution"));
  put("keyframes", isNumber(video?.keyframe_interval_s) ? `${count(video.keyframes)}, every ${video.keyframe_interval_s.toFixed(1)} s` : count(video?.keyframes));
}

function renderStream({ publish, pipeline, server, problem }, stream) {
  const end = stream.last_exit, list = $("errors"), errors = pipeline?.errors ?? [];
  put("stream_lead", sentence(stream.state));
  put("stream_reason", problem || stream.reason || "");
  put("restarts", count(stream.restarts));
  put("goes_to", publish === "whip" ? settingOf("server_url") || "a WHIP server" : publish && "viewers, straight from here");
  put("last_exit", end ? (end.signal ? `ended by ${end.signal}` : `exit code ${end.code}`) : "none");
  list.hidden = !errors.length;
  list.replaceChildren(...errors.map((text) => make("li", {}, String(text))));
  $("card-server").hidden = publish !== "whip";
  const well = server?.reachable && !server.error, own = ours({ server });
  put("server_lead", !server ? "Not asked yet" : well ? "Answers well" : server.reachable ? "Answers, but not well" : "Does not answer");
  tone($("card-server"), !server ? "quiet" : well ? "good" : "bad");
  put("server_reason", server?.error || "");
  put("latency", ms(server?.latency_ms));
  put("own", !well ? null : !own ? "is not there" : isNumber(own.viewers) ? `arrives, for ${plural(own.viewers, "viewer")}` : "arrives");
  put("asked", isNumber(server?.sampled_at) ? `${lasting(machineNow() - server.sampled_at)} ago` : null);
}

function renderMachine({ host = {}, container = {}, gpu, processes = {} }) {
  const cores = container.cpu_limit_cores || host.cpu_count, limit = container.memory_limit_bytes;
  const ratio = (used, total) => isNumber(used) && `${bytes(used)}${total ? ` of ${bytes(total)}` : ""}`;
  meter("host", host.cpu_percent, percent(host.cpu_percent));
  meter("memory", host.memory_percent, ratio(host.memory_used_bytes, host.memory_total_bytes));
  meter("container", container.cpu_percent / cores, isNumber(container.cpu_percent) && `${(container.cpu_percent / 100).toFixed(2)} of ${plural(cores, "core")}`);
  meter("limit", (100 * container.memory_used_bytes) / (limit || host.memory_total_bytes), ratio(container.memory_used_bytes, limit));
  meter("gpu", gpu?.video_percent, percent(gpu?.video_percent) ?? (gpu ? "not told" : "no GPU in use"));
  $("meter-gpu").title = gpu?.name ?? "";
  meter("heat", host.temperature_c, isNumber(host.temperature_c) ? `${Math.round(host.temperature_c)} °C` : "not told");
  fill("processes", Object.entries(processes).filter(([, one]) => one).map(([name, one]) => ["", name, percent(one.cpu_percent, 1), bytes(one.memory_bytes)]));
}

function meter(name, value, text) {
  const row = $(`meter-${name}`), share = isNumber(value) ? Math.min(100, Math.max(0, value)) : 0;
  row.lastChild.hidden = !isNumber(value);
  row.lastChild.firstChild.style.width = `${share}%`;
  row.classList.toggle("hot", share > 90);
  put(`meter_${name}`, text || null);
}

function renderViewers({ viewers = [], viewer_count }, publish) {
  const more = viewer_count - viewers.length;
  $("viewers").hidden = !viewers.length;
  put("viewers_note", viewers.length ? (more > 0 ? `And ${count(more)} more.` : "") : publish === "whip" ? "The server alone knows who." : isNumber(viewer_count) ? "Nobody is watching." : "No figures: the stream is not running.");
  fill("viewers_rows", viewers.map((one) => ["", one.id, lasting(one.connected_s), ms(one.rtt_ms), rate(one.bitrate_kbps), count(one.packets_lost), count(one.nack)]));
}

let shown = null;
function preview({ preview: offer, pipeline, problem }, stream) {
  const { state, reason = "" } = stream;
  let words = null;
  if (offer && !offer.offered) words = ["No preview", offer.reason];
  else if (state !== "running") words = [sentence(state), state === "stopped" ? "" : problem || reason];
  else if (pipeline && pipeline.state !== "playing") words = [sentence("starting"), ""];
  // A restarted stream is a new picture, even when no state in between was seen.
  const key = JSON.stringify([words, stream.pid]);
  if (key === shown) return;
  shown = key;
  player.stop(...(words ?? []));
  if (!words) player.start();
}

function render({ stats, status }) {
  const stream = status.stream ?? { state: "unknown" }, values = remember(stats, status.publish === "whip" ? ours(status)?.viewers : stats.viewer_count), [word, colour] = STATES[stream.state] ?? [stream.state, "quiet"];
  document.body.classList.remove("loading");
  tone($("state"), colour);
  put("state", word);
  document.title = `${word} · ${location.hostname} · streamkit`;
  preview(status, stream);
  if (document.hidden) return;
  const own = player.state === "playing" ? player.stats : null;
  renderTiles(stats, values);
  renderSource(stats, status);
  renderStream(status, stream);
  renderMachine(stats);
  renderDelay(stats.video, own);
  renderLedger(stats.video?.ledger, stats.audio?.ledger, own);
  renderViewers(stats, status.publish);
  tick();
}

function tick() {
  if (!link.last || document.hidden) return;
  const stream = link.last.status.stream ?? {}, until_s = stream.next_start_at - machineNow();
  put("since", stream.state === "backoff" && isNumber(until_s) ? (until_s < 1 ? "starts now" : `starts in ${lasting(until_s)}`) : isNumber(stream.since) ? `${lasting(machineNow() - stream.since)} ago` : null);
  put("sampled", `Figures of ${new Date(link.at).toLocaleTimeString()}`);
}

const again = () => { if (!document.hidden && link.last) render(link.last); };
on("update", render);
on("config", again);
// Only what counts down to a start needs each second; the rest comes with the figures.
setInterval(() => { if (link.last?.status.stream?.state === "backoff") tick(); }, 1000);
document.addEventListener("visibilitychange", again);
addEventListener("pagehide", () => { shown = null; });
player.stop("Loading…");
