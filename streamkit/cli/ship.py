"""Commands about the image as a file: what one holds, and where each host of a run gets its image from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from streamkit.cli.common import JsonFlag, app, emit
from streamkit.documents import dump_document, parse_document
from streamkit.install import cache as cached
from streamkit.install.archive import read_archive, require
from streamkit.install.shipping import (
    ARCHIVE,
    Source,
    as_document,
    deliveries,
    offers_of,
    sources,
    sources_document,
)

ship = typer.Typer(no_args_is_help=True, help="Where the hosts of one run get their image from; used by the playbook.")
app.add_typer(ship, name="ship")

CacheFolder = Annotated[Path, typer.Option("--cache", help="Folder on the controller where images are kept as files.")]


@app.command()
def archive(
    file: Annotated[Path, typer.Argument(help="Written by docker save; plain, or compressed by gzip, bzip2 or xz.")],
    reference: Annotated[
        str | None, typer.Option("--image", help="Exit with 2 unless it holds this image, as in name:tag.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say which image a file of docker save holds, with its id and the file's SHA-256."""
    found = read_archive(file, "The archive")
    if reference:
        require(found, reference, "The archive")
    lines = [*(f"holds   {name}" for name in found.references), *(f"id      {mark}" for mark in found.ids)]
    emit({**as_document(found), "references": list(found.references)}, [*lines, f"sha256  {found.sha256}"], as_json)


def _asked() -> dict[str, Any]:
    return parse_document(sys.stdin.read(), "standard input")


@ship.command("sources")
def ship_sources(cache: CacheFolder) -> None:
    """Say which host builds or exports each image that is not kept here; reads the hosts' offers."""
    found = sources(offers_of(_asked()["offers"]), lambda reference: cached.find(cache, reference))
    print(dump_document({"sources": sources_document(found)}), end="")


@ship.command("keep")
def ship_keep(
    cache: CacheFolder,
    file: Annotated[Path, typer.Argument(help="The fetched file; it is moved.")],
    reference: Annotated[str, typer.Option("--image", help="What it must hold, as in name:tag.")],
    sha256: Annotated[str, typer.Option(help="Its digest where it was written.")],
) -> None:
    """Check a fetched image and keep it."""
    kept = cached.keep(cache, file, reference, sha256)
    print(json.dumps(as_document(kept)))


@ship.command("files")
def ship_files(cache: CacheFolder) -> None:
    """Say which file each host receives, or why there is none; reads offers and sources."""
    asked = _asked()
    files, problems = deliveries(
        offers_of(asked["offers"]),
        [Source(**entry) for entry in asked["sources"]],
        lambda reference: cached.find(cache, reference),
        lambda path: read_archive(Path(path), ARCHIVE),
    )
    document = {"files": {host: as_document(entry) for host, entry in files.items()}, "problems": problems}
    print(dump_document(document), end="")
