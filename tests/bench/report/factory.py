"""Records that were never measured, with answers that are known: test data, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import DROP_STAGES, STAGES
from bench.records import Run, Store

BEGIN = 1_700_000_000.0
PAIRS = 6
OFFERED = 2700.0
DELAYS_MS = {"before": 48.0, "after": 30.0}
LOST = {"before": {"queue": 270.0, "late": 27.0}, "after": {"driver": 0.0}}
STAGE_MS = {
    "before": (1.0, 2.0, 14.0, 1.5, 3.0, 8.0, 1.0, 16.5),
    "after": (1.0, 1.0, 6.0, 0.5, 2.0, 4.0, 1.0, 14.0),
}
CPU = {"before": (62.0, 48.0, 2.5, 0.5, 66.0), "after": (52.0, 46.0, 0.5, 0.25, 53.5)}
MACHINE = {"cpu": "Test processor", "cores": 2, "kernel": "6.1", "governor": "performance", "load_1_minute": 0.1}
FACTS = ("root", "privileged", "capabilities", "device_nodes", "writable_root", "new_privileges")
SECURITY: dict[str, dict[str, float | None]] = {
    "before": dict(zip(FACTS, (1.0, 1.0, 41.0, 12.0, 1.0, 1.0), strict=True)),
    "after": dict.fromkeys(FACTS, 0.0),
}


def run(suite: str, scenario: str, pair: int | None, figures: dict[str, float | None], **more: Any) -> Run:
    """Return a finished run; the second of a pair begins after the first, and the order changes from pair to pair."""
    position = None if pair is None else (pair + (scenario == "after")) % 2
    number = 2 * (pair or 0) + (position or 0)
    values: dict[str, Any] = {
        "suite": suite,
        "scenario": scenario,
        "session": "session",
        "begun_at": BEGIN + 100 * number,
        "seconds": 90.0,
        "pair": pair,
        "position": position,
        "figures": figures,
        "machine": {**MACHINE, "load_1_minute": round(0.1 + 0.01 * number, 2)},
        "id": f"{suite}-{scenario}-{pair}",
    }
    return Run(**(values | more))


def stream(scenario: str, pair: int | None, **more: Any) -> Run:
    """Return a run of the stream: latency 48 ms before and 30 ms after, 11 % lost before and nothing after."""
    lost = {stage: LOST[scenario].get(stage, 0.0) for stage in DROP_STAGES}
    middle = DELAYS_MS[scenario] + 0.2 * ((pair or 0) % 3)
    names = ("stream", "encoder", "panel", "supervisor", "container")
    figures: dict[str, float | None] = {
        "latency_p50_ms": middle,
        "latency_p95_ms": middle * 1.3,
        "latency_p99_ms": middle * 1.5,
        **{f"stage_{stage}_ms": value for stage, value in zip(STAGES, STAGE_MS[scenario], strict=True)},
        "offered_frames": OFFERED,
        "drop_percent": 100 * sum(lost.values()) / OFFERED,
        **{f"dropped_{stage}": count for stage, count in lost.items()},
        "unexplained_frames": 0.0,
        **{f"cpu_{name}_percent": value for name, value in zip(names, CPU[scenario], strict=True)},
        "sampler_cpu_percent": 0.4,
        "method_error_ms": 0.3,
    }
    details = {
        "given": "approximates root and privileged mode: root with 41 capabilities" if scenario == "before" else "",
        "load": "idle",
        "scenario": {"name": scenario, "title": f"Test data, {scenario}"},
        "viewer": {"latency_histogram_ms": histogram(middle), "timeline": seen(middle)},
        "timeline": [second(scenario, number) for number in range(20)],
    }
    return run("stream", scenario, pair, figures, **({"details": details} | more))


def histogram(middle: float) -> dict[str, int]:
    """Return 1,000 frames by their latency in whole ms: most at ``middle``, a tail behind it."""
    shares = ((-2, 100), (-1, 200), (0, 400), (2, 150), (8, 100), (15, 40), (24, 10))
    return {str(int(middle) + step): count for step, count in shares}


def seen(middle: float) -> list[dict[str, Any]]:
    """Return what the viewer noted of each second; one has no picture."""
    return [{"at_s": number, "latency_p50_ms": None if number == 7 else middle + number % 3} for number in range(20)]


def second(scenario: str, number: int) -> dict[str, Any]:
    """Return a second of a run's timeline; before, every fifth loses 13 frames in its queue."""
    names = STAGES[:4]
    return {
        "at": BEGIN + number,
        "stages_ms": {name: value + number % 3 for name, value in zip(names, STAGE_MS[scenario][:4], strict=True)},
        "dropped": {"queue": 13 if scenario == "before" and number % 5 == 0 else 0},
    }


