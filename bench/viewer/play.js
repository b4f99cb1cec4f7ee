// Plays WHEP as streamkit/panel/static/player.js does, and nothing else: no controls, no figures, no second try.
"use strict";
window.benchPlay = async () => {
  const video = document.querySelector("video");
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const media = new MediaStream();
  window.benchPc = pc;
  pc.ontrack = ({ track, receiver }) => {
    receiver.jitterBufferTarget = 0;
    media.addTrack(track);
    if (video.srcObject !== media) video.srcObject = media;
    video.play();
  };
  for (const kind of ["video", "audio"]) pc.addTransceiver(kind, { direction: "recvonly" });
  await pc.setLocalDescription(await pc.createOffer());
  await new Promise((done) => {
    if (pc.iceGatheringState === "complete") { done(); return; }
    setTimeout(done, 1000);
    pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done());
  });
  const answer = await fetch("/whep", { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
  const text = await answer.text();
  if (!answer.ok) return { status: answer.status, text: text.slice(0, 300) };
  await pc.setRemoteDescription({ type: "answer", sdp: text });
  return { status: answer.status, resource: answer.headers.get("Location") };
};
