"""The panel behind TLS: the examples of docs/PROXY.md, word for word but for ports and places, run by the programs.

They are Debian's packages, unpacked into the tests' cache by ./test.sh and not installed, or a web server would start.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import REPOSITORY
from tests.docs.blocks import blocks
from tests.machines.recipe import cache_directory
from tests.streamkit.panel.hostile.target import TOKEN, Target
from tests.viewer import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser

NAME = "streamer.example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
AROUND_NGINX = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/proxy.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
AROUND_CADDY = """
{{
    admin off
    auto_https disable_redirects
    http_port {http}
    storage file_system {folder}/caddy
}}
{site}
"""


def program(package: str, path: str) -> Path:
    """Return a program of a package that ./test.sh unpacked."""
    found = cache_directory() / "programs" / package / path
    assert found.exists(), f"{found} is not there: ./test.sh browser puts it there"
    return found


def example(language: str) -> str:
    """Return the example of docs/PROXY.md in one proxy's language."""
    (text,) = [block.text for block in blocks(REPOSITORY / "docs" / "PROXY.md") if block.language == language]
    return text


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Replace each key, which must be there."""
    for old, new in changes.items():
        assert old in text, f"docs/PROXY.md has no {old!r}"
        text = text.replace(old, new)
    return text


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Proxy:
    """A proxy with TLS in front of a panel."""

    port: int
    panel: Target

    @property
    def origin(self) -> str:
        """What a browser calls it."""
        return f"https://{NAME}:{self.port}"

    def open(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Ask through TLS; the answer's body is still to be read."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection = http.client.HTTPConnection(NAME, self.port)
        connection.sock = context.wrap_socket(plain, server_hostname=NAME)
        connection.request(method, path, body or None, dict(headers or {}))
        response = connection.getresponse()
        # The response keeps the socket open for as long as it is read.
        connection.sock.close()
        return response

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask through TLS; returns (status, headers by lower-case name, body)."""
        with self.open(method, path, body, headers) as response:
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate; returns (certificate, key)."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    words += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True, timeout=30)
    return certificate, key


def nginx(folder: Path, port: int, panel_port: int) -> list[str]:
    """Write the example for nginx; returns the command."""
    certificate, key = self_signed(folder)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/streamer/fullchain.pem": str(certificate),
        "/etc/ssl/streamer/privkey.pem": str(key),
        "127.0.0.1:8081": f"127.0.0.1:{panel_port}",
    }
    config = folder / "nginx.conf"
    config.write_text(AROUND_NGINX.format(folder=folder, servers=replaced(example("nginx"), changes)))
    return [str(program("nginx", "usr/sbin/nginx")), "-e", f"{folder}/proxy.log", "-c", str(config)]


def caddy(folder: Path, port: int, panel_port: int) -> list[str]:
    """Write the example for Caddy, with a certificate of its own making; returns the command."""
    changes = {
        f"{NAME} {{": f"{NAME}:{port} {{\n    bind 127.0.0.1\n    tls internal",
        "127.0.0.1:8081": f"127.0.0.1:{panel_port}",
    }
    config = folder / "Caddyfile"
    site = replaced(example("caddy"), changes)
    config.write_text(AROUND_CADDY.format(folder=folder, http=free_port(), site=site))
    words = [str(program("caddy", "usr/bin/caddy")), "run", "--adapter", "caddyfile"]
    return [*words, "--config", str(config)]


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, attack: Any, tmp_path: Path) -> Iterator[Proxy]:
    """A panel that goes by the example's name, behind each proxy in turn."""
    panel = attack({"STREAMKIT_PANEL_HOSTS": NAME})
    port = free_port()
    command = request.param(tmp_path, port, panel.port)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
    }
    with (tmp_path / "said.log").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        found = Proxy(port, panel)
        ends = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if found.ask("GET", "/")[0] == 200:
                    break
            assert process.poll() is None and time.monotonic() < ends, (tmp_path / "said.log").read_text()
            time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


def states_of(events: http.client.HTTPResponse) -> Iterator[str]:
    """Yield the stream's state in each combined_update."""
    name = ""
    while line := events.readline().decode().rstrip("\n") or " ":
        if line.startswith("event: "):
            name = line[7:]
        if line.startswith("data: ") and name == "combined_update":
            yield json.loads(line[6:])["status"]["stream"]["state"]


def test_login_figures_and_picture_behind_a_proxy(proxy: Proxy, states: Any, signaller: Any) -> None:
    status, headers, _ = proxy.ask("POST", "/login", f"token={TOKEN}".encode(), {**FORM, "Origin": proxy.origin})
    assert status == 303
    cookie = headers["set-cookie"]
    assert all(word in cookie.lower() for word in ("; secure", "; httponly", "; samesite=strict")), cookie
    mine = {"Cookie": cookie.partition(";")[0], "Origin": proxy.origin}
    assert proxy.ask("POST", "/api/stream/restart", headers=mine)[0] == 200
    assert proxy.ask("POST", "/api/stream/restart", headers={**mine, "Origin": "https://evil.test"})[0] == 403
    # A port apart is another site, too.
    assert proxy.ask("POST", "/api/stream/restart", headers={**mine, "Origin": f"https://{NAME}"})[0] == 403

    sdp = {**mine, "Content-Type": "application/sdp"}
    status, headers, body = proxy.ask("POST", "/whep", b"v=0\r\n", sdp)
    assert (status, headers["location"], body) == (201, "/whep/viewer-1", b"v=0\r\nanswer")
    patch = {**mine, "Content-Type": "application/trickle-ice-sdpfrag"}
    assert proxy.ask("PATCH", "/whep/viewer-1", b"a=candidate", patch)[0] == 201
    assert proxy.ask("DELETE", "/whep/viewer-1", headers=mine)[0] == 200
    assert [method for method, *_ in signaller.requests] == ["POST", "PATCH", "DELETE"]

    with proxy.open("GET", "/api/events", headers=mine) as events:
        assert events.status == 200
        seen = states_of(events)
        assert next(seen) == "running"
        for state in ("stopping", "stopped", "starting", "running"):
            # Each is waited for before the next: a proxy that held them back would have to be pushed by more.
            begun = time.monotonic()
            states.supervisor(state)
            while next(seen) != state:
                pass
            assert time.monotonic() - begun < 5.0


@pytest.mark.parametrize("proxy", [nginx], ids=["nginx"], indirect=True)
def test_names_that_are_not_the_panels_are_refused_behind_nginx(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/", headers={"Host": "evil.test"})[0] == 421


@pytest.mark.parametrize("proxy", [nginx], ids=["nginx"], indirect=True)
def test_the_page_behind_nginx(proxy: Proxy) -> None:
    flags = [*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(proxy.origin)
        page.get_by_label("Panel token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#state")).to_have_text(re.compile("Live"))
        (cookie,) = context.cookies()
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        assert cookie["domain"] == NAME
        browser.close()
