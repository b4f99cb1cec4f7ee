"""The capture cards this container is given: nodes in a folder that the host keeps, which come and go."""

from __future__ import annotations

import errno
import math
import os
import time
from pathlib import Path
from typing import Any

from streamkit.detect.outside import Asked, CouldNotAskError, Outside, why_not_opened
from streamkit.detect.v4l2 import scan
from streamkit.plan.capture import choose_device

GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
"""The node outlives its card by the moment that the host takes to remove it."""
FIRST_ANSWER_S = 1.0
"""How long the supervisor waits for a card that has just come; nearly all have told their modes by then."""
LONGEST_ANSWER_S = 60.0
"""How long a card may take in the background: some list thousands of modes, and the processor may be busy."""
ASK_AGAIN_S = 15.0
"""How soon one is asked again that said nothing of use: another program may have held it."""
Answer = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, str]]]
Seen = tuple[tuple[str, int, int], ...]
"""(name, inode, change time in ns) of each node: a card that was away has a new inode under the old name."""


class Cards:
    """Looks into ``folder``.  ``root`` and ``outside`` are the machine, replaced by tests."""

    def __init__(self, folder: Path, root: Path = Path("/"), outside: Outside | None = None) -> None:
        self._folder = folder
        self._root = root
        self._outside = outside or Outside()
        self._seen: Seen = ()
        self._asked: Asked[Answer] | None = None
        self._found: dict[str, Any] | None = None
        self._why = ""
        self._again_at = math.inf

    def changed(self) -> bool:
        """Whether ``node`` or ``find`` may answer otherwise than last time: one look at a folder, no device is touched."""
        if self._asked is not None:
            return self._asked.ended
        return self._look() != self._seen or time.monotonic() >= self._again_at

    def node(self) -> str | None:
        """Return the node of the card the release was planned for, None where it is away."""
        self._seen = self._look()
        self._why = ""
        for name, _, _ in self._seen:
            if self._is_there(self._folder / name):
                return str(self._folder / name)
        return None

    def _is_there(self, node: Path) -> bool:
        try:
            os.close(self._outside.open_device(node))
        except OSError as problem:
            # One that our own stream holds is there, and one that is not ours to open: what runs next says it better.
            if problem.errno in GONE:
                self._why = f"{node}: {why_not_opened(problem, node, self._root)}"
                return False
        return True

    def find(self) -> dict[str, Any] | None:
        """Return the best card in the folder with all its modes (detect/v4l2.py), None where there is none so far.

        A card is asked once, when it comes: one that streams already cannot answer everything.  One that takes its time
        is not waited for; ``changed`` says when it has answered.
        """
        seen = self._look()
        if self._asked is None and (seen != self._seen or time.monotonic() >= self._again_at):
            self._seen, self._found, self._why, self._again_at = seen, None, "", math.inf
            if seen:
                self._why = "it is being asked what it can do"
                self._asked = Asked(self._ask, FIRST_ANSWER_S)
        if self._asked is not None:
            self._take(self._asked)
        if self._found and not self._is_there(self._folder / Path(self._found["node"]).name):
            return None
        return self._found

    def _ask(self) -> Answer:
        inside = "/" + str(self._folder.relative_to(self._root))
        return scan(self._root, self._outside, inside, LONGEST_ANSWER_S)

    def _take(self, asked: Asked[Answer]) -> None:
        try:
            devices, others, unknown = asked.answer()
        except CouldNotAskError:
            return
        except OSError as problem:
            # It went while it was asked.
            devices, others, unknown = [], [], [{"what": "the card", "reason": str(problem)}]
        self._asked = None
        self._found = choose_device({"video_devices": devices}, "auto")
        said = [f"{one['what']}: {one['reason']}" for one in unknown] + [f"{o['node']}: {o['reason']}" for o in others]
        self._why = "" if self._found else "; ".join(said)
        if self._found is None:
            self._again_at = time.monotonic() + ASK_AGAIN_S

    def waiting(self, card: str | None) -> str:
        """Return why nothing can be streamed; ``card`` is the planned one's name."""
        which = f"{card} is not there" if card else "none can be used" if self._why else "none is plugged in"
        return f"No capture card: {which}{f' ({self._why})' if self._why else ''}. The stream starts when it comes."

    def _look(self) -> Seen:
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith("video"):
                        status = entry.stat()
                        found.append((entry.name, status.st_ino, status.st_ctime_ns))
        except OSError:
            # The folder itself, or a node that went between the two calls: the next look is a second away.
            return ()
        return tuple(sorted(found))
