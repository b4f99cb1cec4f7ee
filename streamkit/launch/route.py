"""Which elements a picture passes between two named ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Route:
    """The elements on the way, in order, and the source pad in front of the end."""

    elements: tuple[Any, ...]
    last_pad: Any

    def leaks(self) -> bool:
        """Return whether a queue on the way throws data away when it is full; asked now, for it can be changed."""
        return any(
            element.find_property("leaky") is not None and int(element.get_property("leaky")) != 0
            for element in self.elements
        )


def route(pad: Any, end: Any) -> Route | None:
    """Return the way from source ``pad`` to element ``end`` (None: to the first element that has no way on)."""
    peer = pad.get_peer() if pad is not None else None
    element = peer.get_parent_element() if peer is not None else None
    if element is None:
        return None
    if element == end or (end is None and not element.srcpads):
        return Route((), pad)
    for source in element.srcpads:
        found = route(source, end)
        if found is not None:
            return Route((element, *found.elements), found.last_pad)
    return None
