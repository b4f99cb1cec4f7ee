// The WHEP player of both pages. It builds its own controls inside #player and lives on as window.streamkitPlayer.
import { $, count, draw, make, ms, plural } from "./format.js";

const ICONS = {
  muted: "M3 9v6h4l5 5V4L7 9H3zm13.6 3 2.7-2.7-1.3-1.3-2.7 2.7L12.6 8l-1.3 1.3 2.7 2.7-2.7 2.7 1.3 1.3 2.7-2.7 2.7 2.7 1.3-1.3z",
  loud: "M3 9v6h4l5 5V4L7 9H3zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
  full: "M4 4h6v2H6v4H4V4zm10 0h6v6h-2V6h-4V4zM4 14h2v4h4v2H4v-6zm14 0h2v6h-6v-2h4v-4z",
  again: "M12 5V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z",
  pop: "M14 4h6v6h-2V7.4l-8.3 8.3-1.4-1.4L16.6 6H14V4zM5 6h6v2H6v10h10v-5h2v7H4V6z",
  back: "M11 5 4 12l7 7 1.4-1.4L7.8 13H20v-2H7.8l4.6-4.6z",
};
const GATHER_MS = 1000, ANSWER_MS = 12000, STALL_S = 5, FIRST_FRAME_S = 12, LONGEST_RETRY_MS = 10000;

const root = $("player");
const icon = (name) => draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));
const tool = (name, label) => make("button", { type: "button", class: "tool", "aria-label": label, title: label }, icon(name));
const link = (name, label, href) => make("a", { class: "tool", href, "aria-label": label, title: label }, icon(name));

const video = make("video", { muted: true, autoplay: true, playsInline: true, "aria-label": "Live picture" });
video.setAttribute("muted", "");
const noteTitle = make("p", { class: "note-title" });
const noteText = make("p", { class: "note-text" });
const noteAction = make("a", { class: "button", hidden: true });
const note = make("div", { class: "player-note", role: "status" }, noteTitle, noteText, noteAction);
const readout = make("p", { class: "readout" });
const muteButton = tool("muted", "Turn sound on (M)");
const againButton = tool("again", "Reconnect (R)");
const fullButton = tool("full", "Full screen (F)");
const bar = make("div", { class: "player-bar" }, muteButton, readout, againButton, fullButton);
if (root.dataset.pop) bar.insertBefore(link("pop", "Open the picture on its own page", root.dataset.pop), fullButton);
if (root.dataset.back) bar.insertBefore(link("back", "Back to the panel", root.dataset.back), bar.firstChild);
root.append(make("div", { class: "screen" }, video, note), bar);

export const player = { pc: null, state: "idle", stats: null, resource: null, video, start, stop };
window.streamkitPlayer = player;
let attempt = 0;     // tells late answers of an abandoned connection from the present one
let failures = 0;
let retryTimer = 0, statsTimer = 0;
let wanted = false;

function show(state, title = "", text = "", action = null) {
  player.state = state;
  root.dataset.state = state;
  noteTitle.textContent = title;
  noteText.textContent = text;
  noteAction.hidden = !action;
  if (action) { noteAction.textContent = action.label; noteAction.href = action.href; }
}

function start() {
  wanted = true;
  if (player.state === "connecting" || player.state === "playing") return;
  failures = 0;
  connect();
}

function stop(title = "", text = "") {
  wanted = false;
  hangUp();
  video.srcObject = null;
  readout.textContent = "";
  show("idle", title, text);
}

function hangUp() {
  attempt += 1;
  clearTimeout(retryTimer);
  clearInterval(statsTimer);
  if (player.pc) player.pc.close();
  player.pc = null;
  player.stats = null;
  leave(player.resource);
  player.resource = null;
}

// keepalive lets the request outlive the page, so that the stream stops sending at once.
function leave(resource) {
  if (resource) fetch(resource, { method: "DELETE", keepalive: true }).catch(() => {});
}

