"""The panel's addresses, called as WSGI through wsgiref.validate."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from streamkit.panel.app import Panel, create_app
from streamkit.panel.auth import COOKIE, FREE_FAILURES
from streamkit.panel.context import Context
from streamkit.panel.fanout import Fanout
from streamkit.run.control import ControlServer

TOKEN = "correct horse battery staple"
PUBLIC = {("GET", "/"), ("GET", "/login"), ("POST", "/login"), ("GET", r"/static/<name:re:[a-z]+\.[a-z]+>")}
EXAMPLES = {"action": "stop", "resource": "viewer-1", "name": "app.css"}
ENDLESS = ("/api/events", "/api/logs/stream")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def all_routes() -> list[tuple[str, str]]:
    """Every route of the application, so that a new one cannot be forgotten here."""
    context = Context(TOKEN, Path("/nowhere"), "http://127.0.0.1:9/", Path("/nowhere/key"))
    return [(route.method, route.rule) for route in create_app(context).routes]


def example(rule: str) -> str:
    """Return an address that the rule matches."""
    return re.sub(r"<(\w+):re:(?:[^<>\\]|\\.)*>", lambda match: EXAMPLES[match[1]], rule)


def test_only_the_listed_routes_are_public(panel: Panel) -> None:
    assert {(route.method, route.rule) for route in panel.routes if route.access == "public"} == PUBLIC


@pytest.mark.parametrize(("method", "rule"), [route for route in all_routes() if route not in PUBLIC])
@pytest.mark.parametrize("credentials", [{}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{COOKIE}=9999999999.00"}])
def test_without_the_token_every_other_route_says_401(
    call: Any, method: str, rule: str, credentials: dict[str, str]
) -> None:
    answer = call(method, example(rule), headers=credentials)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="streamkit"'
    assert b"x264" not in answer.body


@pytest.mark.parametrize(("method", "rule"), [route for route in all_routes() if route not in PUBLIC])
def test_with_the_token_no_route_says_401(call: Any, method: str, rule: str) -> None:
    if rule.endswith(ENDLESS):
        # Endless by nature; the hub's own tests read it.
        method = "HEAD"
    assert call(method, example(rule), token=TOKEN).status not in (401, 403, 404, 500)


OPEN = {
    ("GET", "/watch"),
    ("GET", "/api/stats"),
    ("GET", "/api/status"),
    ("GET", "/api/events"),
    ("GET", "/metrics"),
    ("POST", "/whep"),
    ("PATCH", "/whep/<resource>"),
    ("DELETE", "/whep/<resource>"),
}
"""What the open view adds: figures, states and the picture; no log, no bundle, no button, no change."""


def test_the_open_view_opens_only_what_shows_figures_and_picture(panel: Panel) -> None:
    found = {(route.method, re.sub(r":re:.*>", ">", route.rule)) for route in panel.routes if route.access == "view"}
    assert found == OPEN, "what is opened to everybody is reviewed here"


@pytest.mark.parametrize(("method", "rule"), [route for route in all_routes() if route not in PUBLIC])
def test_in_the_open_view_everything_else_still_wants_the_token(
    open_call: Any, panel: Panel, method: str, rule: str
) -> None:
    access = next(route.access for route in panel.routes if (route.method, route.rule) == (method, rule))
    asked = "HEAD" if rule.endswith(ENDLESS) else method
    assert (open_call(asked, example(rule)).status == 401) is (access == "operator")


def test_the_open_view_shows_the_page_without_its_buttons_and_the_whole_page_after_login(open_call: Any) -> None:
    assert b'data-access="view"' in open_call("GET", "/").body
    assert b"player.js" in open_call("GET", "/watch").body
    assert b'name="token"' in open_call("GET", "/login").body
    assert b'data-access="full"' in open_call("GET", "/", headers=cookie_of(log_in(open_call))).body


def test_the_view_is_closed_unless_it_is_opened(token_file: Path) -> None:
    for value, opens in ((None, False), ("", False), ("0", False), ("true", False), ("1", True)):
        environment = {"STREAMKIT_PANEL_TOKEN_FILE": str(token_file)}
        if value is not None:
            environment["STREAMKIT_PANEL_OPEN_VIEW"] = value
        assert Context.from_environment(environment).open_view is opens


@pytest.mark.parametrize(("method", "rule"), all_routes())
def test_a_name_that_is_not_the_panels_gets_nothing(call: Any, method: str, rule: str) -> None:
    answer = call(method, example(rule), headers={"Host": "evil.test:8081"}, token=TOKEN)
    assert answer.status == 421
    assert b"streamkit_panel_hosts" in answer.body
    assert b"evil" not in answer.body and b"x264" not in answer.body


@pytest.mark.parametrize("host", ["panel.test:8081", "192.0.2.1", "[2001:db8::1]:8081", "192.0.2.1:443"])
def test_addresses_and_the_panels_own_names_are_answered(call: Any, host: str) -> None:
    assert call("GET", "/api/status", headers={"Host": host}, token=TOKEN).status == 200
    assert call("GET", "/", headers={"Host": host}).status == 200


def test_names_for_the_panel_come_from_its_environment(token_file: Path) -> None:
    environment = {"STREAMKIT_PANEL_TOKEN_FILE": str(token_file), "STREAMKIT_PANEL_HOSTS": "TV.example.org, box"}
    hosts = Context.from_environment(environment).hosts
    assert {"tv.example.org", "box", "box.local", "localhost", socket.gethostname().lower()} <= hosts


@pytest.mark.parametrize("coding", ["chunked", "gzip, chunked"])
def test_a_request_of_unknown_length_is_not_read(call: Any, coding: str) -> None:
    answer = call("POST", "/whep", headers={"Transfer-Encoding": coding}, token=TOKEN)
    assert (answer.status, "Content-Length" in answer.json["error"]) == (411, True)


@pytest.mark.parametrize(("method", "rule"), [route for route in all_routes() if route[0] != "GET"])
def test_other_sites_cannot_send_changes(call: Any, method: str, rule: str) -> None:
    for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = call(method, example(rule), headers=headers, token=TOKEN)
        assert answer.status == 403
        assert "another site" in answer.json["error"] or "evil.test" in answer.json["error"]


def log_in(call: Any, token: str = TOKEN, wish: str = "/") -> Any:
    """Send the login form."""
    body = urlencode({"token": token, "next": wish}).encode()
    return call("POST", "/login", body, {**FORM, "Origin": "http://panel.test:8081"})


def cookie_of(answer: Any) -> dict[str, str]:
    """Return the header that sends the answer's cookie back."""
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    return {"Cookie": f"{COOKIE}={cookie.value}"}


