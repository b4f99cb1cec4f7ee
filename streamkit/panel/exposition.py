"""The text format in which Prometheus reads metrics, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """One metric: its name with the unit, what it counts, and the names of its labels in the order they are written."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    """One value of a metric; None and NaN are left out, for unknown is not zero."""

    name: str
    value: float | None
    labels: Mapping[str, str] = field(default_factory=dict)


def render(catalogue: Iterable[Metric], values: Iterable[Value]) -> str:
    """Return the page: every metric of ``catalogue`` that has a value, in its order.  Raises KeyError for a value whose
    metric is not in the catalogue, or whose labels are not the metric's."""
    known = {metric.name: metric for metric in catalogue}
    lines: dict[str, list[str]] = {name: [] for name in known}
    for one in values:
        if set(one.labels) != set(known[one.name].labels):
            raise KeyError(f"{one.name}: {sorted(one.labels)}")
        if one.value is not None and not math.isnan(one.value):
            labels = ",".join(f'{name}="{_escaped(one.labels[name])}"' for name in known[one.name].labels)
            lines[one.name].append(f"{one.name}{'{' + labels + '}' if labels else ''} {_number(one.value)}")
    parts = []
    for name, metric in known.items():
        if lines[name]:
            text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
            parts += [f"# HELP {name} {text}", f"# TYPE {name} {metric.kind}", *lines[name]]
    return "\n".join(parts) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
