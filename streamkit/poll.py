"""Asks the WHIP server for its status every few seconds and leaves the answer in server.json.

One session with a small pool of connections and retries, so that a busy server costs a moment, not an alarm.
The server lists its streams by their keys: keys never reach the file.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from streamkit.documents import write_document
from streamkit.errors import BadInputError, ExitCode, StreamkitError
from streamkit.run.paths import Paths, read_secret

INTERVAL_S = 5.0
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
MAX_REPLY_BYTES = 1 << 20
WHIP_PATH = "/api/whip"
STATUS_PATH = "/api/status"
MOST_STREAMS = 50


def status_address(server_url: str) -> str:
    """Return where the server of a WHIP address tells its status.

    Raises BadInputError when ``server_url`` is no http(s) address.
    """
    try:
        parts = urlsplit(server_url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInputError(
            f"SERVER_URL is {server_url!r}; it must be the server's WHIP address, such as http://host:8080{WHIP_PATH}."
        )
    # A server behind a path of a proxy keeps that path; any other ending says nothing about one.
    prefix = parts.path.removesuffix(WHIP_PATH) if parts.path.endswith(WHIP_PATH) else ""
    return urlunsplit((parts.scheme, parts.netloc, prefix + STATUS_PATH, "", ""))


def make_session() -> requests.Session:
    """Return the one session: pooled connections, three retries on what is likely to pass."""
    session = requests.Session()
    # The last answer is returned, not raised, so that its status can be told.
    retries = Retry(total=3, backoff_factor=0.1, status_forcelist=[429, 500, 502, 503, 504], raise_on_status=False)
    adapter = HTTPAdapter(max_retries=retries, pool_connections=10, pool_maxsize=10)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def ask(session: requests.Session, address: str, stream_key: str) -> dict[str, Any]:
    """Ask once; return the content of server.json (``latency_ms`` includes retries).

    ``error`` is one sentence, or None when the server answered 200 with a list of streams.
    """
    found: dict[str, Any] = {
        "sampled_at": time.time(),
        "url": address,
        "reachable": False,
        "http_status": None,
        "latency_ms": None,
        "error": None,
        "streams": [],
    }
    begun = time.monotonic()
    try:
        with session.get(
            address, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S), stream=True, allow_redirects=False
        ) as answer:
            text = _body(answer)
            found |= {
                "reachable": True,
                "http_status": answer.status_code,
                "latency_ms": round((time.monotonic() - begun) * 1000, 1),
            }
            if answer.status_code != 200:
                found["error"] = f"{address} answered {answer.status_code}."
            elif len(text) > MAX_REPLY_BYTES:
                found["error"] = f"{address} answered more than {MAX_REPLY_BYTES} bytes."
            else:
                found["streams"] = own_words(json.loads(text), stream_key)
    except requests.RequestException as problem:
        found["error"] = f"{address} does not answer ({_reason(problem)})."
    except ValueError:
        found["error"] = f"{address} answered 200, but not with JSON: it may not be a Broadcast Box."
    return found


def _body(answer: requests.Response) -> bytes:
    """Return the body, cut off soon after MAX_REPLY_BYTES."""
    text = b""
    for part in answer.iter_content(65536):
        text += part
        if len(text) > MAX_REPLY_BYTES:
            break
    return text


def own_words(listing: object, stream_key: str) -> list[dict[str, Any]]:
    """Return the server's list of streams without anybody's key; ``own`` marks the one with ours."""
    streams: list[dict[str, Any]] = []
    for entry in listing if isinstance(listing, list) else []:
        if not isinstance(entry, dict):
            continue
        sessions = entry.get("whepSessions")
        streams.append(
            {
                "own": bool(stream_key) and entry.get("streamKey") == stream_key,
                "firstSeenEpoch": entry.get("firstSeenEpoch"),
                "audioPacketsReceived": entry.get("audioPacketsReceived"),
                "videoStreams": _video_streams(entry.get("videoStreams")),
                "viewers": len(sessions) if isinstance(sessions, list) else None,
            }
        )
    streams.sort(key=lambda stream: not stream["own"])
    return streams[:MOST_STREAMS]


def _video_streams(listing: object) -> list[dict[str, Any]]:
    names = ("rid", "packetsReceived", "lastKeyFrameSeen")
    entries = listing if isinstance(listing, list) else []
    return [{name: entry.get(name) for name in names} for entry in entries if isinstance(entry, dict)]


def _reason(problem: BaseException) -> str:
    """Return the innermost cause in a few words: requests wraps it three layers deep."""
    if isinstance(problem, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
        return "no answer in time"
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, OSError) and not isinstance(seen, requests.RequestException) and seen.strerror:
            return seen.strerror
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        seen = seen.__cause__ or seen.__context__ or (inner if isinstance(inner, BaseException) else None)
    return type(problem).__name__


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        write_document(path, content)
    except OSError as problem:
        # A full disk passes; the next answer is written again.
        sys.stderr.write(f"{path} cannot be written: {problem.strerror}\n")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"interval is {text!r}; use 0.1 to 3600 seconds")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until SIGTERM or SIGINT; returns the exit code."""
    paths = Paths.from_environment()
    parser = argparse.ArgumentParser(prog="streamkit poll", description="Ask the WHIP server for its status.")
    parser.add_argument(
        "--server-url", default=os.environ.get("SERVER_URL", ""), help="WHIP address (default: SERVER_URL)"
    )
    parser.add_argument("--interval", type=_seconds, default=INTERVAL_S, help="seconds between questions")
    arguments = parser.parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        address = status_address(arguments.server_url)
        with make_session() as session:
            while True:
                found = ask(session, address, read_secret(paths.stream_key_file))
                _write(paths.run / "server.json", found)
                if ended.wait(arguments.interval):
                    return ExitCode.OK
    except StreamkitError as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
