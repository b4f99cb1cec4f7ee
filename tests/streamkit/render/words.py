"""Reading back the words of a rendered pipeline: elements with their properties, in the order of the branches."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PROPERTY = re.compile(r"([a-z][a-z0-9-]*(?:::[a-z0-9-]+)?)=(.*)", re.DOTALL)
CAPS = re.compile(r"(?:video|audio|image)/[a-z0-9.-]+(?:\((\w+:\w+)\))?")


@dataclass
class Element:
    """One element of a line; ``name`` is its caps for a filter written as bare caps."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def is_caps(self) -> bool:
        """Whether this is a filter written as bare caps."""
        return CAPS.match(self.name) is not None


def run_script(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a rendered script with nothing but this environment."""
    return subprocess.run(
        [script, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def printed_words(script: Path, **environment: str) -> list[str]:
    """Return the words behind the launcher's name of ``--print``."""
    done = run_script(script, "--print", **environment)
    assert done.returncode == 0, done.stderr
    return shlex.split(done.stdout)[1:]


def branches(words: list[str]) -> list[list[Element]]:
    """Return the linked chains of a line, each a list of elements; a chain into a named element ends before it."""
    chains: list[list[Element]] = []
    linked = False
    for word in words:
        found = PROPERTY.fullmatch(word)
        if word == "!":
            linked = True
        elif found and not CAPS.match(word):
            chains[-1][-1].properties[found[1]] = found[2]
        elif word.endswith("."):
            linked = False
        else:
            if not linked:
                chains.append([])
            chains[-1].append(Element(word))
            linked = False
    return chains


def caps_fields(caps: str) -> dict[str, str]:
    """Return the fields of caps, with ``media`` and ``memory`` ("system" where none is named)."""
    head, _, rest = caps.partition(",")
    match = CAPS.fullmatch(head)
    assert match, caps
    fields = dict(part.split("=", 1) for part in re.split(r",(?=[a-z-]+=)", rest)) if rest else {}
    return {**fields, "media": head.partition("(")[0], "memory": (match[1] or "memory:system").partition(":")[2]}
