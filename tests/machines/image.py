"""Builds the disk image: debootstrap, packages, a few files, packed into a raw ext4 file."""

from __future__ import annotations

import array
import fcntl
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .apt import deb822_source, seen_from_guest
from .errors import MachineError, run_tool
from .recipe import HOST_NAME, SETUP_SCRIPT, SUITE, Recipe, cache_directory, guest_files

_OWN_NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_TONE_HZ, _TONE_PEAK, _RATE_HZ = 440, 8000, 48_000


@dataclass(frozen=True)
class Image:
    """A finished image; every path lies in one folder that later builds never change."""

    directory: Path

    @property
    def disk(self) -> Path:
        """The raw disk; boot a copy-on-write overlay of it, never the file itself."""
        return self.directory / "disk.raw"

    @property
    def kernel(self) -> Path:
        """The guest's kernel, handed to QEMU directly."""
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """The guest's initial RAM disk."""
        return self.directory / "initrd.img"

    @property
    def key(self) -> Path:
        """The private key that logs in as root."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The guest's host key under its host name: use with HostKeyAlias."""
        return self.directory / "known_hosts"

    @property
    def complete(self) -> bool:
        """Whether the build that made this folder finished."""
        return (self.directory / "build.json").exists()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(recipe: Recipe, *, force: bool = False) -> Image:
    """Return the image of `recipe`, making it first when it is missing or `force` is set.

    Raises MachineError without root, without a tool, or with the end of the failing step's output.
    """
    image = Image(recipe.directory)
    if image.complete and not force:
        return image
    if os.geteuid() != 0:
        raise MachineError("building the machine needs root (debootstrap)")
    with _lock(cache_directory() / "build.lock"):
        if image.complete and not force:
            return image
        image.directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        work = Path(tempfile.mkdtemp(prefix=".building-", dir=image.directory.parent))
        try:
            _make(recipe, work)
            shutil.rmtree(image.directory, ignore_errors=True)
            work.rename(image.directory)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return image


def _make(recipe: Recipe, work: Path) -> None:
    root, seconds, started = work / "root", {}, time.monotonic()

    def step(name: str) -> None:
        nonlocal started
        seconds[name] = round(time.monotonic() - started, 1)
        started = time.monotonic()

    bootstrap = ["debootstrap", "--variant=minbase", SUITE, str(root), recipe.mirror]
    run_tool([*_OWN_NAMESPACE, *bootstrap], timeout=600)
    step("debootstrap")
    _add_files(recipe, root, work)
    (root / "setup-guest.sh").write_bytes(SETUP_SCRIPT.read_bytes())
    setup = [*_OWN_NAMESPACE, "chroot", str(root), "sh", "/setup-guest.sh", *recipe.packages]
    run_tool(setup, timeout=900)
    (root / "setup-guest.sh").unlink()
    # The build ran with the archive as this machine reaches it; the guest may need another address.
    _write_source(root, seen_from_guest(recipe.mirror))
    step("packages")
    boot = root / "boot"
    shutil.copy2(max(boot.glob("vmlinuz-*")), work / "vmlinuz")
    shutil.copy2(max(boot.glob("initrd.img-*")), work / "initrd.img")
    disk = ["-d", str(root), str(work / "disk.raw"), f"{recipe.disk_gib}G"]
    run_tool(["mke2fs", "-q", "-t", "ext4", "-m", "0", *disk], timeout=300)
    shutil.rmtree(root)
    step("pack")
    record = {"seconds": seconds, "packages": recipe.packages, "built": int(time.time())}
    (work / "build.json").write_text(json.dumps(record, indent=1) + "\n")


def _write_source(root: Path, uri: str) -> None:
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(deb822_source(uri, SUITE))


def _add_files(recipe: Recipe, root: Path, work: Path) -> None:
    for name, (mode, content) in guest_files().items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    _write_source(root, recipe.mirror)
    (root / "usr/local/share/hdmi-tone.raw").write_bytes(tone())
    login, host = work / "id_ed25519", root / "etc/ssh/ssh_host_ed25519_key"
    host.parent.mkdir(exist_ok=True)
    for key in (login, host):
        run_tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", HOST_NAME, "-f", str(key)])
    (root / "root/.ssh").mkdir(mode=0o700)
    shutil.copyfile(f"{login}.pub", root / "root/.ssh/authorized_keys")
    kind, blob = Path(f"{host}.pub").read_text().split()[:2]
    (work / "known_hosts").write_text(f"{HOST_NAME} {kind} {blob}\n")


def tone(seconds: int = 10) -> bytes:
    """Return `seconds` of a 440 Hz sine, 48 kHz, two channels, 16 bit, about 12 dB below full scale.

    Whole periods only, so it repeats without a click.
    """
    period = [round(_TONE_PEAK * math.sin(2 * math.pi * _TONE_HZ * frame / _RATE_HZ)) for frame in range(_RATE_HZ)]
    one_second = array.array("h", (sample for value in period for sample in (value, value)))
    return one_second.tobytes() * seconds
