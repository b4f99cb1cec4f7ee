"""What the test machine's disk is made of; its hash names the image, so a change builds a new one."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .apt import host_mirror

SUITE = "trixie"
HOST_NAME = "streamer-vm"
HERE = Path(__file__).resolve().parent
GUEST_FILES = HERE / "guest"
SETUP_SCRIPT = HERE / "setup-guest.sh"
HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")

BASE_PACKAGES = (
    *("linux-image-amd64", "systemd-sysv", "udev", "dbus", "openssh-server", "iproute2", "iputils-ping"),
    *("python3", "python3-apt", "ca-certificates", "curl", "v4l-utils", "alsa-utils", "zstd"),
)
# apparmor: what a Debian install has, so containers run under the profile they will meet in the field.
DOCKER_PACKAGES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables", "apparmor")


def cache_directory() -> Path:
    """Return where images and running machines are kept: STREAMKIT_TEST_CACHE or a folder in ~/.cache."""
    chosen = os.environ.get("STREAMKIT_TEST_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "streamkit-tests"


def guest_files() -> dict[str, tuple[int, bytes]]:
    """Return path in the guest → (mode, content) of every file the machine adds to plain Debian.

    Certificates the tester's machine trusts beyond Debian's own travel too, so packages and
    registries behind them stay reachable.
    """
    files: dict[str, tuple[int, bytes]] = {}
    for path in sorted(GUEST_FILES.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            mode = 0o755 if content.startswith(b"#!") else 0o644
            files[str(path.relative_to(GUEST_FILES))] = (mode, content)
    for path in sorted(HOST_CERTIFICATES.rglob("*.crt")):
        files[str(path.relative_to("/"))] = (0o644, path.read_bytes())
    return files


@dataclass(frozen=True)
class Recipe:
    """The choices that make one disk image. `disk_gib` is the size the guest sees, in GiB."""

    docker: bool = True
    disk_gib: int = 6
    mirror: str = field(default_factory=host_mirror)

    @property
    def packages(self) -> tuple[str, ...]:
        """Return every package installed on top of debootstrap's minimal set."""
        return BASE_PACKAGES + (DOCKER_PACKAGES if self.docker else ())

    @property
    def key(self) -> str:
        """Return 12 hex digits that change whenever anything on the disk would."""
        digest = hashlib.sha256(json.dumps([SUITE, asdict(self), self.packages]).encode())
        digest.update(SETUP_SCRIPT.read_bytes())
        for name, (mode, content) in guest_files().items():
            digest.update(f"{name}\0{mode}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:12]

    @property
    def directory(self) -> Path:
        """Return the folder of the finished image, whether it exists or not."""
        return cache_directory() / "images" / self.key
