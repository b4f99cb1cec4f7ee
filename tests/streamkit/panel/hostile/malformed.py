"""Malformed requests from a seed: each is made from the seed and its number alone, so a failure can be seen again."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from streamkit.config import SETTINGS
from streamkit.panel.routes import Route
from tests.streamkit.panel.hostile.nasty import (
    CANARY,
    CHUNKED,
    FRAMINGS,
    HEADERS,
    METHODS,
    PIECES,
    QUERIES,
    TARGETS,
    TEXTS,
    VERSIONS,
    Headers,
)
from tests.streamkit.panel.hostile.routes import example


@dataclass
class Draft:
    """One request on its way to become malformed."""

    method: bytes
    target: bytes
    version: bytes
    headers: Headers
    body: bytes
    end: bytes = b"\r\n"
    framing: Headers | None = None
    """Replaces the honest Content-Length."""
    transform: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def wire(self) -> bytes:
        """Return the bytes of the request."""
        framing = self.framing
        if framing is None:
            framing = [(b"Content-Length", str(len(self.body)).encode())] if self.body or self.method == b"POST" else []
        lines = [b" ".join((self.method, self.target, self.version))]
        lines += [name + b": " + value for name, value in (*self.headers, *framing)]
        text = self.end.join((*lines, b"", self.body))
        for change in self.transform:
            text = change(text)
        return text


@dataclass(frozen=True)
class Attempt:
    """One malformed request as it is sent."""

    number: int
    method: str
    pieces: tuple[bytes, ...]
    pause_s: float
    vanishes: bool
    """Whether the peer is gone before it has read an answer."""
    source: str

    def __str__(self) -> str:
        text = b"".join(self.pieces)
        return f"attempt {self.number} ({len(text)} bytes, begins {text[:400]!r})"


def json_value(draw: random.Random, depth: int = 0) -> object:
    """Return any JSON value."""
    kind = draw.randrange(9 if depth < 4 else 7)
    if kind == 0:
        return draw.choice((None, True, False))
    if kind == 1:
        return draw.choice((0, -1, 10**30, 2**63, 1e308, 3.5, float("nan"), float("inf"), 60))
    if kind < 7:
        return draw.choice(TEXTS)
    if kind == 7:
        return [json_value(draw, depth + 1) for _ in range(draw.randrange(5))]
    return {draw.choice(TEXTS): json_value(draw, depth + 1) for _ in range(draw.randrange(5))}


def config_body(draw: random.Random) -> bytes:
    """Return the body of a change of settings that is almost right."""
    names = (*SETTINGS, *TEXTS)
    changes: object = {draw.choice(names): json_value(draw) for _ in range(draw.randrange(6))}
    document: dict[str, object] = {"version": draw.choice(("1", "", None, 1, "x" * 500)), "changes": changes}
    for _ in range(draw.randrange(3)):
        document[draw.choice(("version", "changes", "stream_key", "command", "", "reset", "__proto__"))] = json_value(
            draw
        )
    return json.dumps(document).encode("utf-8", "surrogatepass")


def rubbish(draw: random.Random) -> bytes:
    """Return a body that is nothing."""
    kind = draw.randrange(12)
    if kind == 0:
        return draw.randbytes(draw.choice((1, 40, 3000)))
    if kind == 1:
        return draw.choice((b"[", b'{"a":', b'"', b"(")) * draw.choice((100, 5000, 30_000))
    if kind == 2:
        return b"x" * draw.choice((4097, 16_385, 65_537, 300_000))
    if kind == 3:
        return b"&".join(b"%d=%%ff" % number for number in range(draw.choice((3, 2000))))
    if kind == 4:
        return (
            b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n'
            + draw.randbytes(20)
            + draw.choice((b"", b"\r\n--x--", b"\r\n--x"))
        )
    if kind == 5:
        return json.dumps(json_value(draw)).encode("utf-8", "surrogatepass")
    if kind == 6:
        return b'{"a":1,"a":2,"version":"1","changes":{}}' + draw.choice((b"", b"x", b"\0", b"{}"))
    if kind == 7:
        return draw.choice(
            (b"\xef\xbb\xbf{}", '{"version":"1"}'.encode("utf-16"), b"nul", b"9" * 6000, b"1e99999", b"-")
        )
    if kind == 8:
        return b"token=" + draw.choice((b"%", b"%ff", b"\xff", b"a" * 5000, b"+", b"&token=x", quote(CANARY).encode()))
    if kind == 9:
        return b"token=x&next=" + draw.choice(
            (b"//evil.test", b"%0d%0aX-Injected:1", b"javascript:alert(1)", quote(CANARY).encode())
        )
    if kind == 10:
        return b"v=0\r\n" + b"a=" + draw.choice((b"x" * 70_000, b"\0", b"\xff", b"\r\n" * 3000))
    return draw.choice(CHUNKED)


def ordinary(draw: random.Random, route: Route, host: bytes) -> Draft:
    """Return a well-formed request of a route."""
    target = example(route.rule).encode()
    headers: Headers = [(b"Host", host), (b"User-Agent", b"fuzz")]
    body = b""
    if route.method in ("POST", "PATCH"):
        body, kind = rubbish(draw), b"application/x-www-form-urlencoded"
        if target == b"/api/config":
            body, kind = (config_body(draw) if draw.random() < 0.8 else body), b"application/json"
        elif target.startswith(b"/whep"):
            kind = b"application/sdp" if route.method == "POST" else b"application/trickle-ice-sdpfrag"
        headers.append((b"Content-Type", kind))
    return Draft(route.method.encode(), target, b"HTTP/1.1", headers, body)


def change_method(draw: random.Random, draft: Draft) -> None:
    draft.method = draw.choice(METHODS)


def change_version(draw: random.Random, draft: Draft) -> None:
    draft.version = draw.choice(VERSIONS)


def change_target(draw: random.Random, draft: Draft) -> None:
    if draw.random() < 0.3:
        draft.target = draw.choice(TARGETS)
        return
    at = draw.randint(0, len(draft.target))
    draft.target = draft.target[:at] + draw.choice(PIECES) + draft.target[at:]


def add_query(draw: random.Random, draft: Draft) -> None:
    draft.target += b"?" + draw.choice(QUERIES)


def add_headers(draw: random.Random, draft: Draft) -> None:
    for _ in range(draw.randint(1, 3)):
        draft.headers.insert(draw.randint(0, len(draft.headers)), draw.choice(HEADERS))


def replace_headers(draw: random.Random, draft: Draft) -> None:
    name, value = draw.choice(HEADERS)
    draft.headers = [header for header in draft.headers if header[0] != name] + [(name, value)]


def crowd_headers(draw: random.Random, draft: Draft) -> None:
    draft.headers += [draw.choice(HEADERS[:40])] * draw.choice((2, 90, 101, 1000))


def drop_headers(draw: random.Random, draft: Draft) -> None:
    del draft.headers[draw.randrange(len(draft.headers) + 1) :]


def change_framing(draw: random.Random, draft: Draft) -> None:
    draft.framing = draw.choice(FRAMINGS)
    if any(b"chunked" in value for _, value in draft.framing) and draw.random() < 0.8:
        draft.body = draw.choice(CHUNKED)


def change_body(draw: random.Random, draft: Draft) -> None:
    draft.body = rubbish(draw)


def change_line_ends(draw: random.Random, draft: Draft) -> None:
    draft.end = draw.choice((b"\n", b"\r", b"\r\r\n", b"\r\n\r\n", b"\n\r", b"\0", b"\r\n "))


def cut(draw: random.Random, draft: Draft) -> None:
    share = draw.random()
    draft.transform.append(lambda text: text[: int(len(text) * share)])


def flip(draw: random.Random, draft: Draft) -> None:
    places = [(draw.random(), 1 << draw.randrange(8)) for _ in range(draw.randint(1, 20))]

    def change(text: bytes) -> bytes:
        raw = bytearray(text)
        for place, bit in places:
            if raw:
                raw[int(place * len(raw))] ^= bit
        return bytes(raw)

    draft.transform.append(change)


def lead_in(draw: random.Random, draft: Draft) -> None:
    first = draw.choice(
        (
            b"\r\n",
            b"\r\n" * 500,
            b"\0" * 100,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b" ",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        )
    )
    draft.transform.append(lambda text: first + text)


def follow(draw: random.Random, draft: Draft) -> None:
    after = draw.choice(
        (
            b"GET /api/stats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            b"\0" * 3000,
            b"garbage\r\n\r\n",
            b"\r\n",
            draft.wire() * 20,
        )
    )
    draft.transform.append(lambda text: text + after)


def polite_query(draw: random.Random, draft: Draft) -> None:
    draft.target += b"?" + draw.choice([query for query in QUERIES if query.isascii()])


def polite_target(draw: random.Random, draft: Draft) -> None:
    pieces = [piece for piece in PIECES if re.fullmatch(rb"[!-~]{1,300}", piece)]
    at = draw.randint(1, len(draft.target))
    draft.target = draft.target[:at] + draw.choice(pieces) + draft.target[at:]


def polite_header(draw: random.Random, draft: Draft) -> None:
    headers = [header for header in HEADERS if re.fullmatch(rb"[A-Za-z-]+: [ -~]{0,7000}", b": ".join(header))]
    name, value = draw.choice(headers)
    draft.headers = [header for header in draft.headers if header[0] != name] + [(name, value)]


POLITE = (polite_query, polite_query, polite_target, polite_header, change_body, change_body)
"""What leaves HTTP as it should be, so that the request reaches the application."""
MUTATIONS: tuple[Callable[[random.Random, Draft], None], ...] = (
    *(change_method, change_version, change_target, change_target, add_query, add_query, add_headers, add_headers),
    *(replace_headers, replace_headers, crowd_headers, drop_headers, change_framing, change_framing, change_body),
    *(change_line_ends, cut, flip, lead_in, follow),
)


def make_attempt(seed: int, number: int, routes: Sequence[Route], port: int, cookie: str = "") -> Attempt:
    """Return attempt ``number``: one to three mutations of one route's request, with ``cookie`` as its login."""
    draw = random.Random(f"{seed}:{number}")
    draft = ordinary(draw, routes[number % len(routes)], f"127.0.0.1:{port}".encode())
    if cookie:
        draft.headers.append((b"Cookie", cookie.encode()))
    for mutate in draw.choices(POLITE if draw.random() < 0.5 else MUTATIONS, k=draw.randint(1, 3)):
        mutate(draw, draft)
    text = draft.wire()
    pieces: tuple[bytes, ...] = (text,)
    slow = draw.random() < 0.02
    if slow:
        step = max(1, len(text) // draw.randint(2, 6))
        pieces = tuple(text[at : at + step] for at in range(0, len(text), step)) or (b"",)
    return Attempt(
        number,
        draft.method.decode("latin-1"),
        pieces,
        pause_s=0.01 if slow else 0.0,
        vanishes=draw.random() < 0.05,
        source=f"127.0.{draw.randrange(1, 250)}.{draw.randrange(1, 250)}",
    )
