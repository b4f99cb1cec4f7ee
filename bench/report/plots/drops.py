"""Where frames were lost: share of the offered frames, stage by stage, before and after."""

from __future__ import annotations

from bench.records import Run
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.style import Theme, blank, legend_below, rows_of, subtitle
from bench.report.words import NOT_MEASURED, percent, plural, quoted, whole

STAGES = {
    "driver": "driver (no room for it)",
    "capture": "capture (gaps in the card's numbers)",
    "late": "late (older than allowed)",
    "rate": "rate (videorate)",
    "queue": "queue (leaky)",
    "encoder": "encoder",
    "sink": "sink",
    "network": "network",
    "viewer": "viewer",
}
HEADING = "Frames lost, by stage"


def draw(material: Material, theme: Theme) -> Picture:
    """Draw it, unless a ledger does not close: then a plot would show figures that nobody can vouch for."""
    sides = {name: material.done("stream", name) for name in material.sides}
    if not any(sides.values()):
        return missing("where frames were lost", "bench compare")
    if reason := refusal([run for runs in sides.values() for run in runs]):
        return Picture("not drawn", reason)
    present = {name: runs for name, runs in sides.items() if runs}
    shares = {name: lost_percent(runs) for name, runs in present.items()}
    totals = {name: sum(of_one.values()) for name, of_one in shares.items()}
    title = _title(material, totals)
    figure = blank(4.6, title)
    axes = figure.add_subplot()
    height = 0.8 / len(present)
    most = max((value for of_one in shares.values() for value in of_one.values()), default=0)
    for place, (name, of_one) in enumerate(shares.items()):
        side = theme.sides[material.sides.index(name)]
        rows = [row - 0.4 + height * (place + 0.5) for row in range(len(STAGES))]
        values = [of_one[stage] for stage in STAGES]
        unknown = unmeasured(present[name])
        bars = axes.barh(rows, values, height * 0.92, label=f"{name} ({percent(totals[name])})", color=side.color,
                         hatch=side.hatch, edgecolor=theme.ground, linewidth=0)  # fmt: skip
        axes.bar_label(
            bars,
            [NOT_MEASURED if stage in unknown else percent(of_one[stage]) for stage in STAGES],
            padding=3,
            fontsize=8,
            color=theme.quiet,
        )
    rows_of(axes, list(STAGES.values()))
    axes.set_xlim(0, most * 1.14 if most else 1)
    axes.set_xlabel("lost frames, % of the offered ones")
    subtitle(axes, _counted(present), 64)
    legend_below(figure, axes, 2)
    worst = ", ".join(f"{name} {percent(max(_of_run(run) for run in runs))}" for name, runs in present.items())
    caption = (
        f"Every offered frame is either shown or counted under one of these names; nothing is unexplained. "
        f"The worst single run: {worst}. What the page's compositor skips is not a loss of the stream and not in here."
    )
    return Picture(title, caption, figure)


def refusal(runs: list[Run]) -> str | None:
    """Return why these runs may not be drawn, None where every ledger closes."""
    unknown = [run for run in runs if run.figures.get("unexplained_frames") is None]
    if unknown:
        return (
            f"Frames lost are not drawn: {plural(len(unknown), 'run')} of {len(runs)} ({unknown[0].scenario}, "
            f"{unknown[0].id}) did not say whether the ledger closes."
        )
    open_ones = [run for run in runs if run.figures["unexplained_frames"] != 0]
    if open_ones:
        first = open_ones[0]
        return (
            f"Frames lost are not drawn: the ledger does not close in {plural(len(open_ones), 'run')} of {len(runs)} "
            f"({first.scenario}, {first.id}: {whole(first.figures['unexplained_frames'] or 0)} frames unexplained)."
        )
    return None


def lost_percent(runs: list[Run]) -> dict[str, float]:
    """Return {stage: lost frames in % of the offered ones} over all runs together; a stage nobody measured is 0."""
    offered = sum(run.figures.get("offered_frames") or 0 for run in runs)
    lost = {stage: sum(run.figures.get(f"dropped_{stage}") or 0 for run in runs) for stage in STAGES}
    return {stage: 100 * value / offered if offered else 0.0 for stage, value in lost.items()}


def unmeasured(runs: list[Run]) -> list[str]:
    """Return the stages that not all of these runs measured; without a viewer, all behind the sink."""
    return [stage for stage in STAGES if any(run.figures.get(f"dropped_{stage}") is None for run in runs)]


def _of_run(run: Run) -> float:
    return sum(lost_percent([run]).values())


def _title(material: Material, totals: dict[str, float]) -> str:
    before, after = (totals.get(name) for name in material.sides)
    if before is None or after is None:
        (name, value), *_ = totals.items()
        return f"{quoted(name)} lost {percent(value)} of the frames; the other side is not measured yet"
    if before == after == 0:
        return "No frame was lost on either side"
    if after == 0:
        return f"{quoted(material.after)} lost no frame; {quoted(material.before)} lost {percent(before)} of them"
    return f"{quoted(material.before)} lost {percent(before)} of the frames, {quoted(material.after)} {percent(after)}"


def _counted(present: dict[str, list[Run]]) -> str:
    parts = []
    for name, runs in present.items():
        offered = sum(run.figures.get("offered_frames") or 0 for run in runs)
        parts.append(f"{name}: n = {plural(len(runs), 'run')}, {whole(offered)} frames offered")
    return "; ".join(parts)
