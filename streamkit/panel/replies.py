"""The few kinds of answer the panel gives, and the headers that every one of them carries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import bottle

Reply: TypeAlias = Any
"""A ``bottle.HTTPResponse``; bottle ships no types."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "media-src 'self' blob: mediastream:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # "no-referrer" would make browsers send "Origin: null" with the page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
EVENT_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would otherwise hold events back until its buffer is full.
    "X-Accel-Buffering": "no",
}


def with_headers(given: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return ``given`` plus the headers of every answer; what the answer set itself wins."""
    headers = list(given)
    present = {name.lower() for name, _ in headers}
    always = {**HEADERS, "Cache-Control": "no-store"}
    return headers + [(name, value) for name, value in always.items() if name.lower() not in present]


def json_reply(value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with one JSON object."""
    text = json.dumps(value, separators=(",", ":"))
    return bottle.HTTPResponse(text, status, {"Content-Type": "application/json", **(headers or {})})


def error_reply(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer {"ok": false, "error": sentence}."""
    return json_reply({"ok": False, "error": sentence}, status, headers)


def page_reply(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a page; it depends on who asks, so no cache may keep it."""
    return bottle.HTTPResponse(
        html, status, {"Content-Type": "text/html; charset=utf-8", "Vary": "Cookie", **(headers or {})}
    )


def see_other(path: str) -> Reply:
    """Send the browser on to ``path`` of this panel."""
    return bottle.HTTPResponse("", 303, {"Location": path})


def raw_reply(body: bytes | Iterable[bytes], status: int, headers: Mapping[str, str]) -> Reply:
    """Answer with bytes, or with a stream of them, and exactly these headers."""
    return bottle.HTTPResponse(body, status, dict(headers))
