"""What an area of the panel tells the application: its addresses, and who may ask each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from streamkit.panel.replies import Reply

Access = Literal["public", "view", "operator"]
"""``public``: anybody.  ``view``: who is logged in, and everybody where the view is open (``panel_open_view``).
``operator``: only who is logged in."""


@dataclass(frozen=True)
class Route:
    """One address.  ``rule`` is bottle's, ``callback`` gets its parts by name; closed until it is declared open."""

    method: str
    rule: str
    callback: Callable[..., Reply]
    access: Access = "operator"


class Area(Protocol):
    """A part of the panel with addresses of its own; ``Panel`` lists them all."""

    def routes(self) -> Iterable[Route]:
        """Return the addresses of this area."""
