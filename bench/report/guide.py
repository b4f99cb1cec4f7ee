"""The guide's table: what it claims, what was measured, and a sentence where the two differ.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.figures import FIGURES
from bench.records import Run
from bench.report.material import Material
from bench.report.words import NOT_MEASURED, UNKNOWN, UNPAIRED, amount, difference, listed, percent, plural, verdict
from bench.statistics import Comparison

SLACK = 0.1
"""How far a measured value may be from a claimed one and still agree with it; the guide's are round figures."""


@dataclass(frozen=True)
class Claim:
    """A row of the guide, in its own words.

    ``was`` and ``became`` are (lowest, highest) in the figure's unit, ``less`` the claimed reduction in percent; None
    where the guide gives no figure.
    """

    metric: str
    before: str
    after: str
    improvement: str
    figure: str
    was: tuple[float, float] | None = None
    became: tuple[float, float] | None = None
    less: tuple[float, float] | None = None
    note: str = ""


CLAIMS = (
    Claim("HTTP Requests/Min", "180", "0", "100% reduction", "requests_per_minute", (180, 180), (0, 0), (100, 100)),
    Claim("API Response Time", "~200ms", "<100ms", "50% faster", "stats_p50_ms", (200, 200), (0, 100), (50, 100),
          "p50 of /api/stats"),
    Claim("Docker Build Time", "8-10 min", "2-3 min", "70% faster", "build_warm_s", (480, 600), (120, 180), (70, 70),
          "built again after a change"),
    Claim("Docker Image Size", "~2.5GB", "~1.2GB", "50% smaller", "image_size_mb", (2500, 2500), (1200, 1200), (50, 50)),
    Claim("CPU Usage (Control Panel)", "~10%", "~5%", "50% reduction", "cpu_viewer_percent", (10, 10), (5, 5), (50, 50),
          "one page open"),
    Claim("Frame Drops", "Baseline", "-15-20%", "Better quality", "drop_percent", less=(15, 20),
          note="of the frames offered"),
    Claim("Security Mode", "Root + Privileged", "Non-root + Caps", "Enhanced", "root"),
)  # fmt: skip
SECURITY = ("root", "privileged", "capabilities", "device_nodes", "writable_root", "new_privileges")


@dataclass(frozen=True)
class Row:
    """A claim beside what was measured.  ``remark`` is "" where they agree or nothing was measured."""

    claim: Claim
    before: str
    after: str
    difference: str
    verdict: str
    n: str
    remark: str = ""

    @property
    def measured(self) -> bool:
        """Whether both sides were."""
        return self.verdict not in (NOT_MEASURED, UNPAIRED)


def rows(material: Material) -> list[Row]:
    """Return the guide's table, every row of it, measured or not."""
    return [_security(material, claim) if claim.figure == "root" else _row(material, claim) for claim in CLAIMS]


def _row(material: Material, claim: Claim) -> Row:
    one = material.comparisons.get(claim.figure)
    figure = FIGURES[claim.figure]
    if one is None or (one.before is None and one.after is None):
        middles = [material.middle(figure.suite, name, figure.name) for name in material.sides]
        before, after = (amount(value, figure) for value in middles)
        said = NOT_MEASURED if None in middles else UNPAIRED
        return Row(claim, before, after, said, said, "")
    counted = "exact" if figure.exact else plural(one.n, "pair")
    return Row(claim, amount(one.before, figure), amount(one.after, figure), difference(one), verdict(one), counted,
               remark(claim, one))  # fmt: skip


def remark(claim: Claim, one: Comparison) -> str:
    """Return one sentence where claim and measurement differ, else "": in the values, or in how much was gained."""
    if one.before is None or one.after is None:
        return ""
    figure = one.figure
    wrong = []
    for side, said, value, allowed in (
        ("before", claim.before, one.before, claim.was),
        ("after", claim.after, one.after, claim.became),
    ):
        if allowed and not _within(value, allowed):
            wrong.append(f"{amount(value, figure)} {side} where the guide says {said}")
    gained = 100 * (1 - one.ratio) if one.ratio is not None else None
    if claim.less and gained is not None and not _within(gained, claim.less):
        said = claim.improvement if claim.was else f"{claim.after} ({claim.improvement.lower()})"
        way = "less" if gained >= 0 else "more"
        wrong.append(f"{percent(abs(gained))} {way} where the guide says {said}")
    if claim.less and gained is None and one.before == 0:
        wrong.append(f"nothing to gain, for there was {amount(0, figure)} before, where the guide says {claim.after}")
    return f"{claim.metric}: measured {listed(wrong)}." if wrong else ""


def _within(value: float, allowed: tuple[float, float]) -> bool:
    low, high = allowed
    return low * (1 - SLACK) <= value <= high * (1 + SLACK)


def _security(material: Material, claim: Claim) -> Row:
    """Judge all facts together: better only where none is worse."""
    judged = {name: one for name in SECURITY if (one := material.comparisons.get(name))}
    words = [mode(material.done("security", name)) for name in material.sides]
    if not judged:
        said = NOT_MEASURED if NOT_MEASURED in words else UNPAIRED
        return Row(claim, words[0], words[1], said, said, "")
    verdicts = {one.verdict for one in judged.values()}
    if "unknown" in verdicts:
        whole = UNKNOWN
    elif "worse" in verdicts:
        whole = "worse" if "better" not in verdicts else "better and worse"
    else:
        whole = "better" if "better" in verdicts else "the same"
    changed = [
        f"{one.figure.label}: {amount(one.before, one.figure)} \u2192 {amount(one.after, one.figure)}"
        for one in judged.values()
        if one.before != one.after
    ]
    count = judged.get("capabilities")
    sentence = ""
    if count is not None and count.after == 0:
        sentence = f"{claim.metric}: measured no capability at all after where the guide says {claim.after}."
    return Row(claim, words[0], words[1], "; ".join(changed) or "none", whole, "exact", sentence)


def mode(runs: list[Run]) -> str:
    """Return the security mode of a side in the guide's words, from the last of its runs."""
    if not runs:
        return NOT_MEASURED
    said = runs[-1].details.get("mode")
    if isinstance(said, str) and said:
        return said
    figures = runs[-1].figures
    root, count = figures.get("root"), figures.get("capabilities")
    parts = [UNKNOWN if root is None else "root" if root else "non-root"]
    if figures.get("privileged"):
        parts.append("privileged")
    if count is not None:
        parts.append("no capability" if count == 0 else f"{count:.0f} capabilities" if count > 1 else "1 capability")
    return ", ".join(parts)
