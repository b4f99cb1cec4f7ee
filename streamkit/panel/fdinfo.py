"""How busy the GPU's engines are with one process, as its open files tell (``/proc/<pid>/fdinfo``).

Needs no privilege: a process may read what belongs to its own user.  The format is the kernel's
Documentation/gpu/drm-usage-stats.rst: i915 and amdgpu count nanoseconds (``drm-engine-video: 52567 ns``), xe counts
cycles against a clock (``drm-cycles-vcs``, ``drm-total-cycles-vcs``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

VIDEO = frozenset({"video", "video-enhance", "vcs", "vecs", "enc", "enc_1", "dec", "jpeg", "vpe"})
"""Engines that code pictures: of i915, xe, and amdgpu (amdgpu_fdinfo.c), which leaves out those never used."""
RENDER = frozenset({"render", "compute", "rcs", "ccs", "gfx"})
LOOK_AGAIN_S = 10.0
"""How often the files of a process are listed anew; it opens its GPU once, when it starts."""


@dataclass(frozen=True)
class Client:
    """What one open GPU file says.  ``busy_ns``, ``cycles`` and ``total_cycles`` count up, by engine."""

    driver: str
    slot: str
    id: str
    busy_ns: dict[str, int] = field(default_factory=dict)
    cycles: dict[str, int] = field(default_factory=dict)
    total_cycles: dict[str, int] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)

    def percent(self, before: Client, window_ns: int) -> dict[str, float]:
        """Return how much of each engine the client used since ``before``; 100 is all engines of that kind.

        A counter may fall back for a moment; it is then as if nothing had been used.
        """
        found = {}
        for engine, busy in self.busy_ns.items():
            used = max(busy - before.busy_ns.get(engine, 0), 0)
            found[engine] = 100 * used / window_ns / self.capacity.get(engine, 1)
        for engine, cycles in self.cycles.items():
            passed = self.total_cycles.get(engine, 0) - before.total_cycles.get(engine, 0)
            used = max(cycles - before.cycles.get(engine, 0), 0)
            if passed > 0:
                found[engine] = 100 * used / passed / self.capacity.get(engine, 1)
        return found


@dataclass(frozen=True)
class Load:
    """How busy one GPU is with one process, in percent: its busiest engine of each kind."""

    driver: str
    slot: str
    video_percent: float
    render_percent: float


_COUNTERS = (
    ("drm-engine-capacity-", "capacity"),
    ("drm-engine-", "busy_ns"),
    ("drm-total-cycles-", "total_cycles"),
    ("drm-cycles-", "cycles"),
)


def parse_fdinfo(text: str) -> Client | None:
    """Return what an ``fdinfo`` file says of the GPU; None where the open file is no GPU, or one that counts nothing."""
    words: dict[str, str] = {}
    counters: dict[str, dict[str, int]] = {name: {} for _, name in _COUNTERS}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        number, _, _unit = value.strip().partition(" ")
        prefix, name = next(((p, n) for p, n in _COUNTERS if key.startswith(p)), ("", ""))
        if not prefix:
            words[key] = value.strip()
        elif number.isascii() and number.isdigit() and not (name == "capacity" and int(number) == 0):
            counters[name][key.removeprefix(prefix)] = int(number)
    driver, client = words.get("drm-driver"), words.get("drm-client-id")
    if not driver or not client or not (counters["busy_ns"] or counters["cycles"] or driver == "amdgpu"):
        return None
    return Client(driver, words.get("drm-pdev", ""), client, **counters)


def load_of(before: Iterable[Client], after: Iterable[Client], window_ns: int) -> Load | None:
    """Return how busy the GPU was between two looks; of several GPUs the one that codes most.  None: nothing to compare.

    The same client may be open under several numbers, and is counted once.
    """
    known = {(one.slot, one.id): one for one in before}
    engines: dict[tuple[str, str], dict[str, float]] = {}
    for key, client in {(one.slot, one.id): one for one in after}.items():
        if key in known and window_ns > 0:
            found = engines.setdefault((client.driver, client.slot), {})
            for engine, percent in client.percent(known[key], window_ns).items():
                found[engine] = found.get(engine, 0.0) + percent
    loads = [
        Load(driver, slot, _busiest(found, VIDEO), _busiest(found, RENDER)) for (driver, slot), found in engines.items()
    ]
    return max(loads, key=lambda load: (load.video_percent, load.render_percent), default=None)


def _busiest(engines: Mapping[str, float], kind: frozenset[str]) -> float:
    return round(min(max((engines[name] for name in kind & engines.keys()), default=0.0), 100.0), 1)


class ProcessGpu:
    """Looks at the GPU files of one process after another.  ``proc`` is ``/proc``, ``clock_ns`` counts monotonic ns."""

    def __init__(self, proc: Path = Path("/proc"), clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._proc = proc
        self._clock_ns = clock_ns
        self._pid: int | None = None
        self._files: list[Path] = []
        self._listed_ns = 0
        self._before: tuple[int, list[Client]] | None = None

    def load(self, pid: int) -> Load | None:
        """Return how busy the GPU was with ``pid`` since the last call; None at first, and where it uses none."""
        now = self._clock_ns()
        if pid != self._pid:
            self._pid, self._before, self._files = pid, None, []
        if not self._files or now - self._listed_ns >= LOOK_AGAIN_S * 1e9:
            self._files, self._listed_ns = self._gpu_files(pid), now
        clients = [client for path in self._files if (client := parse_fdinfo(_text(path)))]
        before, self._before = self._before, (now, clients)
        return load_of(before[1], clients, now - before[0]) if before else None

    def _gpu_files(self, pid: int) -> list[Path]:
        folder = self._proc / str(pid)
        found = []
        try:
            for entry in (folder / "fd").iterdir():
                if str(entry.readlink()).startswith("/dev/dri/"):
                    found.append(folder / "fdinfo" / entry.name)
        except OSError:
            # It ended, or closed a file, while it was looked at: the next look is ten seconds away at most.
            return found
        return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
