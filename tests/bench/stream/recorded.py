"""Readings of two real runs (x264 720p30, two cores): of the scenario before and of the scenario after."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from bench.stream.processes import Pipeline
from bench.stream.sampler import Sample


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return content


def words(name: str) -> list[str]:
    """Return the command line of the streaming process."""
    return list(_content()[name]["words"])


def stream_pid(name: str) -> int:
    """Return the streaming process."""
    return int(_content()[name]["stream"])


def control_group(name: str) -> str:
    """Return the text of its /proc/<pid>/cgroup."""
    return str(_content()[name]["cgroup"])


def samples(name: str) -> list[Sample]:
    """Return three readings, the last one six seconds behind the first."""
    return [
        Sample(**{**one, "threads": {int(key): (value[0], value[1]) for key, value in one["threads"].items()}})
        for one in _content()[name]["samples"]
    ]


def pipeline(name: str) -> Pipeline:
    """Return the parts of its streaming process."""
    return Pipeline.of_words(words(name))
