"""``inventory/host_vars/<host>/tuned.yml``: what was found, in the names of the settings, under the evidence for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.tune.decide import Decision, in_ms
from streamkit.config import PREFIX, SETTINGS, Value
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError

HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
NAME = "tuned.yml"
HIDING = (".yml", ".yaml", ".json", "")
"""Endings of a file of a host's variables; Ansible 2.19 no longer reads it once there is a folder of that name."""


def tuned_file(inventory: Path, host: str) -> Path:
    """Return where the result goes.  Raises BadInputError where it could not be written, or would hide variables."""
    if not HOST.fullmatch(host):
        raise BadInputError(f"--host is {host!r}; give the name of a host in the inventory: letters, digits and ._-")
    if not inventory.is_dir():
        raise BadInputError(f"--inventory is {inventory}, which is no folder; give the one that holds hosts.yml.")
    beside = inventory / "host_vars"
    for ending in HIDING:
        hidden = beside / (host + ending)
        if hidden.is_file():
            raise BadInputError(
                f"{hidden} would be read no longer once there is a folder {beside / host}; move it there first: "
                f"mkdir {beside / host}.d && mv {hidden} {beside / host}.d/main.yml && mv {beside / host}.d {beside / host}"
            )
    return beside / host / NAME


def tuned_text(decision: Decision, evidence: Sequence[str]) -> str:
    """Return the file: the evidence as comments, then a variable for each setting that differs from the defaults."""
    lines = ["---", *(f"# {line}".rstrip() for line in evidence)]
    for setting, value in settings_of(decision).items():
        # A JSON string is a YAML string (YAML 1.2, section 1.3).
        lines.append(f"{PREFIX}{setting}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def settings_of(decision: Decision) -> dict[str, Value]:
    """Return {setting: value} to write, checked by the schema; where a queue is among them, the reason beside it."""
    found = {setting: SETTINGS[setting].parse(value) for setting, value in decision.winner.changes}
    if any(setting.startswith("queue_") for setting in found) and decision.comparison:
        judged = decision.comparison
        found["queue_reason"] = SETTINGS["queue_reason"].parse(
            f"bench tune: p99 {in_ms(judged.after)} instead of {in_ms(judged.before)}, {judged.n} pairs"
        )
    return found


def keep(path: Path, decision: Decision, evidence: Sequence[str]) -> str:
    """Write the result and return a sentence that says where it is.

    Where the defaults stay, a file of an earlier search is replaced by one without variables, and none is made.
    """
    if not decision.tuned and not path.exists():
        return "Nothing was written: without variables the defaults are in force."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tuned_text(decision, evidence))
    except OSError as problem:
        raise BadInputError(
            f"{path} cannot be written ({problem.strerror}); run the same command again once it can: nothing is measured anew."
        ) from None
    if not decision.tuned:
        return f"{path} holds no variables any more; deploy with --tags plan,release,streamer."
    return f"{path} is written; deploy with --tags plan,release,streamer."


def evidence(
    decision: Decision, host: str, date: str, command: str, records: Path, machine: Mapping[str, object], seconds: float
) -> list[str]:
    """Return the lines that say what the result rests on: figures, number of runs, date, command, image and kernel."""
    lines = [
        f"Written by bench tune for {host} on {date}; replaced by its next run.",
        *decision.reason.splitlines(),
    ]
    judged = decision.comparison
    if judged and judged.interval:
        low, high = judged.interval
        p = "not known with so few pairs" if judged.p is None else f"{judged.p:.3f}"
        lines += [
            f"p99 latency: {in_ms(judged.before)} with the defaults, {in_ms(judged.after)} with the challenger; n = {judged.n} "
            f"pairs of {seconds:g} s.",
            f"Median paired difference {in_ms(judged.difference)}, 95 % interval {in_ms(low)} to {in_ms(high)}, exact "
            f"sign-flip p {p}.",
        ]
    said = [
        f"{name}: {machine[name]}"
        for name in ("cpu", "cores", "governor", "kernel", "image", "image_digest")
        if machine.get(name)
    ]
    return [*lines, "Machine: " + "; ".join(said), f"Command: {command}", f"Records: {records}"]
