"""Where each host of a run gets its image from, so that it is built once and copied only to hosts that lack it.

Pure: what each host said goes in, who builds or exports and what each host receives comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streamkit.errors import BadInputError
from streamkit.install.archive import Archive, require
from streamkit.plan.check import NEEDED_MB

ARCHIVE = "streamkit_image_archive"
Find = Callable[[str], Archive | None]
"""Returns the image kept on the controller under a reference, or None."""
Read = Callable[[str], Archive]
"""Returns what the file at a path holds; raises BadInputError."""


@dataclass(frozen=True)
class Offer:
    """What one host says: the image it needs and whether it has it; its settings; free MiB below /var/lib/docker.

    ``trouble`` is why this host could not build or export what it was asked for, empty where all went well.
    """

    host: str
    reference: str
    present: bool
    archive: str
    builder: str
    context: str
    free_mb: int
    trouble: str = ""

    @property
    def lacks(self) -> bool:
        """Whether the image must come from the controller's cache or from another host."""
        return not self.present and not self.archive


@dataclass(frozen=True)
class Source:
    """One image to be had before it can be shipped: ``host`` builds it or has it, ``by`` sees to it in this run.

    ``export``: whether others wait for it.  A host that builds for itself alone exports nothing.
    """

    reference: str
    host: str
    by: str
    build: bool
    export: bool
    context: str


def offers_of(document: Sequence[Mapping[str, Any]]) -> list[Offer]:
    """Read the hosts' words.  Raises BadInputError where they are not what the role sends."""
    try:
        return [Offer(**entry) for entry in document]
    except TypeError as problem:
        raise BadInputError(f"The hosts' image offers cannot be read: {problem}.") from None


def sources(offers: Sequence[Offer], find: Find) -> list[Source]:
    """Return who builds or exports, in the order of the hosts: one source for each image that the cache lacks."""
    wanted: dict[str, list[Offer]] = {}
    for offer in offers:
        if offer.lacks:
            wanted.setdefault(offer.reference, []).append(offer)
    found = []
    for reference, lacking in wanted.items():
        if find(reference) is not None:
            continue
        holder = next((offer.host for offer in offers if offer.present and offer.reference == reference), "")
        host = holder or _builder(lacking)
        if host:
            in_run = {offer.host for offer in offers}
            export = bool(holder) or any(offer.host != host for offer in lacking)
            by = host if host in in_run else lacking[0].host
            found.append(Source(reference, host, by, not holder, export, lacking[0].context))
    return found


def _builder(lacking: Sequence[Offer]) -> str:
    """Return the host that is named for it, else the first with room for a build; empty where there is none."""
    named = next((offer.builder for offer in lacking if offer.builder), "")
    return named or next((offer.host for offer in lacking if offer.free_mb >= NEEDED_MB["build"]), "")


def deliveries(
    offers: Sequence[Offer], asked: Sequence[Source], find: Find, read: Read
) -> tuple[dict[str, Archive], dict[str, str]]:
    """Return ({host: file to copy and load}, {host: why there is none, with the cure}) for hosts without their image.

    ``asked`` is what :func:`sources` said before; what came of it is in the cache, and in the offers' ``trouble``.
    """
    files: dict[str, Archive] = {}
    problems: dict[str, str] = {}
    told = {offer.host: offer.trouble for offer in offers if offer.trouble}
    seen: dict[str, Archive | BadInputError | None] = {}
    for offer in offers:
        if offer.present:
            continue
        key = offer.archive or offer.reference
        if key not in seen:
            try:
                seen[key] = read(offer.archive) if offer.archive else find(offer.reference)
            except BadInputError as problem:
                seen[key] = problem
        archive = seen[key]
        try:
            if isinstance(archive, BadInputError):
                raise archive
            if archive is None:
                source = next((entry for entry in asked if entry.reference == offer.reference), None)
                raise BadInputError(_missing(offer, source, told))
            if offer.archive:
                require(archive, offer.reference, ARCHIVE)
            files[offer.host] = archive
        except BadInputError as problem:
            problems[offer.host] = str(problem)
    return files, problems


def _missing(offer: Offer, source: Source | None, told: Mapping[str, str]) -> str:
    if source is None:
        return (
            f"None of the hosts that need {offer.reference} has the {NEEDED_MB['build']} MiB free below /var/lib/docker "
            f"that a build takes (here are {offer.free_mb}); free space on one of them, or name a host that has it in "
            "streamkit_image_builder."
        )
    why = told.get(source.by, "")
    if source.host == offer.host or (source.by == offer.host and why):
        return why or f"{offer.reference} was not built here, and nothing said why; run the same command again with -v."
    did = "built" if source.build else "fetched"
    first = why.strip().splitlines()[0].rstrip(".:;") if why.strip() else "no reason was given"
    where = "on" if source.build else "from"
    return f"{offer.reference} could not be {did} {where} {source.host}: {first}; mend that, or name another host in streamkit_image_builder."


def as_document(archive: Archive) -> dict[str, Any]:
    """Return what a host needs to know of the file it receives."""
    return {"path": str(archive.path), "sha256": archive.sha256, "ids": list(archive.ids)}


def sources_document(found: Sequence[Source]) -> list[dict[str, Any]]:
    """Return the sources as they travel."""
    return [asdict(source) for source in found]
