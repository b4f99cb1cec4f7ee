// Reads the time code of every picture that the page's video shows (layout: streamkit/launch/timecode.py), and keeps the
// luma of some where asked to.
"use strict";
window.benchCollector = ((video, connection) => {
  const COLUMNS = 16, ROWS = 4, GREY = 128;
  let samples = [], any = false;
  const cellOf = (height) => Math.max(16, Math.floor(height / 45 / 8) * 8);

  function decode(isWhite) {
    const octets = new Uint8Array(8);
    for (let bit = 0; bit < 64; bit += 1) if (isWhite(bit % COLUMNS, Math.floor(bit / COLUMNS))) octets[bit >> 3] |= 128 >> (bit & 7);
    let crc = 0xffff;   // CRC-16/CCITT-FALSE
    for (let i = 0; i < 6; i += 1) {
      crc ^= octets[i] << 8;
      for (let k = 0; k < 8; k += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
    if (crc !== (octets[6] << 8 | octets[7])) return [null, null];
    const view = new DataView(octets.buffer);
    return [view.getUint16(0), view.getUint32(2)];
  }

  const rooms = [];
  // Copies only the code's part of the decoded picture, as it came: drawing into a canvas would turn the whole picture to
  // RGB first, at ten times the cost.
  async function read(frame) {
    // One for each reading under way: on a busy machine the next picture comes before the last is read.
    let room = rooms.pop() ?? new Uint8Array(0);
    try {
      const cell = cellOf(video.videoHeight);
      const rect = { x: 0, y: 0, width: COLUMNS * cell, height: ROWS * cell };
      const size = frame.allocationSize({ rect });
      if (room.length < size) room = new Uint8Array(size);
      const [luma] = await frame.copyTo(room, { rect });
      // Some hardware decoders give RGB: green is near enough to luma for black and white.
      const step = /^(RGB|BGR)/.test(frame.format) ? 4 : 1, first = step > 1 ? 1 : 0;
      const quarter = cell >> 2, limit = GREY * (cell - 2 * quarter) ** 2;
      return decode((x, y) => {
        let sum = 0;
        for (let j = quarter; j < cell - quarter; j += 1) {
          const start = luma.offset + (y * cell + j) * luma.stride + x * cell * step + first;
          for (let i = quarter; i < cell - quarter; i += 1) sum += room[start + i * step];
        }
        return sum > limit;
      });
    } finally { rooms.push(room); }
  }

  // Where the encoder's own luma is among the planes, a byte for each sample.
  const PLANAR = /^(I420|NV12)$/;
  let every = 0, most = 0, met = 0, kept = 0, refused = null;
  const pictures = [];
  /** Keeps the whole luma of the picture if it is its turn. */
  async function keep(frame, number) {
    if (kept >= most || number === null || met++ % every) return;
    if (!PLANAR.test(frame.format)) { refused = String(frame.format); return; }
    kept += 1;
    const { width, height } = frame.visibleRect, whole = new Uint8Array(frame.allocationSize());
    const [{ offset, stride }] = await frame.copyTo(whole), luma = new Uint8Array(width * height);
    for (let y = 0; y < height; y += 1) luma.set(whole.subarray(offset + y * stride, offset + y * stride + width), y * width);
    pictures.push({ frame: number, width, height, luma });
  }
  const base64 = (octets) => new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(new Blob([octets]));
  });

  async function seen(_now, about) {
    const called = performance.now();
    video.requestVideoFrameCallback(seen);
    const frame = new VideoFrame(video);
    // Where the compositor was quicker than this page, the video shows the next picture already; these times are not its.
    if (Math.abs(frame.timestamp / 1e6 - about.mediaTime) > 0.001) { frame.close(); return; }
    any = true;
    let code = [null, null];
    // A picture that cannot be copied counts as unreadable.
    try { code = await read(frame); } catch { /* so it stays null */ }
    samples.push([code[0], code[1], called, performance.now(), about.expectedDisplayTime, about.presentationTime,
      about.receiveTime ?? null, about.captureTime ?? null, about.rtpTimestamp ?? null, about.presentedFrames,
      about.processingDuration ?? null]);
    // A picture that went away meanwhile is not kept.
    try { await keep(frame, code[0]); } catch { kept -= 1; }
    frame.close();
  }
  video.requestVideoFrameCallback(seen);

  return {
    seen: () => any,
    /** What came since the last call, and the Unix time (ms) of the page's zero. */
    drain() {
      const found = samples;
      samples = [];
      return { samples: found, origin: performance.timeOrigin };
    },
    /** From now on, keeps every so-many-th picture whose code is readable, so many at most. */
    keep(each, count) { [every, most, met, kept] = [each, count, 0, 0]; },
    /** The next of those that were kept, its luma in base64; null after the last. */
    async picture() {
      const next = pictures.shift();
      return next ? { ...next, luma: await base64(next.luma) } : null;
    },
    /** The format of the pictures that could not be kept; null where all could. */
    refused: () => refused,
    async stats() {
      const found = {};
      for (const entry of (await connection.getStats()).values()) {
        if (entry.type === "inbound-rtp") found[entry.kind] = { ...entry };
        if (entry.type === "candidate-pair" && entry.nominated) found.pair = { ...entry };
      }
      return found;
    },
    state: () => ({ connection: connection.connectionState, width: video.videoWidth, height: video.videoHeight }),
  };
});
