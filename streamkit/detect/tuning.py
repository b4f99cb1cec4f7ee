"""What the tuning of a host is decided from: clocks, socket buffers, USB power, and what was there before we came.

Read from sysfs, ``/proc`` and our own files; nothing is changed and nothing is run.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

from streamkit.documents import Document, read_document
from streamkit.errors import BadInputError

BEFORE_FILE = "/var/lib/streamkit-tuning/before.json"
"""What every file and value was before it was tuned; there only while something is tuned."""
TUNED_FILES = {
    "sysctl": "/etc/sysctl.d/60-streamkit.conf",
    "unit": "/etc/systemd/system/streamkit-governor.service",
    "wanted": "/etc/systemd/system/multi-user.target.wants/streamkit-governor.service",
    # After 60-autosuspend.rules of systemd, which lets devices sleep that its database knows.
    "udev": "/etc/udev/rules.d/90-streamkit-usb.rules",
}
"""Every file that the tuning may write: {what it is for: path}."""
UDP_SYSCTLS = ("rmem_max", "wmem_max", "rmem_default", "wmem_default")
"""Below /proc/sys/net/core, in bytes (kernel: Documentation/admin-guide/sysctl/net.rst)."""


def look(root: Path) -> Document:
    """Return what is to be known of the host under ``root`` before it is tuned.

    ``systemd``: whether it runs the host.  ``governors``: [{path, value, offered}], one for each clock that is set
    together.  ``sysctls``: {path below /proc/sys: bytes}, without those that cannot be set here.  ``usb``:
    [{path, id ("vendor:product"), control ("on" or "auto"), asleep_ms, awake_ms}].  ``udp``: datagrams dropped for want
    of buffer space since boot, {received, sent}.  ``files``: {path: {content, mode} or {link} or None}.  ``before``: what
    was stored when tuning began, None where nothing is tuned.

    Raises BadInputError where the stored file is damaged or was written by a newer toolkit.
    """
    return {
        "systemd": (root / "run/systemd/system").is_dir(),
        "governors": _governors(root),
        "sysctls": _sysctls(root),
        "usb": _usb(root),
        "udp": _udp_drops(root),
        "files": {path: _file(root / path.lstrip("/")) for path in TUNED_FILES.values()},
        "before": _before(root),
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isdecimal() else None


def _governors(root: Path) -> list[dict[str, Any]]:
    found = []
    for policy in sorted(
        (root / "sys/devices/system/cpu/cpufreq").glob("policy*"), key=lambda path: int(path.name[6:])
    ):
        value = _text(policy / "scaling_governor")
        if value:
            path = f"/sys/devices/system/cpu/cpufreq/{policy.name}/scaling_governor"
            offered = (_text(policy / "scaling_available_governors") or "").split()
            found.append({"path": path, "value": value, "offered": offered})
    return found


def _sysctls(root: Path) -> dict[str, int]:
    found = {}
    for name in UDP_SYSCTLS:
        path = root / "proc/sys/net/core" / name
        value = _number(path)
        # In a container's own network namespace they are missing or read-only: they belong to the host.
        if value is not None and path.stat().st_mode & stat.S_IWUSR:
            found[f"/proc/sys/net/core/{name}"] = value
    return found


def _usb(root: Path) -> list[dict[str, Any]]:
    found = []
    for entry in sorted((root / "sys/bus/usb/devices").glob("*")):
        vendor, product = _text(entry / "idVendor"), _text(entry / "idProduct")
        control = _text(entry / "power/control")
        if vendor and product and control:
            found.append(
                {
                    # As video devices name what they hang on, and not the link by which it was found.
                    "path": "/" + str(entry.resolve().relative_to(root.resolve())),
                    "id": f"{vendor}:{product}",
                    "control": control,
                    "asleep_ms": _number(entry / "power/runtime_suspended_time"),
                    "awake_ms": _number(entry / "power/runtime_active_time"),
                }
            )
    return found


def _udp_drops(root: Path) -> dict[str, int] | None:
    """Return how many datagrams found a full buffer since boot: ``received``, ``sent`` (RFC 4113 and Linux's own)."""
    # Two lines, names and numbers (kernel: net/ipv4/proc.c).
    lines = re.findall(r"^Udp: (.*)$", _text(root / "proc/net/snmp") or "", re.MULTILINE)
    if len(lines) != 2:
        return None
    counters = dict(zip(lines[0].split(), lines[1].split(), strict=False))
    received, sent = counters.get("RcvbufErrors"), counters.get("SndbufErrors")
    return {"received": int(received), "sent": int(sent)} if received and sent else None


def _file(path: Path) -> dict[str, Any] | None:
    if path.is_symlink():
        return {"link": str(path.readlink())}
    if not path.is_file():
        return None
    return {"content": path.read_text(encoding="utf-8"), "mode": f"{stat.S_IMODE(path.stat().st_mode):04o}"}


def _before(root: Path) -> Document | None:
    path = root / BEFORE_FILE.lstrip("/")
    if not path.exists():
        return None
    try:
        return read_document(path)
    except BadInputError as problem:
        raise BadInputError(
            f"{problem} It holds what this host was before it was tuned; without it nothing can be given back: put it "
            f"right, or remove it together with {', '.join(TUNED_FILES.values())}."
        ) from None
