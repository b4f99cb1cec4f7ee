"""What one more viewer costs the machine that streams: ``python -m tests.system.viewers``.

The rendered script (x264, tone, WHEP sink) runs under streamkit-launch in the image, with moving rings in place of the
plain test picture, which needs less than the bitrate of a game.  Viewers are WebRTC sessions of a second container on
the same machine: they decrypt every packet and decode nothing.  Only the streaming process is counted: its CPU, its
memory, and the bytes that it sent.  Every round goes through all the numbers of viewers, one upwards, the next
downwards, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.launcher.benchmark import container_pid
from tests.launcher.container import Running, command, launched
from tests.machines.base_image import docker_binary
from tests.machines.shipped import image_in_use

LISTEN = "127.0.0.1:18389"
SETTLE_S = 4.0
"""Joining costs key frames and handshakes; what is measured is watching."""
JOIN_WITHIN_S = 60.0


@dataclass(frozen=True)
class Measured:
    """One window with ``viewers`` watching; CPU in percent of one core, rates in frames and Mbit per second."""

    viewers: int
    cpu_percent: float
    memory_mib: float
    sent_mbps: float
    fps: float
    packets_lost: int
    receivers_cpu_percent: float


@dataclass(frozen=True)
class Cost:
    """What streaming costs: (over all rounds, least of one round, most of one round); CPU in percent of one core.

    ``cpu_per_fps`` is what each frame per second takes to be made and encoded, ``cpu_per_mbps`` what each Mbit/s takes to
    be encrypted and sent, ``memory_mib`` what one viewer adds.
    """

    cpu_per_fps: tuple[float, float, float]
    cpu_per_mbps: tuple[float, float, float]
    memory_mib: tuple[float, float, float]


def cpu_s(stat: str, ticks_per_s: int) -> float:
    """Return the seconds of processor in the text of ``/proc/<pid>/stat`` (proc(5): utime and stime), ended threads
    included."""
    fields = stat.rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_s


def process_cpu_s(pid: int) -> float:
    """Return a process's seconds of processor so far."""
    return cpu_s(Path(f"/proc/{pid}/stat").read_text(), os.sysconf("SC_CLK_TCK"))


