"""The panel's end of a connection: requests that leave a doubt are refused, slow ones end, nothing of it is logged."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
import pytest
from gevent import socket
from gevent.pywsgi import WSGIServer

from streamkit.panel import door
from streamkit.panel.door import MOST_BODY_BYTES, MOST_HEADERS, Door

HOST = b"Host: panel\r\n"
NEXT = b"GET /second HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture
def asked() -> list[tuple[str, str, bytes]]:
    """(method, path, body) of each request that the application saw."""
    return []


@pytest.fixture
def port(asked: list[tuple[str, str, bytes]]) -> Iterator[int]:
    """A server whose application notes what it is asked and says it back."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        body: bytes = environ["wsgi.input"].read()
        asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], body))
        if environ["PATH_INFO"] == "/long":
            start_response("200 OK", [])
            return [b"x" * 20_000_000]
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    server = WSGIServer(("127.0.0.1", 0), application, log=None, handler_class=Door)
    server.start()
    assert server.server_port is not None
    yield server.server_port
    server.stop(timeout=1)


def opened(port: int) -> Any:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.settimeout(10)
    return connection


def send(port: int, text: bytes) -> bytes:
    """Send bytes and return all that comes back until the server has nothing more to say."""
    with opened(port) as connection:
        connection.sendall(text)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /first HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


