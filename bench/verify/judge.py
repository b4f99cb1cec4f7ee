"""Every check in the guide's order, and the judgement of one container.  Pure: a document in, results out."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence

from bench.verify.check import Check, Result, run_check
from bench.verify.deployment import DEPLOYMENT, HEALTH, LIMITS
from bench.verify.facts import Facts
from bench.verify.performance import PERFORMANCE
from bench.verify.queues import QUEUES
from bench.verify.security import SECURITY
from bench.verify.updates import LOGS, WEBSOCKET
from streamkit.documents import SCHEMA_VERSION, Document

SECTIONS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("Verify WebSocket Connection", WEBSOCKET),
    ("Verify SSE Log Streaming", LOGS),
    ("Verify Performance", PERFORMANCE),
    ("Verify Security", SECURITY),
    ("Security Hardening: limits", LIMITS),
    ("Verify Health Checks", HEALTH),
    ("Deployment", DEPLOYMENT),
    ("Queue Configuration", QUEUES),
)
"""The guide's own headings, and the checks under each."""


def judge(document: Document) -> list[Result]:
    """Judge what ``streamkit.facts`` collected."""
    facts = Facts(document)
    return [run_check(section, check, facts) for section, checks in SECTIONS for check in checks]


def exit_code(results: Sequence[Result]) -> int:
    """Return 1 where a check failed, else 0; what is unknown fails nothing."""
    return 1 if any(result.verdict == "failed" for result in results) else 0


def summary(results: Sequence[Result]) -> str:
    """Return one line: how many, and how many of each verdict."""
    counts = Counter(result.verdict for result in results)
    return f"{len(results)} checks: {counts['ok']} ok, {counts['failed']} failed, {counts['unknown']} unknown"


def as_lines(name: str, document: Document, results: Sequence[Result]) -> str:
    """Return JSON lines, one complete object for each check."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(document["collected_at"]))
    head = {"schema_version": SCHEMA_VERSION, "host": name, "container": document["container"], "at": at}
    return "".join(json.dumps({**head, **result.as_document()}, ensure_ascii=False) + "\n" for result in results)
