"""How warm the processor is, from the kernel's hardware monitoring (``/sys/class/hwmon``).

Of all sensors of a machine only the processor's own count: a mainboard's ``acpitz`` often stands at a constant, and a
wrong figure is worse than none.  They are looked for once; afterwards a sample reads one small file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

HWMON = Path("/sys/class/hwmon")
LOOK_AGAIN_S = 60.0
"""How soon a machine without a sensor is looked at again: a driver may be loaded later."""
BELIEVED_C = (0.0, 150.0)
"""Sensors that read nothing say 0, or minus 55, or 255."""

ORDER: tuple[tuple[str, str], ...] = (
    # Intel: the package is the hottest of its cores; old Atoms have cores alone.
    (r"coretemp", r"Package id \d+"),
    (r"coretemp", r"Core \d+"),
    # AMD: Tctl is what fans are controlled by and may hold an offset; Tdie, where there is one, is the temperature
    # (kernel, Documentation/hwmon/k10temp.rst).
    (r"k10temp|zenpower", r"Tdie"),
    (r"k10temp|zenpower", r"Tctl"),
    (r"k10temp|k8temp|via_cputemp", r""),
    # Boards with a device tree name their zones: one for all cores, or one for each kind.
    (r"cpu_?thermal\d*", r""),
    (r"(big|little)core\d*_thermal|cpu_?(big|little)\d*_?thermal", r""),
    (r"(soc|package)_thermal", r""),
)
"""(chip, label) as patterns, best first."""


@dataclass(frozen=True)
class Reading:
    """One sensor: the chip's name, the sensor's label ("" without one), degrees Celsius, and the file it is from."""

    chip: str
    label: str
    celsius: float
    path: Path


def cpu_sensors(readings: Iterable[Reading]) -> list[Reading]:
    """Return the sensors that tell the processor's temperature, all of one kind; several where there are several
    processors.  Empty where there is none."""
    believed = [one for one in readings if BELIEVED_C[0] < one.celsius < BELIEVED_C[1]]
    for chip, label in ORDER:
        found = [one for one in believed if re.fullmatch(chip, one.chip) and re.fullmatch(label, one.label)]
        if found:
            return found
    return []


class Temperature:
    """The processor's temperature below ``root``; ``monotonic`` is the clock in seconds."""

    def __init__(self, root: Path = HWMON, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._monotonic = monotonic
        self._paths: list[Path] = []
        self._look_at = -float("inf")

    def celsius(self) -> float | None:
        """Return the temperature of the hottest processor in degrees Celsius, None where nothing tells it."""
        values = [value for path in self._paths if (value := _millidegrees(path)) is not None]
        if not values and self._monotonic() >= self._look_at:
            found = cpu_sensors(read_all(self._root))
            self._paths = [one.path for one in found]
            self._look_at = self._monotonic() + LOOK_AGAIN_S
            values = [one.celsius for one in found]
        return round(max(values), 1) if values else None


def read_all(root: Path) -> list[Reading]:
    """Read every temperature below ``root``; a sensor that cannot be read is left out."""
    found = []
    for path in sorted(root.glob("hwmon*/temp*_input")):
        value = _millidegrees(path)
        if value is not None:
            label = path.with_name(path.name.removesuffix("_input") + "_label")
            found.append(Reading(_text(path.with_name("name")), _text(label), value, path))
    return found


def _millidegrees(path: Path) -> float | None:
    """Return the degrees Celsius in a file that holds thousandths of them."""
    try:
        return int(_text(path)) / 1000
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        # A sensor may answer "no data" (ENODATA, EAGAIN) for a while.
        return ""