REFUSED = {
    "two lengths": (400, post(b"Content-Length: 0", b"Content-Length: 5", body=b"12345")),
    "the same length twice": (400, post(b"Content-Length: 5", b"Content-Length: 5", body=b"12345")),
    "a length beside chunks": (411, post(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "chunks beside a length": (411, post(b"Transfer-Encoding: chunked", b"Content-Length: 3", body=b"0\r\n\r\n")),
    "chunks": (411, post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "unknown coding": (411, post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n")),
    "coding behind a tab": (411, post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n")),
    "space before the colon": (400, post(b"Content-Length : 5", body=b"12345")),
    "plus": (400, post(b"Content-Length: +5", body=b"12345")),
    "underscore": (400, post(b"Content-Length: 0_5", body=b"12345")),
    "hexadecimal": (400, post(b"Content-Length: 0x5", body=b"12345")),
    "list": (400, post(b"Content-Length: 5, 5", body=b"12345")),
    "negative": (400, post(b"Content-Length: -5", body=b"12345")),
    "nothing": (400, post(b"Content-Length: ", body=b"12345")),
    "no number ends": (400, post(b"Content-Length: " + b"9" * 30)),
    "superscript": (400, post(b"Content-Length: \xb2", body=b"12")),
    "folded": (400, post(b"X: y\r\n Content-Length: 5", body=b"12345")),
    "bare line feed": (400, post(b"X: y\nContent-Length: 5", body=b"12345")),
    "bare carriage return": (400, post(b"X: y\rContent-Length: 5", body=b"12345")),
    "no colon": (400, post(b"nonsense")),
    "no name": (400, post(b": x")),
    "byte zero": (400, post(b"X: a\0b")),
    "no ASCII": (400, post(b"X: \xff")),
    "two hosts": (400, post(b"Host: other")),
    "two origins": (400, post(b"Origin: http://a", b"Origin: http://b")),
    "two tokens": (400, post(b"Authorization: Bearer a", b"Authorization: Bearer b")),
    "no host": (400, b"GET /first HTTP/1.1\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /first\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"),
    "another server's address": (400, b"GET http://evil.test/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "two spaces": (400, b"GET  /first HTTP/1.1\r\n" + HOST + b"\r\n"),
    "control character": (400, b"GET /fir\x0bst HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tunnel": (400, b"CONNECT evil.test:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "body cut short": (400, post(b"Content-Length: 500", body=b"12345")),
    "long address": (414, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "long header": (431, post(b"X: " + b"a" * 20_000)),
    "many headers": (431, post(*[b"X: y"] * (MOST_HEADERS + 1))),
    "long body": (413, post(b"Content-Length: %d" % (MOST_BODY_BYTES + 1), body=b"x" * (MOST_BODY_BYTES + 1))),
    "endless body": (413, post(b"Content-Length: 999999999999999", body=b"x" * 200_000)),
}


@pytest.mark.parametrize(("status", "text"), REFUSED.values(), ids=list(REFUSED))
def test_doubtful_requests_end_the_connection(
    port: int, asked: list[Any], status: int, text: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    received = send(port, text + NEXT)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    # Above all, what follows is not taken for a request of its own.
    assert len(re.findall(rb"HTTP/1\.1 [0-9]{3} ", received)) == 1
    assert asked == []
    assert capfd.readouterr().err == ""


def test_a_refusal_is_one_sentence_under_the_panels_headers(port: int) -> None:
    head, _, body = send(port, post(b"nonsense")).decode().partition("\r\n\r\n")
    assert json.loads(body) == {"ok": False, "error": "A header is not of the form 'Name: value' in plain ASCII."}
    assert "Connection: close" in head and "default-src 'none'" in head and f"Content-Length: {len(body)}" in head


def test_a_refusal_of_head_has_no_body(port: int) -> None:
    received = send(port, b"HEAD /first HTTP/1.1\r\nnonsense\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ") and received.endswith(b"\r\n\r\n")


def test_plain_requests_follow_each_other_on_one_connection(port: int, asked: list[Any]) -> None:
    bodies = [b"", b"12345", b"x" * MOST_BODY_BYTES]
    received = send(port, b"".join(post(b"Content-Length: %d" % len(body), body=body) for body in bodies) + NEXT)
    assert received.count(b"HTTP/1.1 200 OK") == 4
    assert asked == [*(("POST", "/first", body) for body in bodies), ("GET", "/second", b"")]


def test_a_body_is_asked_for_where_the_peer_waits_for_that(port: int, asked: list[Any]) -> None:
    with opened(port) as connection:
        connection.sendall(post(b"Content-Length: 5", b"Expect: 100-continue"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"12345")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
    assert asked == [("POST", "/first", b"12345")]


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /first HTTP/1.1\r\n",
        b"GET /first HTTP/1.1\r\nHost: pan",
        post(b"Content-Length: 5"),
        post(b"Content-Length: 9"),
    ],
    ids=["first line", "header", "no body", "slow body"],
)
def test_who_never_finishes_a_request_is_sent_away(
    port: int, asked: list[Any], begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "REQUEST_S", 0.3)
    with opened(port) as connection:
        connection.sendall(begun)

        def drip() -> None:
            # A byte now and then is no progress: the limit is for the whole.
            with contextlib.suppress(OSError):
                for _ in range(7):
                    gevent.sleep(0.1)
                    connection.send(b"x")

        dripping = gevent.spawn(drip)
        received = connection.recv(65536)
        dripping.join()
    assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert asked == []


@pytest.mark.parametrize("begun", [b"", b"GE", NEXT], ids=["nothing", "half a line", "between two requests"])
def test_who_says_nothing_is_sent_away(port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "SILENT_S", 0.3)
    with opened(port) as connection:
        connection.sendall(begun)
        while connection.recv(65536):
            pass


def test_who_leaves_an_answer_unread_is_sent_away_without_a_trace_in_the_log(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], asked: list[Any]
) -> None:
    monkeypatch.setattr(door, "SILENT_S", 0.3)
    with opened(port) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\n" + HOST + b"\r\n")
        gevent.sleep(1.0)
        received = 0
        # What the kernels hold can still be read; then it is over, long before the end.
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                received += len(part)
    assert len(asked) == 1 and received < 20_000_000
    assert capfd.readouterr().err == ""


def test_who_is_gone_before_the_refusal_leaves_no_trace_in_the_log(
    port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        connection = opened(port)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(b"nonsense\r\n" * 100)
        connection.close()
    gevent.sleep(0.2)
    assert b"200 OK" in send(port, NEXT)
    assert capfd.readouterr().err == ""