def test_first_page_is_the_login_form_and_says_nothing_of_the_stream(call: Any) -> None:
    answer = call("GET", "/")
    assert answer.status == 200
    assert b'name="token"' in answer.body
    assert b"x264" not in answer.body and b"panel.js" not in answer.body


def test_login_gives_a_cookie_that_opens_everything(call: Any) -> None:
    answer = log_in(call)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "strict" and cookie["path"] == "/"
    assert TOKEN not in answer.headers["set-cookie"]
    assert call("GET", "/api/status", headers=cookie_of(answer)).status == 200
    assert b"panel.js" in call("GET", "/", headers=cookie_of(answer)).body


def test_logout_takes_the_cookie_back(call: Any) -> None:
    answer = call("POST", "/logout", headers=cookie_of(log_in(call)))
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE].value == ""


@pytest.mark.parametrize(
    ("wish", "leads_to"),
    [("/watch", "/watch"), ("//evil.test", "/"), ("https://evil.test", "/"), ("/api/status", "/"), ("", "/")],
)
def test_login_leads_only_to_pages_of_this_panel(call: Any, wish: str, leads_to: str) -> None:
    assert log_in(call, wish=wish).headers["location"] == leads_to


def test_wrong_token_is_said_and_then_throttled_for_that_address_only(call: Any) -> None:
    for _ in range(FREE_FAILURES):
        answer = log_in(call, "wrong")
        assert answer.status == 401
        assert b"not this panel" in answer.body
        assert "set-cookie" not in answer.headers
    answer = log_in(call)
    assert answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert call("GET", "/api/status", token=TOKEN).status == 429
    assert call("GET", "/api/status", token=TOKEN, address="192.0.2.8").status == 200


