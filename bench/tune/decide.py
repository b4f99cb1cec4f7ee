"""Who won: the challenger's runs against those of the defaults, pair by pair, made after the search.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import FIGURES
from bench.statistics import Comparison, compare_pairs
from bench.tune.halving import PAIRS, Outcome
from bench.tune.space import DEFAULTS, Candidate

FIGURE = FIGURES["latency_p99_ms"]


@dataclass(frozen=True)
class Decision:
    """What is to be used: ``winner`` is the defaults where they stay; ``reason`` is a sentence for a person."""

    winner: Candidate
    challenger: Candidate | None
    comparison: Comparison | None
    reason: str

    @property
    def tuned(self) -> bool:
        """Whether something else than the defaults is to be used."""
        return self.winner != DEFAULTS


def decide(against: Candidate | None, outcomes: Sequence[Outcome], seed: int) -> Decision:
    """Judge the pairs.  The challenger wins only by a difference that counts, and without losing anything.

    ``against`` is the challenger, None where the search found nobody better than the defaults.
    """
    if against is None:
        return Decision(DEFAULTS, None, None, _nobody(outcomes))
    confirm = [one for one in outcomes if one.phase == "confirm"]
    found = {(one.pair, one.candidate): one for one in confirm}
    pairs = sorted({one.pair for one in confirm if one.pair is not None})
    figures = [(_p99(found.get((pair, DEFAULTS.name))), _p99(found.get((pair, against.name)))) for pair in pairs]
    judged = compare_pairs(FIGURE, figures, seed)
    broken = [one for one in confirm if one.candidate == against.name and not one.good]
    if broken:
        what = "crashed" if any(one.crashed for one in broken) else "lost frames or sound, or could not be measured,"
        reason = f"{against.name} {what} in {len(broken)} of its {len(pairs)} later runs; the guide's defaults stay."
        return Decision(DEFAULTS, against, judged, reason)
    if judged.verdict == "better":
        reason = (
            f"{against.name}: p99 of {in_ms(judged.after)} where the guide's defaults have {in_ms(judged.before)}, "
            f"nothing lost, in {judged.n} later pairs of runs."
        )
        return Decision(against, against, judged, reason)
    return Decision(
        DEFAULTS, against, judged, f"{_not_better(against, judged, len(pairs))}; the guide's defaults stay."
    )


def in_ms(value: float | None) -> str:
    """Return a latency as it is shown."""
    return "an unknown time" if value is None else f"{value:.{FIGURE.decimals}f} ms"


def _p99(outcome: Outcome | None) -> float | None:
    return outcome.p99_ms if outcome and not outcome.crashed else None


def _not_better(against: Candidate, judged: Comparison, pairs: int) -> str:
    if pairs < PAIRS:
        return (
            f"there was time for {pairs} of the {PAIRS} pairs of runs that show whether {against.name} is better "
            "(give more --minutes)"
        )
    said = {
        "same": "makes no difference that counts",
        "worse": "was worse than the guide's defaults",
        "cannot tell": "could not be shown to be better",
    }
    more = f"; {judged.needs} more pairs might tell (give more --minutes)" if judged.needs else ""
    return f"{against.name} {said.get(judged.verdict, 'could not be compared')} in {judged.n} later pairs of runs{more}"


def _nobody(outcomes: Sequence[Outcome]) -> str:
    if outcomes and not any(one.good for one in outcomes):
        return (
            "No candidate came through without losing frames or sound, so this load is too much here and none is better; "
            "the guide's defaults stay. Lower streamkit_resolution or streamkit_fps."
        )
    return "No candidate of the search was better than the guide's defaults; they stay."
