"""What ``bench measure cpu`` shows of a run: by process, and within the streaming process by part.  Pure."""

from __future__ import annotations

from typing import Any

from bench.measure.suites import Details, Figures
from bench.stream.processes import PARTS

WHAT = {
    "source": "source (a test picture is drawn here; a card has no such cost)",
    "convert": "rate and conversion",
    "encoder": "encoder, with parser and time code",
    "send": "sending",
    "sound": "sound, with its encoder",
    "launcher": "launcher's own thread",
}


def lines(figures: Figures, details: Details) -> list[str]:
    """Return a run's CPU for a terminal, in percent of one core."""
    cpu: dict[str, Any] = details["cpu"]
    told = cpu["encoder"] is not None
    found = [_row("container", cpu["container"])]
    for role, percent in sorted(cpu["processes"].items(), key=lambda one: -one[1]):
        found.append(_row(f"  {role}", percent))
        if role == "stream":
            parts = PARTS if told else [part for part in PARTS if part != "encoder"]
            found += [_row(f"    {WHAT[part]}", cpu["parts"][part]) for part in parts]
    per_frame = figures.get("cpu_per_frame_ms")
    if per_frame is not None:
        found.append(f"A coded frame costs {per_frame:.2f} ms of the streaming process.")
    found.append(
        f"Besides the encoder: {cpu['besides_share']:.1f} % of the streaming process; rate, conversion, sending and the launcher "
        f"take {cpu['pipeline_share']:.1f} % of what the encoder does."
        if told
        else "The sink encodes by itself: what of it is the encoder's cannot be told."
    )
    viewer = figures.get("viewer_cpu_percent")
    beside = f"; the viewer took {viewer:.1f} %" if viewer is not None else ""
    found.append(f"The sampler took {cpu['sampler']:.2f} %{beside}; neither is in the container.")
    return found


def _row(name: str, percent: float) -> str:
    return f"{name:<68}{percent:>7.1f} %"
