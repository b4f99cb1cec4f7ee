"""The folder of device nodes that a host keeps for its streamer, so that cards may come, go and change their numbers.

A container cannot be given a node that is not there yet, nor one that will have another number; it can be given a
folder.  udev calls this at each change of a card (role ``devices``), from an archive of these few modules.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamkit.detect.identity import fits, identity
from streamkit.detect.outside import Outside
from streamkit.detect.v4l2 import is_capture_card

FOLDER = Path("/dev/streamkit")
SOUND = "snd"
"""The folder in the folder that the container has as /dev/snd."""
Make = Callable[[Path, int, int], None]
"""os.mknod: (path, mode, device number); tests may not make devices."""


@dataclass(frozen=True)
class Device:
    """What a node is made of: device number, permissions, owner and group."""

    number: int
    mode: int
    uid: int
    gid: int

    @classmethod
    def of(cls, path: Path) -> Device:
        """Read it from a node.  Raises OSError."""
        status = path.stat()
        return cls(status.st_rdev, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def wanted(root: Path, kept: Mapping[str, Any], outside: Outside) -> dict[str, Device]:
    """Return {path in the folder: device} of what ``kept`` (``kept_nodes`` of plan.json) asks for and is there now."""
    found: dict[str, Device] = {}
    for name, node in [*_video(root, kept.get("video"), outside), *_sound(root, kept.get("sound"))]:
        try:
            found[name] = Device.of(node)
        except OSError:
            continue  # its card is just going; the event that follows says so
    return found


def _video(root: Path, rule: Mapping[str, Any] | str | None, outside: Outside) -> Iterator[tuple[str, Path]]:
    if not rule:
        return
    for entry in sorted((root / "sys/class/video4linux").glob("video[0-9]*")):
        node = root / "dev" / entry.name
        if is_capture_card(node, outside) if isinstance(rule, str) else fits(rule, identity(entry, root)):
            yield entry.name, node


def _sound(root: Path, card: str | None) -> Iterator[tuple[str, Path]]:
    if not card:
        return
    for entry in sorted((root / "sys/class/sound").glob("card[0-9]*")):
        number = entry.name.removeprefix("card")
        try:
            called = (entry / "id").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if card in ("any", called, number):
            nodes = [root / f"dev/snd/controlC{number}", *sorted((root / "dev/snd").glob(f"pcmC{number}D*c"))]
            yield from ((f"{SOUND}/{node.name}", node) for node in nodes)


def keep(folder: Path, devices: Mapping[str, Device], make: Make = os.mknod) -> list[str]:
    """Make ``folder`` hold exactly ``devices``; return what changed, a line each.  Raises OSError.

    The folder itself is never replaced: containers hold it.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # udev handles several events at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / SOUND).mkdir(mode=0o755, exist_ok=True)
        return [*_remove(folder, devices), *_add(folder, devices, make)]
    finally:
        os.close(lock)


def _remove(folder: Path, devices: Mapping[str, Device]) -> Iterator[str]:
    for path in [*folder.iterdir(), *(folder / SOUND).iterdir()]:
        name = str(path.relative_to(folder))
        if name != SOUND and name not in devices:
            path.unlink()
            yield f"{path} is gone"


def _add(folder: Path, devices: Mapping[str, Device], make: Make) -> Iterator[str]:
    for name, device in devices.items():
        path = folder / name
        if path.exists() and Device.of(path) == device:
            continue
        # Made beside and renamed: whoever waits for the name finds it ready to be opened.
        beside = path.with_name(f".{path.name}")
        beside.unlink(missing_ok=True)
        make(beside, stat.S_IFCHR | 0o600, device.number)
        os.chown(beside, device.uid, device.gid)
        beside.chmod(device.mode)
        beside.replace(path)
        yield f"{path} is there"


def main(arguments: list[str] | None = None) -> int:
    """Bring the folder in order and print what changed; return an exit code."""
    parser = argparse.ArgumentParser(
        prog="streamkit-nodes.pyz", description="Keep the nodes of this host's capture and sound card in a folder."
    )
    parser.add_argument("--plan", type=Path, required=True, help="plan.json of the release in force: which cards")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    try:
        # A release of an earlier toolkit keeps none.
        kept = json.loads(chosen.plan.read_text(encoding="utf-8")).get("kept_nodes", {})
        changes = keep(chosen.folder, wanted(Path("/"), kept, Outside()))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"The nodes in {chosen.folder} stay as they are: {problem}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in changes)
    return 0
