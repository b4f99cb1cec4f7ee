"""What is streamed, in words: the sentences that install.sh, Ansible and the panel print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.encoders import ENCODERS


def summary(plan: Mapping[str, Any]) -> list[str]:
    """Return the plan as lines for a person."""
    chosen = plan["settings"]
    encoder = ENCODERS[chosen["encoder"]]
    lines = [
        str(plan["source_reason"]),
        f"{encoder.title}, {chosen['resolution']} at {chosen['fps']} frames per second, "
        f"{chosen['bitrate_kbps']} kbit/s, by {encoder.script}.",
    ]
    if plan["mode_reason"]:
        lines.append(str(plan["mode_reason"]))
    if plan.get("warning"):
        lines.append(str(plan["warning"]))
    return lines


COLUMNS = ("encoder", "holds", "speed", "delay, slow", "CPU", "kbit/s")


def probe_table(probes: Mapping[str, Any]) -> list[str]:
    """Return the trials as a table for a person.

    ``speed`` in times real time, ``delay`` in the encoder in ms (median, and the slowest twentieth), CPU in % of one
    core, bitrate measured and asked for.  Narrow enough for a terminal: what failed follows below, in a sentence.
    """
    rows = [COLUMNS, *[_row(trial) for trial in probes["trials"]]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [f"{trial['encoder']}: {trial['reason']}" for trial in probes["trials"] if not trial["ok"]]
    return [*lines, f"Tried {len(probes['trials'])} encoders in {probes['took_s']:.0f} s."]


def _row(trial: Mapping[str, Any]) -> tuple[str, ...]:
    speed = f"{trial['real_time_factor']:.1f}x" if "real_time_factor" in trial else "-"
    held = f"{trial['size']}@{trial['fps']}" if trial["ok"] else "nothing"
    if "delay_ms" not in trial:
        return (trial["encoder"], held, speed, "-", "-", "-")
    slow = [f"{value:.0f}" if (value := trial["delay_ms"][name]) is not None else "-" for name in ("p50", "p95")]
    bitrate = f"{trial['measured_kbps']} of {trial['bitrate_kbps']}"
    return (trial["encoder"], held, speed, f"{slow[0]}, {slow[1]} ms", f"{trial['cpu_percent']:.0f} %", bitrate)