async function connect() {
  hangUp();
  const mine = attempt;
  const again = failures > 0 && video.srcObject;
  show("connecting", again ? "Reconnecting…" : "Connecting…");
  try {
    const pc = player.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const media = new MediaStream();
    pc.ontrack = ({ track, receiver }) => {
      // The smallest buffer the network allows: this is for playing, not for watching later.
      receiver.jitterBufferTarget = 0;
      media.addTrack(track);
      if (video.srcObject !== media) video.srcObject = media;
      video.play().catch((problem) => {
        if (problem.name === "NotAllowedError") show(player.state, "Press the picture to play", "This browser does not start pictures by itself.");
      });
    };
    pc.onconnectionstatechange = () => {
      if (mine === attempt && pc.connectionState === "failed") retry("The connection broke.");
    };
    for (const kind of ["video", "audio"]) pc.addTransceiver(kind, { direction: "recvonly" });
    const offer = await pc.createOffer();
    await pc.setLocalDescription({ type: "offer", sdp: withStereo(offer.sdp) });
    await gathered(pc);
    if (mine !== attempt) return;
    const answer = await fetch(root.dataset.endpoint, {
      method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await answer.text();
    const resource = answer.headers.get("Location");
    if (mine !== attempt) { leave(resource); return; }
    if (!answer.ok) { refused(answer.status, text); return; }
    player.resource = resource;
    await pc.setRemoteDescription({ type: "answer", sdp: text });
    if (mine === attempt) statsTimer = setInterval(watcher(pc, mine), 1000);
  } catch (problem) {
    if (mine !== attempt) return;
    const offline = problem instanceof TypeError && problem.message.includes("fetch");
    retry(offline ? "The machine does not answer." : problem.name === "TimeoutError" ? "The machine took too long to answer." : String(problem.message || problem));
  }
}

function refused(status, text) {
  let sentence = `The machine answered ${status}.`;
  try { sentence = JSON.parse(text).error || sentence; } catch { /* not JSON: a proxy in between has answered */ }
  if (status !== 401 && status !== 404) { retry(sentence); return; }
  wanted = false;
  hangUp();
  if (status === 401) show("refused", "You are signed out", "", { label: "Sign in", href: "/" });
  else show("refused", "No preview", sentence);
}

function retry(sentence) {
  failures += 1;
  hangUp();
  if (!wanted) return;
  const delay = Math.min(LONGEST_RETRY_MS, 500 * 2 ** Math.min(failures - 1, 6)) * (0.5 + Math.random() / 2);
  show("waiting", failures > 1 || !video.srcObject ? "No picture" : "Reconnecting…", sentence);
  readout.textContent = "";
  retryTimer = setTimeout(connect, delay);
}

function gathered(pc) {
  if (pc.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, GATHER_MS);
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState === "complete") { clearTimeout(timer); done(); }
    });
  });
}

// Chromium decodes Opus to one channel unless the offer asks for two.
function withStereo(sdp) {
  const opus = /a=rtpmap:(\d+) opus\/48000/i.exec(sdp);
  if (!opus || sdp.includes("stereo=1")) return sdp;
  return sdp.replace(new RegExp(`(a=fmtp:${opus[1]} [^\\r\\n]*)`), "$1;stereo=1");
}

function watcher(pc, mine) {
  let before = null, still = 0;
  return async () => {
    const report = await pc.getStats().catch(() => new Map());
    if (mine !== attempt) return;
    let picture = null, pair = null;
    for (const entry of report.values()) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") picture = entry;
      if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") pair = entry;
    }
    const now = {
      at: performance.now(), frames: picture?.framesDecoded || 0, bytes: picture?.bytesReceived || 0,
      delay: picture?.jitterBufferDelay || 0, emitted: picture?.jitterBufferEmittedCount || 0, decode: picture?.totalDecodeTime || 0,
    };
    still = before && now.frames > before.frames ? 0 : still + 1;
    if (picture) player.stats = figures(picture, pair, before, now);
    if (picture && !document.hidden) readout.replaceChildren(...words(player.stats));
    before = now;
    if (now.frames > 0 && player.state !== "playing" && still === 0) { failures = 0; show("playing"); }
    const began = player.state === "playing";
    if (still >= (began ? STALL_S : FIRST_FRAME_S)) retry(began ? "The picture stopped arriving." : "Connected, but no picture arrives: a firewall between here and the machine may hold UDP back.");
  };
}