def test_logins_are_logged_with_the_address_and_never_with_what_was_sent(
    call: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    log_in(call, "a wrong guess")
    log_in(call)
    said = capsys.readouterr().err
    assert said == "A login from 192.0.2.7 was refused: wrong token.\nA login from 192.0.2.7.\n"


def test_login_form_of_any_length_is_refused_politely(call: Any) -> None:
    assert call("POST", "/login", b"token=" + b"x" * 5000, FORM).status == 413


def test_watch_without_login_offers_the_form_and_comes_back(call: Any) -> None:
    answer = call("GET", "/watch")
    assert answer.status == 401
    assert b'name="next" value="/watch"' in answer.body
    assert b"player.js" in call("GET", "/watch", token=TOKEN).body


def test_every_answer_carries_the_protective_headers(call: Any) -> None:
    for method, path in (("GET", "/"), ("GET", "/api/status"), ("GET", "/nowhere"), ("GET", "/static/app.css")):
        headers = call(method, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
    assert call("GET", "/").headers["cache-control"] == "no-store"


def test_assets_are_small_and_not_sent_twice(call: Any) -> None:
    page = call("GET", "/", token=TOKEN).body
    names = set(re.findall(rb'"/static/([a-z]+\.[a-z]+)"', page))
    sizes = [len(page), *(len(call("GET", f"/static/{name.decode()}").body) for name in names)]
    assert len(sizes) > 5 and sum(sizes) <= 60 * 1024
    first = call("GET", "/static/app.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = call("GET", "/static/app.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/panel.html", "/static/..%2fapp.py", "/static/nothing.js"])
def test_only_assets_are_served_as_assets(call: Any, path: str) -> None:
    assert call("GET", path).status == 404


def test_pages_ask_nobody_else_and_carry_no_inline_code() -> None:
    folder = Path(create_app.__code__.co_filename).parent / "static"
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}
        if path.suffix == ".html":
            assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", text)


def test_unknown_addresses_answer_in_the_asker_s_language(call: Any) -> None:
    answer = call("GET", "/api/nothing")
    assert (answer.status, answer.json) == (404, {"ok": False, "error": "There is nothing at /api/nothing."})
    answer = call("GET", "/nothing<b>")
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"/nothing&lt;b&gt;" in answer.body
    assert call("POST", "/api/stream/explode", token=TOKEN).status == 404
    answer = call("GET", "/api/stream/stop", token=TOKEN)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_status_and_stats_are_what_the_files_say(call: Any) -> None:
    status = call("GET", "/api/status", token=TOKEN).json
    assert status["stream"]["state"] == "running"
    assert status["source"]["video"] == "test"
    assert status["preview"] == {"offered": True, "reason": None}
    stats = call("GET", "/api/stats", token=TOKEN).json
    assert stats["video"]["encoded"] == 22531
    assert stats["viewer_count"] == 1
    assert stats["sampled_at"] == status["sampled_at"]


def test_requests_are_counted_by_route(call: Any, panel: Panel) -> None:
    before = call("GET", "/api/stats", token=TOKEN).json["panel"]["requests"]
    assert before["/api/stats"] == 1 and before["/api/status"] == before["/whep/<resource>"] == 0
    call("GET", "/api/status", token=TOKEN)
    call("GET", "/api/status")
    call("DELETE", "/whep/viewer-1", token=TOKEN)
    for number in range(20):
        call("GET", f"/nowhere/{number}", token=TOKEN)
    after = call("GET", "/api/stats", token=TOKEN).json["panel"]["requests"]
    assert {route: after[route] - before[route] for route in after if after[route] != before[route]} == {
        "/api/stats": 1,
        "/api/status": 2,
        "/whep/<resource>": 1,
    }, "a request that was refused is one too"
    assert set(after) == set(before) and len(after) <= len(panel.routes), "addresses that do not exist add no entry"


def test_the_counters_come_with_every_update(panel: Panel, call: Any) -> None:
    call("GET", "/api/status", token=TOKEN)
    event = next(feed for feed in panel.hub._feeds if feed.source.event == "combined_update").source.document()
    assert event["stats"]["panel"]["requests"] == {"/api/stats": 0, "/api/status": 1}
    assert "settings" not in event["status"], "they have an event of their own"
    assert call("GET", "/api/stats", token=TOKEN).json["panel"]["requests"]["/api/status"] == 1, "as it is now"


def test_config_names_value_and_origin(call: Any, states: Any) -> None:
    settings = call("GET", "/api/config", token=TOKEN).json["settings"]
    assert settings["bitrate_kbps"] == {"value": 2500, "origin": "inventory"}
    (states.folder / "supervisor.json").unlink()
    answer = call("GET", "/api/config", token=TOKEN)
    assert answer.status == 503
    assert "supervisor.json" in answer.json["error"]


def test_without_a_supervisor_the_buttons_say_so(call: Any) -> None:
    answer = call("POST", "/api/stream/stop", token=TOKEN)
    assert answer.status == 503
    assert "The supervisor does not answer" in answer.json["error"]


@pytest.fixture
def supervisor(context: Context) -> Iterator[list[dict[str, Any]]]:
    """The supervisor's real end of the control socket, which refuses to start; yields what it was asked."""
    asked: list[dict[str, Any]] = []

    def handle(message: dict[str, Any]) -> dict[str, Any]:
        asked.append(message)
        if message["command"] == "start":
            return {"ok": False, "error": "The release cannot be read."}
        return {"ok": True, "stream": {"state": "stopping"}}

    selector = selectors.DefaultSelector()
    server = ControlServer(context.control_socket, selector, handle)
    ended = threading.Event()

    def loop() -> None:
        while not ended.is_set():
            for key, _ in selector.select(0.02):
                callback: Callable[[], None] = key.data
                callback()
        server.close()
        selector.close()

    thread = threading.Thread(target=loop)
    thread.start()
    yield asked
    ended.set()
    thread.join()


def test_buttons_reach_the_supervisor(call: Any, supervisor: list[dict[str, Any]]) -> None:
    answer = call("POST", "/api/stream/stop", token=TOKEN)
    assert (answer.status, answer.json) == (200, {"ok": True, "stream": {"state": "stopping"}})
    assert call("POST", "/api/stream/restart", token=TOKEN).status == 200
    answer = call("POST", "/api/stream/start", token=TOKEN)
    assert (answer.status, answer.json["error"]) == (409, "The release cannot be read.")
    assert [message["command"] for message in supervisor] == ["stop", "restart", "start"]


def test_events_are_refused_when_too_many_pages_are_open(
    panel: Panel, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel.hub, "fanout", Fanout(most_readers=0))
    answer = call("GET", "/api/events", token=TOKEN)
    assert answer.status == 503
    assert "Too many pages" in answer.json["error"]
