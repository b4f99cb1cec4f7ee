"""What was measured, one JSON line for each run, kept from the moment that the run ended.

Everything that judges, draws or counts reads these lines and nothing else.  Standard library only: it travels to hosts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from streamkit.documents import SCHEMA_VERSION
from streamkit.errors import BadInputError, UnavailableError

Status = Literal["done", "crashed", "stopped"]
STATUSES: tuple[Status, ...] = ("done", "crashed", "stopped")
FILE = "records.jsonl"
DEFAULT_FOLDER = Path("build/bench")
RESERVE_BYTES = 1024 * 1024
"""Set aside while bench runs, so that a run that ends on a full disk can still be written."""


@dataclass(frozen=True)
class Run:
    """One run of one suite in one scenario.

    ``pair`` counts from 0 and ``position`` is 0 or 1 in it; both are None for a run that belongs to no pair.
    ``begun_at`` is Unix time; ``seconds`` is what the run took; ``reason`` says in a sentence why it is not "done".
    A figure that could not be measured is None.  ``details`` is free JSON: histograms, timelines, layers.
    """

    suite: str
    scenario: str
    session: str
    begun_at: float
    seconds: float
    status: Status = "done"
    reason: str | None = None
    pair: int | None = None
    position: int | None = None
    warmup: bool = False
    figures: dict[str, float | None] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def line(self) -> str:
        """Return the run as one line of JSON.  Raises ValueError for a figure that is no finite number."""
        content = {"schema_version": SCHEMA_VERSION, "kind": "run", **dataclasses.asdict(self)}
        return json.dumps(content, sort_keys=True, allow_nan=False) + "\n"


_TYPES: dict[str, tuple[type, ...]] = {
    "suite": (str,),
    "scenario": (str,),
    "session": (str,),
    "begun_at": (int, float),
    "seconds": (int, float),
    "status": (str,),
    "reason": (str, type(None)),
    "pair": (int, type(None)),
    "position": (int, type(None)),
    "warmup": (bool,),
    "figures": (dict,),
    "details": (dict,),
    "machine": (dict,),
    "id": (str,),
}


def new_session() -> str:
    """Return a name for one invocation of bench."""
    return uuid.uuid4().hex[:12]


def parse_run(line: str, name: str) -> Run | None:
    """Return the run in ``line``; None where it is no whole record.  ``name`` is what the person calls the line.

    Raises BadInputError for a record of a newer version and for one that is whole but not a run.
    """
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    version = value.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BadInputError(
            f"{name} has schema_version {version}, written by a newer streamkit; this one reads up to "
            f"{SCHEMA_VERSION}: update it, or give another folder with --out."
        )
    for key, types in _TYPES.items():
        if not isinstance(value.get(key), types) or (isinstance(value[key], bool) and bool not in types):
            raise BadInputError(f"{name} is not a run of bench: {key} is {value.get(key)!r}; give a folder of its own.")
    if value["status"] not in STATUSES:
        raise BadInputError(f"{name} has status {value['status']!r}; known are {', '.join(STATUSES)}.")
    wrong = [key for key, one in value["figures"].items() if not (one is None or _is_number(one))]
    if wrong:
        raise BadInputError(f"{name} has a figure that is no number: {wrong[0]} is {value['figures'][wrong[0]]!r}.")
    return Run(**{key: value[key] for key in _TYPES})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def say(sentence: str) -> None:
    """Tell the person at the terminal, apart from what the command prints."""
    sys.stderr.write(sentence + "\n")


class Store:
    """The runs of a folder, in ``records.jsonl``.

    ``tell`` gets a sentence on what a reader should know; ``write`` is how bytes reach a file (as ``os.write``).
    """

    def __init__(
        self,
        folder: Path = DEFAULT_FOLDER,
        tell: Callable[[str], None] = say,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._reserve = folder / ".reserve"
        self._tell = tell
        self._told: set[str] = set()
        self._write = write

    def read(self) -> list[Run]:
        """Return the runs in the order they ended.  Lines that are not whole are left out, with one sentence.

        Raises BadInputError for a file that cannot be read, is from a newer version, or holds something else.
        """
        try:
            lines = self.path.read_bytes().decode("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise BadInputError(f"{self.path} cannot be read: {problem.strerror}; give a folder with --out.") from None
        found = [(number, parse_run(line, f"{self.path}, line {number},")) for number, line in enumerate(lines, 1)]
        runs = [run for _, run in found if run]
        cut = [str(number) for number, run in found if run is None]
        if cut:
            self._tell_once(
                f"{self.path} was cut: line {', '.join(cut)} is not whole and is left out; "
                f"the {len(runs)} finished runs before and after it are kept."
            )
        return runs

    def _tell_once(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(sentence)

    def append(self, run: Run) -> None:
        """Write a run and wait until it is on the disk.

        Raises UnavailableError where the disk is full or the file cannot be written; what was there stays whole,
        and where ``exclusive`` has set space aside the run itself is kept too.
        """
        data = run.line().encode()
        make_folder(self.folder)
        try:
            self._append(data)
        except OSError as problem:
            if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise UnavailableError(f"{self.path} cannot be written: {problem.strerror}.") from None
            kept = self._append_from_reserve(data)
            raise UnavailableError(
                f"The disk of {self.folder} is full: {'this run and ' if kept else 'this run is lost, '}all finished "
                f"runs{'' if kept else ' before it'} are kept; free some space and give the same command again."
            ) from None

    def _append_from_reserve(self, data: bytes) -> bool:
        if not self._reserve.exists():
            return False
        self._reserve.unlink()
        try:
            self._append(data)
        except OSError:
            return False
        return True

    def _append(self, data: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            end, before = self._whole_end(descriptor)
            os.ftruncate(descriptor, end)
            os.lseek(descriptor, end, os.SEEK_SET)
            try:
                left = before + data
                while left:
                    left = left[self._write(descriptor, left) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    @staticmethod
    def _whole_end(descriptor: int) -> tuple[int, bytes]:
        """Return where the whole lines end, and what must come before the next one.

        What a power cut left behind them is half a line, or a whole one that lacks only its end.
        """
        size = os.lseek(descriptor, 0, os.SEEK_END)
        end, tail = size, b""
        while end:
            begin = max(0, end - 65536)
            tail = os.pread(descriptor, end - begin, begin) + tail
            end = begin
            if b"\n" in tail:
                break
        half = tail.rpartition(b"\n")[2]
        try:
            json.loads(half)
        except ValueError:
            return size - len(half), b""
        return size, b"\n"

    @contextlib.contextmanager
    def exclusive(self, lock: Path | None = None) -> Iterator[None]:
        """Measure alone, with space set aside for the run that ends on a full disk.

        ``lock`` is the file by which benches know of each other; without one it is this person's on this machine, for
        two benches disturb each other wherever they keep their results.  Raises UnavailableError where another bench
        measures, or where there is no space.
        """
        make_folder(self.folder)
        lock = lock or Path(tempfile.gettempdir()) / f"streamkit-bench-{os.getuid()}.lock"
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._lock(descriptor)
            self._set_aside()
            try:
                yield
            finally:
                self._reserve.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 4096, 0).decode(errors="replace").strip() or "unknown"
            raise UnavailableError(
                f"Another bench measures already (pid {holder}): two at once would disturb each other; wait for it, or "
                "end it with Ctrl-C, which keeps what it has done."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}, results in {self.folder}\n".encode(), 0)

    def _set_aside(self) -> None:
        try:
            with self._reserve.open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, RESERVE_BYTES)
        except OSError as problem:
            self._reserve.unlink(missing_ok=True)
            raise UnavailableError(
                f"{self.folder} has no {RESERVE_BYTES // 1024} KiB left for results ({problem.strerror}): free some "
                "space, or give another folder with --out."
            ) from None


def make_folder(folder: Path) -> None:
    """Make a folder with those above it.  Raises BadInputError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInputError(f"{folder} cannot be made ({problem.strerror}); give another folder with --out.") from None
