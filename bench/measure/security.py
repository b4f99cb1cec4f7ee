"""What the container of a scenario may do, as exact facts: seen by ``streamkit.facts``, judged by ``bench verify``'s checks."""

from __future__ import annotations

import json
from typing import Any

from bench.measure.panel.contestants import status_of
from bench.measure.suites import Details, Figures, Options
from bench.stream.capabilities import bounding_set
from bench.stream.container import started
from bench.verify.check import Result, run_check
from bench.verify.facts import Facts, NotSeenError
from bench.verify.security import SECURITY
from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.documents import Document
from streamkit.facts.collect import collect

WATCH_S = 3.0
OF_CHECK = {"privileged": "privileged", "writable_root": "root_fs", "new_privileges": "no_new_privileges",
            "seccomp_off": "seccomp", "secrets_readable": "secrets"}  # fmt: skip
"""{figure: check}: the figure is 1 where the check failed, 0 where it holds, None where it cannot be told."""
OWN_NODES = ("console", "full", "null", "ptmx", "random", "tty", "urandom", "zero")
"""What Docker gives every container (runc: libcontainer/specconv, AllowedDevices)."""
COUNT_NODES = f"""
import json, os, stat
found = []
for folder, folders, names in os.walk("/dev"):
    folders[:] = [one for one in folders if os.path.join(folder, one) not in ("/dev/pts", "/dev/shm", "/dev/mqueue")]
    for name in names:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and path not in {tuple("/dev/" + name for name in OWN_NODES)!r}:
            found.append(path)
print(json.dumps(sorted(found)))
"""


def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
    """Start the scenario's container, look at it and take it away.  Raises UnavailableError, CrashedError."""
    from bench.stream.prepare import prepare  # here: it needs the renderer, which a managed host has not

    prepared = prepare(scenario, paint=False, capabilities=tuple(bounding_set()))
    with status_of(prepared.panel) as status, started(prepared, status) as running:
        document = collect(prepared.name, WATCH_S)
        nodes = device_nodes(prepared.name)
    figures, details = judge(without_own_mounts(document, prepared.folder), nodes)
    if running.given:
        details["mode"] += f" ({running.given})"
    details |= {"given": running.given, "machine": {"image": prepared.image}}
    return figures, details


def device_nodes(container: str) -> list[str] | None:
    """Return the device nodes in the container that Docker does not give to all; None where it cannot be asked."""
    try:
        found: list[str] = json.loads(run_docker(["exec", "--interactive", container, "python3", "-"], COUNT_NODES))
        return found
    except (NotAnsweredError, ValueError):
        return None


def without_own_mounts(document: Document, folder: str) -> Document:
    """Return the document without the folders that bench mounts to measure: they are no part of the scenario."""
    inspect = document.get("inspect")
    if not inspect:
        return document
    kept = (f"{folder}/opt", f"{folder}/state", f"{folder}/secrets")
    mounts = [
        one
        for one in inspect.get("Mounts") or []
        if not str(one.get("Source", "")).startswith(f"{folder}/") or str(one["Source"]).startswith(kept)
    ]
    return {**document, "inspect": {**inspect, "Mounts": mounts}}


def judge(document: Document, nodes: list[str] | None) -> tuple[Figures, Details]:
    """Return figures and details of a container: ``details["mode"]`` for a person, ``details["checks"]`` with every check."""
    facts = Facts(document)
    results = {check.id: run_check("security", check, facts) for check in SECURITY}
    uids, masks = _users_and_rights(facts)
    figures: Figures = {
        "root": None if uids is None else float("0" in uids),
        "capabilities": None if masks is None else float(max((mask.bit_count() for mask in masks), default=0)),
        "device_nodes": None if nodes is None else float(len(nodes)),
        **{figure: _broken(results[check]) for figure, check in OF_CHECK.items()},
    }
    return figures, {
        "mode": mode(figures),
        "nodes": nodes,
        "checks": [{"check": one.check, "seen": one.seen, "verdict": one.verdict} for one in results.values()],
    }


def _users_and_rights(facts: Facts) -> tuple[set[str] | None, list[int] | None]:
    """Return the users and the effective capabilities of the container's processes; None where they were not seen."""
    try:
        processes = facts.processes
    except NotSeenError:
        return None, None
    return {str(one["uid"]) for one in processes}, [int(one["cap_eff"] or "0", 16) for one in processes]


def _broken(result: Result) -> float | None:
    return {"ok": 0.0, "failed": 1.0}.get(result.verdict)


def mode(figures: Figures) -> str:
    """Return the container's rights in the words of the guide's table, such as "non-root, no capabilities, ..."."""

    def word(figure: str, yes: str, no: str) -> str:
        value = figures[figure]
        return f"{figure} unknown" if value is None else (yes if value else no)

    def count(figure: str, what: str) -> str:
        value = figures[figure]
        return f"{what} unknown" if value is None else f"{value:.0f} {what}" if value else f"no {what}"

    return ", ".join(
        (
            word("root", "root", "non-root"),
            word("privileged", "privileged", "not privileged"),
            count("capabilities", "capabilities"),
            count("device_nodes", "device nodes"),
            word("writable_root", "root file system writable", "root file system read-only"),
            word("new_privileges", "may gain privileges", "no new privileges"),
        )
    )
