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


COLUMNS = ("encoder", "held", "times real time", "delay p50", "p95", "one core", "bitrate", "in words")


def probe_table(probes: Mapping[str, Any]) -> list[str]:
    """Return the trials as a table for a person: delay in ms, CPU in % of one core, bitrate against the wish."""
    rows = [COLUMNS, *[_row(trial) for trial in probes["trials"]]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS) - 1)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return [*lines, f"Tried {len(probes['trials'])} encoders in {probes['took_s']:.0f} s."]


def _row(trial: Mapping[str, Any]) -> tuple[str, ...]:
    factor = f"{trial['real_time_factor']:.2f}" if "real_time_factor" in trial else "-"
    if "delay_ms" not in trial:
        return (trial["encoder"], "-", factor, "-", "-", "-", "-", trial["reason"])
    delay = [
        f"{trial['delay_ms'][name]:.1f} ms" if trial["delay_ms"][name] is not None else "-" for name in ("p50", "p95")
    ]
    size = f"{trial['size']}@{trial['fps']}"
    held = size if trial["ok"] else f"not {size}"
    bitrate = f"{trial['measured_kbps']} of {trial['bitrate_kbps']}"
    return (trial["encoder"], held, factor, *delay, f"{trial['cpu_percent']:.0f} %", bitrate, trial["reason"] or "ok")