/** One viewer's figures: what came in, and where the time went since the last look. */
function figures(picture, pair, before, now) {
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const each = (name, of) => (before && now[of] > before[of] ? ((now[name] - before[name]) / (now[of] - before[of])) * 1000 : null);
  const found = {
    fps: picture.framesPerSecond ?? (seconds ? (now.frames - before.frames) / seconds : null),
    width: picture.frameWidth || null, height: picture.frameHeight || null,
    bitrate_kbps: seconds ? (now.bytes - before.bytes) * 8 / seconds / 1000 : null,
    frames_received: picture.framesReceived || 0, frames_decoded: now.frames, frames_dropped: picture.framesDropped || 0,
    packets_lost: picture.packetsLost || 0,
    jitter_buffer_ms: each("delay", "emitted"), decode_ms: each("decode", "frames"),
    rtt_ms: pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
  };
  // Half the way there and back, then the buffer, then the decoder: what this viewer adds to the machine's own delay.
  const parts = [found.rtt_ms === null ? null : found.rtt_ms / 2, found.jitter_buffer_ms, found.decode_ms];
  found.delay_ms = parts.every((part) => part === null) ? null : parts.reduce((sum, part) => sum + (part || 0), 0);
  return found;
}

function words(s) {
  const parts = [];
  const add = (text, bad = false) => parts.push(make("span", bad ? { class: "bad" } : {}, text));
  if (s.width) add(`${s.width}×${s.height}`);
  if (s.fps !== null) add(`${Math.round(s.fps)} fps`);
  if (s.bitrate_kbps !== null) add(`${(s.bitrate_kbps / 1000).toFixed(2)} Mbit/s`);
  if (s.delay_ms !== null) add(`delay ${ms(s.delay_ms)}`);
  add(`${count(s.frames_dropped)} dropped`, s.frames_dropped > 0);
  add(`${plural(s.packets_lost, "packet")} lost`, s.packets_lost > 0);
  return parts;
}

function toggleSound() {
  video.muted = !video.muted;
  const label = video.muted ? "Turn sound on (M)" : "Turn sound off (M)";
  muteButton.replaceChildren(icon(video.muted ? "muted" : "loud"));
  muteButton.setAttribute("aria-label", label);
  muteButton.title = label;
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (root.requestFullscreen) root.requestFullscreen().catch(() => {});
  else if (video.webkitEnterFullscreen) video.webkitEnterFullscreen();
}

function reconnect() {
  if (!wanted) return;
  failures = 0;
  connect();
}

muteButton.addEventListener("click", toggleSound);
againButton.addEventListener("click", reconnect);
fullButton.addEventListener("click", toggleFull);
video.addEventListener("click", () => video.paused && video.play().then(() => show(player.state), () => {}));
video.addEventListener("dblclick", toggleFull);
document.addEventListener("fullscreenchange", () => root.classList.toggle("alone", "back" in root.dataset || document.fullscreenElement !== null));
const keys = { m: toggleSound, f: toggleFull, r: reconnect };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, textarea, select, dialog")) return;
  keys[event.key]?.();
});
let idle = 0;
const wake = () => {
  root.classList.remove("resting");
  clearTimeout(idle);
  idle = setTimeout(() => root.classList.add("resting"), 3000);
};
for (const kind of ["pointermove", "pointerdown", "keydown", "focusin"]) document.addEventListener(kind, wake);
wake();

// A page in the back/forward cache keeps its scripts but not its connections.
addEventListener("pagehide", () => { const again = wanted; stop(); wanted = again; });
addEventListener("pageshow", (event) => { if (event.persisted && wanted) start(); });
show("idle");
if ("autostart" in root.dataset) start();
