"""Names of the kernel's capabilities, for a container that is to have all that the machine has.  Standard library only."""

from __future__ import annotations

import re
from pathlib import Path

NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
)  # fmt: skip
"""By their number (linux/capability.h).  PERFMON, BPF and CHECKPOINT_RESTORE are parts of SYS_ADMIN (capabilities(7)), and
not every Docker knows their names."""


def names_in(mask: int) -> list[str]:
    """Return the names of the bits that are set."""
    return [name for number, name in enumerate(NAMES) if mask >> number & 1]


def bounding_set(status: Path = Path("/proc/self/status")) -> list[str]:
    """Return the capabilities that this machine lets a process have (proc(5): CapBnd)."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", status.read_text(encoding="utf-8"), re.MULTILINE)
    return names_in(int(found[1], 16)) if found else []
