"""What a person reads when an installation is done: where the panel is, and what it really streams."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamkit.encoders import ENCODERS
from streamkit.errors import UnavailableError


def panel_addresses(bind: str, port: int, outward: str | None) -> list[str]:
    """Return the panel's addresses for a browser, the one that always works on this machine first."""
    if bind == "0.0.0.0":
        names = ["localhost", *([outward] if outward else [])]
    else:
        names = ["localhost" if bind == "127.0.0.1" else bind]
    return [f"http://{name}:{port}" for name in names]


def panel_status(panel: str, token_file: Path, within_s: float = 10.0) -> dict[str, Any]:
    """Ask the panel what is streamed, until the stream is past its start or ``within_s`` seconds are over.

    Returns the panel's /api/status.  Raises UnavailableError when it does not answer.
    """
    deadline = time.monotonic() + within_s
    try:
        token = token_file.read_text(encoding="utf-8").strip()
        request = urllib.request.Request(f"{panel}/api/status", headers={"Authorization": f"Bearer {token}"})
        # No proxy: the panel is on this machine.
        ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        while True:
            with ask(request, timeout=10) as reply:
                status: dict[str, Any] = json.load(reply)
            if status["stream"]["state"] != "starting" or time.monotonic() > deadline:
                return status
            time.sleep(0.5)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UnavailableError(f"The panel at {panel} did not say what is streamed ({problem}).") from None


def report(addresses: Sequence[str], status: Mapping[str, Any]) -> str:
    """Return what is printed: the state in a sentence, the panel's addresses, the source, the stream."""
    stream = status["stream"]
    values = {name: entry["value"] for name, entry in status["settings"].items()}
    if stream["state"] == "running":
        lines = ["The streamer is running.", ""]
    else:
        why = f"The container is healthy, but the stream is {stream['state']}. {stream.get('reason') or ''}"
        lines = [why.strip(), ""]
    lines += [f"  Panel    {address}" for address in addresses]
    lines.append(f"  Source   {status['source']['reason']}")
    lines.append(
        f"  Stream   {ENCODERS[values['encoder']].title}, {values['resolution']} at {values['fps']} frames per second, "
        f"{values['bitrate_kbps']} kbit/s"
    )
    return "\n".join(lines)
