"""What a check is, and what comes of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from bench.verify.facts import Facts, NotSeenError

Verdict = Literal["ok", "failed", "unknown"]


class Judgement(NamedTuple):
    """A verdict and what it rests on, in the fewest words."""

    verdict: Verdict
    seen: str


def ok(seen: str) -> Judgement:
    """What was seen is what was promised."""
    return Judgement("ok", seen)


def failed(seen: str) -> Judgement:
    """What was seen is not what was promised."""
    return Judgement("failed", seen)


def unknown(seen: str) -> Judgement:
    """It cannot be told."""
    return Judgement("unknown", seen)


def judged(holds: bool, seen: str) -> Judgement:
    """The verdict of a question that has an answer."""
    return ok(seen) if holds else failed(seen)


@dataclass(frozen=True)
class Check:
    """One row: its name, the guide's words ("-" where the guide says nothing), and the judgement.

    ``differs`` says why the product is otherwise than the guide on purpose; empty where it is not.
    """

    id: str
    title: str
    guide: str
    judge: Callable[[Facts], Judgement]
    differs: str = ""


@dataclass(frozen=True)
class Result:
    """One row of the table, judged."""

    section: str
    check: str
    title: str
    guide: str
    seen: str
    verdict: Verdict
    differs: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return asdict(self)


def run_check(section: str, check: Check, facts: Facts) -> Result:
    """Judge one check; a fact that is missing makes it unknown, with the reason."""
    try:
        verdict, seen = check.judge(facts)
    except NotSeenError as missing:
        verdict, seen = unknown(str(missing))
    return Result(section, check.id, check.title, check.guide, seen, verdict, check.differs)