def memory_mib(pid: int) -> float:
    """Return a process's resident memory."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@contextlib.contextmanager
def receivers(image: str, folder: Path, count: int) -> Iterator[int | None]:
    """Let ``count`` viewers watch until the end of the block; give the process that they are, None for no viewer."""
    if count == 0:
        yield None
        return
    name = f"sk-receivers-{uuid.uuid4().hex[:12]}"
    entry = ["python3", "/bench/receivers.py", f"http://{LISTEN}/whep/endpoint", str(count)]
    process = subprocess.Popen(command(image, name, folder, {}, entry), stdout=subprocess.DEVNULL)
    try:
        yield started_pid(name, process)
    finally:
        subprocess.run([docker_binary(), "stop", "--time", "10", name], check=False, capture_output=True)
        process.wait(timeout=120)


def started_pid(name: str, process: subprocess.Popen[bytes]) -> int:
    """Wait until a container runs, and return its first process."""
    deadline = time.monotonic() + JOIN_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(subprocess.CalledProcessError):
            if pid := container_pid(name):
                return pid
        time.sleep(0.1)
    raise AssertionError(f"the container {name} did not start")


def watched_by(document: dict[str, Any], count: int) -> bool:
    """Return whether so many viewers are being sent to."""
    rows = document.get("viewers") or []
    return len(rows) == count and all(row["bytes_sent"] > 0 for row in rows)


def measure(running: Running, count: int, seconds: float, folder: Path) -> Measured:
    """Let ``count`` viewers watch for ``seconds`` behind a moment to settle, and return what that took."""
    with receivers(running.image, folder, count) as watching:
        running.until(lambda document: watched_by(document, count), JOIN_WITHIN_S)
        time.sleep(SETTLE_S)
        pid = container_pid(running.name)
        pids = [pid, *([watching] if watching else [])]
        before, began_s, cpu_before = running.document(), time.monotonic(), [process_cpu_s(one) for one in pids]
        time.sleep(seconds)
        # Written once a second: two that are the same would have no time between them.
        after = running.until(lambda document: document["sampled_at"] - before["sampled_at"] > seconds - 1.5)
        passed_s = time.monotonic() - began_s
        used = [(process_cpu_s(one) - start) / passed_s * 100 for one, start in zip(pids, cpu_before, strict=True)]
        resident = memory_mib(pid)
    if not watched_by(after, count):
        raise AssertionError(f"{count} viewers began to watch, and at the end there were {len(after['viewers'])}")
    # Sound alone is a twentieth of it: a viewer whose codecs did not fit would cost nothing.
    video_kbps = after["video"]["bitrate_kbps"]
    if any(row["bitrate_kbps"] < video_kbps / 2 for row in after["viewers"]):
        raise AssertionError(f"video has {video_kbps} kbit/s, and viewers are sent less: {after['viewers']}")
    document_s = after["sampled_at"] - before["sampled_at"]
    sent = [sum(row["bytes_sent"] for row in document["viewers"]) for document in (before, after)]
    frames = after["video"]["encoded"] - before["video"]["encoded"]
    return Measured(
        viewers=count,
        cpu_percent=used[0],
        memory_mib=resident,
        sent_mbps=(sent[1] - sent[0]) * 8 / 1e6 / document_s,
        fps=frames / document_s,
        packets_lost=sum(row["packets_lost"] for row in after["viewers"]),
        receivers_cpu_percent=used[1] if watching else 0.0,
    )


PLAIN = ("pattern=smpte", "horizontal-speed=4")
RINGS = ("pattern=zone-plate", "kx2=8", "ky2=8", "kt=2")
"""The picture that the trial encodes use as well: it fills its bitrate."""


def with_rings(printed: str) -> list[str]:
    """Return the words of a script's ``--print``, with another test picture."""
    words = shlex.split(printed)
    at = words.index(PLAIN[0])
    assert tuple(words[at : at + 2]) == PLAIN, f"the test picture is another: {words[at : at + 2]}"
    return [*words[:at], *RINGS, *words[at + 2 :]]


