// Drawings: the five minutes behind a figure, the delay by stage, and the ledger of frames.
import { $, count, draw, fill, isNumber, make, ms, plural, put, tone } from "./format.js";

const SPAN_MS = 300000, MOST = 150, CLOSEST_MS = 1000;

/** Add a point to five minutes of at most 150; one that comes right behind another takes its place. */
function keep(points, point) {
  const since_ms = point.at - points.at(-1)?.at;
  if (since_ms < 0) points.length = 0;     // the machine's clock was set back
  else if (since_ms < CLOSEST_MS) points.pop();
  points.push(point);
  while (points.length > MOST || point.at - points[0].at > SPAN_MS) points.shift();
}

/** A line of the last five minutes; a gap in the figures is a gap in the line. */
export class Spark {
  constructor(svg, floor) {
    this.floor = floor;
    this.points = [];
    this.area = draw("path", { class: "area" });
    this.line = draw("path", { class: "stroke" });
    svg.setAttribute("viewBox", "0 0 300 20");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.append(this.area, this.line);
  }

  push(at, value) {
    keep(this.points, { at, value });
  }

  /** Lowest and highest known value, null where there are none. */
  range() {
    const known = this.points.map((point) => point.value).filter(isNumber);
    return known.length ? [Math.min(...known), Math.max(...known)] : null;
  }

  render() {
    const now = this.points.at(-1)?.at, top = Math.max(this.range()?.[1] ?? 0, this.floor) * 1.1;
    let line = "", area = "", from = null, x = 0;
    const close = () => { if (from !== null) area += `L${x} 20L${from} 20Z`; from = null; };
    for (const { at, value } of this.points) {
      if (value === null) { close(); continue; }
      x = (300 - (now - at) / 1000).toFixed(1);
      const step = `${from === null ? "M" : "L"}${x} ${(19.2 - (18.5 * Math.max(0, value)) / top).toFixed(1)}`;
      from ??= x;
      line += step;
      area += step;
    }
    close();
    this.line.setAttribute("d", line);
    this.area.setAttribute("d", area);
  }
}

const STAGES = {
  capture: "Capture card", convert: "Scale and convert", encode: "Encode", send: "Hand to the network",
  network: "Network, one way", buffer: "Viewer's buffer", decode: "Decode",
};

/** The delay of each stage: the machine's as the launcher, the rest as this page's own player measured it. */
export function renderDelay(video, own) {
  const alone = (p50) => ({ p50 }), bar = $("budget"), frame_ms = video?.configured_fps > 0 ? 1000 / video.configured_fps : 0;
  const found = { ...video?.stages_ms, network: alone(own?.rtt_ms / 2), buffer: alone(own?.jitter_buffer_ms), decode: alone(own?.decode_ms) };
  const known = Object.keys(STAGES).filter((name) => isNumber(found[name]?.p50));
  const total = known.reduce((sum, name) => sum + found[name].p50, 0), scale = Math.max(total, 2 * frame_ms, 1);
  put("delay_lead", known.length ? `${ms(total)} from ${video?.stages_ms?.capture ? "the card" : "the source"} to ${own ? "this page" : "the network"}` : "No figures yet");
  const parts = known.map((name) => [`stage-${name}`, "width", found[name].p50]);
  for (let mark = frame_ms; mark && mark < scale && parts.length < 30; mark += frame_ms) parts.push(["mark", "left", mark]);
  bar.replaceChildren(...parts.map(([kind, side, value]) => {
    const part = make("i", { class: kind });
    part.style[side] = `${(100 * value) / scale}%`;
    return part;
  }));
  fill("stages", known.map((name) => [`stage-${name}`, STAGES[name], ms(found[name].p50), ms(found[name].p95)]));
  put("delay_note", known.length && frame_ms ? `A mark is one frame, ${ms(frame_ms)}. The display's own delay comes on top.` : "");
}

const DROPS = {
  capture: "lost before the driver gave it", late: "too old to be worth encoding", rate: "taken out to keep the rate",
  queue: "thrown out of a full queue", encoder: "swallowed by the encoder", sink: "not taken by the sender",
};
const dropped = (row) => Object.values(row.dropped).reduce((total, value) => total + value, 0);
const past = [];

/** Keep a row of the ledger; a stream that began anew begins a new page. Return the drops of five minutes. */
export function noteLedger(at, row) {
  if (!row || row.captured < past.at(-1)?.row.captured) past.length = 0;
  if (!row) return null;
  keep(past, { at, row });
  return dropped(row) - dropped(past[0].row);
}

export function renderLedger(row, sound, own) {
  const before = past[0]?.row, off = row?.unexplained;
  const line = (label, of, kind = "") => [kind, label, count(of(row) - of(before)), count(of(row))];
  const shade = (value) => (value ? "lost" : "none");
  put("ledger_lead", !row ? "No figures yet" : off ? `${plural(Math.abs(off), "frame")} unexplained` : "Every frame is accounted for");
  tone($("card-ledger"), off ? "bad" : "good");
  fill("ledger", !row ? [] : [
    line("captured", (one) => one.captured),
    line("+ shown twice to keep the rate", (one) => one.duplicated, "none"),
    ...Object.entries(DROPS).map(([name, label]) => line(`− ${label}`, (one) => one.dropped[name] ?? 0, shade(row.dropped[name]))),
    line("= sent", (one) => one.sent, "sum"),
    ["none", "still on their way", "", count(row.in_flight)],
    [shade(off), "unexplained", "", count(off)],
  ]);
  put("ledger_sound", !sound ? "" : `Sound: ${count(sound.captured)} buffers, ${sound.gaps ? `${plural(sound.gaps, "gap")} of ${Math.round(sound.gap_ms)} ms in all` : "no gap"}.`);
  put("ledger_page", !own ? "" : `This page: ${count(own.frames_received)} frames received = ${count(own.frames_decoded)} decoded + ${count(own.frames_dropped)} dropped + ${count(Math.max(0, own.frames_received - own.frames_decoded - own.frames_dropped))} on their way.`);
}
