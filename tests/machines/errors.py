"""The one error of the test machines, and the one way they run commands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence


class MachineError(RuntimeError):
    """A machine cannot be built, started or reached; the text says what to do about it."""


def clean_environment() -> dict[str, str]:
    """Return the environment for system tools: plain locale, full path, the caller's proxies."""
    proxies = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/root"), **proxies}


def run_tool(
    argv: Sequence[str], *, timeout: float = 60, env: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a system tool for at most `timeout` seconds and return what it printed.

    Raises MachineError when the tool is missing, does not finish in time or (with `check`) fails.
    """
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env=dict(env) if env is not None else clean_environment(),
        )
    except FileNotFoundError as error:
        raise MachineError(f"{argv[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"{argv[0]} did not finish within {timeout:g} s") from error
    if check and done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise MachineError(f"{' '.join(argv[:6])} failed ({done.returncode}):\n{tail}")
    return done
