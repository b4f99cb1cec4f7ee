"""Twenty hosts, some of them broken in different ways: how time grows with their number, and what the controller needs.

    python3 -m tests.fleet.twenty [SIZE ...]

Fresh hosts for each size (1, 5 and 20 without), then the last fleet once more unchanged.  Prints the table of the
largest run and one line for each; exits with 1 where a good host does not stream, a broken one is not named with its
cause, or the controller takes a GB.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.install.image import image_tag
from tests.fleet.machines import Fleet, fleet
from tests.fleet.playing import Play, play
from tests.fleet.test_fleet import old_archive
from tests.machines.base_image import import_image
from tests.machines.shipped import image_archive_path

SIZES = (1, 5, 20)
BROKEN_FROM = 6
"""Fleets of this size and more have broken hosts among them."""
CONTROLLER_MB = 1000
SMALL_DISK_MB = 1000
FULL_HOME = ("--tmpfs", "/root/.ansible:rw,size=4k,nr_inodes=2")

CAUSES: Mapping[str, str] = {
    "attic": "cannot be reached at 127.0.0.1 port 9",
    "small-disk": "MiB are free below /var/lib/docker",
    "full-home": "disk is full",
    "no-card": "streamkit_video_device is '/dev/video7', which does not exist on the host",
    "old-image": "which holds gaming-streamer:0123456789ab and not",
    "wrong": "streamkit_bitrate_kbps is -5",
}
"""Words of each broken host's sentence."""


def started(made: Fleet, size: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Start a fleet of ``size`` hosts, the broken ones among them; return its inventory."""
    broken = list(CAUSES) if size >= BROKEN_FROM else []
    good = [f"cam-{number:02}" for number in range(1, size - len(broken) + 1)]
    made.add([*good, *(name for name in broken if name not in {"attic", "small-disk", "full-home"})])
    # The image is on the first: it travels from there, as it does after a build.
    import_image(made.hosts[good[0]].machine, image_archive_path())
    if broken:
        made.add(["full-home"], FULL_HOME)
        made.add(["small-disk"], disk_mb=SMALL_DISK_MB)
    hosts = made.inventory()
    if broken:
        hosts["attic"] = {**hosts[good[0]], "ansible_port": 9}
        hosts["no-card"] |= {"streamkit_source": "v4l2", "streamkit_video_device": "/dev/video7"}
        hosts["old-image"]["streamkit_image_archive"] = str(old_archive(folder / "old.tar"))
        hosts["wrong"]["streamkit_bitrate_kbps"] = -5
    return hosts


def faults(done: Play, made: Fleet, hosts: Mapping[str, Any]) -> list[str]:
    """Return what is not as it must be after a run."""
    said = " ".join(done.summary.split())
    found = []
    for name in hosts:
        if name in CAUSES:
            line = re.search(rf"\b{name} FAILED (.*?)(?= \S+ FAILED |$)", said)
            if not line or CAUSES[name] not in line[1]:
                found.append(f"{name} is not told with its cause")
            continue
        if f"{name} changed http://" not in said and f"{name} ok http://" not in said:
            found.append(f"{name} is not told as good")
        elif made.hosts[name].streamer.document("supervisor")["stream"]["state"] != "running":
            found.append(f"{name} does not stream")
    if (done.code != 0) != any(name in CAUSES for name in hosts):
        found.append(f"the exit code is {done.code}")
    if done.peak_mb >= CONTROLLER_MB:
        found.append(f"the controller took {done.peak_mb:.0f} MB")
    return found


def main(words: list[str]) -> int:
    """Run each size; return the exit code."""
    # Twenty machines must not stay behind where this is ended from outside.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sizes, figures, wrong = [int(word) for word in words] or list(SIZES), [], []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="streamkit-fleet-") as place:
            folder = Path(place)
            with fleet(folder, f"streamkit-test-fleet{size}") as made:
                hosts = started(made, size, folder)
                for state in ("fresh", "again"):
                    done = play(folder, hosts)
                    wrong += [f"{size} hosts, {state}: {fault}" for fault in faults(done, made, hosts)]
                    figures.append(
                        {"hosts": size, "state": state, "s": round(done.seconds), "peak_mb": round(done.peak_mb)}
                    )
                    print(
                        f"--- {size} hosts, {state}, image {image_tag()}\n{done.summary}\n{json.dumps(figures[-1])}\n",
                        flush=True,
                    )
    print("\n".join([*(json.dumps(entry) for entry in figures), *wrong]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
