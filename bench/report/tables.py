"""The tables of the report as Markdown and CSV.  Pure: the golden tests hold them to the letter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas

from bench.figures import FIGURES, Figure, in_order
from bench.records import Run
from bench.report.guide import Row
from bench.report.material import Material
from bench.report.summary import threshold
from bench.report.words import NOT_MEASURED, amount, difference, plural, verdict
from bench.statistics import Comparison

GUIDE_HEAD = ("the guide's metric", "its claim", "before", "after", "difference", "verdict", "n")
FIGURE_HEAD = ("figure", "before", "after", "difference", "p", "threshold", "verdict", "n")
SINGLE_HEAD = ("scenario", "load", "length", "offered", "frames lost", "ledger", "latency p50", "p99", "audio gaps")
BROKEN_HEAD = ("suite", "scenario", "pair", "what happened", "why")
BESIDE_FIGURES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "drop_percent", "fps_presented", "bitrate_kbps",
                  "psnr_db", "received_kbps", "audio_concealed_percent", "cpu_stream_percent", "stage_encode_ms", "stage_network_ms", "stage_jitter_buffer_ms",
                  "stage_present_ms")  # fmt: skip
"""What another way to stream is asked; all of its figures are in runs.csv."""
CSV_HEAD = ("suite", "figure", "label", "unit", "better", "before", "after", "difference", "low_95", "high_95", "ratio", "p",
            "n_pairs", "verdict", "needs_pairs", "warnings")  # fmt: skip
RUNS_HEAD = ("id", "session", "suite", "scenario", "pair", "position", "warmup", "status", "begun_at", "seconds", "figure",
             "value")  # fmt: skip
GUIDE_CSV_HEAD = ("metric", "claim_before", "claim_after", "claim_improvement", "before", "after", "difference", "verdict",
                  "n", "remark")  # fmt: skip

MOST_NAMED = 3
Cells = tuple[str, ...]


def guide_cells(rows: Sequence[Row]) -> list[Cells]:
    """Return the guide's table, one tuple for each row, in the order of GUIDE_HEAD."""
    return [
        (
            row.claim.metric + (f" ({row.claim.note})" if row.claim.note else ""),
            f"{row.claim.before} \u2192 {row.claim.after}; {row.claim.improvement}",
            row.before,
            row.after,
            row.difference,
            row.verdict,
            row.n,
        )
        for row in rows
    ]


def figure_cells(material: Material, suite: str) -> list[Cells]:
    """Return every judged figure of a suite, in the order of FIGURE_HEAD."""
    return [_judged_cells(one) for one in judged(material) if one.figure.suite == suite]


def beside_head(name: str, after: str) -> Cells:
    """Return the heads of another scenario's table: it stands where the scenario before does elsewhere."""
    return (FIGURE_HEAD[0], name, after, *FIGURE_HEAD[3:])


def beside_cells(comparisons: Mapping[str, Comparison]) -> list[Cells]:
    """Return the figures of BESIDE_FIGURES that were judged for another scenario, in the order of :func:`beside_head`."""
    return [_judged_cells(comparisons[name]) for name in BESIDE_FIGURES if name in comparisons]


def _judged_cells(one: Comparison) -> Cells:
    return (
        one.figure.label,
        amount(one.before, one.figure),
        amount(one.after, one.figure),
        difference(one),
        "" if one.p is None else f"{one.p:.3f}",
        threshold(one.figure),
        verdict(one),
        "exact" if one.figure.exact else plural(one.n, "pair"),
    )


def judged(material: Material) -> list[Comparison]:
    """Return the comparisons in the order of the catalogue."""
    return [material.comparisons[name] for name in in_order(material.comparisons)]


def suites(material: Material) -> list[str]:
    """Return the suites that have a judged figure, in the order of the catalogue."""
    return list(dict.fromkeys(one.figure.suite for one in judged(material)))


def warnings(material: Material) -> list[str]:
    """Return what the statistics warn of: each cause once, with its cure and with all that was seen of it."""
    found: dict[str, list[str]] = {}
    for one in judged(material):
        for said in one.warnings:
            found.setdefault(said, []).append(one.figure.label)
    by_cause: dict[str, list[str]] = {}
    for said, labels in found.items():
        seen, _, cause = said.rstrip(".").partition(": ")
        # What names its figure already need not name it twice.
        named = any(seen.startswith(label) for label in labels)
        by_cause.setdefault(cause, []).append(seen if named else f"{seen} ({_concerned(labels)})")
    return [f"{cause[:1].upper()}{cause[1:]}: {'; '.join(seen)}" if cause else "; ".join(seen)
            for cause, seen in by_cause.items()]  # fmt: skip


