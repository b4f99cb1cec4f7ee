"""What the image weighs: its largest layers, and all the others together."""

from __future__ import annotations

import re
import textwrap

from bench.report.details import Part, layers
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.style import Theme, blank, rows_of, subtitle
from bench.report.words import listed, plural, quoted

HEADING = "Image, by layer"
MOST = 6
COLUMNS = 34
NOISE = re.compile(r"^/bin/sh -c |^RUN |#\(nop\)|--mount=\S+ |# buildkit$")


def draw(material: Material, theme: Theme) -> Picture:
    """Draw a bar for each of the largest layers of the last image of each side, on one scale."""
    found = {name: parts for name in material.sides for run in material.done("image", name) if (parts := layers(run))}
    if not found:
        return missing("the weight of the image's layers", "bench measure image or bench compare")
    totals = {name: sum(part.size for part in parts) for name, parts in found.items()}
    title = listed([f"{quoted(name)} weighs {_weight(total)}" for name, total in totals.items()])
    shown = {name: largest(parts) for name, parts in found.items()}
    figure = blank(1.5 + 0.42 * sum(map(len, shown.values())) + 0.3 * len(shown), title)
    ratios = [len(parts) + 0.6 for parts in shown.values()]
    all_axes = figure.subplots(len(shown), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    most = max(part.size for parts in shown.values() for part in parts)
    for axes, (name, parts) in zip(all_axes, shown.items(), strict=True):
        side = theme.sides[material.sides.index(name)]
        bars = axes.barh(range(len(parts)), [part.size for part in parts], 0.62, color=side.color, hatch=side.hatch,
                         edgecolor=theme.ground, linewidth=0)  # fmt: skip
        axes.bar_label(bars, [_weight(part.size) for part in parts], padding=3, fontsize=8, color=theme.quiet)
        rows_of(axes, [textwrap.shorten(part.label, COLUMNS, placeholder=" \u2026") for part in parts])
        axes.tick_params(axis="y", labelsize=8)
        subtitle(axes, f"{name}: {plural(len(found[name]), 'layer')} that weigh something, {_weight(totals[name])}")
    all_axes[-1].set_xlim(0, most * 1.15)
    all_axes[-1].set_xlabel("MB (1,000,000 bytes), as stored uncompressed")
    caption = (
        f"The {MOST} largest layers of each image, and the others together; each is named by the command that made it."
    )
    return Picture(title, caption, figure)


def largest(parts: list[Part]) -> list[Part]:
    """Return the largest layers with short names, and the rest as one."""
    ordered = sorted(parts, key=lambda part: (-part.size, part.label))
    shown = [Part(short(part.label), part.size) for part in ordered[:MOST]]
    rest = ordered[MOST:]
    if rest:
        shown.append(Part(f"{plural(len(rest), 'other layer')}", sum(part.size for part in rest)))
    return shown


def short(command: str) -> str:
    """Return the command of a layer without what the builder puts around it."""
    return " ".join(NOISE.sub("", command).split()) or "(no command)"


def _weight(size_mb: float) -> str:
    return (
        f"{size_mb / 1000:.2f} GB" if size_mb >= 1000 else f"{size_mb:.0f} MB" if size_mb >= 10 else f"{size_mb:.1f} MB"
    )
