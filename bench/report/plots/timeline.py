"""Each run over its time: the delay of every second, and where frames were lost.  A stall or a warm-up shows here."""

from __future__ import annotations

import math

from matplotlib.axes import Axes

from bench.records import Run
from bench.report.details import Moment, timeline, watched
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.style import Theme, blank, legend_below
from bench.report.words import plural, quoted

HEADING = "Every run over its time"
COLUMNS = 3
MOST = 12
WIDE = 12


def draw(material: Material, theme: Theme) -> Picture:
    """Draw a field for each pair, its two runs in it, all on one scale."""
    runs = [run for name in material.sides for run in material.done("stream", name) if timeline(run)]
    if not runs:
        return missing("the course of each run", "bench compare")
    together: dict[tuple[str, int | None, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.begun_at, run.id)):
        key = (run.session, run.pair, "" if run.pair is not None else run.id)
        together.setdefault(key, []).append(run)
    fields = list(together.values())[:MOST]
    whole = all(map(watched, runs))
    title = _title(material, runs)
    down = math.ceil(len(fields) / COLUMNS)
    figure = blank(1.5 + 1.5 * down, title)
    grid = figure.subplots(down, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for number, (axes, field) in enumerate(zip(grid.flat, fields, strict=False), 1):
        axes.set_title(f"pair {number}" if field[0].pair is not None else "single run", loc="left", pad=3)
        axes.grid(axis="y")
        for run in field:
            _course(axes, material, run, theme)
    for axes in list(grid.flat)[len(fields) :]:
        axes.set_axis_off()
    delays = [one.delay_ms for run in runs for one in timeline(run) if one.delay_ms]
    if delays and max(delays) > WIDE * min(delays):
        grid[0, 0].set_yscale("log")
        grid[0, 0].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    elif delays:
        grid[0, 0].set_ylim(0, max(delays) * 1.15)
    for axes in grid[-1]:
        axes.set_xlabel("seconds of the run")
    figure.supylabel("latency, p50, ms" if whole else "delay before the sink, ms", fontsize=9.5)
    _legend(figure.add_subplot(frameon=False), material, theme)
    legend_below(figure, figure.axes[-1], 3)
    figure.axes[-1].remove()
    left = len(together) - len(fields)
    measured = (
        "The latency is that of the whole way, p50 of each second."
        if whole
        else (
            "The delay is that of the stages from capture to send, p50 of each second; the way to the viewer is not in it."
        )
    )
    caption = (
        f"One field for each pair, all on the same axes. {measured} A cross is a second in which the streaming process lost "
        "frames; where in the second is not known."
    )
    caption += f" {plural(left, 'pair')} more in the CSV." if left > 0 else ""
    return Picture(title, caption, figure)


def _course(axes: Axes, material: Material, run: Run, theme: Theme) -> None:
    moments = timeline(run)
    side = theme.sides[material.sides.index(run.scenario)]
    known = [(one.second, one.delay_ms) for one in moments if one.delay_ms is not None]
    axes.plot(*_columns(known), color=side.color, linestyle=side.line, linewidth=1.3)
    lost = [(one.second, one.delay_ms) for one in moments if one.lost and one.delay_ms is not None]
    if lost:
        axes.plot(*_columns(lost), linestyle="none", marker="x", markersize=5, color=theme.text)


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _legend(axes: Axes, material: Material, theme: Theme) -> None:
    """Entries for both sides and for losses, whether or not the first field has them."""
    axes.set_axis_off()
    for name, side in zip(material.sides, theme.sides, strict=True):
        axes.plot([], [], color=side.color, linestyle=side.line, label=name)
    axes.plot([], [], color=theme.text, linestyle="none", marker="x", label="frames lost in this second")


def _title(material: Material, runs: list[Run]) -> str:
    losing = [run for run in runs if any(one.lost for one in timeline(run))]
    moments: list[tuple[float, Run, Moment]] = [
        (one.delay_ms, run, one) for run in runs for one in timeline(run) if one.delay_ms is not None
    ]
    text = f"Frames were lost in {len(losing)} of {plural(len(runs), 'run')}" if losing else "No run lost a frame"
    if not moments:
        return text
    delay, run, moment = max(moments, key=lambda found: (found[0], found[1].id, found[2].second))
    return (
        f"{text}; the slowest second takes {delay:.0f} ms, at {moment.second:.0f} s of a run of {quoted(run.scenario)}"
    )
