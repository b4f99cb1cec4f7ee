"""Every candidate in turn: how fast it is, what it holds, and with what delay.  Decisions here, processes in ``child``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.errors import StreamkitError
from streamkit.video import parse_fps

BUDGET_S = 60.0
"""For the whole matrix.  A hanging candidate costs its own limit on top."""
OVERHEAD_S = 1.2
"""What a trial takes beside its measured part: a process, the pictures, the registry of elements."""
UNPACED_S, PACED_S, SHORTEST_S = 1.6, 2.5, 0.8
HEADROOM = {"": 1.5, "nvidia": 1.2, "vaapi": 1.2}
"""How much faster than needed an encoder must be, by what it needs: software shares its processors with the sending."""
ON_TIME = 0.97
"""Share of the frame rate that must go in and come out in the paced trial."""

Run = Callable[[Mapping[str, Any], Mapping[str, Any], bool, float], dict[str, Any]]
"""(candidate, rung, paced, seconds) to figures; raises StreamkitError with the whole text when the trial failed."""
Progress = Callable[[int, int, str, float], None]
"""(done, total, what now, seconds left)"""


def seconds_for(candidates: int, budget_s: float = BUDGET_S) -> tuple[float, float]:
    """Return (unpaced, paced) seconds for one trial, so that all candidates together stay within the budget."""
    # Two unpaced trials and a paced one each: most hold the first or second step of their ladder.
    each_s = budget_s / max(candidates, 1) - 3 * OVERHEAD_S
    share = min(each_s / (2 * UNPACED_S + PACED_S), 1.0)
    return max(UNPACED_S * share, SHORTEST_S), max(PACED_S * share, SHORTEST_S)


def pixel_rate(rung: Mapping[str, Any]) -> float:
    """Return encoded pixels per second of a step."""
    width, _, height = str(rung["size"]).partition("x")
    return int(width) * int(height) * float(parse_fps(rung["fps"]))


def next_step(rungs: Sequence[Mapping[str, Any]], at: int, real_time_factor: float, headroom: float) -> int | None:
    """Return the index of the step below ``at`` that should hold, by pixels per second; None when ``at`` is the last.

    The last step is always worth its own trial: cost does not fall as fast as pixels do.
    """
    able = real_time_factor / headroom * pixel_rate(rungs[at])
    below = range(at + 1, len(rungs))
    return next((index for index in below if pixel_rate(rungs[index]) <= able), len(rungs) - 1 if below else None)


def first_line(text: str) -> str:
    """Return what a person reads of an error: its first line."""
    return (text.strip().splitlines() or ["It gave no reason."])[0]


def try_candidate(candidate: Mapping[str, Any], run: Run, unpaced_s: float, paced_s: float) -> dict[str, Any]:
    """Return one entry of ``probes.json``: what was tried, ``ok``, ``reason``, and the figures at the step it holds."""
    rungs, at = candidate["rungs"], 0
    headroom = HEADROOM[candidate["needs"]]
    entry: dict[str, Any] = {"encoder": candidate["encoder"], "script": candidate["script"], "tried": []}
    while True:
        rung = rungs[at]
        entry |= {name: rung[name] for name in ("size", "fps", "bitrate_kbps", "capture")}
        try:
            free = run(candidate, rung, False, unpaced_s)
            factor = free["fps"] / float(parse_fps(rung["fps"]))
            entry["tried"].append({"size": rung["size"], "fps": rung["fps"], "real_time_factor": round(factor, 2)})
            entry["real_time_factor"] = round(factor, 2)
            entry["unpaced_fps"] = round(free["fps"], 1)
            below = next_step(rungs, at, factor, headroom)
            if factor < headroom and below is not None:
                at = below
                continue
            paced = run(candidate, rung, True, paced_s)
        except StreamkitError as problem:
            return {**entry, "ok": False, "reason": first_line(str(problem)), "error": str(problem)}
        entry |= measured(paced, rung)
        entry["reason"] = reason_not_held(entry, factor, headroom, candidate["needs"])
        if entry["reason"] and below is not None:
            at = below
            continue
        return {**entry, "ok": not entry["reason"], "error": None}


def measured(paced: Mapping[str, Any], rung: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a paced trial as ``probes.json`` keeps them."""
    fps = float(parse_fps(rung["fps"]))
    wanted_kbps = float(rung["bitrate_kbps"])
    frames_s = paced["frames_in"] / fps
    return {
        "frames_in": paced["frames_in"],
        "frames_out": paced["frames_out"],
        "keyframe_first": paced["keyframe_first"],
        "keyframes": paced["keyframes"],
        "on_time": round(min(frames_s / max(paced["fed_s"], 1e-9), 1.0), 3),
        "delay_ms": {name: _rounded(value) for name, value in paced["delay_ms"].items()},
        "cpu_percent": round(100 * paced["cpu_s"] / max(frames_s, 1e-9), 1),
        "measured_kbps": round(paced["bitrate_kbps"]),
        "bitrate_error_percent": round(100 * (paced["bitrate_kbps"] / wanted_kbps - 1), 1),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def reason_not_held(entry: Mapping[str, Any], factor: float, headroom: float, needs: str) -> str:
    """Return why a trial does not count, in a sentence; empty: it held."""
    at = f"{entry['size']}@{entry['fps']}"
    if entry["frames_out"] != entry["frames_in"]:
        return f"{entry['frames_in']} frames went in and {entry['frames_out']} came out at {at}."
    if not entry["keyframe_first"]:
        return f"its first frame at {at} is no key frame, so that no viewer could begin with it."
    if entry["delay_ms"]["p95"] is None:
        return f"its frames at {at} cannot be followed: it changes their time stamps."
    if factor < headroom:
        kind = "software, which shares its processors with the sending" if not needs else "a GPU"
        return f"{factor:.2f} times real time at {at}, where {headroom} is asked of {kind}."
    if entry["on_time"] < ON_TIME:
        return f"only {100 * entry['on_time']:.0f} % of the frames were taken in time at {at}."
    return ""


def run_matrix(job: Mapping[str, Any], run: Run, progress: Progress) -> list[dict[str, Any]]:
    """Try every candidate of a job; return the entries.  ``progress`` hears what is tried and the seconds left."""
    candidates = job["candidates"]
    unpaced_s, paced_s = seconds_for(len(candidates))
    began, entries = time.monotonic(), []
    for number, candidate in enumerate(candidates):
        passed_s = time.monotonic() - began
        each_s = passed_s / number if number else 2 * unpaced_s + paced_s + 3 * OVERHEAD_S
        progress(number, len(candidates), candidate["encoder"], each_s * (len(candidates) - number))
        started = time.monotonic()
        entry = try_candidate(candidate, run, unpaced_s, paced_s)
        entries.append({**entry, "seconds": round(time.monotonic() - started, 1)})
    progress(len(candidates), len(candidates), "", 0.0)
    return entries
