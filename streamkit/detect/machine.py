"""Operating system, memory and processor, from ``/etc``, ``/proc`` and ``/sys``.

Nothing here changes from minute to minute: no clock in use, no load, no free memory.
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

ENCODER_FLAGS = [
    "sse2",
    "ssse3",
    "sse4_1",
    "sse4_2",
    "avx",
    "fma",
    "bmi2",
    "avx2",
    "avx512f",
    "avx512dq",
    "avx512cd",
    "avx512bw",
    "avx512vl",
    "avx512_vbmi2",
    "avx512_vnni",
    "avx512icl",
    "neon",
    "dotprod",
    "i8mm",
    "sve",
    "sve2",
]
"""The instruction sets that x264, libvpx, SVT-AV1, rav1e and libaom have code for, as /proc/cpuinfo spells them."""
ARM_NAMES = {"asimd": "neon", "asimddp": "dotprod"}
"""Kernel names on arm64 (Documentation/arch/arm64/elf_hwcaps.rst) of what everybody else calls otherwise."""


def read(path: Path) -> str:
    """Return the text of a file of the kernel, empty where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def operating_system(root: Path) -> dict[str, str]:
    """Return ``id`` and ``version`` of os-release(5), empty where it says nothing."""
    fields = dict(re.findall(r'^([A-Z_]+)="?([^"\n]*)"?$', read(root / "etc/os-release"), re.MULTILINE))
    return {"id": fields.get("ID", ""), "version": fields.get("VERSION_ID", ""), "name": fields.get("PRETTY_NAME", "")}


def hostname(root: Path) -> str:
    """Return the name this machine goes by, as gethostname(2) says, empty where the kernel says nothing."""
    return read(root / "proc/sys/kernel/hostname").strip()


def memory_mb(root: Path) -> int | None:
    """Return the machine's memory in MiB."""
    total = re.search(r"^MemTotal:\s*(\d+) kB", read(root / "proc/meminfo"), re.MULTILINE)
    return int(total[1]) // 1024 if total else None


DEVICE_GROUPS = ("audio", "video")
"""The groups that udev gives sound cards and capture cards to (systemd: rules.d/50-udev-default.rules)."""


def groups(root: Path) -> dict[str, int | None]:
    """Return {group: number} of those that own devices; None where this host has no such group (group(5))."""
    entries = [line.split(":") for line in read(root / "etc/group").splitlines()]
    numbers = {entry[0]: int(entry[2]) for entry in entries if len(entry) > 2 and entry[2].isdecimal()}
    return {name: numbers.get(name) for name in DEVICE_GROUPS}


def cpu(root: Path) -> dict[str, Any]:
    """Return the processor's ``model``, ``architecture`` and ``cpus``: how many this process may use.

    ``sockets cores threads`` count what is switched on, None where sysfs does not say; ``flags`` are those of
    ENCODER_FLAGS; ``governor`` and ``scaling_driver`` are None where the kernel does not set the clock (most virtual
    machines);
    ``hypervisor`` is whether this is a virtual machine, None where the processor would not tell.
    """
    text = read(root / "proc/cpuinfo")
    # arm64 has no "model name"; single-board computers name themselves on the last line.
    model = re.search(r"^(?:model name|Model)[ \t]*:[ \t]*(.*)$", text, re.MULTILINE)
    line = re.search(r"^(?:flags|Features)[ \t]*:(.*)$", text, re.MULTILINE)
    spoken = line[1].split() if line else []
    flags = {ARM_NAMES.get(flag, flag) for flag in spoken}
    return {
        "model": model[1].strip() if model else None,
        "cpus": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        **_topology(root),
        "flags": [flag for flag in ENCODER_FLAGS if flag in flags],
        "governor": _governor(root),
        "scaling_driver": _scaling_driver(root),
        "hypervisor": _hypervisor(root, text, spoken),
    }


def _topology(root: Path) -> dict[str, int | None]:
    # A processor that is switched off has no topology (kernel: Documentation/admin-guide/cputopology.rst).
    found = [
        (read(folder / "physical_package_id").strip(), read(folder / "thread_siblings_list").strip())
        for folder in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/topology")
    ]
    if not found or not all(siblings for _, siblings in found):
        return {"sockets": None, "cores": None, "threads": None}
    return {"sockets": len({package for package, _ in found}), "cores": len(set(found)), "threads": len(found)}


def _scaling_driver(root: Path) -> str | None:
    """Return who sets the clock: what ``powersave`` means depends on it (kernel: admin-guide/pm/intel_pstate.rst)."""
    return read(root / "sys/devices/system/cpu/cpufreq/policy0/scaling_driver").strip() or None


def _governor(root: Path) -> str | None:
    policies = (root / "sys/devices/system/cpu/cpufreq").glob("policy*/scaling_governor")
    names = {read(path).strip() for path in policies} - {""}
    # Different cores may be governed differently; then all are named.
    return ",".join(sorted(names)) or None


def _hypervisor(root: Path, cpuinfo: str, spoken: list[str]) -> bool | None:
    if "hypervisor" in spoken or read(root / "sys/hypervisor/type").strip() == "xen":
        return True
    if (root / "proc/device-tree/hypervisor").exists():
        return True
    # x86 sets the flag under every hypervisor; other processors have no such flag.
    return False if re.search(r"^flags[ \t]*:", cpuinfo, re.MULTILINE) else None