def panel(scenario: str, pair: int) -> Run:
    """Return a run of the panel: the guide's own 180 requests before, none after."""
    before = scenario == "before"
    figures: dict[str, float | None] = {
        "requests_per_minute": 180.0 if before else 0.0,
        "stats_p50_ms": 101.0 + pair if before else 0.5,
        "cpu_idle_percent": 0.02,
        "cpu_viewer_percent": (1.35 if before else 0.15) + 0.01 * (pair % 2),
        "memory_0_mb": 20.0 if before else 33.0,
        "memory_1_mb": 21.5 if before else 36.8,
        "memory_100_mb": 30.0 if before else 40.0,
        "memory_1000_mb": None if before else 78.5,
    }
    return run("panel", scenario, pair, figures)


def build(scenario: str, pair: int, *, cold: bool = True) -> Run:
    """Return a build with its steps; with ``cold`` it was made from nothing too."""
    before = scenario == "before"
    figures: dict[str, float | None] = {"build_warm_s": 540.0 + pair if before else 12.0 + pair}
    details: dict[str, Any] = {"warm": {"stages": {"final": 540.0 if before else 9.0, "build": 3.0}}}
    if cold:
        figures["build_cold_s"] = 600.0 if before else 480.0
        details["cold"] = {"stages": {"final": 560.0} if before else {"final": 40.0, "plugins": 400.0}}
    return run("build", scenario, pair, figures, details=details)


def image(scenario: str) -> Run:
    """Return an image: 5,200 MB before, 143 MB after."""
    sizes = (4000, 900, 200, 100) if scenario == "before" else (120, 20, 3)
    layers = [{"command": f"/bin/sh -c step {number}", "bytes": size * 10**6} for number, size in enumerate(sizes)]
    return run("image", scenario, 0, {"image_size_mb": float(sum(sizes))}, details={"layers": layers})


def everything() -> list[Run]:
    """Return a whole set of records: six pairs, a warm-up, a crash and a long run."""
    sides = ("before", "after")
    found = [stream(side, pair) for pair in range(PAIRS) for side in sides]
    found += [panel(side, pair) for pair in range(PAIRS) for side in sides]
    found += [build(side, pair, cold=pair < 2) for pair in range(PAIRS) for side in sides]
    found += [image(side) for side in sides]
    found += [run("security", side, 0, dict(SECURITY[side])) for side in sides]
    found.append(stream("before", None, warmup=True, id="warm-up"))
    found.append(stream("after", None, id="long", seconds=600.0, details={"load": "80"}))
    found.append(crashed())
    return found


def another(name: str, middle_ms: float) -> list[Run]:
    """Return six pairs of another way to stream and ``after`` in a session of their own, and a crash of it."""
    found = []
    for pair in range(PAIRS):
        after = stream("after", pair, session=name, id=f"after-{name}-{pair}")
        details = {"scenario": {"name": name, "title": f"Test data, {name}"}}
        other = dataclasses.replace(after, scenario=name, position=1 - (after.position or 0), details=details)
        found += [
            after,
            changed(dataclasses.replace(other, id=f"{name}-{pair}"), latency_p50_ms=middle_ms + 0.2 * (pair % 3)),
        ]
    return [*found, run("stream", name, None, {}, status="crashed", reason="It ended.", id=f"{name}-crash")]


def crashed() -> Run:
    """Return a run that ended before its time."""
    return run("stream", "before", 6, {}, status="crashed", reason="Chromium ended.", id="crash")


def stored(folder: Path, runs: Sequence[Run]) -> Path:
    """Return the folder, with these records in it."""
    for one in runs:
        Store(folder).append(one)
    return folder


def changed(one: Run, **figures: float | None) -> Run:
    """Return a run with other figures."""
    return dataclasses.replace(one, figures={**one.figures, **figures})
