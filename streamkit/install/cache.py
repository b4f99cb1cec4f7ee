"""Images kept on the controller as files: ``<tag>.tar.gz`` with its SHA-256 beside it, as ``sha256sum`` writes it."""

from __future__ import annotations

from pathlib import Path

from streamkit.documents import write_atomically
from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.archive import Archive, read_archive, require, tag_of

KEPT = 4
"""Images kept: those of this version and of the one before, for two variants."""


def cached_path(cache: Path, reference: str) -> Path:
    """Return where the image would be kept."""
    return cache / f"{tag_of(reference)}.tar.gz"


def find(cache: Path, reference: str) -> Archive | None:
    """Return the image kept under that tag; None where there is none, or where it is not what was stored."""
    path = cached_path(cache, reference)
    try:
        noted = _note(path).read_text(encoding="utf-8").split()[0]
        archive = read_archive(path, "The cached image")
    except (OSError, IndexError, BadInputError):
        return None
    return archive if archive.sha256 == noted and archive.holds(reference) else None


def keep(cache: Path, fetched: Path, reference: str, sha256: str) -> Archive:
    """Move a fetched file into the cache, once it is known to be what was sent; remove the oldest.

    ``sha256`` is the digest where it came from.  Raises UnavailableError where the file arrived damaged, BadInputError
    where it holds another image.
    """
    archive = read_archive(fetched, "The fetched image")
    if archive.sha256 != sha256:
        raise UnavailableError(
            f"The image {reference} arrived damaged: its SHA-256 is {archive.sha256} here and {sha256} where it was "
            "written; run the same command again."
        )
    require(archive, reference, "The fetched image")
    path = cached_path(cache, reference)
    fetched.chmod(0o644)
    # The file first: a note without a file is no hit, and a file with an older note is none either.
    fetched.replace(path)
    write_atomically(_note(path), f"{sha256}  {path.name}\n")
    _prune(cache)
    return Archive(path, sha256, archive.references, archive.ids)


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _prune(cache: Path) -> None:
    kept = sorted(cache.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[KEPT:]:
        _note(old).unlink(missing_ok=True)
        old.unlink()
