"""Secrets planted wherever the panel reads, and every route asked for them: none may come out anywhere."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streamkit.documents import read_document, write_document
from tests.streamkit.panel.hostile.routes import all_routes, example
from tests.streamkit.panel.hostile.target import TOKEN, Target
from tests.streamkit.panel.hostile.wire import answers, exchange

DEPLOYED_KEY = "deployed-key-4711-xyzzy"
PANEL_KEY = "panel-key-0815-plugh"
PASSWORD = "hunter2-of-the-server"
SECRETS = (TOKEN, DEPLOYED_KEY, PANEL_KEY, PASSWORD)
TYPES = {"/whep": "application/sdp", "/api/config": "application/json", "/login": "application/x-www-form-urlencoded"}


def forms(secret: str) -> set[bytes]:
    """Return a secret as it may stand in an answer."""
    text = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], secret.replace(" ", "+")}
    text |= {base64.b64encode(secret.encode()).decode().rstrip("="), secret.encode().hex()}
    return {form.encode() for form in text}


@pytest.fixture
def planted(states: Any, tmp_path: Path) -> Path:
    """Files with secrets, in the places where the real ones lie, and in texts that programs wrote."""
    (tmp_path / "stream_key").write_text(DEPLOYED_KEY + "\n", encoding="utf-8")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "stream_key").write_text(PANEL_KEY + "\n", encoding="utf-8")
    write_document(tmp_path / "state" / "state.json", {"overrides": {"fps": "30"}})
    release = tmp_path / "release"
    (release / "scripts").mkdir(parents=True)
    (release / "scripts" / "stream-x264.sh").write_text(f"#!/bin/bash\n# {DEPLOYED_KEY}\n", encoding="utf-8")
    (release / "docker-compose.yml").write_text(f"# http://user:{PASSWORD}@server/\n", encoding="utf-8")
    write_document(release / "plan.json", {"note": f"Bearer {PANEL_KEY}"})
    address = f"http://user:{PASSWORD}@127.0.0.1:9/api/whip"
    states.publish_by_whip(address)
    document = read_document(states.folder / "supervisor.json")
    document["stream"]["reason"] = f"{address} said no to Bearer {PANEL_KEY}, and to {DEPLOYED_KEY}"
    write_document(states.folder / "supervisor.json", document)
    states.launch(errors=[{"message": f"whip: {address}: Authorization: Bearer {PANEL_KEY}"}])
    write_document(
        states.folder / "server.json",
        {"checked_at": 0, "url": address, "reachable": False, "error": f"401 for {DEPLOYED_KEY} at {address}"},
    )
    lines = (f"launch: auth-token={PANEL_KEY}", f"launch: POST {address}", f"run: {DEPLOYED_KEY}", f"panel: {TOKEN}")
    log = "".join(f"{1_700_000_000_000 + number} error {line}\n" for number, line in enumerate(lines))
    (states.folder / "stream.log").write_text(log, encoding="utf-8")
    return tmp_path


def texts(body: bytes, headers: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield what an answer says: its headers, its body, and each file of a zip."""
    yield "headers", repr(dict(headers)).encode()
    if headers.get("content-type") != "application/zip":
        yield "body", body
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist():
            yield name, name.encode() + archive.read(name)


def given_away(target: Target, cookie: str) -> tuple[list[str], set[str]]:
    """Ask every route in several ways; return the secrets that came out, each with where, and the types of answers."""
    found: list[str] = []
    types: set[str] = set()
    for route in all_routes():
        path = example(route.rule)
        # Who has the token changes the server's address, and so sees it whole.
        shown = {PASSWORD} if cookie and path in ("/api/config", "/api/events") else set()
        for query in ("", "?download=1", "?after=0", "?level=error"):
            body = b"x=y" if route.method in ("POST", "PATCH") else b""
            kind = TYPES.get(path, "application/trickle-ice-sdpfrag")
            text = f"{route.method} {path}{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
            text += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            received = exchange(target.port, [text.encode() + body], timeout_s=30)
            for answer in answers(received, (route.method,)):
                types.add(answer.headers.get("content-type", "").partition(";")[0])
                for where, said in texts(answer.body, answer.headers):
                    secrets = [one for one in SECRETS if one not in shown and any(form in said for form in forms(one))]
                    found += [f"{route.method} {path}{query}, {where}: {secret}" for secret in secrets]
    return found, types


def test_no_route_gives_a_secret_away(planted: Path, target: Target) -> None:
    found, types = given_away(target, target.cookie())
    assert found == [], "\n".join(found)
    # The walk came past every kind of answer.
    assert {"application/json", "text/html", "text/event-stream", "application/zip", "text/plain"} <= types
    assert not any(secret in target.said for secret in SECRETS)


def test_the_open_view_gives_no_secret_away(planted: Path, attack: Any) -> None:
    found, types = given_away(attack({"STREAMKIT_PANEL_OPEN_VIEW": "1"}), "")
    assert found == [], "\n".join(found)
    assert "text/event-stream" in types and "application/zip" not in types


def test_no_secret_in_the_process_list(planted: Path, target: Target) -> None:
    folder = Path("/proc") / str(target.process.pid)
    for name in ("cmdline", "environ", "comm"):
        text = (folder / name).read_bytes()
        assert not any(secret.encode() in text for secret in SECRETS), name
