"""The three lines that a manager needs, and how the figures were made.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.compare import attempts, whole
from bench.figures import FIGURES, Figure
from bench.records import Run
from bench.report.guide import Row
from bench.report.material import Material, only_side
from bench.report.words import amount, listed, percent, plural, quoted
from bench.statistics import Comparison

MOST_VALUES = 3
"""A fact of the machine that has more values than this over the runs is shown as a range, or as a count."""


def headline(material: Material, rows: Sequence[Row]) -> list[str]:
    """Return three lines: what came out, what it means for the one who watches, and how far to trust it."""
    return [_outcome(material, rows), _watching(material), _trust(material)]


def _outcome(material: Material, rows: Sequence[Row]) -> str:
    measured = [row for row in rows if row.measured]
    if not measured:
        side = only_side(material)
        why = f"only {side!r} was run so far" if side else "no figure has both sides yet"
        return f"No row of the guide's table can be judged: {why}."
    counts = Counter(_short(row.verdict) for row in measured)
    said = listed([f"{word} in {count}" for word, count in counts.items()])
    left = len(rows) - len(measured)
    rest = f"; {plural(left, 'row')} not measured yet" if left else ""
    return f"Of the {len(rows)} rows of the guide's table {quoted(material.after)} is {said}{rest}."


def _short(verdict: str) -> str:
    return {"no difference that matters": "the same"}.get(verdict, verdict.split(",")[0])


def _watching(material: Material) -> str:
    parts = []
    for name, label in (("latency_p50_ms", "delay from glass to glass (p50)"), ("latency_p99_ms", "p99"),
                        ("drop_percent", "frames lost")):  # fmt: skip
        one = material.comparisons.get(name)
        if one and one.before is not None and one.after is not None:
            parts.append(
                f"{label} {amount(one.before, one.figure)} \u2192 {amount(one.after, one.figure)}{_doubt(one)}"
            )
    if not parts:
        return "What a viewer sees (delay, lost frames) is not measured yet."
    return f"For who watches: {', '.join(parts)}."


def _doubt(one: Comparison) -> str:
    """A difference that the runs do not carry must not be read as one."""
    return {"cannot tell": " (cannot be told apart yet)", "same": " (no difference that matters)"}.get(one.verdict, "")


def _trust(material: Material) -> str:
    pairs = {suite: sum(map(whole, attempts(material.runs, suite, *material.sides).values()))
             for suite in ("stream", "panel", "build")}  # fmt: skip
    counted = [f"{plural(count, 'pair')} of {suite} runs" for suite, count in pairs.items() if count]
    crashed = sum(run.status == "crashed" for run in material.runs)
    broken = f"{plural(crashed, 'run')} crashed (listed below, in no figure)" if crashed else "no run crashed"
    made = f"{listed(counted)}, before and after interleaved" if counted else "no pairs"
    processor = material.runs[-1].machine.get("cpu", "a machine that did not say what it is")
    return f"How far to trust it: {made}, on {processor}; {broken}."


def method(material: Material) -> list[str]:
    """Return the sentences that an engineer needs before signing."""
    done = [run for run in material.runs if run.status == "done" and not run.warmup]
    warm = sum(run.warmup for run in material.runs)
    sentences = [
        f"The unit is the pair: one run of {quoted(material.before)} and one of {quoted(material.after)}, one after the other, in the "
        "order A B, B A (which of the two begins is drawn from a seed), so that a drift of the machine meets both alike.",
        f"{plural(len(done), 'run')} count; {plural(warm, 'warm-up')} and what crashed or was stopped do not.",
        "Differences are the median of the paired differences, with a 95 % bootstrap interval and an exact sign-flip p. "
        "A difference counts when p is at most 0.05, the interval is off zero and the difference is beyond the figure's "
        f"practical threshold. Seed of the statistics: {material.seed}.",
    ]
    sentences += [
        f"{suite}: not run in pairs; what is drawn are single runs, from which nothing is judged."
        for suite in dict.fromkeys(run.suite for run in done)
        if not material.paired_anywhere(suite)
    ]
    sentences += _cost_of_measuring(material)
    sentences += [f"{scenario}: {note}." for scenario, note in approximations(done)]
    if material.left_out:
        others = listed([f"{name} ({plural(count, 'run')})" for name, count in material.left_out.items()])
        sentences.append(f"The records also hold other scenarios, which are not in here: {others}.")
    return sentences


def _cost_of_measuring(material: Material) -> list[str]:
    found = []
    for name, text in (("method_error_ms", "The error of the latency's own method"),
                       ("sampler_cpu_percent", "The measuring itself took"),
                       ("viewer_cpu_percent", "The viewer's browser, on the same machine, took")):  # fmt: skip
        middles = [(side, material.middle("stream", side, name)) for side in material.sides]
        said = [f"{amount(value, FIGURES[name])} ({side})" for side, value in middles if value is not None]
        if said:
            found.append(f"{text}{' is' if name == 'method_error_ms' else ''} {listed(said)}, median of the runs.")
    return found


def approximations(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return (scenario, what is approximated or not known in it) as the runs themselves say, each once.

    ``given`` is what stood for root and privileged mode; ``frames.notes`` is what the account of frames lacks.
    """
    found: dict[tuple[str, str], None] = {}
    for run in runs:
        frames = run.details.get("frames")
        notes = frames.get("notes") if isinstance(frames, dict) else None
        said = [run.details.get("given"), *(notes if isinstance(notes, (list, tuple)) else [])]
        for note in said:
            if isinstance(note, str) and note.strip():
                found[(run.scenario, note.strip().rstrip("."))] = None
    return list(found)


def machine_lines(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return (fact, value) of the machine; a number that changed between the runs is given from lowest to highest."""
    seen: dict[str, list[Any]] = {}
    for run in runs:
        for key, value in _flat(run.machine):
            seen.setdefault(key, []).append(value)
    return [(key.replace("_", " "), _several(values)) for key, values in seen.items()]


def _flat(machine: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in machine.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key} ")
        else:
            found.append((f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list) else value))
    return found


def _several(values: Sequence[Any]) -> str:
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    distinct = list(dict.fromkeys(_plain(value) for value in values))
    if len(distinct) > 1 and len(numbers) == len(values):
        return f"{min(numbers):g} to {max(numbers):g}"
    if len(distinct) > MOST_VALUES:
        return f"{', '.join(distinct[:MOST_VALUES])} and {len(distinct) - MOST_VALUES} more"
    return ", ".join(distinct)


def _plain(value: Any) -> str:
    if value is None:
        return "unknown"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def threshold(figure: Figure) -> str:
    """Return the practical threshold of a figure as a person reads it."""
    if figure.exact:
        return "any difference" if not figure.threshold else percent(100 * figure.threshold)
    return percent(100 * figure.threshold) if figure.threshold_kind == "relative" else amount(figure.threshold, figure)
