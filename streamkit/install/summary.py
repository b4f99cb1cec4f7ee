"""The table at the end of a run with several hosts: what became of each, why, and where its panel is.  Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 500
"""Characters of one cause; the rest stands further up in the output."""
LOOPBACK = re.compile(r"localhost$|127\.|::1$")
CURES = (
    (r"[Nn]o space left on device", "its disk is full; free some space there and run the same command again"),
    (
        r"[Ff]ailed to create temporary directory",
        "nothing can be written to its login's home; its disk is full or read-only: free some space there",
    ),
    (r"Read-only file system", "its file system is read-only; look at its log (dmesg) and mend the disk"),
    (
        r"(?i)permission denied \(|authentication fail|host key verification failed",
        "it refuses the login; check ansible_user and the ssh key in the inventory",
    ),
    (
        r"(?i)unreachable|connection (refused|closed|reset|timed out)|no route to host|could not resolve|data could not be sent",
        "it stopped answering; check that it is switched on and its network, and run the same command again",
    ),
    (
        r"(?i)missing sudo password|sudo: a password is required",
        "sudo asks for a password; run it with --ask-become-pass",
    ),
)
"""What a raw failure says, and what it means for the person; the first that fits.  Our own sentences name their cure."""


@dataclass(frozen=True)
class Row:
    """One host: ``ok``, ``changed`` or ``FAILED``; the panel's address, or the cause and the cure."""

    host: str
    outcome: str
    text: str


@dataclass(frozen=True)
class Failure:
    """The last failure of a host: the task's name and module, and what the module returned."""

    task: str
    module: str
    result: Mapping[str, Any]


def cause(failure: Failure) -> str:
    """Return why a host failed, and the cure, in one sentence where the roles did not write more."""
    result = failure.result
    said = " ".join(str(result.get("msg") or "").split())
    if failure.module in {"fail", "ansible.builtin.fail", "assert", "ansible.builtin.assert"}:
        return _first_words(str(result.get("msg") or "")) or f"{failure.task}: no reason was given."
    if result.get("censored"):
        return f"{failure.task}: the reason holds a secret and is not shown; see whether the disk is full."
    details = [said, *(str(result.get(name) or "") for name in ("stderr", "module_stderr", "exception", "stdout"))]
    for pattern, cure in CURES:
        if any(re.search(pattern, detail) for detail in details):
            return f"{failure.task}: {cure}."
    last = next(
        (line.strip() for detail in details[1:3] for line in reversed(detail.splitlines()) if line.strip()), said
    )
    return f"{failure.task}: {(last or 'failed').rstrip('.')}; more with -v, and the same command goes on from here."


def _first_words(text: str) -> str:
    """Return what was written for a person, on one line, without the log that may follow a colon."""
    kept: list[str] = []
    for line in text.strip().splitlines():
        kept.append(line.strip())
        if line.rstrip().endswith(":"):
            break
    return textwrap.shorten(" ".join(kept).rstrip(":"), LONGEST, placeholder=" …")


def panel_address(ansible_host: str, outward: str | None, bind: str, port: int) -> str:
    """Return where a host's panel is for the one who ran Ansible.

    The name that ssh reached it by, unless that is a forwarded port of this machine: then the host's own address.
    """
    if LOOPBACK.match(bind):
        return f"http://localhost:{port} (on the host itself)"
    if bind != "0.0.0.0":
        return f"http://{bind}:{port}"
    name = (outward or ansible_host) if LOOPBACK.match(ansible_host) else ansible_host
    return f"http://{name}:{port}"


def table(rows: Sequence[Row], seconds: float, width: int) -> str:
    """Return the summary, ``width`` columns wide: the count in a sentence, good hosts first, then what failed."""
    failed = [row for row in rows if row.outcome == "FAILED"]
    good = [row for row in rows if row.outcome != "FAILED"]
    minutes, rest = divmod(round(seconds), 60)
    took = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    count = f"{len(good)} of {len(rows)} hosts are in order" if failed else f"All {len(rows)} hosts are in order"
    lines = [f"{count}; it took {took}." if len(rows) > 1 else f"It took {took}.", ""]
    column = max((len(row.host) for row in rows), default=0) + 2
    for row in [*good, *failed]:
        head = f"  {row.host:<{column}}{row.outcome:<9}"
        room = max(width - len(head), 40)
        parts = textwrap.wrap(row.text, room, break_long_words=False, break_on_hyphens=False) or [""]
        lines.append((head + parts[0]).rstrip())
        lines += [" " * len(head) + part for part in parts[1:]]
    if failed:
        lines += ["", "The same command again goes on where it stopped; --limit HOST does it for one host."]
    return "\n".join(lines)
