"""The pictures that a running container gives to its encoder, made once more by the same words, in the same image.

Nothing is computed here: source, conversion and scaling are the very elements that stream, so what differs from them in
the viewer is what encoder and way have taken.  Standard library only.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.stream.cgroup import group_of
from bench.stream.container import Running
from bench.stream.processes import command_line, roles
from bench.stream.rings import PERIOD_FRAMES, reference_words
from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.errors import UnavailableError

PROGRAM = Path(__file__).with_name("first_pictures.py")
FILE = "reference.raw"
RUN_INSIDE = "/run/streamkit"
"""Where the container writes; bench has it as ``Running.run_dir``."""
FORMATS = ("I420", "NV12")
"""Formats whose luma is a plane of its own, a byte for each sample."""


@dataclass(frozen=True)
class Reference:
    """Picture number n is ``lumas[n % PERIOD_FRAMES]``: ``height`` rows of ``width`` bytes."""

    width: int
    height: int
    lumas: tuple[bytes, ...]


def make_reference(running: Running) -> Reference:
    """Make the pictures in the container, beside its stream.  Raises UnavailableError with the reason where it fails."""
    words = command_line(roles(group_of(running.pid).pids()).get("stream", 0))
    inside = ["python3", "-P", "-", f"{RUN_INSIDE}/{FILE}", *reference_words(words)]
    target = running.run_dir / FILE
    try:
        # Inside: the plugins are those that stream.
        said = run_docker(
            ["exec", "--interactive", running.prepared.name, *inside], PROGRAM.read_text(encoding="utf-8")
        )
        return reference_of(json.loads(said), target.read_bytes())
    except NotAnsweredError as problem:
        raise UnavailableError(f"The pictures to compare with cannot be made in the container: {problem}.") from None
    except (OSError, ValueError) as problem:
        raise UnavailableError(f"The pictures to compare with cannot be read: {problem}.") from None
    finally:
        with contextlib.suppress(OSError):
            target.unlink()


def reference_of(about: Mapping[str, Any], raw: bytes) -> Reference:
    """Return the luma of raw pictures; ``about`` is what first_pictures.py prints of them.

    Raises UnavailableError where the format has no such plane, ValueError where they are too few.
    """
    if about["format"] not in FORMATS:
        raise UnavailableError(
            f"The encoder is given {about['format']}, whose luma bench cannot compare; it knows {' and '.join(FORMATS)}."
        )
    width, height, size, stride = (int(about[name]) for name in ("width", "height", "size", "stride"))
    if size <= 0 or len(raw) != size * PERIOD_FRAMES:
        raise ValueError(f"{len(raw)} bytes are not {PERIOD_FRAMES} pictures of {size}")
    starts = range(int(about["offset"]), len(raw), size)
    return Reference(width, height, tuple(_luma(raw, start, width, height, stride) for start in starts))


def _luma(raw: bytes, start: int, width: int, height: int, stride: int) -> bytes:
    if stride == width:
        return raw[start : start + width * height]
    return b"".join(raw[start + row * stride : start + row * stride + width] for row in range(height))
