"""Puts a report into a folder: everything is made first, then written, so that a failure leaves the old report whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.report.content import Content
from bench.report.document import document
from bench.report.page import page
from bench.report.tables import figures_csv, guide_csv, runs_csv
from streamkit.errors import BadInputError, UnavailableError

PAGE, DOCUMENT = "report.html", "report.md"


def files(content: Content) -> dict[str, bytes]:
    """Return {name: bytes} of all files of a report."""
    texts = {
        PAGE: page(content),
        DOCUMENT: document(content, "plots/"),
        "guide.csv": guide_csv(content.rows),
        "figures.csv": figures_csv(content.material),
        "runs.csv": runs_csv(content.material.all_runs()),
    }
    return {name: text.encode() for name, text in texts.items()} | pictures(content, "plots/")


def pictures(content: Content, folder: str) -> dict[str, bytes]:
    """Return {name: bytes} of the plots; ``folder`` ends in "/"."""
    return {f"{folder}{one.plot.name}.png": one.light for one in content.drawn if one.light is not None}


def write_report(content: Content, folder: Path) -> list[Path]:
    """Write all files into ``folder`` and remove plots of an older report that are no more.  Returns their paths.

    Raises BadInputError where the folder cannot be had, UnavailableError where writing fails (a full disk).
    """
    return _write(folder, files(content), folder / "plots", "--to")


def write_docs(content: Content, path: Path) -> list[Path]:
    """Write the Markdown to ``path`` and its plots beside it, into ``images/<name of the page>``.

    Raises BadInputError where nothing of the guide's table was measured: a page of results without a figure misleads.
    """
    if not any(row.measured for row in content.rows):
        raise BadInputError(
            f"{path} is not written: no row of the guide's table has both sides yet; run bench compare."
        )
    images = f"images/{path.stem.lower()}/"
    texts = {path.name: document(content, images).encode()}
    return _write(path.parent, texts | pictures(content, images), path.parent / images, "--docs")


def _write(folder: Path, made: Mapping[str, bytes], plots: Path, option: str) -> list[Path]:
    paths = {folder / name: data for name, data in made.items()}
    for parent in dict.fromkeys(path.parent for path in paths):
        try:
            parent.mkdir(parents=True, exist_ok=True)
            # Asked by doing: root may write where the mode forbids it, and a read-only mount forbids what the mode allows.
            with tempfile.TemporaryFile(dir=parent):
                pass
        except OSError as problem:
            raise BadInputError(
                f"{parent} cannot be written to ({problem.strerror}); give another place with {option}."
            ) from None
    try:
        for path, data in paths.items():
            _replace(path, data)
        for old in set(plots.glob("*.png")) - set(paths):
            old.unlink()
    except OSError as problem:
        raise UnavailableError(f"The report could not be written to {folder} ({problem.strerror}).") from None
    return list(paths)


def _replace(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
