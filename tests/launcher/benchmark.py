"""What the launcher costs beside gst-launch-1.0: ``./test.sh bench``.

The same rendered script (x264, 60 fps, sound, WHEP sink) under both, interleaved A B B A so that a machine that slows
down slows both.  Equal seconds of a live source are equal frames.  Two figures:

- CPU: run time of all threads of the process (/proc/<pid>/task/*/schedstat, ns) over the window.
- Delay, frame by frame, by GStreamer's own log of the scheduler, which is on in both: from the first queue to the
  parser, with the two probes around the encoder between (twice the difference is what four probes add); and from the
  first queue to the sink, where gst-launch-1.0 waits for the clock inside the sink and the launcher does not.

``--seconds`` and ``--rounds`` make it longer; ``--paint`` compares with and without the time code instead.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.launcher.container import launched
from tests.machines.base_image import docker_binary
from tests.machines.shipped import image_in_use

WARM_UP_S = 3.0
LIMIT_CPU_PERCENT, LIMIT_DELAY_MS = 1.0, 0.5
ENDS = {"parser": ("parser", "sink"), "sink": ("sink", "video_0")}
LINE = re.compile(r"^(\d+):(\d\d):(\d\d\.\d{9}) .*<(\w+):(\w+)>.* calling chainfunction .*buffer: 0x")


def run_time_ns(pid: int) -> int:
    """Return the run time of all threads of a process."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def container_pid(name: str) -> int:
    """Return the container's first process as this machine numbers it."""
    shown = subprocess.run(
        [docker_binary(), "inspect", "-f", "{{.State.Pid}}", name], capture_output=True, text=True, check=True
    )
    return int(shown.stdout)


def cpu_ms_per_s(image: str, environment: Mapping[str, str], seconds: float) -> float:
    """Return the process's CPU, in ms per second, in a window behind its warm-up."""
    with (
        tempfile.TemporaryDirectory() as folder,
        launched(image, Path(folder), ["bash", "/scripts/stream-x264.sh"], environment) as running,
    ):
        time.sleep(WARM_UP_S)
        pid = container_pid(running.name)
        began_s, began = time.monotonic(), run_time_ns(pid)
        time.sleep(seconds)
        return (run_time_ns(pid) - began) / 1e6 / (time.monotonic() - began_s)


def transit_ms(log: str, end: tuple[str, str]) -> list[float]:
    """Return each frame's time from the first queue behind the source to pad ``end``, from a scheduler log."""
    entered: list[float] = []
    left: list[float] = []
    for line in log.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        hours, minutes, seconds, element, pad = found.groups()
        at_ms = ((int(hours) * 60 + int(minutes)) * 60 + float(seconds)) * 1000
        if (element, pad) == ("queue0", "sink"):
            entered.append(at_ms)
        elif (element, pad) == end:
            left.append(at_ms)
    return [after - before for before, after in zip(entered, left, strict=False)][60:]


def delays_ms(image: str, environment: Mapping[str, str], seconds: float) -> dict[str, list[float]]:
    """Return each frame's transit times in a run of ``seconds``, to the parser and to the sink."""
    logged = {**environment, "GST_DEBUG": "GST_SCHEDULING:6", "GST_DEBUG_NO_COLOR": "1"}
    logged["GST_DEBUG_FILE"] = "/run/streamkit/scheduler.log"
    with tempfile.TemporaryDirectory() as folder:
        with launched(image, Path(folder), ["bash", "/scripts/stream-x264.sh"], logged):
            time.sleep(WARM_UP_S + seconds)
        log = (Path(folder) / "scheduler.log").read_text(errors="replace")
        return {name: transit_ms(log, end) for name, end in ENDS.items()}


def compare(image: str, sides: Mapping[str, Mapping[str, str]], rounds: int, seconds: float) -> dict[str, Any]:
    """Run both sides A B B A, and return CPU and delay of each, the differences and their spread."""
    first, second = sides
    cpu: dict[str, list[float]] = {first: [], second: []}
    delay: dict[str, dict[str, list[float]]] = {side: {name: [] for name in ENDS} for side in sides}
    for number in range(rounds):
        for side in (first, second, second, first):
            cpu[side].append(cpu_ms_per_s(image, sides[side], seconds))
            sys.stderr.write(f"round {number + 1}, CPU, {side}: {cpu[side][-1]:.1f} ms/s\n")
        for side in (first, second, second, first):
            for name, found in delays_ms(image, sides[side], seconds).items():
                delay[side][name] += found
    differences = [(b - a) / 10 for a, b in zip(cpu[first], cpu[second], strict=True)]
    return {
        "cpu_percent_of_a_core": {side: round(statistics.mean(found) / 10, 2) for side, found in cpu.items()},
        "added_cpu_percent": round(statistics.mean(differences), 2),
        "added_cpu_percent_median": round(statistics.median(differences), 2),
        "added_cpu_percent_spread": [round(min(differences), 2), round(max(differences), 2)],
        "cpu_ratio": round(statistics.mean(cpu[second]) / statistics.mean(cpu[first]), 4),
        "delay_p50_ms": {side: {n: round(statistics.median(v), 3) for n, v in delay[side].items()} for side in sides},
        "delay_p95_ms": {
            side: {n: round(statistics.quantiles(v, n=20)[-1], 3) for n, v in delay[side].items()} for side in sides
        },
        "added_delay_p50_ms": round(
            2 * (statistics.median(delay[second]["parser"]) - statistics.median(delay[first]["parser"])), 3
        ),
        "frames": {side: len(delay[side]["parser"]) for side in sides},
    }


def main() -> int:
    """Compare, print the figures as JSON, and fail where a limit is exceeded."""
    parser = argparse.ArgumentParser(description="Cost of streamkit-launch beside gst-launch-1.0.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--resolution", default="640x360")
    parser.add_argument("--paint", action="store_true", help="compare with and without --paint-timecode")
    options = parser.parse_args()
    common = {
        "RESOLUTION": options.resolution,
        "FPS": "60",
        "BITRATE": "1500",
        "WHEP_LISTEN": "127.0.0.1:18289",
        "MAX_FRAME_AGE_MS": "0",
    }
    launcher = {**common, "STREAMKIT_LAUNCH": "streamkit-launch"}
    if options.paint:
        sides = {"unpainted": launcher, "painted": {**launcher, "PAINT_TIMECODE": "1"}}
    else:
        sides = {"gst-launch-1.0": {**common, "STREAMKIT_LAUNCH": "gst-launch-1.0"}, "streamkit-launch": launcher}
    with image_in_use() as image:
        figures = compare(image, sides, options.rounds, options.seconds)
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return int(
        figures["added_cpu_percent_median"] >= LIMIT_CPU_PERCENT or figures["added_delay_p50_ms"] >= LIMIT_DELAY_MS
    )


if __name__ == "__main__":
    sys.exit(main())
