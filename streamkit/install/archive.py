"""What a file written by ``docker save`` holds, read without a Docker: plain, or compressed by gzip, bzip2 or xz."""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from streamkit.errors import BadInputError

ZSTD = b"\x28\xb5\x2f\xfd"
"""How a zstd frame begins (RFC 8878, 3.1.1)."""
CHUNK_BYTES = 1 << 20
CURE = "write it anew with 'docker save {reference} --output FILE' where that image was built, or leave the variable empty."


@dataclass(frozen=True)
class Archive:
    """One image file: its place, its SHA-256, the names of its images, and the ids a daemon may show for them.

    A daemon with Docker's own image store calls an image by the digest of its configuration, one with containerd's
    by the digest in ``index.json`` (OCI image layout, https://specs.opencontainers.org/image-spec/image-layout/).
    """

    path: Path
    sha256: str
    references: tuple[str, ...]
    ids: tuple[str, ...]

    def holds(self, reference: str) -> bool:
        """Whether the image is in it.  The tag is a hash of what it is made from, so another name is no other image."""
        return tag_of(reference) in {tag_of(name) for name in self.references}


def tag_of(reference: str) -> str:
    """Return the tag of ``name:tag``; the name may hold a registry's port."""
    return reference.rsplit(":", 1)[-1]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_archive(path: Path, name: str) -> Archive:
    """Read what an image file holds; ``name`` is what the person calls it, such as "streamkit_image_archive".

    Raises BadInputError where it cannot be read or was not written by ``docker save``.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(4) == ZSTD:
                raise BadInputError(f"{name} is '{path}', which is compressed by zstd; use gzip, or nothing.")
        with tarfile.open(path, "r:*") as tar:
            references, ids = _images(tar)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, KeyError, TypeError):
        raise BadInputError(
            f"{name} is '{path}', which is no complete file of 'docker save'; "
            + CURE.format(reference="gaming-streamer:current")
        ) from None
    except OSError as problem:
        raise BadInputError(
            f"{name} is '{path}', which cannot be read: {problem.strerror or problem}; "
            + CURE.format(reference="gaming-streamer:current")
        ) from None
    return Archive(path, sha256_of(path), references, ids)


def require(archive: Archive, reference: str, name: str) -> None:
    """Raise BadInputError where the archive does not hold the image, saying what it holds."""
    if not archive.holds(reference):
        raise BadInputError(
            f"{name} is '{archive.path}', which holds {', '.join(archive.references) or 'an image without a name'} "
            f"and not {reference}, which these settings and this version need; " + CURE.format(reference=reference)
        )


def _images(tar: tarfile.TarFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    references: list[str] = []
    ids: list[str] = []
    found = False
    # From front to back: going back in a compressed file means reading it all again.
    for member in tar:
        if member.name == "manifest.json":
            found = True
            for image in json.load(_content(tar, member)):
                references += image["RepoTags"] or []
                ids.append("sha256:" + image["Config"].removesuffix(".json").rsplit("/", 1)[-1])
        elif member.name == "index.json":
            ids += [entry["digest"] for entry in json.load(_content(tar, member))["manifests"]]
    if not found:
        raise ValueError("no manifest.json")
    return tuple(references), tuple(ids)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name} is no file")
    return content
