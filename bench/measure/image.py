"""How large the image of a scenario is, by layer and by what is in it.  Standard library only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.measure.suites import Details, Figures, Options
from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.errors import UnavailableError

Ask = Callable[[Sequence[str], str], str]

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("compilers and headers", ("/usr/lib/gcc", "/usr/libexec/gcc", "/usr/lib/llvm", "/usr/lib/rustlib", "/usr/include",
                               "/usr/lib/x86_64-linux-gnu/rust", "/usr/lib/rust", "/usr/share/cargo")),
    ("build folders and downloaded sources", ("/build", "/app/plugins", "/root/.cargo", "/cargo")),
    ("package lists and caches", ("/var/lib/apt", "/var/cache", "/root/.cache", "/var/lib/dpkg")),
    ("GStreamer's plugins", ("/usr/lib/x86_64-linux-gnu/gstreamer-1.0", "/usr/lib/aarch64-linux-gnu/gstreamer-1.0")),
    ("Python", ("/usr/lib/python3", "/usr/local/lib/python3")),
    ("the toolkit and its wheels", ("/usr/local/lib/streamkit", "/app")),
    ("documentation and translations", ("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/info")),
    ("libraries", ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")),
)  # fmt: skip
"""What a folder's files count as: the first that has the folder's beginning, else "other"."""

WALK = """
import json, os, stat, sys
found, seen = {}, set()
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [one for one in folders if one not in ("proc", "sys", "dev")]
    size = 0
    for name in names:
        try:
            one = os.lstat(os.path.join(folder, name))
        except OSError:
            continue
        if stat.S_ISREG(one.st_mode) and (one.st_dev, one.st_ino) not in seen:
            seen.add((one.st_dev, one.st_ino))
            size += one.st_size
    if size:
        found[folder] = size
json.dump(found, sys.stdout)
"""
"""Runs in the image: {folder: bytes of the files right in it}, a file with two names counted once."""


def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
    """Return the size (MB of 1,000,000 bytes) of the image of ``scenario``, with its layers and what is in it.

    Raises UnavailableError where the image is not there.
    """
    from bench.stream.prepare import Images, image_of  # here: it needs the renderer, which a managed host has not

    name, kind = image_of(scenario, Images.from_environment())
    return look(name, kind)


def look(name: str, kind: str = "named", ask: Ask = run_docker) -> tuple[Figures, Details]:
    """Return the figures of the image ``name``; ``kind`` is product, single_stage or named."""
    from bench.stream.prepared import how_to_get

    try:
        size, identity = ask(["image", "inspect", "--format", "{{.Size}} {{.Id}}", name], "").split()
    except NotAnsweredError as problem:
        if "no such image" not in str(problem).lower():
            raise UnavailableError(f"Docker does not answer: {problem}.") from None
        raise UnavailableError(f"The image {name} is not on this machine; {how_to_get(name, kind)}.") from None
    layers = parse_history(ask(["history", "--human=false", "--no-trunc", "--format", "{{json .}}", name], ""))
    details: Details = {"bytes": int(size), "layers": layers, "machine": {"image": name, "image_digest": identity}}
    try:
        walked = ask(
            [
                "run",
                "--rm",
                "--interactive",
                "--network",
                "none",
                "--user",
                "0:0",
                "--entrypoint",
                "python3",
                name,
                "-",
            ],
            WALK,
        )
        details["groups"] = grouped(json.loads(walked))
    except (NotAnsweredError, ValueError) as problem:
        # An image without Python has its layers.
        details["groups_problem"] = str(problem)
    return {"image_size_mb": int(size) / 1e6}, details


def parse_history(text: str) -> list[dict[str, Any]]:
    """Return the layers of ``docker history`` from the base upwards: [{command, bytes}]; those without bytes left out."""
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    layers = [{"command": _command(str(row["CreatedBy"])), "bytes": int(row["Size"])} for row in reversed(rows)]
    return [layer for layer in layers if layer["bytes"]]


def _command(text: str) -> str:
    words = " ".join(text.removesuffix("# buildkit").split())
    return words.removeprefix("/bin/sh -c #(nop) ") or "the base image"


def grouped(folders: Mapping[str, int]) -> dict[str, int]:
    """Return {group: bytes}, the largest first, of {folder: bytes}."""
    found: dict[str, int] = {}
    for folder, size in folders.items():
        group = next((name for name, heads in GROUPS if folder.startswith(heads)), "other")
        found[group] = found.get(group, 0) + size
    return dict(sorted(found.items(), key=lambda one: -one[1]))
