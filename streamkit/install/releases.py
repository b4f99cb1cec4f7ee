"""The releases on a host: which are there, to which one may be returned, and which are to go.

A release lies in ``<install_dir>/releases/<name>``; ``current`` is a link to the one in force, ``last_good`` holds the
name of the last one that came up and streamed.  Two empty files in a release say by their dates what became of it:
``.deployed`` when it last became the current one by a deployment, ``.good`` that it came up.  Standard library only.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from streamkit.config import Value
from streamkit.docker_command import answer_or_none
from streamkit.documents import read_document
from streamkit.errors import BadInputError
from streamkit.resolve import resolve

KEPT = 5
"""How many releases stay on a host."""
IMAGE = re.compile(r'^ +image: "([^"\s]+)"$', re.MULTILINE)
"""The image in a compose file of ours (templates/docker-compose.yml.j2); no YAML reader is in the standard library."""
MOVING_TAGS = ("current", "previous")


@dataclass(frozen=True)
class Release:
    """One release on a host.  ``stream`` is what it streams, in words; ``problem`` why it cannot be used, or empty."""

    name: str
    deployed_at: float
    image: str = ""
    stream: str = ""
    came_up: bool = False
    current: bool = False
    last_good: bool = False
    problem: str = ""


def read_releases(install_dir: Path, images: AbstractSet[str]) -> list[Release]:
    """Return the releases under ``install_dir``, the newest first; ``images`` are the references Docker has."""
    link, note = install_dir / "current", install_dir / "last_good"
    current = link.readlink().name if link.is_symlink() else ""
    last_good = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
    folders = [path for path in (install_dir / "releases").glob("*") if path.is_dir()]
    found = [_read(path, images, path.name == current, path.name == last_good) for path in folders]
    return sorted(found, key=lambda release: (release.deployed_at, release.name), reverse=True)


def _read(path: Path, images: AbstractSet[str], current: bool, last_good: bool) -> Release:
    marked = path / ".deployed"
    image = stream = problem = ""
    try:
        found = IMAGE.search((path / "docker-compose.yml").read_text(encoding="utf-8"))
        image = found[1] if found else ""
        planned: dict[str, Value] = read_document(path / "plan.json")["settings"]
        given: dict[str, Value] = read_document(path / "settings.json")["settings"]
        stream = _stream(planned, given)
    except (OSError, BadInputError, KeyError):
        problem = "its files are not complete"
    if not problem and image not in images:
        problem = f"its image {image or 'is not named and'} is not on the host"
    return Release(
        name=path.name,
        deployed_at=(marked if marked.exists() else path).stat().st_mtime,
        image=image,
        stream=stream,
        came_up=(path / ".good").exists(),
        current=current,
        last_good=last_good,
        problem=problem,
    )


def _stream(planned: Mapping[str, Value], given: Mapping[str, Value]) -> str:
    try:
        values = resolve(planned, given, {}).values
    except BadInputError:
        # A release of an older or newer toolkit may have other settings; it runs with its own image all the same.
        return "settings of another version"
    return f"{values['encoder']} {values['resolution']} at {values['fps']}, {values['bitrate_kbps']} kbit/s"


def choose(releases: Sequence[Release], wanted: str) -> Release:
    """Return the release to go back to: the one whose name begins with ``wanted``, or (empty) the previous one.

    The previous one is the newest that came up among those deployed before the current one; where the current one never
    came up, it is the last good one.  Raises BadInputError with the list when there is none.
    """
    if wanted:
        found = [release for release in releases if release.name.startswith(wanted)]
        if len(found) != 1:
            which = "is no release on this host" if not found else "is the beginning of several releases"
            raise BadInputError(f"release is '{wanted}', which {which}; {_there(releases)}")
        if found[0].problem:
            raise BadInputError(f"Release {found[0].name} cannot be used: {found[0].problem}; {_there(releases)}")
        return found[0]
    current = next((release for release in releases if release.current), None)
    for release in releases:
        if release.last_good and current and not current.came_up and not release.current and not release.problem:
            return release
    older = [release for release in releases if current is None or release.deployed_at < current.deployed_at]
    for release in older:
        if release.came_up and not release.problem and not release.current:
            return release
    after = f"came up before {current.name}" if current else "ever came up"
    raise BadInputError(f"No release that {after} is on this host; {_there(releases)}")


def _there(releases: Sequence[Release]) -> str:
    usable = [release.name for release in releases if not release.problem]
    return f"there are {', '.join(usable)} (-e release=NAME)." if usable else "no release there can be used."


def fallback(releases: Sequence[Release], failed: str) -> tuple[Release | None, str]:
    """Return (the last good release, empty) after the deployment of ``failed``, or (None, why there is no way back)."""
    good = next((release for release in releases if release.last_good), None)
    if good is None:
        return None, "no release has come up on this host yet"
    if good.name == failed:
        return None, "this is the last good release itself"
    if good.problem:
        return None, f"the last good release {good.name} cannot be used: {good.problem}"
    return good, ""


def to_remove(releases: Sequence[Release], staying: str, kept: int = KEPT) -> list[Release]:
    """Return the releases beyond ``kept``: first those that never came up, then the oldest.

    The current one, the last good one and ``staying`` (the one about to be deployed) are never among them.
    """

    def worth(release: Release) -> tuple[bool, bool, float]:
        in_use = release.current or release.last_good or release.name == staying
        return in_use, release.came_up, release.deployed_at

    ranked = sorted(releases, key=worth, reverse=True)
    return [release for release in ranked[kept:] if not worth(release)[0]]


def images_to_remove(
    releases: Sequence[Release], removed: Sequence[Release], image_name: str, images: AbstractSet[str]
) -> list[str]:
    """Return the image references that go with ``removed``: of our name, there, and used by no release that stays."""
    needed = {release.image for release in releases if release not in removed}
    moving = {f"{image_name}:{tag}" for tag in MOVING_TAGS}
    ours = {release.image for release in removed if release.image.rpartition(":")[0] == image_name}
    return sorted((ours & images) - needed - moving)


def tags_to_move(images: Mapping[str, str], image_name: str, wanted: str) -> list[list[str]]:
    """Return the arguments of ``docker tag`` that make ``wanted`` the current image and the one before it the previous.

    ``images`` is {reference: id}.  Nothing is to be done where the image in force stays the same, or is not there.
    """
    current, previous = (f"{image_name}:{tag}" for tag in MOVING_TAGS)
    if wanted not in images or images.get(current) == images[wanted]:
        return []
    return [*([[current, previous]] if current in images else []), [wanted, current]]


def describe(releases: Sequence[Release]) -> list[str]:
    """Return a table for a person, the newest release first."""
    rows = [("RELEASE", "DEPLOYED", "IMAGE", "STREAM", "")]
    for release in releases:
        marks = ["in force"] * release.current + ["last good"] * release.last_good
        marks += [] if release.came_up else ["never came up"]
        marks += [release.problem] if release.problem else []
        deployed = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(release.deployed_at))
        rows.append(
            (release.name, deployed, release.image.rpartition(":")[2] or "?", release.stream or "?", ", ".join(marks))
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
    ]


def images_there(image_name: str) -> dict[str, str]:
    """Return {reference: id} of the images of that name; empty where Docker does not answer."""
    form = "{{.Repository}}:{{.Tag}} {{.ID}}"
    shown = answer_or_none("image", "ls", "--no-trunc", "--format", form, image_name) or ""
    return dict(line.split(" ", 1) for line in shown.splitlines())


def as_document(releases: Sequence[Release]) -> dict[str, Any]:
    """Return the list as ``releases --json`` prints it."""
    return {
        "current": next((release.name for release in releases if release.current), ""),
        "last_good": next((release.name for release in releases if release.last_good), ""),
        "releases": [asdict(release) for release in releases],
        "table": describe(releases),
    }


def consider(install_dir: Path, image_name: str, to: str | None, becoming: str | None) -> dict[str, Any]:
    """Return the list, and what is asked for: for ``to`` the ``target``, or the ``problem``; for ``becoming`` what would change.

    The latter are ``tags`` to move, the release to ``return_to`` where it fails (or ``no_way_back``: why there is none),
    and what to ``remove``.
    """
    images = images_there(image_name)
    releases = read_releases(install_dir, images.keys())
    document = as_document(releases)
    if to is not None:
        try:
            document["target"] = asdict(choose(releases, to))
        except BadInputError as problem:
            document["problem"] = str(problem)
    if becoming is not None:
        wanted = next((release for release in releases if release.name == becoming), Release(becoming, time.time()))
        good, reason = fallback(releases, becoming)
        gone = to_remove(releases, becoming)
        document["tags"] = tags_to_move(images, image_name, wanted.image)
        document["return_to"], document["no_way_back"] = good.name if good else "", reason
        document["remove"] = {
            "releases": [release.name for release in gone],
            "images": images_to_remove(releases, gone, image_name, images.keys()),
        }
    return document
