"use strict";
// The WHEP player of both pages. It builds its own controls inside #player and lives on as window.streamkitPlayer.
(() => {
  const ICONS = {
    muted: "M3 9v6h4l5 5V4L7 9H3zm13.6 3 2.7-2.7-1.3-1.3-2.7 2.7L12.6 8l-1.3 1.3 2.7 2.7-2.7 2.7 1.3 1.3 2.7-2.7 2.7 2.7 1.3-1.3z",
    loud: "M3 9v6h4l5 5V4L7 9H3zm13.5 3A4.5 4.5 0 0 0 14 8v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
    full: "M4 4h6v2H6v4H4V4zm10 0h6v6h-2V6h-4V4zM4 14h2v4h4v2H4v-6zm14 0h2v6h-6v-2h4v-4z",
    pop: "M14 4h6v6h-2V7.4l-8.3 8.3-1.4-1.4L16.6 6H14V4zM5 6h6v2H6v10h10v-5h2v7H4V6z",
    back: "M11 5 4 12l7 7 1.4-1.4L7.8 13H20v-2H7.8l4.6-4.6z",
  };
  const GATHER_MS = 1000, ANSWER_MS = 12000, STALL_S = 5, FIRST_FRAME_S = 12, LONGEST_RETRY_MS = 10000;

  const root = document.getElementById("player");
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in node && typeof value !== "string") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };
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
  const fullButton = tool("full", "Full screen (F)");
  const bar = make("div", { class: "player-bar" }, muteButton, readout, fullButton);
  if (root.dataset.pop) bar.insertBefore(link("pop", "Open the picture on its own page", root.dataset.pop), fullButton);
  if (root.dataset.back) bar.insertBefore(link("back", "Back to the panel", root.dataset.back), bar.firstChild);
  root.append(make("div", { class: "screen" }, video, note), bar);

  const player = {
    pc: null, state: "idle", stats: null, resource: null, video, start, stop, onstate: null,
  };
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
    if (player.onstate) player.onstate(state);
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
        if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
        else if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = 0;
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
    if (status === 401) { wanted = false; hangUp(); show("refused", "You are signed out", "", { label: "Sign in", href: "/" }); }
    else if (status === 404) { wanted = false; hangUp(); show("refused", "No preview", sentence); }
    else retry(sentence);
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
      let picture = null, pair = null, sound = null;
      for (const entry of report.values()) {
        if (entry.type === "inbound-rtp" && entry.kind === "video") picture = entry;
        if (entry.type === "inbound-rtp" && entry.kind === "audio") sound = entry;
        if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") pair = entry;
      }
      const frames = picture ? picture.framesDecoded || 0 : 0;
      still = before && frames > before.frames ? 0 : still + 1;
      const now = { at: performance.now(), frames, bytes: picture ? picture.bytesReceived : 0, delay: picture ? picture.jitterBufferDelay : 0, emitted: picture ? picture.jitterBufferEmittedCount : 0 };
      if (picture) {
        const seconds = before ? (now.at - before.at) / 1000 : 0;
        const emitted = before ? now.emitted - before.emitted : 0;
        player.stats = {
          fps: picture.framesPerSecond ?? (seconds ? (frames - before.frames) / seconds : null),
          width: picture.frameWidth || null, height: picture.frameHeight || null,
          bitrate_kbps: seconds ? (now.bytes - before.bytes) * 8 / seconds / 1000 : null,
          frames_decoded: frames, frames_dropped: picture.framesDropped || 0, packets_lost: picture.packetsLost || 0,
          packets_received: picture.packetsReceived || 0, audio_packets_lost: sound ? sound.packetsLost || 0 : null,
          jitter_buffer_ms: emitted > 0 ? (now.delay - before.delay) / emitted * 1000 : null,
          rtt_ms: pair && pair.currentRoundTripTime !== undefined ? pair.currentRoundTripTime * 1000 : null,
        };
        readout.replaceChildren(...words(player.stats));
      }
      before = now;
      if (frames > 0 && player.state !== "playing" && still === 0) { failures = 0; show("playing"); }
      const began = player.state === "playing";
      if (still >= (began ? STALL_S : FIRST_FRAME_S)) retry(began ? "The picture stopped arriving." : "Connected, but no picture arrives: a firewall between here and the machine may hold UDP back.");
    };
  }

  function words(s) {
    const number = new Intl.NumberFormat("en");
    const parts = [];
    const add = (text, bad = false) => parts.push(make("span", bad ? { class: "bad" } : {}, text));
    if (s.width) add(`${s.width}×${s.height}`);
    if (s.fps !== null) add(`${Math.round(s.fps)} fps`);
    if (s.bitrate_kbps !== null) add(`${(s.bitrate_kbps / 1000).toFixed(2)} Mbit/s`);
    add(`${number.format(s.frames_decoded)} decoded`);
    add(`${number.format(s.frames_dropped)} dropped`, s.frames_dropped > 0);
    add(`${number.format(s.packets_lost)} lost`, s.packets_lost > 0);
    if (s.jitter_buffer_ms !== null) add(`buffer ${Math.round(s.jitter_buffer_ms)} ms`);
    if (s.rtt_ms !== null) add(`round trip ${s.rtt_ms < 10 ? s.rtt_ms.toFixed(1) : Math.round(s.rtt_ms)} ms`);
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

  muteButton.addEventListener("click", toggleSound);
  fullButton.addEventListener("click", toggleFull);
  video.addEventListener("click", () => video.paused && video.play().then(() => show(player.state), () => {}));
  video.addEventListener("dblclick", toggleFull);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "m") toggleSound();
    if (event.key === "f") toggleFull();
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
  addEventListener("online", () => { if (wanted && player.state === "waiting") start(); });
  show("idle");
  if ("autostart" in root.dataset) start();
})();
