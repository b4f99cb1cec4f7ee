"""What a managed host receives to measure, and what becomes of its records.  Runs on the controller.

usage: python3 -m bench.job make --hardware FILE --image NAME --scenarios A[,B] --suites … --out FILE --program FILE
       python3 -m bench.job take FETCHED FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.records import Store, parse_run
from bench.scenario import find_scenario
from bench.stream.prepare import Images, prepare
from bench.travel import ON_HOST
from bench.zipapp import write_zipapp
from streamkit.documents import Document, read_document, write_document
from streamkit.errors import BadInputError, StreamkitError

MOST_SCENARIOS = 2


def make_job(
    hardware: Document,
    image: str,
    scenarios: Sequence[str],
    suites: Sequence[str],
    pairs: int,
    seconds: float,
    seed: int,
) -> Document:
    """Return the job: scenarios prepared for a host whose product is the image, and how they are run.

    Raises BadInputError for a suite that does not measure on hosts, and for scenarios that are unknown or too many.
    """
    for suite in suites:
        if suite not in ON_HOST:
            raise BadInputError(f"bench_suites has {suite!r}; on a host {', '.join(ON_HOST)} can be measured.")
    if not suites or not 1 <= len(scenarios) <= MOST_SCENARIOS or len(set(scenarios)) < len(scenarios):
        raise BadInputError(
            f"bench_scenarios is {', '.join(scenarios)!r}; name one scenario or two different ones, and at least one suite."
        )
    found = [find_scenario(name) for name in scenarios]
    images = Images(product=image)
    return {
        "scenarios": {
            one.name: {
                "painted": prepare(one, images, hardware).as_document(),
                "plain": prepare(one, images, hardware, paint=False).as_document(),
            }
            for one in found
        },
        "suites": list(suites),
        "pairs": pairs,
        "seconds": seconds,
        "seed": seed,
    }


def take(fetched: Path, folder: Path) -> str:
    """Add the runs of a fetched file to those of a folder, each once; return a sentence that counts them."""
    if not fetched.exists():
        return f"The host has no runs; those of earlier times are in {folder}."
    store = Store(folder)
    there = {run.id for run in store.read()}
    added = 0
    for number, line in enumerate(fetched.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        # A line that was cut is that of a run which did not end.
        run = parse_run(line, f"{fetched}, line {number},")
        if run and run.id not in there:
            store.append(run)
            there.add(run.id)
            added += 1
    fetched.unlink()
    return f"{added} new runs, {len(there)} in all, in {store.path}."


def main(arguments: list[str]) -> str:
    """Do what the words say; return a sentence for the person.  Raises StreamkitError."""
    parser = argparse.ArgumentParser(prog="bench.job")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make")
    for name in ("--hardware", "--out", "--program"):
        make.add_argument(name, type=Path, required=True)
    for name in ("--image", "--scenarios", "--suites"):
        make.add_argument(name, required=True)
    make.add_argument("--pairs", type=int, required=True)
    make.add_argument("--seconds", type=float, required=True)
    make.add_argument("--seed", type=int, default=1)
    taken = commands.add_parser("take")
    taken.add_argument("fetched", type=Path)
    taken.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.command == "take":
        return take(chosen.fetched, chosen.folder)
    job = make_job(
        read_document(chosen.hardware),
        chosen.image,
        _words(chosen.scenarios),
        _words(chosen.suites),
        chosen.pairs,
        chosen.seconds,
        chosen.seed,
    )
    write_document(chosen.out, job)
    write_zipapp(chosen.program)
    return f"{chosen.out} is written."


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1:]) + "\n")
    except StreamkitError as problem:
        sys.exit(str(problem))
