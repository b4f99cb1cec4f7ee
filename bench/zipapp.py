"""``bench.pyz``: the part of bench that measures, with what it needs of the toolkit, for a host with nothing but python3."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from bench.travel import ON_HOST
from streamkit.install.zipapp import packed

ROOT = Path(__file__).parents[1]
BEGINS = ("bench.travel", *(f"bench.measure.{suite}" for suite in ON_HOST))
STANDS_FOR = {"bench/stream/prepare.py": ROOT / "bench" / "arrived.py"}
"""Modules that are others on a host."""
STAYS = ("bench.stream.prepare", "bench.zipapp", "bench.job")
"""Need the renderer, which stays on the controller."""
FOLLOWED = ("bench", "streamkit")
BESIDE = (".js", ".html")
"""Files that a module reads from its own folder."""


def sources() -> dict[str, Path]:
    """Return {name in the archive: file}: where it begins, and whatever that imports at any depth of its code."""
    found: dict[str, Path] = {}
    waiting = list(BEGINS)
    while waiting:
        module = waiting.pop()
        path = _file(module)
        if module in STAYS or path is None or str(path.relative_to(ROOT)) in found:
            continue
        found[str(path.relative_to(ROOT))] = path
        # A package is imported before its modules.
        waiting += [module.rpartition(".")[0], *_imports(path)]
    folders = {path.parent for path in found.values()}
    beside = [one for folder in folders for one in folder.iterdir() if one.suffix in BESIDE]
    return {**found, **STANDS_FOR, **{str(one.relative_to(ROOT)): one for one in beside}}


def _file(module: str) -> Path | None:
    if module.partition(".")[0] not in FOLLOWED:
        return None
    place = ROOT / module.replace(".", "/")
    return next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            # What is imported from a package may be a module of it.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def zipapp_bytes() -> bytes:
    """Return the archive; ``python3 bench.pyz JOB …`` runs it."""
    return packed(sources(), "bench.travel")


def write_zipapp(out: Path) -> None:
    """Write the archive to ``out``."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(zipapp_bytes())
    out.chmod(0o755)
