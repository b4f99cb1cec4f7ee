"""Runs inside the virtual machine: one stream while its capture card loses more and more frames.

    python3 - '{"percentages": [0, 5], ...}'

Prints one JSON object: every document that the launcher wrote, which of them belong to which percentage, and the
sequence number of every buffer that left the driver, as the kernel's own tracepoint ``v4l2:v4l2_dqbuf`` saw it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TRACING = Path("/sys/kernel/tracing")
PREEMPTION = Path("/sys/kernel/debug/sched/preempt")
DEVICE = "/dev/video0"
CONTAINER = "ledger"
OUT = Path("/run/ledger")
STREAMER = 1000
"""User and group of the image."""


def run(*words: str) -> str:
    """Run words and return what they print."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed ({done.returncode}): {done.stderr[-2000:]}")
    return done.stdout


def control(name: str, value: int) -> None:
    """Set one of the card's controls."""
    run("v4l2-ctl", "-d", DEVICE, "-c", f"{name}={value}")


def trace(on: bool) -> None:
    """Begin a new record of the buffers that are taken from the driver, or end it."""
    event = TRACING / "events/v4l2/v4l2_dqbuf"
    (TRACING / "tracing_on").write_text("0")
    if on:
        (TRACING / "trace").write_text("")
        (TRACING / "buffer_size_kb").write_text("4096")  # for each processor; an event takes some 80 bytes
        (event / "filter").write_text("minor == 0")
        (TRACING / "tracing_on").write_text("1")
    (event / "enable").write_text(str(int(on)))


def traced() -> list[int]:
    """Return the recorded sequence numbers, in the order in which the buffers were taken."""
    text = (TRACING / "trace").read_text()
    counts = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text)
    if counts is None or counts[1] != counts[2]:
        raise SystemExit(f"the trace is not whole: {text[:200]}")
    return [int(number) for number in re.findall(r"v4l2_dqbuf: .* sequence = (\d+)", text)]


def hurry_the_card() -> bool:
    """Let the thread that plays the part of the hardware run first: hardware does not wait for a processor."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            found = comm.read_text().startswith("vivid-000-vid")
        except OSError:  # has just ended
            continue
        if found:
            run("chrt", "-f", "-p", "50", comm.parent.name)
            return True
    return False


STARTS_WITHIN_S = 120


class Stream:
    """A rendered script under the launcher, in a container of the product's image with nothing beside it."""

    def __init__(self, image: str, release: str, script: str, environment: dict[str, str]) -> None:
        OUT.mkdir(exist_ok=True)
        os.chown(OUT, STREAMER, STREAMER)
        self._file = OUT / "launch.json"
        self._file.unlink(missing_ok=True)
        given = {**environment, "STREAMKIT_LAUNCH": "streamkit-launch", "STREAMKIT_LAUNCH_FILE": str(self._file)}
        words = ["run", "--detach", "--name", CONTAINER, "--network", "host", "--no-healthcheck", "--init"]
        words += ["--device", DEVICE, "--group-add", str(Path(DEVICE).stat().st_gid)]
        words += ["--volume", f"{release}:/release:ro", "--volume", f"{OUT}:{OUT}"]
        words += [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        words += ["--entrypoint", f"/release/scripts/{script}", image]
        self.documents: list[dict[str, Any]] = []
        run("docker", *words)

    def look(self) -> bool:
        """Read the launcher's file; whether it holds a document not seen before."""
        try:
            document = json.loads(self._file.read_text())
        except FileNotFoundError:
            return False
        if self.documents and document["sampled_at"] == self.documents[-1]["sampled_at"]:
            return False
        self.documents.append(document)
        return True

    def next(self, timeout_s: float = 60) -> int:
        """Wait for the next document; return its index."""
        deadline = time.monotonic() + timeout_s
        while not self.look():
            if time.monotonic() > deadline:
                raise SystemExit(f"no document within {timeout_s:g} s; {run('docker', 'logs', CONTAINER)}")
            time.sleep(0.3)
        return len(self.documents) - 1

    def captured(self) -> int:
        """Frames of the card so far, lost ones included, by the newest document."""
        return int(self.documents[-1]["ledger"]["video"]["captured"])

    def end(self) -> None:
        """Ask it to end, and read what it wrote last."""
        run("docker", "stop", "--time", "30", CONTAINER)
        self.look()


def observe(order: dict[str, Any]) -> dict[str, Any]:
    """Stream while the card loses each of the percentages; return what was seen."""
    trace(on=True)
    stream = Stream(order["image"], order["release"], order["script"], order["environment"])
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not hurry_the_card():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing captures; {run('docker', 'logs', CONTAINER)}")
        time.sleep(0.1)
    while not stream.documents or stream.documents[-1]["state"] != "playing":
        stream.next()
    for _ in range(order["settle_documents"]):
        stream.next()
    windows = []
    for percentage in order["percentages"]:
        control("percentage_of_dropped_buffers", percentage)
        stream.look()  # what was written before the change
        first = stream.next()
        begun = stream.captured()
        while stream.captured() - begun < order["frames"]:
            stream.next()
        windows.append({"percentage": percentage, "first": first, "last": len(stream.documents) - 1})
    stream.end()
    trace(on=False)
    return {"documents": stream.documents, "windows": windows, "sequences": traced()}


def main() -> None:
    """Do as the argument says, print what was seen, and leave the machine as it was."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    run("v4l2-ctl", "-d", DEVICE, "--set-dv-bt-timings", order["timings"])
    run("systemctl", "stop", "hdmi-sound")
    control("osd_text_mode", 2)  # no text over the picture: it costs more than the picture
    PREEMPTION.write_text("full")
    try:
        seen = observe(order)
    finally:
        control("percentage_of_dropped_buffers", 0)
        control("osd_text_mode", 0)
        PREEMPTION.write_text("voluntary")
        run("docker", "rm", "--force", CONTAINER)
        run("/usr/local/sbin/hdmi-source")
        run("systemctl", "start", "hdmi-sound")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
