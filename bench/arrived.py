"""A scenario that was prepared elsewhere, as a managed host has it.  Standard library only.

In ``bench.pyz`` this module also stands where ``bench.stream.prepare`` is, which needs the renderer: a suite that asks for
its scenario to be prepared is handed what has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.stream.prepared import Prepared


@dataclass(frozen=True)
class Arrived:
    """One scenario, with the time code painted into its frames and without."""

    painted: Prepared
    plain: Prepared

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Arrived:
        """Return what the job says under the scenario's name."""
        return cls(Prepared.from_document(document["painted"]), Prepared.from_document(document["plain"]))

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.plain.scenario["name"])


@dataclass(frozen=True)
class Images:
    """Stands for the choice of images, which was made on the controller."""

    @classmethod
    def from_environment(cls) -> Images:
        """Return the choice that was made."""
        return cls()


def prepare(scenario: Arrived, paint: bool = True, **_settled: Any) -> Prepared:
    """Return what has arrived; what else is asked for was settled on the controller."""
    return scenario.painted if paint else scenario.plain


def image_of(scenario: Arrived, _images: Images) -> tuple[str, str]:
    """Return (name, kind) of the scenario's image."""
    return scenario.plain.image, scenario.plain.image_kind
