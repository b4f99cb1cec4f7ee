"""Where Debian packages come from: whatever the machine that runs the tests is configured to use."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from .errors import MachineError, run_tool

_FORMAT = "$(REPO_URI)|$(CODENAME)|$(RELEASE)|$(LABEL)"
_SIDE_ARCHIVES = ("-security", "-backports", "-debug")


def choose_mirror(index_targets: Iterable[str]) -> str:
    """Pick Debian's main archive from `apt-get indextargets` lines of "uri|codename|release|label".

    Archives on a local disk are passed over: the guest could not reach them. A line whose label is
    missing (lists never downloaded) counts when its path ends in /debian.
    Raises MachineError when no line names the main archive.
    """
    for line in index_targets:
        uri, _, rest = line.strip().partition("|")
        names = rest.split("|")
        side_archive = any(name.endswith(_SIDE_ARCHIVES) for name in names[:2])
        if side_archive or not uri.startswith(("http://", "https://")):
            continue
        label = names[2] if len(names) > 2 else ""
        path = urlsplit(uri).path.rstrip("/")
        if label == "Debian" or (not label and path.endswith("/debian")):
            return uri.rstrip("/") + "/"
    raise MachineError("apt here names no Debian archive: set STREAMKIT_TEST_MIRROR to the address of one")


def host_mirror() -> str:
    """Return the Debian archive this machine uses; STREAMKIT_TEST_MIRROR overrides it.

    Raises MachineError when apt is missing or configured for no Debian archive.
    """
    if override := os.environ.get("STREAMKIT_TEST_MIRROR"):
        return override.rstrip("/") + "/"
    listed = run_tool(["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"])
    return choose_mirror(listed.stdout.splitlines())


def seen_from_guest(uri: str) -> str:
    """Return the address a guest on QEMU's user network must use: there, 10.0.2.2 is this machine."""
    parts = urlsplit(uri)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return uri
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"10.0.2.2{port}"))


def deb822_source(uri: str, suite: str) -> str:
    """Return the text of a `.sources` file for one suite of Debian's main archive."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.pgp"
    return f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n"
