"""Runs inside the virtual machine: one stream while its capture card loses more and more frames.

    python3 - '{"percentages": [0, 5], ...}'

Prints one JSON object: every document that the launcher wrote, which of them belong to which percentage, and the
sequence number of every buffer that left the driver, as the kernel's own tracepoint ``v4l2:v4l2_dqbuf`` saw it.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TRACING = Path("/sys/kernel/tracing")
DEVICE = "/dev/video0"
CONTAINER = "ledger"
OUT = Path("/run/ledger")
STREAMER_CPU, CARDS_CPU = "0", "1"
"""Both processors busy at once would also keep the emulator from its timers, and the card from its tick."""
STARTS_WITHIN_S = 120
SETTLES_WITHIN_S = 30
NOTHING_LOST = 0.01
"""The largest share of frames lost without injection at which the mode counts as one that loses nothing."""
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
        # The clock of the processors drifts apart in an emulator that waits for its host; a counter cannot.
        (TRACING / "trace_clock").write_text("counter")
        (TRACING / "buffer_size_kb").write_text("16384")  # for each processor; an event takes some 80 bytes
        (event / "filter").write_text("minor == 0")
        (TRACING / "tracing_on").write_text("1")
    (event / "enable").write_text(str(int(on)))


def traced() -> list[int]:
    """Return the recorded sequence numbers, in the order in which the buffers were taken."""
    text = (TRACING / "trace").read_text()
    counts = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)", text)
    if counts is None or counts[1] != counts[2]:
        raise SystemExit(f"the trace is not whole: {text[:200]}")
    numbers = [int(number) for number in re.findall(r"v4l2_dqbuf: .* sequence = (\d+)", text)]
    for earlier, later in itertools.pairwise(numbers):
        if later <= earlier:
            raise SystemExit(f"the driver's numbers do not rise: {later} behind {earlier}")
    return numbers


def free_the_card() -> bool:
    """Give the thread that plays the part of the hardware a processor: hardware does not wait for one."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            found = comm.read_text().startswith("vivid-000-vid")
        except OSError:  # has just ended
            continue
        if found:
            run("chrt", "-f", "-p", "50", comm.parent.name)
            run("taskset", "-c", "-p", CARDS_CPU, comm.parent.name)
            return True
    return False


class Stream:
    """A rendered script under the launcher, in a container of the product's image with nothing beside it."""

    def __init__(self, image: str, release: str, script: str, environment: dict[str, str]) -> None:
        OUT.mkdir(exist_ok=True)
        os.chown(OUT, STREAMER, STREAMER)
        self._file = OUT / "launch.json"
        self._file.unlink(missing_ok=True)
        given = {**environment, "STREAMKIT_LAUNCH": "streamkit-launch", "STREAMKIT_LAUNCH_FILE": str(self._file)}
        words = ["run", "--detach", "--name", CONTAINER, "--network", "host", "--no-healthcheck", "--init"]
        words += ["--cpuset-cpus", STREAMER_CPU]
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

    def lost(self) -> int:
        """Of these, what the card lost."""
        return int(self.documents[-1]["ledger"]["video"]["dropped"]["capture"])

    def end(self) -> None:
        """Ask it to end, and read what it wrote last."""
        run("docker", "stop", "--time", "30", CONTAINER)
        self.look()


def settle(stream: Stream, frames: int) -> None:
    """Wait until the card has lost nothing to speak of for ``frames``: an emulated machine begins slowly."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    begun = stream.captured(), stream.lost()
    while stream.captured() - begun[0] < frames and time.monotonic() < deadline:
        stream.next()
        if stream.lost() - begun[1] > NOTHING_LOST / 2 * frames:
            begun = stream.captured(), stream.lost()


def as_injected(lost: int, captured: int, percentage: int) -> bool:
    """Whether a share is what so many independent draws give in 997 of 1,000 cases; none at 0."""
    p = percentage / 100
    return (
        lost / captured < NOTHING_LOST if not p else abs(lost / captured - p) <= 3 * math.sqrt(p * (1 - p) / captured)
    )


def window(stream: Stream, percentage: int, frames: int) -> dict[str, Any]:
    """Let the card lose ``percentage`` for ``frames``; return the first and the last document of it."""
    control("percentage_of_dropped_buffers", percentage)
    stream.look()  # what was written before the change
    first = stream.next()
    begun = stream.captured(), stream.lost()
    while stream.captured() - begun[0] < frames:
        stream.next()
    seen = stream.captured() - begun[0], stream.lost() - begun[1]
    return {
        "percentage": percentage,
        "first": first,
        "last": len(stream.documents) - 1,
        "as_injected": as_injected(seen[1], seen[0], percentage),
    }


def observe(order: dict[str, Any]) -> dict[str, Any]:
    """Stream while the card loses each of the percentages; return what was seen.

    An emulated machine also loses frames when its host is busy, and chance is outside 3 sigma once in 370 windows:
    a share that is not the injected one is taken again, and every window is in what is returned.
    """
    trace(on=True)
    stream = Stream(order["image"], order["release"], order["script"], order["environment"])
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not free_the_card():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing captures; {run('docker', 'logs', CONTAINER)}")
        time.sleep(0.1)
    while not stream.documents or stream.documents[-1]["state"] != "playing":
        stream.next()
    windows: list[dict[str, Any]] = []
    for percentage in order["percentages"]:
        for _ in range(order["attempts"]):
            # A window that was as it should be is as good a beginning for the next.
            if not windows or not windows[-1]["as_injected"]:
                control("percentage_of_dropped_buffers", 0)
                settle(stream, order["settled_frames"])
            windows.append(window(stream, percentage, order["frames"]))
            if windows[-1]["as_injected"]:
                break
    stream.end()
    trace(on=False)
    return {"documents": stream.documents, "windows": windows, "sequences": traced()}


def main() -> None:
    """Do as the argument says, print what was seen, and leave the machine as it was."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {int(STREAMER_CPU)})
    run("v4l2-ctl", "-d", DEVICE, "--set-dv-bt-timings", order["timings"])
    # What a run left that did not come to its end, as when the machine's power was cut.
    if left := run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{CONTAINER}$").split():
        run("docker", "rm", "--force", *left)
    control("osd_text_mode", 2)  # no text over the picture: it costs more than the picture
    try:
        seen = observe(order)
    finally:
        control("percentage_of_dropped_buffers", 0)
        control("osd_text_mode", 0)
        run("docker", "rm", "--force", CONTAINER)
        run("/usr/local/sbin/hdmi-source")
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
