"use strict";
// Renders combined_update events. After the page has loaded, everything shown arrives by this one event stream.
(() => {
  const STALE_MS = 7000, HISTORY = 60;
  const player = window.streamkitPlayer;
  const fields = new Map();
  for (const node of document.querySelectorAll("[data-f]")) fields.set(node.dataset.f, node);
  const put = (name, text) => {
    const node = fields.get(name), value = text ?? "–";
    if (node.textContent !== value) node.textContent = value;
  };
  const banner = document.getElementById("banner");
  const pill = document.getElementById("state");
  const buttons = [...document.querySelectorAll("[data-action]")];
  const history = { fps: [], bitrate: [], viewers: [], cpu: [] };
  const FLOORS = { fps: 1, bitrate: 100, viewers: 1, cpu: 20 };  // so that noise around nothing stays a flat line
  const number = new Intl.NumberFormat("en");
  const STATES = {
    running: ["Live", "good"], starting: ["Starting", "busy"], stopping: ["Stopping", "busy"], stopped: ["Stopped", "quiet"],
    backoff: ["Restarting", "busy"], waiting: ["Waiting", "busy"], failed: ["Failed", "bad"], unknown: ["Unknown", "bad"],
  };
  const CODECS = { h264: "H.264", h265: "H.265", vp8: "VP8", vp9: "VP9", av1: "AV1" };
  const ORIGINS = { default: "default", plan: "chosen for this machine", inventory: "inventory", override: "this panel" };
  let last = null, lastAt = 0, skew = 0, source = null, retryTimer = 0, failures = 0, pending = null;

  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const bytes = (value) => !isNumber(value) ? null : value >= 1e9 ? `${(value / 2 ** 30).toFixed(1)} GiB` : `${Math.round(value / 2 ** 20)} MiB`;
  const rate = (kbps) => !isNumber(kbps) ? null : kbps >= 1000 ? `${(kbps / 1000).toFixed(2)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
  const percent = (value) => isNumber(value) ? `${Math.round(value)}\u00a0%` : null;
  function lasting(seconds) {
    if (!isNumber(seconds)) return null;
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
  }
  const machineNow = () => Date.now() / 1000 + skew;

  function render({ stats, status }) {
    const stream = status.stream || {}, video = stats.video, settings = status.settings || {};
    const [word, tone] = STATES[stream.state] || [String(stream.state), "quiet"];
    pill.dataset.tone = tone;
    put("state", word);
    document.title = `${word} · streamkit`;
    for (const button of buttons) {
      const idle = ["stopped", "failed"].includes(stream.state);
      button.hidden = status.problem !== null || (button.dataset.action === "start" ? !idle : idle);
      button.disabled = pending !== null;
    }
    renderStream(stream, status);
    renderSource(status.source);
    const value = (name) => settings[name] ? String(settings[name].value) : null;
    put("encoder_lead", value("encoder") || "Not chosen yet");
    put("encoder_reason", status.encoder_reason || "");
    put("output", video && video.width ? `${video.width}×${video.height}${video.codec ? `, ${CODECS[video.codec] || video.codec}` : ""}` : value("resolution"));
    put("frames", video && isNumber(video.encoded) ? `${number.format(video.encoded)} encoded of ${number.format(video.captured)} captured` : null);
    renderTiles(stats, video, settings);
    renderViewers(stats);
    renderMachine(stats);
    renderSettings(settings);
    preview(status, stream);
  }

  function renderStream(stream, status) {
    const leads = {
      running: "The stream is running.", starting: "The stream is starting.", stopping: "The stream is stopping.",
      stopped: "The stream is stopped.", failed: "The stream has failed and will not be tried again by itself.",
      backoff: "The stream ended and will be started again.", waiting: "The stream starts when its source is there.",
      unknown: "The state of the stream is not known.",
    };
    put("stream_lead", leads[stream.state] || `The stream is ${stream.state}.`);
    put("stream_reason", status.problem || stream.reason || "");
    put("restarts", isNumber(stream.restarts) ? number.format(stream.restarts) : null);
    const url = status.settings && status.settings.server_url ? status.settings.server_url.value : "";
    const server = status.server;
    const reach = !server ? "" : server.reachable ? (isNumber(server.latency_ms) ? ` (answers in ${Math.round(server.latency_ms)} ms)` : "") : " (does not answer)";
    put("goes_to", status.publish === "whip" ? `${url || "a WHIP server"}${reach}` : status.publish === "whep" ? "viewers, straight from this machine" : null);
    const end = stream.last_exit;
    put("last_exit", end ? (end.signal ? `ended by ${end.signal}` : `exit code ${end.code}`) : "none");
    const errors = status.pipeline && Array.isArray(status.pipeline.errors) ? status.pipeline.errors.slice(-3) : [];
    const list = fields.get("errors");
    list.hidden = errors.length === 0;
    list.replaceChildren(...errors.map((text) => {
      const item = document.createElement("li");
      item.textContent = typeof text === "string" ? text : text.message || JSON.stringify(text);
      return item;
    }));
    tick();
  }

  function renderSource(input) {
    const test = input && input.video === "test";
    put("source_lead", !input ? "Not known yet" : test ? "Moving test picture" : input.card || "Capture card");
    put("source_reason", input ? input.reason || "" : "");
    put("picture", !input ? null : test ? "generated here, no capture card in use" : input.device);
    put("sound", !input ? null : input.audio === "tone" ? "test tone" : input.audio === "none" ? "none" : input.audio_device || "ALSA card");
  }

  function renderTiles(stats, video, settings) {
    const fps = video && isNumber(video.fps) ? video.fps : null;
    const wanted = video && isNumber(video.configured_fps) ? video.configured_fps : null;
    put("fps", fps === null ? null : fps.toFixed(1));
    put("fps_of", wanted === null ? "" : `of ${number.format(Math.round(wanted * 100) / 100)}`);
    fields.get("fps").classList.toggle("bad", fps !== null && wanted !== null && fps < 0.95 * wanted);
    const kbps = video && isNumber(video.bitrate_kbps) ? video.bitrate_kbps : null;
    put("bitrate", kbps === null ? null : (kbps / 1000).toFixed(2));
    const target = settings.bitrate_kbps ? Number(settings.bitrate_kbps.value) : 0;
    put("bitrate_of", kbps === null ? "" : target ? `of ${(target / 1000).toFixed(1)} Mbit/s` : "Mbit/s");
    const count = isNumber(stats.viewer_count) ? stats.viewer_count : null;
    put("viewers", count === null ? null : number.format(count));
    put("viewers_of", count && player.state === "playing" ? (count === 1 ? "this page" : "with this page") : "");
    const process = stats.processes && stats.processes.stream;
    const cpu = process && isNumber(process.cpu_percent) ? process.cpu_percent : null;
    put("cpu", cpu === null ? null : (cpu / 100).toFixed(2));
    put("cpu_of", cpu === null ? "" : `of ${stats.host.cpu_count} cores`);
    for (const [name, value] of [["fps", fps], ["bitrate", kbps], ["viewers", count], ["cpu", cpu]]) spark(name, value);
  }

  function spark(name, value) {
    const points = history[name];
    points.push(value);
    if (points.length > HISTORY) points.shift();
    const known = points.filter((point) => point !== null);
    const svg = document.querySelector(`[data-spark="${name}"]`);
    const top = Math.max(...known, FLOORS[name]) * 1.1;
    const offset = HISTORY - points.length;
    // A gap in the figures is a gap in the line: each run of known points is its own stroke.
    let path = "", pen = "M";
    points.forEach((point, index) => {
      if (point === null) { pen = "M"; return; }
      path += `${pen}${offset + index} ${(20 - 19 * point / top).toFixed(2)}`;
      pen = "L";
    });
    if (!svg.firstChild) {
      svg.setAttribute("viewBox", `0 0 ${HISTORY - 1} 20`);
      svg.setAttribute("preserveAspectRatio", "none");
      svg.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    }
    svg.firstChild.setAttribute("d", path || "M0 20");
  }

  function renderViewers(stats) {
    const rows = stats.viewers || [];
    const table = document.getElementById("viewers");
    table.hidden = rows.length === 0;
    fields.get("viewers_empty").hidden = rows.length > 0;
    put("viewers_empty", stats.viewer_count === null ? "No figures: the stream is not running." : "Nobody is watching.");
    table.querySelector("tbody").replaceChildren(...rows.map((viewer) => row([
      String(viewer.id).slice(0, 8), lasting(viewer.connected_s), viewer.state,
      isNumber(viewer.rtt_ms) ? `${viewer.rtt_ms.toFixed(1)} ms` : null, rate(viewer.bitrate_kbps),
      isNumber(viewer.packets_lost) ? number.format(viewer.packets_lost) : null,
    ])));
  }

  function row(cells) {
    const line = document.createElement("tr");
    line.append(...cells.map((text) => {
      const cell = document.createElement("td");
      cell.textContent = text ?? "–";
      return cell;
    }));
    return line;
  }

  function renderMachine({ host, container, processes }) {
    meter("host_cpu", host.cpu_percent, percent(host.cpu_percent));
    meter("host_memory", host.memory_percent, bytes(host.memory_used_bytes) && `${bytes(host.memory_used_bytes)} of ${bytes(host.memory_total_bytes)}`);
    const cores = container.cpu_limit_cores;
    meter("container_cpu", container.cpu_percent, isNumber(container.cpu_percent) ? `${(container.cpu_percent / 100).toFixed(2)} of ${number.format(cores || host.cpu_count)} cores` : null, cores || host.cpu_count);
    const limit = container.memory_limit_bytes;
    meter("container_memory", isNumber(container.memory_used_bytes) ? 100 * container.memory_used_bytes / (limit || host.memory_total_bytes) : null, bytes(container.memory_used_bytes) && `${bytes(container.memory_used_bytes)}${limit ? ` of ${bytes(limit)}` : ""}`);
    put("load", host.load.map((value) => value.toFixed(2)).join("  "));
    put("processes", Object.entries(processes).filter(([, figures]) => figures).map(([name, figures]) => `${name}: ${percent(figures.cpu_percent) || "–"} of a core, ${bytes(figures.memory_bytes)}`).join("\n") || null);
  }

  function meter(name, value, text, of = 1) {
    const node = document.querySelector(`[data-meter="${name}"]`);
    const share = isNumber(value) ? Math.min(100, Math.max(0, value / of)) : 0;
    node.querySelector("b").style.width = `${share}%`;
    node.classList.toggle("hot", share > 90);
    node.querySelector("em").textContent = text ?? "–";
  }

  let settingsSeen = "";
  function renderSettings(settings) {
    const seen = JSON.stringify(settings);
    if (seen === settingsSeen) return;
    settingsSeen = seen;
    const names = Object.keys(settings).sort();
    document.getElementById("settings").hidden = names.length === 0;
    fields.get("settings_empty").hidden = names.length > 0;
    put("settings_empty", "The supervisor has not said which settings are in force.");
    document.querySelector("#settings tbody").replaceChildren(...names.map((name) => row([name.replaceAll("_", " "), settings[name].value === "" ? "empty" : String(settings[name].value), ORIGINS[settings[name].origin] || settings[name].origin])));
  }

  let shown = null;
  function preview(status, stream) {
    const off = {
      stopped: ["The stream is stopped", "Press Start to stream again."], stopping: ["The stream is stopping", ""],
      failed: ["The stream has failed", stream.reason], backoff: ["The stream will be started again", stream.reason],
      waiting: ["The stream is waiting", stream.reason],
      starting: ["The stream is starting", ""], unknown: ["No picture", status.problem],
    };
    let mode = "play", words = ["", ""];
    if (!status.preview.offered) { mode = "refused"; words = ["No preview", status.preview.reason]; }
    else if (off[stream.state]) { mode = stream.state; words = off[stream.state]; }
    else if (status.pipeline && status.pipeline.state !== "playing") { mode = "starting"; words = off.starting; }
    // A restarted stream is a new picture, even when no state in between was seen.
    const key = `${mode} ${stream.pid} ${words[1]}`;
    if (key === shown) return;
    shown = key;
    if (mode === "play") { player.stop(); player.start(); }
    else player.stop(words[0], words[1] || "");
  }

  function tick() {
    if (!last) return;
    const stream = last.status.stream || {};
    const waiting = stream.state === "backoff" && isNumber(stream.next_start_at);
    put("since_label", waiting ? "Next start" : { running: "Running for", stopped: "Stopped for", failed: "Failed for" }[stream.state] || "For");
    put("since", waiting ? (stream.next_start_at - machineNow() < 1 ? "now" : `in ${lasting(stream.next_start_at - machineNow())}`) : isNumber(stream.since) ? lasting(machineNow() - stream.since) : null);
    const age = Math.round((Date.now() - lastAt) / 1000);
    put("sampled", age < 5 ? `Figures of ${new Date(lastAt).toLocaleTimeString()}` : `Last figures ${lasting(age)} ago`);
    if (Date.now() - lastAt > STALE_MS && !document.hidden) lost("The machine has gone quiet. What you see is old; trying to reach it again…");
  }

  function lost(sentence) {
    document.body.classList.add("offline");
    banner.hidden = false;
    if (banner.textContent !== sentence) banner.textContent = sentence;
    for (const button of buttons) button.disabled = true;
  }

  function found() {
    document.body.classList.remove("offline", "loading");
    banner.hidden = true;
    failures = 0;
  }

  function listen() {
    if (source) source.close();
    clearTimeout(retryTimer);
    source = new EventSource("/api/events");
    source.addEventListener("combined_update", (event) => {
      last = JSON.parse(event.data);
      lastAt = Date.now();
      skew = last.status.sampled_at - lastAt / 1000;
      found();
      render(last);
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) { lost("The connection to the machine is lost; trying again…"); return; }
      // The browser gives up for good on an answer that is no event stream: signed out, or a proxy's error page.
      failures += 1;
      lost("The panel does not send figures. If it has restarted, reload the page to sign in again; trying again…");
      retryTimer = setTimeout(listen, Math.min(30000, 1000 * 2 ** failures));
    });
  }

  async function act(button) {
    if (pending) return;
    pending = button.dataset.action;
    for (const each of buttons) each.disabled = true;
    button.classList.add("pending");
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
    if (last) render(last);
    if (button.hidden && hadFocus) buttons.find((each) => !each.hidden)?.focus();
    if (problem) { banner.hidden = false; banner.textContent = problem; }
  }

  put("host", location.hostname);
  for (const button of buttons) button.addEventListener("click", () => act(button));
  setInterval(tick, 1000);
  addEventListener("pagehide", () => { if (source) source.close(); source = null; shown = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  player.stop("Loading…");
  listen();
})();