def script_words(image: str, folder: Path, environment: dict[str, str]) -> list[str]:
    """Return the words that the rendered script runs in this environment."""
    name = f"sk-print-{uuid.uuid4().hex[:12]}"
    words = command(image, name, folder, environment, ["bash", "/scripts/stream-x264.sh", "--print"])
    return with_rings(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def environment_for(resolution: str, fps: str, bitrate_kbps: str) -> dict[str, str]:
    """Return the script's environment."""
    return {
        "STREAMKIT_LAUNCH": "streamkit-launch",
        # Every frame is encoded, also where the viewers beside it take the processor for a moment.
        "MAX_FRAME_AGE_MS": "0",
        "RESOLUTION": resolution,
        "FPS": fps,
        "BITRATE": bitrate_kbps,
        "WHEP_LISTEN": LISTEN,
    }


def one_round(image: str, counts: Sequence[int], seconds: float, environment: dict[str, str]) -> list[Measured]:
    """Stream once, and measure every number of viewers in this order."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as other,
        launched(image, Path(folder), script_words(image, Path(other), environment)) as running,
    ):
        running.until(lambda document: document["video"]["encoded"] > 0)
        found = []
        for count in counts:
            running.until(lambda document: not document["viewers"], JOIN_WITHIN_S)
            found.append(measure(running, count, seconds, Path(other)))
            sys.stderr.write(f"{count} viewers: {found[-1].cpu_percent:.1f} % of a core\n")
        return found


def shares(windows: Sequence[Measured]) -> tuple[float, float]:
    """Return CPU for each frame per second and for each Mbit/s: the least squares of cpu = a * fps + b * mbps.

    Both are counted as they came about, so that a machine too busy for all its frames does not make viewers look cheap.
    """
    fps2 = sum(window.fps**2 for window in windows)
    mbps2 = sum(window.sent_mbps**2 for window in windows)
    both = sum(window.fps * window.sent_mbps for window in windows)
    of_fps = sum(window.cpu_percent * window.fps for window in windows)
    of_mbps = sum(window.cpu_percent * window.sent_mbps for window in windows)
    determinant = fps2 * mbps2 - both**2
    return (of_fps * mbps2 - of_mbps * both) / determinant, (of_mbps * fps2 - of_fps * both) / determinant


def cost_of_one(rounds: Sequence[Sequence[Measured]]) -> Cost:
    """Return what streaming costs; memory by the difference of most viewers and none, in each round."""
    of_each = [shares(found) for found in rounds]
    of_all = shares([window for found in rounds for window in found])
    memory = []
    for found in rounds:
        fewest, most = min(found, key=lambda window: window.viewers), max(found, key=lambda window: window.viewers)
        memory.append((most.memory_mib - fewest.memory_mib) / most.viewers)
    fps, mbps = ([pair[part] for pair in of_each] for part in (0, 1))
    return Cost(
        cpu_per_fps=(of_all[0], min(fps), max(fps)),
        cpu_per_mbps=(of_all[1], min(mbps), max(mbps)),
        memory_mib=(statistics.median(memory), min(memory), max(memory)),
    )


def table(rounds: Sequence[Sequence[Measured]]) -> list[str]:
    """Return the lines of a Markdown table: a row for each number of viewers, medians and (from, to)."""
    lines = [
        "| viewers | CPU, % of a core | memory, MiB | sent, Mbit/s | frames/s | packets lost | the viewers' own CPU |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    counts = sorted({measured.viewers for found in rounds for measured in found})
    for count in counts:
        rows = [measured for found in rounds for measured in found if measured.viewers == count]
        cpu = [row.cpu_percent for row in rows]
        lines.append(
            f"| {count} | {statistics.median(cpu):.1f} ({min(cpu):.1f} to {max(cpu):.1f}) "
            f"| {statistics.median(row.memory_mib for row in rows):.0f} "
            f"| {statistics.median(row.sent_mbps for row in rows):.2f} "
            f"| {statistics.median(row.fps for row in rows):.1f} "
            f"| {max(row.packets_lost for row in rows)} "
            f"| {statistics.median(row.receivers_cpu_percent for row in rows):.0f} |"
        )
    return lines


def said(cost: Cost) -> list[str]:
    """Return the cost in sentences."""
    fps, mbps, memory = (
        f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"
        for (middle, low, high), digits, unit in (
            (cost.cpu_per_fps, 2, "% of a core"),
            (cost.cpu_per_mbps, 2, "% of a core"),
            (cost.memory_mib, 1, "MiB"),
        )
    )
    return [
        f"Each frame per second costs {fps} to make and encode, each Mbit/s {mbps} to send.",
        f"One more viewer costs the stream's bitrate at that price, and {memory}.",
    ]


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.system.viewers", description="What one more viewer costs the machine that streams."
    )
    parser.add_argument("--viewers", type=int, nargs="+", default=[0, 1, 2, 4, 8], help="how many (0 must be one)")
    parser.add_argument("--rounds", type=int, default=4, help="up, down, up, down (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each window (default %(default)s)")
    parser.add_argument("--resolution", default="1280x720")
    parser.add_argument("--fps", default="30")
    parser.add_argument("--bitrate-kbps", default="2500")
    parser.add_argument("--json", action="store_true", help="every window, as JSON")
    options = parser.parse_args()
    if 0 not in options.viewers or max(options.viewers) == 0:
        parser.error("--viewers needs 0 and at least one more")
    environment = environment_for(options.resolution, options.fps, options.bitrate_kbps)
    counts = sorted(set(options.viewers))
    with image_in_use() as image:
        rounds = [
            one_round(image, counts if number % 2 == 0 else counts[::-1], options.seconds, environment)
            for number in range(options.rounds)
        ]
    cost = cost_of_one(rounds)
    if options.json:
        document = {"rounds": [[asdict(measured) for measured in found] for found in rounds], "cost": asdict(cost)}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join([*table(rounds), "", *said(cost)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
