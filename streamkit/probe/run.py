"""``streamkit probe`` inside the image: reads a job, tries every candidate, prints ``probes.json``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from streamkit.documents import Document, dump_document, parse_document
from streamkit.errors import BadInputError
from streamkit.probe.child import Runner
from streamkit.probe.matrix import run_matrix

BAR = 24


class Bar:
    """Progress on standard error: one line redrawn on a terminal, a line for each candidate elsewhere."""

    def __init__(self, redraw: bool) -> None:
        self._redraw = redraw

    def __call__(self, done: int, total: int, what: str, left_s: float) -> None:
        """Show that ``done`` of ``total`` are done, ``what`` is tried now, and about ``left_s`` seconds are left."""
        filled = BAR * done // max(total, 1)
        line = f"[{'#' * filled}{'.' * (BAR - filled)}] {done}/{total}"
        line += f"  {what}, about {left_s:.0f} s left" if what else "  done"
        if self._redraw:
            print(f"\r{line:<72}", end="" if what else "\n", file=sys.stderr, flush=True)
        elif what:
            print(line, file=sys.stderr, flush=True)


def read_job(name: str) -> Document:
    """Return the job in a file, or on standard input for "-".  Raises BadInputError."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as problem:
        raise BadInputError(f"{name} cannot be read: {problem.strerror}.") from None
    job = parse_document(text, "standard input" if name == "-" else name)
    if not isinstance(job.get("candidates"), list) or not isinstance(job.get("scripts"), dict):
        raise BadInputError(f"{name} is no job: it needs 'candidates' and 'scripts'; 'streamkit probe' writes one.")
    return job


def probe(job: Document) -> Document:
    """Try every candidate of ``job``; return ``probes.json``."""
    redraw = os.environ.get("STREAMKIT_PROGRESS") == "bar" or sys.stderr.isatty()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in job["scripts"].items():
            (Path(folder) / Path(name).name).write_text(text, encoding="utf-8")
        began = time.monotonic()
        trials = run_matrix(job, Runner(Path(folder)), Bar(redraw))
        took_s = time.monotonic() - began
    named = {name: job.get(name) for name in ("key", "host_key")}
    return {**named, "probed_at": int(time.time()), "took_s": round(took_s, 1), "trials": trials}


def main(name: str) -> int:
    """Run the job named ``name`` and print the result."""
    print(dump_document(probe(read_job(name))), end="")
    return 0
