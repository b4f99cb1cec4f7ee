"""Who may do what, over every route: nobody, a visitor of the open view, another site's page, and who has the token."""

from __future__ import annotations

import ast
import inspect
import threading
from pathlib import Path
from typing import Any

import pytest

import streamkit.panel
from streamkit.panel.auth import COOKIE, FREE_FAILURES, Gate
from streamkit.panel.routes import Route
from tests.streamkit.panel.hostile.routes import all_routes, example
from tests.streamkit.panel.hostile.target import TOKEN, Supervisor, Target

ROUTES = all_routes()
VIEWERS_OWN = {"/whep", "/login"}
"""Where a visitor may send something: a viewing session of their own, and the login."""
TYPES = {"/whep": "application/sdp", "/api/config": "application/json", "/login": "application/x-www-form-urlencoded"}
NOBODY: dict[str, dict[str, str]] = {
    "nothing": {},
    "a wrong token": {"Authorization": "Bearer wrong"},
    "the token as another scheme": {"Authorization": f"Basic {TOKEN}"},
    "an invented cookie": {"Cookie": f"{COOKIE}=9999999999.{'0' * 64}"},
    "a cookie of another token": {"Cookie": f"{COOKIE}={Gate('another').cookie()}"},
    "a cookie that has ended": {"Cookie": f"{COOKIE}={Gate(TOKEN, lambda: 0.0).cookie()}"},
    "the token as a cookie": {"Cookie": f"{COOKIE}={TOKEN}"},
    "a header of a proxy": {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "X-Real-IP": "127.0.0.1"},
    "another method by header": {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/"},
}


def name_of(route: Route) -> str:
    return f"{route.method} {example(route.rule)}"


def ask(call: Any, route: Route, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Ask a route with a body of the kind it takes; events are asked for without reading them."""
    method = "HEAD" if route.rule in ("/api/events", "/api/logs/stream") else route.method
    kind = {"Content-Type": TYPES.get(route.rule, "application/trickle-ice-sdpfrag")}
    return call(method, example(route.rule), headers={**kind, **(headers or {})}, **more)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_without_a_login(call: Any, route: Route, supervisor: Supervisor) -> None:
    for number, (name, credentials) in enumerate(NOBODY.items()):
        answer = ask(call, route, credentials, address=f"192.0.2.{number}")
        assert answer.status in ((200, 401) if route.access == "public" else (401,)), name
        assert b"x264" not in answer.body, name
    assert supervisor.asked == []


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_in_the_open_view(open_call: Any, route: Route, supervisor: Supervisor) -> None:
    answer = ask(open_call, route)
    assert (answer.status == 401) == (route.access == "operator" or name_of(route) == "POST /login")
    assert supervisor.asked == []


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_whatever_changes_something_is_for_operators(route: Route) -> None:
    if route.method != "GET" and not any(route.rule.startswith(own) for own in VIEWERS_OWN):
        assert route.access == "operator"
    for private in ("/api/config", "/api/logs", "/api/bundle", "/api/scripts", "/api/stream"):
        assert not route.rule.startswith(private) or route.access == "operator"


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_with_the_token(call: Any, route: Route, supervisor: Supervisor) -> None:
    assert ask(call, route, token=TOKEN).status not in (403, 404, 405, 500)
    if name_of(route) != "POST /login":
        assert ask(call, route, token=TOKEN).status != 401


FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Origin": "http://evil.test"},
    "another port": {"Origin": "http://panel.test:80"},
    "a longer name": {"Origin": "http://panel.test:8081.evil.test"},
    "a shorter name": {"Origin": "http://anel.test:8081"},
    "a sandboxed page": {"Origin": "null"},
    "a file": {"Origin": "file://"},
    "the browser says so": {"Origin": "http://panel.test:8081", "Sec-Fetch-Site": "cross-site"},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method != "GET"], ids=name_of)
def test_another_sites_page_changes_nothing(call: Any, route: Route, supervisor: Supervisor) -> None:
    for name, headers in FOREIGN.items():
        answer = ask(call, route, headers, token=TOKEN)
        assert answer.status == 403, name
        assert "set-cookie" not in answer.headers, name
    assert supervisor.asked == []


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_names_that_are_not_the_panels(call: Any, route: Route, supervisor: Supervisor) -> None:
    # A page of evil.test that lets its name point here: the browser sends its login and sees no other origin.
    for host in (
        "evil.test",
        "evil.test:8081",
        "panel.test.evil.test",
        "panel.test@evil.test",
        "",
        "127.0.0.1.evil.test",
    ):
        answer = ask(call, route, {"Host": host, "Origin": f"http://{host}"}, token=TOKEN)
        assert answer.status == 421, host
    assert supervisor.asked == []
    for host in ("panel.test", "PANEL.TEST:8081", "127.0.0.1:9", "[::1]:8081", "192.0.2.1"):
        assert ask(call, route, {"Host": host}, token=TOKEN).status != 421, host


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
@pytest.mark.parametrize("login", [None, TOKEN], ids=["nobody", "operator"])
def test_no_answer_may_be_framed_sniffed_or_read_by_others(call: Any, route: Route, login: str | None) -> None:
    for answer in (ask(call, route, token=login), ask(call, route, {"Origin": "http://evil.test"}, token=login)):
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'" and policy["form-action"] == "'self'"
        assert "unsafe" not in str(policy) and "*" not in str(policy) and "http" not in str(policy)
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cache-control"] in ("no-store", "no-cache")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api/nowhere", "/whep/..", "/static/%2e%2e/app.py", "/%00", "/api/stats/"]
)
def test_addresses_that_lead_nowhere_carry_the_same_headers(call: Any, path: str) -> None:
    answer = call("GET", path)
    assert 400 <= answer.status < 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


def test_secrets_are_only_ever_compared_in_constant_time() -> None:
    """Every comparison of the two modules that see a secret, taken from their source."""
    source = inspect.getsource(streamkit.panel.auth)
    tree = ast.parse(source)
    secrets = {"candidate", "proof", "_key", "token", "genuine"}
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    for node in compared:
        names = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node)}
        assert not names & secrets, f"line {node.lineno}: {ast.unparse(node)}"
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert calls.count("hmac.compare_digest") == 2
    for path in Path(streamkit.panel.__file__).parent.glob("*.py"):
        if path.name not in ("auth.py", "context.py"):
            assert "context.token ==" not in path.read_text(encoding="utf-8")


def test_guesses_at_the_same_moment_are_throttled_like_others(target: Target) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    seen: list[int] = []

    def guess(number: int) -> None:
        body = f"token=guess-{number}".encode()
        seen.append(target.ask("POST", "/login", body, form, token=None, source="127.0.0.9")[0])

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One more may be let through whenever a second has passed on a slow machine.
    assert FREE_FAILURES <= seen.count(401) <= FREE_FAILURES + 3
    assert seen.count(429) == 40 - seen.count(401)
    # Whoever guesses shuts out nobody else, and the right token waits as well.
    assert target.ask("GET", "/api/status", source="127.0.0.9")[0] == 429
    assert target.ask("GET", "/api/status", source="127.0.0.10")[0] == 200
