"""Where the time of an image build goes: seconds per step, from what BuildKit prints.

usage: docker build --progress plain … >build.log 2>&1; python3 -m bench.build_steps build.log
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from streamkit.errors import BadInputError, StreamkitError

NAMED = re.compile(r"#(\d+) \[(?:(\S+) )?(\d+/\d+|internal)\] (.*)")
ENDED = re.compile(r"#(\d+) (?:DONE (\d+(?:\.\d+)?)s|(CACHED)|(ERROR).*)")
OPTIONS = re.compile(r"--(mount|from|chown|chmod)=\S+\s*")
CPU_TIME = re.compile(r"#(\d+) \d+(?:\.\d+)? (\d+)m(\d+\.\d+)s (\d+)m(\d+\.\d+)s")
"""A line of the shell's ``times``: user and system time, first of the shell itself, then of all that it ran."""
WIDTH = 72


@dataclass(frozen=True)
class Step:
    """One step of a build: ``how`` is run, cached or failed; ``seconds`` by BuildKit's clock, 0 where cached."""

    stage: str
    what: str
    seconds: float
    how: str


def parse_steps(lines: Iterable[str]) -> list[Step]:
    """Return the steps that ended, in the order of BuildKit's numbers.

    A step may be printed in several pieces, between those of others; its last ``DONE`` counts.  Exporting and reading
    the context have no instruction: they are in the stage "build".
    """
    named: dict[int, tuple[str, str]] = {}
    ended: dict[int, tuple[float, str]] = {}
    for line in lines:
        line = line.rstrip("\n")
        if match := NAMED.fullmatch(line):
            number, stage, place, what = match.groups()
            named[int(number)] = (stage or ("build" if place == "internal" else "final"), " ".join(what.split()))
        elif match := ENDED.fullmatch(line):
            number, seconds, cached, failed = match.groups()
            ended[int(number)] = (float(seconds or 0), "cached" if cached else "failed" if failed else "run")
        elif match := re.fullmatch(r"#(\d+) (exporting to \S+)", line):
            named[int(match[1])] = ("build", match[2])
    return [Step(*named[number], *ended[number]) for number in sorted(ended) if number in named]


def rust_cpu_s(lines: Iterable[str]) -> float | None:
    """Return the CPU seconds of the step that compiled the Rust, as its ``times`` printed them; None where none ran."""
    rust: set[str] = set()
    found: dict[str, float] = {}
    for line in lines:
        line = line.rstrip("\n")
        if (named := NAMED.fullmatch(line)) and "cargo build" in named[4]:
            rust.add(named[1])
        elif (spent := CPU_TIME.fullmatch(line)) and spent[1] in rust:
            user, system = 60 * int(spent[2]) + float(spent[3]), 60 * int(spent[4]) + float(spent[5])
            found[spent[1]] = found.get(spent[1], 0.0) + user + system
    return round(sum(found.values()), 2) if found else None


def by_stage(steps: Iterable[Step]) -> dict[str, float]:
    """Return {stage: seconds of its steps}; stages run side by side, so that their sum may exceed the build's time."""
    found: dict[str, float] = {}
    for step in steps:
        found[step.stage] = round(found.get(step.stage, 0.0) + step.seconds, 1)
    return found


def table(steps: list[Step]) -> list[str]:
    """Return the steps as lines, the longest first; those below a second are one line together."""
    long = sorted((one for one in steps if one.seconds >= 1 or one.how == "failed"), key=lambda one: -one.seconds)
    rest = [one for one in steps if one not in long]
    lines = [f"{'seconds':>8}  {'stage':<12}  step"]
    lines += [f"{one.seconds:8.1f}  {one.stage:<12}  {_short(one)}" for one in long]
    cached = sum(one.how == "cached" for one in rest)
    lines.append(
        f"{sum(one.seconds for one in rest):8.1f}  {'':<12}  {len(rest)} shorter steps, {cached} of them cached"
    )
    return lines


def _short(step: Step) -> str:
    text = OPTIONS.sub("", step.what)
    mark = "FAILED " if step.how == "failed" else ""
    return mark + (text if len(text) <= WIDTH else text[: WIDTH - 1] + "…")


def main(arguments: list[str]) -> None:
    """Print the table of the log named on the command line.  Raises BadInputError where it is no such log."""
    if len(arguments) != 1:
        raise BadInputError(
            "usage: python3 -m bench.build_steps LOG, with what 'docker build --progress plain' printed."
        )
    try:
        steps = parse_steps(Path(arguments[0]).read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError as problem:
        raise BadInputError(f"{arguments[0]} cannot be read: {problem.strerror}.") from None
    if not steps:
        raise BadInputError(
            f"{arguments[0]} holds no step that ended; write it with 'docker build --progress plain … 2>&1'."
        )
    sys.stdout.write("\n".join(table(steps)) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except StreamkitError as problem:
        sys.exit(str(problem))
