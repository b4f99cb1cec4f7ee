"""A trial as a process of its own, with a time limit: what crashes or hangs in it costs only itself."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.errors import StreamkitError
from streamkit.probe.words import feed_words, source_words, trial_environment
from streamkit.video import parse_fps

START_S = 10.0
"""Beyond the measured part: a process, a registry of elements built anew, the pictures, and an encoder that drains."""
RING = 24


def pipeline_words(script: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the words that ``script --print`` shows for a trial.  Raises StreamkitError with what the script said."""
    done = subprocess.run(
        ["bash", str(script), "--print"],
        env={**os.environ, **trial_environment(environment), "STREAMKIT_LAUNCH": "gst-launch-1.0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    if done.returncode:
        raise StreamkitError(done.stderr.strip() or f"{script.name} --print ended with {done.returncode}.")
    return shlex.split(done.stdout)


def trial_job(words: list[str], rung: Mapping[str, Any], paced: bool, seconds: float) -> dict[str, Any]:
    """Return what one trial process reads: see streamkit.probe.trial."""
    rate = parse_fps(rung["fps"])
    return {
        "words": feed_words(words),
        "source": source_words(rung["capture"], RING),
        "frame_ns": round(1e9 / rate),
        "seconds": seconds,
        "most_frames": max(round(seconds * float(rate)), 10) if paced else 100_000,
        "paced": paced,
    }


class Runner:
    """Runs trials of the scripts in ``scripts``."""

    def __init__(self, scripts: Path) -> None:
        self._scripts = scripts

    def __call__(
        self, candidate: Mapping[str, Any], rung: Mapping[str, Any], paced: bool, seconds: float
    ) -> dict[str, Any]:
        """Run one trial; return its figures.  Raises StreamkitError with the whole text of what went wrong."""
        words = pipeline_words(self._scripts / candidate["script"], rung["environment"])
        return run_process(trial_job(words, rung, paced, seconds), seconds + START_S)


def run_process(
    job: Mapping[str, Any], limit_s: float, argv: tuple[str, ...] = (sys.executable, "-m", "streamkit.probe.trial")
) -> dict[str, Any]:
    """Run one trial process with a limit; return what it printed.  Raises StreamkitError for crash, hang and error."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # SVT-AV1 writes a page of settings otherwise; 1 is errors only.
        env={**os.environ, "SVT_LOG": "1"},
    )
    try:
        said, noise = process.communicate(json.dumps(job), timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, noise = process.communicate()
        raise StreamkitError(f"It hung: no end after {limit_s:.0f} s.\n{noise.strip()}".strip()) from None
    try:
        result: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        code = process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        raise StreamkitError(f"Its process {how} without a result.\n{noise.strip()}".strip()) from None
    if "error" in result:
        raise StreamkitError(f"{result['error']}\n{noise.strip()}".strip())
    return result
