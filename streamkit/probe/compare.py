"""What changed between two rounds of trial encodes, in sentences.  Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

NOTABLE = 0.15
"""Share by which a figure must differ: two rounds on the same idle machine differ by less (see docs/ENCODERS.md)."""
NOTABLE_MS = 5.0


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each candidate that changed from ``before`` to ``after`` (both ``probes.json``)."""
    if before is None:
        return []
    old = {trial["encoder"]: trial for trial in before["trials"]}
    since = time.strftime("%Y-%m-%d", time.gmtime(before["probed_at"]))
    lines = []
    for trial in after["trials"]:
        was = old.get(trial["encoder"])
        if said := _change(was, trial):
            lines.append(f"{trial['encoder']}: {said} since {since}.")
    gone = set(old) - {trial["encoder"] for trial in after["trials"]}
    return lines + [f"{name}: tried on {since}, not any more." for name in sorted(gone)]


def _change(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    if was is None:
        return "is tried for the first time"
    if was["ok"] and not now["ok"]:
        return f"held {was['size']}@{was['fps']} and does not any more ({now['reason']})"
    if now["ok"] and not was["ok"]:
        return f"holds {now['size']}@{now['fps']} now, which it did not"
    if not now["ok"]:
        return ""
    if (was["size"], was["fps"]) != (now["size"], now["fps"]):
        return f"holds {now['size']}@{now['fps']} now, in place of {was['size']}@{was['fps']}"
    parts = []
    ratio = now["unpaced_fps"] / was["unpaced_fps"] - 1
    if abs(ratio) >= NOTABLE:
        parts.append(f"{abs(100 * ratio):.0f} % {'faster' if ratio > 0 else 'slower'}")
    delay_ms = now["delay_ms"]["p95"] - was["delay_ms"]["p95"]
    if abs(delay_ms) >= max(NOTABLE_MS, NOTABLE * was["delay_ms"]["p95"]):
        parts.append(f"{abs(delay_ms):.0f} ms {'more' if delay_ms > 0 else 'less'} delay")
    return ", ".join(parts)