def _concerned(labels: Sequence[str]) -> str:
    return "; ".join(labels) if len(labels) <= MOST_NAMED else f"{len(labels)} figures"


def single_cells(runs: Sequence[Run]) -> list[Cells]:
    """Return the runs of the stream that belong to no pair, in the order of SINGLE_HEAD."""
    return [
        (
            run.scenario,
            str(run.details.get("load") or "idle"),
            amount(run.seconds, Figure("seconds", "", "s", "none", 0, "absolute", 0, "stream")),
            *(_of_run(run, name) for name in ("offered_frames", "drop_percent")),
            _ledger(run.figures.get("unexplained_frames")),
            *(_of_run(run, name) for name in ("latency_p50_ms", "latency_p99_ms", "audio_gaps")),
        )
        for run in runs
    ]


def _of_run(run: Run, name: str) -> str:
    return amount(run.figures.get(name), FIGURES[name])


def _ledger(unexplained: float | None) -> str:
    if unexplained is None:
        return NOT_MEASURED
    return "closes" if unexplained == 0 else f"{unexplained:.0f} unexplained"


def broken_cells(runs: Sequence[Run]) -> list[Cells]:
    """Return the runs that did not finish, in the order of BROKEN_HEAD."""
    return [
        (run.suite, run.scenario, "warm-up" if run.warmup else "" if run.pair is None else str(run.pair + 1), run.status,
         run.reason or "no reason recorded")
        for run in runs
    ]  # fmt: skip


def markdown(head: Sequence[str], cells: Sequence[Cells]) -> str:
    """Return a table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(map(markdown_text, row)) + " |" for row in cells]
    return "\n".join(lines)


def markdown_text(text: str) -> str:
    """Return a text that stays in its cell and is not taken for HTML or a link, whatever a record says."""
    return re.sub(r"([\\|<\[*`])", r"\\\1", " ".join(text.split(" ")).replace("\r", " ").replace("\n", " "))


def figures_csv(material: Material) -> str:
    """Return every judged figure with full digits, for a spreadsheet."""
    rows = []
    for one in judged(material):
        low, high = one.interval or (None, None)
        figure = one.figure
        rows.append(
            (figure.suite, figure.name, figure.label, figure.unit, figure.better, one.before, one.after, one.difference, low,
             high, one.ratio, one.p, one.n, one.verdict, one.needs, "; ".join(one.warnings))
        )  # fmt: skip
    # What a float has behind the ninth digit is not the machine's, and would be another one elsewhere.
    return _csv(CSV_HEAD, [[float(f"{cell:.9g}") if isinstance(cell, float) else cell for cell in row] for row in rows])


def guide_csv(rows: Sequence[Row]) -> str:
    """Return the guide's table."""
    return _csv(GUIDE_CSV_HEAD, [(row.claim.metric, row.claim.before, row.claim.after, row.claim.improvement, row.before,
                                  row.after, row.difference, row.verdict, row.n, row.remark) for row in rows])  # fmt: skip


def runs_csv(runs: Sequence[Run]) -> str:
    """Return every figure of every run, a line for each; a run without figures has one line, so that none is hidden."""
    rows: list[tuple[object, ...]] = []
    for run in runs:
        about = (run.id, run.session, run.suite, run.scenario, run.pair, run.position, run.warmup, run.status,
                 run.begun_at, run.seconds)  # fmt: skip
        names = in_order(run.figures)
        rows += [(*about, name, run.figures[name]) for name in names] or [(*about, None, None)]
    return _csv(RUNS_HEAD, rows)


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    # Objects, so that whole numbers beside an empty cell stay whole.
    cells = pandas.DataFrame([[_cell(value) for value in row] for row in rows], columns=list(head), dtype=object)
    return str(cells.to_csv(index=False, lineterminator="\n"))


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is set in quotes."""
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "-", "\t", "\r"):
        return "'" + value
    return value
