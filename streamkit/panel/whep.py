"""Proxy for viewers: the page talks WHEP to the panel, the panel to the signaller, so one login guards both.

Only the handshake (SDP and ICE text) passes here; the picture itself goes straight to the browser by UDP.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import bottle

from streamkit.panel.body import read_body
from streamkit.panel.context import Context
from streamkit.panel.redact import mask_urls
from streamkit.panel.replies import Reply, error_reply, raw_reply
from streamkit.panel.routes import Route
from streamkit.panel.sample import load
from streamkit.panel.upstream import preview

MAX_BODY_BYTES = 64 * 1024
"""An offer of a browser is 3 to 10 KB."""
MAX_REPLY_BYTES = 256 * 1024
MOST_RESOURCES = 1024
RESOURCE_ID = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}"
"""No dot first: the signaller would be asked for the folder above."""
OFFER_TYPE = "application/sdp"
PATCH_TYPE = "application/trickle-ice-sdpfrag"
PASSED_ON = ("Content-Type", "ETag", "Link", "Accept-Patch", "Retry-After")


@dataclass(frozen=True)
class Upstream:
    """The signaller: its address, and the key that opens it if it wants one."""

    url: str
    bearer: str | None = None

    @property
    def parts(self) -> SplitResult:
        """The address in its parts."""
        return urlsplit(self.url)


class Refusal(Exception):
    """A request that ends here: HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class WhepProxy:
    """Forwards WHEP requests and remembers which resource of the signaller each ``/whep/<id>`` stands for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._resources: OrderedDict[str, str] = OrderedDict()

    def routes(self) -> Iterable[Route]:
        """Return the addresses of viewers."""
        rule = f"/whep/<resource:re:{RESOURCE_ID}>"
        return (
            Route("POST", "/whep", self._post, "view"),
            Route("PATCH", rule, self._change, "view"),
            Route("DELETE", rule, self._change, "view"),
        )

    def _post(self) -> Reply:
        return self.offer(read_body(MAX_BODY_BYTES), bottle.request.content_type)

    def _change(self, resource: str) -> Reply:
        return self.change(bottle.request.method, resource, read_body(MAX_BODY_BYTES), bottle.request.content_type)

    def offer(self, body: bytes, content_type: str) -> Reply:
        """Forward an SDP offer; the answer's ``Location`` names the resource as ``/whep/<id>``."""
        try:
            _check(body, content_type, OFFER_TYPE)
            upstream = self._upstream()
            answer = self._ask(upstream, "POST", upstream.url, body, OFFER_TYPE)
            headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
            location = answer.headers.get("Location")
            if location:
                headers["Location"] = "/whep/" + self._remember(upstream, location)
            return raw_reply(answer.body, answer.status, headers)
        except Refusal as refusal:
            return error_reply(refusal.status, mask_urls(refusal.sentence))

    def change(self, method: str, resource: str, body: bytes, content_type: str) -> Reply:
        """Forward a PATCH (ICE candidates) or DELETE for one resource."""
        try:
            if method == "PATCH":
                _check(body, content_type, PATCH_TYPE)
            upstream = self._upstream()
            url = self._resources.get(resource) or self._guess(upstream, resource)
            answer = self._ask(upstream, method, url, body if method == "PATCH" else b"", PATCH_TYPE)
            if method == "DELETE":
                self._resources.pop(resource, None)
            headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
            return raw_reply(answer.body, answer.status, headers)
        except Refusal as refusal:
            return error_reply(refusal.status, mask_urls(refusal.sentence))

    def _upstream(self) -> Upstream:
        supervisor, _ = load(self._context.supervisor_file)
        found = preview(supervisor or {})
        if found.url is None:
            raise Refusal(404, found.reason or "No picture is offered here.")
        if not found.with_key:
            return Upstream(self._context.whep_upstream)
        return Upstream(found.url, _read_key(self._context.key_in_force))

    def _remember(self, upstream: Upstream, location: str) -> str:
        url = urljoin(upstream.url, location)
        parts = urlsplit(url)
        name = parts.path.rstrip("/").rpartition("/")[2]
        # Only the signaller itself may be asked later, or a bad answer could aim the panel at other machines.
        if (parts.scheme, parts.netloc) != upstream.parts[:2] or not re.fullmatch(RESOURCE_ID, name):
            raise Refusal(
                502, f"The signaller at {upstream.url} named its resource {location!r}, which is not its own."
            )
        self._resources[name] = url
        while len(self._resources) > MOST_RESOURCES:
            self._resources.popitem(last=False)
        return name

    def _guess(self, upstream: Upstream, resource: str) -> str:
        # After a restart of the panel nothing is remembered; the embedded signaller's addresses follow one rule.
        if upstream.bearer is None:
            return urljoin(upstream.url, f"resource/{resource}")
        raise Refusal(404, f"There is no viewing session {resource!r}; load the page again.")

    def _ask(self, upstream: Upstream, method: str, url: str, body: bytes, content_type: str) -> _Answer:
        headers = {"Content-Type": content_type, "Accept": OFFER_TYPE} if body else {}
        if upstream.bearer is not None:
            headers["Authorization"] = f"Bearer {upstream.bearer}"
        parts = urlsplit(url)
        connection = _connection(parts, self._context.upstream_timeout_s)
        try:
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body or None, headers)
            response = connection.getresponse()
            answer = _Answer(response.status, response.headers, response.read(MAX_REPLY_BYTES + 1))
        except TimeoutError:
            limit_s = self._context.upstream_timeout_s
            raise Refusal(504, f"The signaller at {upstream.url} did not answer within {limit_s:g} s.") from None
        except (OSError, http.client.HTTPException) as problem:
            raise Refusal(503, self._nobody(upstream, problem)) from None
        finally:
            connection.close()
        _check_answer(upstream, answer)
        return answer

    def _nobody(self, upstream: Upstream, problem: Exception) -> str:
        if upstream.bearer is not None:
            return f"The server at {upstream.url} cannot be reached ({_reason(problem)})."
        supervisor, _ = load(self._context.supervisor_file)
        stream: Any = (supervisor or {}).get("stream")
        state = stream.get("state") if isinstance(stream, dict) else None
        if state in ("running", "starting"):
            return "The stream does not serve viewers yet; try again in a moment."
        return f"There is no picture to show: the stream is {state or 'not known to this panel'}."


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Any
    body: bytes


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refusal(503, f"The signaller's address {parts.geturl()!r} is not a web address.") from None
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _check(body: bytes, content_type: str, wanted: str) -> None:
    if content_type.partition(";")[0].strip().lower() != wanted:
        raise Refusal(415, f"Content-Type is {content_type!r}; send {wanted}.")
    if not body:
        raise Refusal(400, f"The request is empty; send {wanted} in its body.")


def _check_answer(upstream: Upstream, answer: _Answer) -> None:
    if len(answer.body) > MAX_REPLY_BYTES:
        raise Refusal(502, f"The signaller at {upstream.url} answered more than {MAX_REPLY_BYTES} bytes.")
    if 200 <= answer.status < 300:
        return
    said = answer.body[:200].decode("utf-8", "replace").strip()
    # The panel's own 401 means "log in"; the signaller's must not look like it.
    status = answer.status if answer.status >= 400 and answer.status not in (401, 403) else 502
    raise Refusal(status, f"The signaller at {upstream.url} answered {answer.status}{': ' if said else ''}{said}.")


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Refusal(503, f"The stream key in {path} cannot be read, so the server cannot be asked.") from None


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
