"""The guide's "Verify WebSocket Connection" and "Verify SSE Log Streaming"."""

from __future__ import annotations

import itertools
from typing import Any

from bench.verify.check import Check, Judgement, failed, judged, unknown
from bench.verify.facts import Facts, NotSeenError

EVENT = "combined_update"
LONGEST_GAP_S = 3.5
"""The guide's two seconds, and most of another update for a machine that has other work."""
POLLED = ("/api/stats", "/api/status")
NO_SOCKET = (
    "Server-Sent Events in place of a WebSocket: only the panel has news, any proxy passes plain HTTP, and a browser "
    "connects again by itself."
)
NO_BROWSER_TOOLS = "Counted by the panel itself, so that it holds for every viewer and needs no developer tools."


def _events(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = facts.panel["events"]
    return found


def push(facts: Facts) -> Judgement:
    """Judge the answer of /api/events."""
    events = _events(facts)
    kind = str(events["content_type"]).partition(";")[0]
    if events["status"] is None:
        return failed(f"/api/events: {events['problem']}")
    return judged(events["status"] == 200 and kind == "text/event-stream", f"/api/events: {events['status']} {kind}")


def updates(facts: Facts) -> Judgement:
    """Judge name and pace of the events."""
    events, seconds = _events(facts), facts.panel["seconds"]
    times = events["times_s"]
    if EVENT not in events["names"]:
        return failed(f"no {EVENT} in {seconds:g} s")
    gap = max(b - a for a, b in itertools.pairwise([*times, seconds]))
    return judged(gap <= LONGEST_GAP_S, f"{len(times)} {EVENT} in {seconds:g} s, {gap:.1f} s apart at most")


def polling(facts: Facts) -> Judgement:
    """Judge what was asked of the panel while a viewer only watched."""
    viewer = facts.document.get("browser")
    if viewer and viewer["problem"] is None:
        return _watched_by_browser(viewer)
    why = viewer["problem"] if viewer else "no browser was asked"
    events = _events(facts)
    if "requests_first" not in events:
        raise NotSeenError("this panel does not count its requests; deploy this version")
    asked = {route: events["requests_last"][route] - events["requests_first"][route] for route in POLLED}
    seconds = events["counted_to_s"] - events["counted_from_s"]
    if seconds <= 0:
        return unknown("two updates are needed to count between them")
    return _judge_asked(asked, f"in {seconds:.0f} s; viewer: bench's own client ({why})")


def _watched_by_browser(viewer: dict[str, Any]) -> Judgement:
    asked = {route: viewer["requests"][route] for route in POLLED}
    told = f"in {viewer['seconds']:.0f} s; viewer: {viewer['name']}"
    if any(asked.values()) and not any(viewer["sent"].get(route) for route in POLLED):
        told += "; the page itself asked none of them: somebody else did"
    return _judge_asked(asked, told)


def _judge_asked(asked: dict[str, int], told: str) -> Judgement:
    counts = " and ".join(f"{count} to {route}" for route, count in asked.items())
    return judged(not any(asked.values()), f"{counts} {told}")


def log_stream(facts: Facts) -> Judgement:
    """Judge the content type of the log stream."""
    logs = facts.panel["logs"]
    kind = str(logs["content_type"]).partition(";")[0]
    return judged(logs["status"] == 200 and kind == "text/event-stream", f"/api/logs/stream: {logs['status']} {kind}")


def log_lines(facts: Facts) -> Judgement:
    """Judge whether a line that was written while one watches comes to the viewer."""
    logs = facts.panel["logs"]
    if logs["status"] != 200:
        return failed(f"/api/logs/stream answered {logs['status']}")
    if "logged_in_s" not in logs:
        raise NotSeenError("the viewer wrote no line to wait for; look again with this version")
    came = [at for at in logs["times_s"] if at >= logs["logged_in_s"]]
    if not came:
        return failed(f"a login {logs['logged_in_s']:.1f} s after the connection did not show in the log stream")
    return judged(
        came[0] - logs["logged_in_s"] <= LONGEST_GAP_S,
        f"a login showed after {came[0] - logs['logged_in_s']:.1f} s, on the connection that was open",
    )


WEBSOCKET = (
    Check("push", "Live connection", "a WebSocket is established", push, NO_SOCKET),
    Check("updates", "Updates", "combined_update every 2 seconds", updates),
    Check("polling", "Requests after load", "none to /api/stats or /api/status", polling, NO_BROWSER_TOOLS),
)
LOGS = (
    Check("log_stream", "Log stream", "content type text/event-stream", log_stream),
    Check("log_lines", "Log lines", "update in real time, no reload", log_lines),
)
