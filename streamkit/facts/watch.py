"""A viewer of the panel that needs no browser: it logs in, opens both event streams, and notes what comes."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import urllib.parse
from typing import Any

ANSWER_S = 10.0
TIMED_REQUESTS = 9
LOGIN_AFTER_S = 1.0
"""When the viewer logs in once more: the panel logs every login, so a line comes while one watches."""


def watch(address: str, token: str | None, seconds: float) -> dict[str, Any]:
    """Look at the panel at ``address`` (http://host:port) for ``seconds``; never raises, ``problem`` says what failed.

    ``home``: status of ``/`` without a login; ``stats_ms``: how long /api/stats took, in milliseconds, each on a fresh
    connection; ``events`` and ``logs``: status, content type, when each event came (seconds since the request), and of
    ``events`` the panel's own request counters as the second and the last event tell them.  The first event may have
    been made before this viewer came.  ``logs`` also has ``logged_in_s``, when the viewer logged in once more.
    """
    seen: dict[str, Any] = {"address": address, "seconds": seconds, "problem": None, "home": None, "stats_ms": []}
    seen |= {"events": None, "logs": None}
    try:
        seen["home"] = _get(address, "/", {})[0]
        if token is None:
            seen["problem"] = "the panel's token is not known"
            return seen
        bearer = {"Authorization": f"Bearer {token}"}
        for _ in range(TIMED_REQUESTS):
            begun = time.monotonic()
            status, _ = _get(address, "/api/stats", bearer)
            if status != 200:
                seen["problem"] = f"/api/stats answered {status} with the panel's token"
                return seen
            seen["stats_ms"].append(round(1000 * (time.monotonic() - begun), 1))
        cookie = _log_in(address, token)
        _get(address, "/", cookie)
        other: dict[str, Any] = {}
        beside = threading.Thread(target=lambda: other.update(_follow(address, "/api/logs/stream", cookie, seconds)))
        beside.start()
        again = threading.Thread(target=_log_in_again, args=(address, token, min(LOGIN_AFTER_S, seconds / 4), other))
        again.start()
        seen["events"] = _follow(address, "/api/events", cookie, seconds)
        beside.join()
        again.join()
        seen["logs"] = other
    except (OSError, http.client.HTTPException) as problem:
        seen["problem"] = f"the panel at {address} does not answer ({problem})"
    return seen


def _connect(address: str) -> http.client.HTTPConnection:
    parts = urllib.parse.urlsplit(address)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_S)


def _get(address: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = _connect(address)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _log_in(address: str, token: str) -> dict[str, str]:
    """Send the login form as a page does; return the header with the session's cookie."""
    connection = _connect(address)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": address}
    try:
        connection.request("POST", "/login", urllib.parse.urlencode({"token": token, "next": "/"}), form)
        answer = connection.getresponse()
        return {"Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0]}
    finally:
        connection.close()


def _log_in_again(address: str, token: str, after_s: float, noted: dict[str, Any]) -> None:
    begun = time.monotonic()
    time.sleep(after_s)
    noted["logged_in_s"] = round(time.monotonic() - begun, 3)
    # That it does not answer is seen by those who follow its streams.
    with contextlib.suppress(OSError, http.client.HTTPException):
        _log_in(address, token)


def _follow(address: str, path: str, headers: dict[str, str], seconds: float) -> dict[str, Any]:
    """Read one event stream for ``seconds``."""
    connection = _connect(address)
    begun = time.monotonic()
    seen: dict[str, Any] = {"status": None, "content_type": None, "names": [], "times_s": [], "problem": None}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        seen |= {"status": answer.status, "content_type": answer.getheader("Content-Type")}
        if answer.status == 200 and "event-stream" in str(seen["content_type"]):
            _read_events(answer, connection, seen, begun, seconds)
    except (OSError, http.client.HTTPException) as problem:
        seen["problem"] = str(problem) or type(problem).__name__
    finally:
        connection.close()
    return seen


def _read_events(
    answer: http.client.HTTPResponse,
    connection: http.client.HTTPConnection,
    seen: dict[str, Any],
    begun: float,
    seconds: float,
) -> None:
    name, data = "message", ""
    while (left := begun + seconds - time.monotonic()) > 0:
        if connection.sock:
            connection.sock.settimeout(max(left, 0.01))
        try:
            read = answer.readline()
        except TimeoutError:
            return
        if not read:
            seen["problem"] = "the panel ended the stream"
            return
        line = read.decode("utf-8", "replace").rstrip("\n")
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif not line and data:
            seen["times_s"].append(round(time.monotonic() - begun, 3))
            if name not in seen["names"]:
                seen["names"].append(name)
            if len(seen["times_s"]) != 1:
                _note_counters(data, seen)
            name, data = "message", ""


def _note_counters(data: str, seen: dict[str, Any]) -> None:
    try:
        requests = json.loads(data)["stats"]["panel"]["requests"]
    except (ValueError, KeyError, TypeError):
        return  # an event of another kind, or a panel that does not count
    seen.setdefault("requests_first", requests)
    seen["requests_last"] = requests
    seen.setdefault("counted_from_s", seen["times_s"][-1])
    seen["counted_to_s"] = seen["times_s"][-1]
