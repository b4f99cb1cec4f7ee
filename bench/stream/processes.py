"""CPU time of the container's processes, and of the streaming process thread by thread.  Standard library only.

**What is the encoder's.**  GStreamer runs each part between two queues in a thread of its own, named after the queue in
front of it (``queue1:src``).  The scripts have a queue before the encoder and one behind the parser, so the thread in
between runs the encoder, the parser and two probes; an encoder's own threads (x264: slices and look-ahead) are started by
that thread, and Linux gives a new thread the name of the one that started it.  All threads of that name are the encoder's.
Counted with it, though they are not: the parser, the probes, and the time code while it is painted (0.5 ms a frame, see
streamkit-launch --help).  So what is *besides* the encoder is what the other threads take: source, conversion, sound,
sending, and the launcher's own thread.  No tracing: the kernel counts run time by thread (schedstat), in ns.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PARTS = ("source", "convert", "encoder", "send", "sound", "launcher")
QUEUE_THREAD = re.compile(r"queue(\d+):src")
ROLES = (
    ("stream", "streamkit.launch"),
    ("panel", "streamkit.container panel"),
    ("panel", "polling.py"),
    ("poller", "streamkit.container poll"),
    ("supervisor", "streamkit.container run"),
    ("supervisor", "supervise.py"),
)
"""What a process is, by a part of its command line; the first that fits counts."""


@dataclass(frozen=True)
class Pipeline:
    """Which queues feed which part, from the words that the streaming process runs."""

    encoder_queue: int | None
    """None where no queue stands before the encoder, or where it is the sink that encodes: no share can be told."""
    first_sound_queue: int | None

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Pipeline:
        """Read it from the words of a gst-launch line; queues are numbered as they come."""
        queues = [place for place, word in enumerate(words) if word == "queue"]
        encoder = words.index("name=encoder") if "name=encoder" in words else None
        sound = words.index("name=audio_capture") if "name=audio_capture" in words else None
        before = [number for number, place in enumerate(queues) if encoder is not None and place < encoder]
        behind = [number for number, place in enumerate(queues) if sound is not None and place > sound]
        encodes = encoder is not None and words[encoder - 1] != "identity"
        return cls(before[-1] if before and encodes else None, behind[0] if behind else None)

    def part_of(self, thread: str, is_main: bool) -> str:
        """Return which of PARTS a thread of this name belongs to."""
        if is_main:
            return "launcher"
        if thread.startswith("audio_"):
            # The sound card's, and in the sink the one that packs a viewer's sound ("audio_1:src").
            return "sound"
        if thread.startswith("capture"):
            return "source"
        found = QUEUE_THREAD.fullmatch(thread)
        if found is None:
            return "send"
        number = int(found[1])
        if self.first_sound_queue is not None and number >= self.first_sound_queue:
            # Queues of the sink's own are numbered after those of the script, two of which are sound's.
            return "sound" if number < self.first_sound_queue + 2 else "send"
        if self.encoder_queue is None:
            return "send"
        return "convert" if number < self.encoder_queue else "encoder" if number == self.encoder_queue else "send"


def command_line(pid: int, proc: Path = Path("/proc")) -> list[str]:
    """Return a process's words; empty where it is gone."""
    with contextlib.suppress(OSError):
        return (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    return []


def roles(pids: Iterable[int], proc: Path = Path("/proc")) -> dict[str, int]:
    """Return {role: process} of a container's processes; the init of Docker and what comes and goes has none."""
    found: dict[str, int] = {}
    for pid in sorted(pids):
        words = command_line(pid, proc)
        if not words or words[0].endswith("docker-init"):
            continue
        line = " ".join(words)
        role = next((name for name, part in ROLES if part in line), None)
        if role is not None:
            found.setdefault(role, pid)
    return found


def threads_s(pid: int, proc: Path = Path("/proc")) -> dict[int, tuple[str, float]]:
    """Return {thread: (name, seconds of run time)} of a process."""
    found: dict[int, tuple[str, float]] = {}
    with contextlib.suppress(OSError):
        for task in (proc / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                name = (task / "comm").read_text(encoding="utf-8", errors="replace").strip()
                ran_ns = int((task / "schedstat").read_text(encoding="ascii").split()[0])
                found[int(task.name)] = (name, ran_ns / 1e9)
    return found


def process_s(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Return the seconds of processor of a process and the children it has waited for; None where it is gone.

    Its own by its clock (clock_getcpuclockid(3): ``~pid << 3 | 2`` in Linux), in ns; children's in ticks of the kernel.
    """
    try:
        fields = (proc / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return time.clock_gettime(~pid << 3 | 2) + (int(fields[13]) + int(fields[14])) / TICKS_PER_S
    except OSError:
        return None


def parts_s(
    pipeline: Pipeline, main: int, before: Mapping[int, tuple[str, float]], after: Mapping[int, tuple[str, float]]
) -> dict[str, float]:
    """Return {part: seconds} between two readings of the threads of process ``main``.

    A thread that came in between counts from its start; what one took that ended in between is not seen here.
    """
    used = dict.fromkeys(PARTS, 0.0)
    for thread, (name, ran_s) in after.items():
        used[pipeline.part_of(name, thread == main)] += ran_s - before.get(thread, (name, 0.0))[1]
    return used
