"""What one measured container receives, as plain data.  Standard library only: it travels to a managed host as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PANEL_BEFORE = "/bench/panel"
"""Where the panel before lies in the container."""


@dataclass(frozen=True)
class Prepared:
    """What one container receives.

    ``files`` maps paths below ``folder`` to text; ``words`` are the options of ``docker run``, ``words_otherwise`` those
    where the machine refuses privileged mode (empty: there is no other way), ``given`` and ``given_otherwise`` say what
    root is given by each.  ``offered_fps`` is the rate of the source.
    """

    scenario: dict[str, Any]
    name: str
    image: str
    image_kind: str
    folder: str
    files: dict[str, str]
    words: list[str]
    given: str
    words_otherwise: list[str]
    given_otherwise: str
    panel: str
    panel_port: int
    whep_port: int
    offered_fps: float
    user: str

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Prepared:
        """Return what ``as_document`` was made from."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})

    @property
    def whep_address(self) -> str:
        """Where a viewer asks for the picture; loopback alone."""
        return f"http://127.0.0.1:{self.whep_port}/whep/endpoint"

    @property
    def panel_address(self) -> str:
        """Where the panel answers."""
        return f"http://127.0.0.1:{self.panel_port}"


def how_to_get(image: str, kind: str) -> str:
    """Return the cure for an image that is not there."""
    if kind == "single_stage":
        return "build it by bench/baselines/image/README.md, and name it so or in BENCH_SINGLE_STAGE_IMAGE"
    if kind == "product":
        return "./install.sh builds it, and BENCH_PRODUCT_IMAGE names another"
    return "build or load it, or write another name under image in the scenario"
