"""The ``docker`` command of a managed host: the one edge through which all modules ask it.  Standard library only."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from streamkit.errors import UnavailableError

ANSWER_S = 60.0
"""A loaded mini PC takes its time to start a process in a container."""


class NotAnsweredError(UnavailableError):
    """Docker gave no answer; the text says why."""


def docker(words: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``docker`` with these words and this standard input; its exit code is the caller's to judge.

    Raises NotAnsweredError where it cannot be run, or does not end within ANSWER_S.
    """
    try:
        return subprocess.run(
            ["docker", *words],
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_S,
            check=False,
        )
    except FileNotFoundError:
        raise NotAnsweredError("docker is not installed here") from None
    except subprocess.TimeoutExpired:
        raise NotAnsweredError(f"docker did not answer within {ANSWER_S:g} s") from None
    except OSError as problem:
        raise NotAnsweredError(f"docker cannot be run: {problem.strerror}") from None


def run_docker(words: Sequence[str], given: str = "") -> str:
    """Return what ``docker`` printed; standard error is part of the reason where it fails, else dropped.

    Raises NotAnsweredError where it fails as well.
    """
    done = docker(words, given)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = said[-1].removeprefix("Error response from daemon: ").removeprefix("Error: ") if said else ""
        raise NotAnsweredError(reason or f"docker {words[0]} ended with {done.returncode}")
    # `docker logs` hands on what the container wrote to its standard error.
    return done.stdout + (done.stderr if words[0] == "logs" else "")


def answer_or_none(*words: str) -> str | None:
    """Return what ``docker`` printed, None where it gives no answer, for whatever reason."""
    try:
        return run_docker(words)
    except NotAnsweredError:
        return None
