"""The two pages in a real Chromium, with another page of it as the stream: what a person sees and does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from streamkit.documents import write_document
from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.browser.visitor import TOKEN, Visitor

pytestmark = pytest.mark.browser

NOTHING = "\u2013"
"""What stands where there is no figure."""


def test_panel_shows_picture_and_figures_and_asks_nothing_more(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait_for_picture()
    page = visitor.page
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator("[data-f=capture_lead]")).to_have_text("No capture card")
    expect(page.locator("[data-f=capture_reason]")).to_contain_text("streaming a moving test picture")
    expect(page.locator("[data-f=encoder_lead]")).to_have_text("H.264 in software (x264)")
    expect(page.locator("[data-f=encoder_reason]")).to_contain_text("No GPU encoder was found")
    expect(page.locator("[data-f=fps]")).to_have_text("29.9")
    expect(page.locator("[data-f=bitrate_of]")).to_have_text("of 2.5")
    expect(page.locator("[data-f=rtt]")).to_have_text("1.2")
    expect(page.locator("[data-f=viewers]")).to_have_text("1")
    expect(page.locator(".readout")).to_contain_text("640\u00d7360")
    for words in ("fps", "Mbit/s", "delay", "0 dropped", "0 packets lost"):
        expect(page.locator(".readout")).to_contain_text(words)
    expect(page.locator("#viewers tbody tr")).to_have_count(1)
    assert page.evaluate("streamkitPlayer.pc.getReceivers().every((one) => one.jitterBufferTarget === 0)")
    visitor.requests.clear()
    before, seen = visitor.frames(), page.locator("[data-f=sampled]").text_content()
    # Two minutes of it are counted in test_quiet.py.
    page.wait_for_function("(before) => streamkitPlayer.stats.frames_decoded > before + 50", arg=before)
    expect(page.locator("[data-f=sampled]")).not_to_have_text(str(seen))
    assert visitor.requests == []
    assert visitor.complaints == []


def test_picture_follows_the_state_of_the_stream(visitor: Visitor, states: Any, publisher: Any) -> None:
    visitor.log_in()
    visitor.wait_for_picture()
    resource = visitor.resource()
    states.supervisor("stopped", stream={"reason": "Stopped by hand."})
    expect(visitor.page.locator(".note-title")).to_have_text("The stream is stopped")
    expect(visitor.page.locator("[data-f=stream_reason]")).to_have_text("Stopped by hand.")
    expect(visitor.page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    visitor.page.wait_for_function("() => streamkitPlayer.pc === null")
    visitor.wait_until_left(publisher, resource)
    states.supervisor("running")
    visitor.wait_for_picture()
    assert visitor.complaints == []


def test_stop_and_start_reach_the_supervisor(visitor: Visitor, supervisor: StandIn) -> None:
    visitor.log_in()
    visitor.page.get_by_role("button", name="Stop", exact=True).click()
    expect(visitor.page.locator("#state")).to_have_text("Stopped")
    expect(visitor.page.locator("#notice")).to_be_hidden()
    visitor.page.get_by_role("button", name="Start", exact=True).click()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    assert [message["command"] for message in supervisor.asked] == ["stop", "start"]
    assert visitor.complaints == []


def test_a_button_without_a_supervisor_says_so(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.page.get_by_role("button", name="Restart").click()
    expect(visitor.page.locator("#notice")).to_contain_text("The supervisor does not answer")
    # It stays until it was read, whatever figures come meanwhile.
    seen = visitor.page.locator("[data-f=sampled]").text_content()
    expect(visitor.page.locator("[data-f=sampled]")).not_to_have_text(str(seen))
    visitor.page.get_by_role("button", name="Dismiss").click()
    expect(visitor.page.locator("#notice")).to_be_hidden()


def test_watch_fills_the_window_and_survives_reload_and_history(visitor: Visitor, publisher: Any) -> None:
    visitor.log_in("/watch")
    page = visitor.page
    assert page.url == f"{visitor.address}/watch"
    visitor.wait_for_picture()
    assert page.locator("video").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    sessions = [visitor.resource()]
    page.reload()
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.get_by_role("link", name="Back to the panel").click()
    page.wait_for_url(f"{visitor.address}/")
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.go_back()
    page.wait_for_url(f"{visitor.address}/watch")
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.go_forward()
    page.wait_for_url(f"{visitor.address}/")
    visitor.wait_for_picture()
    for session in sessions:
        visitor.wait_until_left(publisher, session)
    assert visitor.resource() not in sessions
    assert visitor.complaints == []


def test_picture_moves_and_sound_is_on_request(visitor: Visitor) -> None:
    visitor.log_in("/watch")
    visitor.wait_for_picture()
    page = visitor.page
    pixels = """() => { const c = document.createElement('canvas'); c.width = 64; c.height = 36;
        const b = c.getContext('2d'); b.drawImage(streamkitPlayer.video, 0, 0, 64, 36);
        return [...b.getImageData(0, 0, 64, 36).data].join(); }"""
    first = page.evaluate(pixels)
    page.wait_for_function(f"(first) => ({pixels})() !== first", arg=first)
    assert page.evaluate("streamkitPlayer.video.muted") is True
    page.keyboard.press("m")
    assert page.evaluate("streamkitPlayer.video.muted") is False
    page.get_by_role("button", name="Turn sound off").click()
    assert page.evaluate("streamkitPlayer.video.muted") is True
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")


def test_player_comes_back_when_the_connection_is_lost(visitor: Visitor) -> None:
    visitor.log_in("/watch")
    visitor.wait_for_picture()
    visitor.page.evaluate(
        "window.old = streamkitPlayer.pc; old.getReceivers().forEach((one) => one.track.stop()); old.close()"
    )
    visitor.page.wait_for_function("() => streamkitPlayer.pc && streamkitPlayer.pc !== window.old", timeout=20_000)
    visitor.wait_for_picture()


def test_a_dead_panel_is_said_and_the_page_goes_on_by_itself_when_it_returns(
    visitor: Visitor, publisher: Any, run_panel: Any, states: Any
) -> None:
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    visitor.panel.process.kill()
    visitor.panel.process.wait()
    expect(visitor.page.locator("#banner")).to_contain_text("The connection to the machine is lost")
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    states.supervisor("stopped")
    run_panel(f"{publisher.url}/whep/endpoint", visitor.panel.port)
    expect(visitor.page.locator("#state")).to_have_text("Stopped", timeout=15_000)
    expect(visitor.page.locator("#banner")).to_be_hidden()


def test_nothing_is_wider_than_the_window(visitor: Visitor) -> None:
    sizes = ((360, 740), (768, 1024), (3840, 2160))

    def check() -> None:
        for width, height in sizes:
            visitor.page.set_viewport_size({"width": width, "height": height})
            assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width

    visitor.page.goto(visitor.address)
    check()
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    check()
    for view in ("Settings", "Logs"):
        visitor.turn_to(view)
        check()


def test_the_ledger_and_the_delay_are_told_stage_by_stage(visitor: Visitor, states: Any) -> None:
    visitor.log_in()
    visitor.wait_for_picture()
    page = visitor.page
    rows = page.locator("#ledger tr")
    expect(rows).to_have_count(11)
    expect(page.locator("[data-f=ledger_lead]")).to_have_text("Every frame is accounted for")
    expect(rows.nth(0)).to_contain_text("22,534")
    expect(rows.nth(3)).to_contain_text("too old to be worth encoding")
    expect(rows.nth(3).locator("td").last).to_have_text("2")
    expect(page.locator("#stages tr")).to_have_count(7)
    expect(page.locator("#stages")).to_contain_text("8.9")
    expect(page.locator("[data-f=ledger_page]")).to_contain_text("frames received =")
    expect(page.locator("[data-f=ledger_sound]")).to_contain_text("1 gap of 21 ms")
    # The parts stand in the order in which a frame passes them, and none is wider than the whole.
    edges = page.locator("#budget").evaluate(
        "(bar) => [...bar.children].map((part) => part.getBoundingClientRect().left)"
    )
    assert edges[:7] == sorted(edges[:7])


def test_what_does_not_close_is_shown_as_unexplained(visitor: Visitor, states: Any) -> None:
    row: dict[str, Any] = {"captured": 100, "duplicated": 0, "sent": 90, "in_flight": 2, "unexplained": 8}
    row["dropped"] = dict.fromkeys(("capture", "late", "rate", "queue", "encoder", "sink"), 0)
    states.fixed = {"ledger": {"video": row, "audio": None}}
    states.launch()
    visitor.log_in()
    expect(visitor.page.locator("[data-f=ledger_lead]")).to_have_text("8 frames unexplained")
    expect(visitor.page.locator("#card-ledger")).to_have_attribute("data-tone", "bad")


def test_processes_server_and_viewers_are_listed(visitor: Visitor, states: Any) -> None:
    states.publish_by_whip("http://127.0.0.1:9/api/whip")
    own = {"own": True, "viewers": 7, "videoStreams": []}
    write_document(
        states.folder / "server.json",
        {"sampled_at": time.time(), "url": "http://127.0.0.1:9/api/status", "reachable": True, "http_status": 200,
         "latency_ms": 4.2, "error": None, "streams": [own]},
    )  # fmt: skip
    visitor.log_in()
    page = visitor.page
    expect(page.locator("[data-f=server_lead]")).to_have_text("Answers well")
    expect(page.locator("[data-f=own]")).to_have_text("arrives, for 7 viewers")
    expect(page.locator("[data-f=goes_to]")).to_have_text("http://127.0.0.1:9/api/whip")
    expect(page.locator("[data-f=viewers]")).to_have_text("7")
    expect(page.locator("#processes")).to_contain_text("panel")
    expect(page.locator("[data-f=meter_memory]")).to_contain_text("GiB")
    expect(page.locator("[data-f=meter_heat]")).not_to_have_text(NOTHING)
    expect(page.locator("[data-f=meter_gpu]")).not_to_have_text(NOTHING)


def test_a_container_that_has_said_nothing_yet_is_an_empty_page_and_no_error(visitor: Visitor, states: Any) -> None:
    for name in ("supervisor.json", "launch.json"):
        (states.folder / name).unlink()
    states.fixed = None
    visitor.log_in()
    expect(visitor.page.locator(".note-text")).to_contain_text("The supervisor has not said anything yet")
    expect(visitor.page.locator("[data-f=fps]")).to_have_text(NOTHING)
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    visitor.turn_to("Settings")
    expect(visitor.page.locator("#settings-note")).to_have_text("Waiting for the settings…")
    assert visitor.complaints == []


def test_views_are_reached_by_keys_and_the_keys_are_told(visitor: Visitor) -> None:
    visitor.log_in()
    page = visitor.page
    expect(page.locator("#state")).to_have_text("Live")
    page.keyboard.press("2")
    expect(page.locator("#settings")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("2?")
    expect(page.locator("#logs")).to_be_visible()
    page.locator("body").press("Escape")
    page.locator("#lines").focus()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("#cards")).to_be_visible()
    page.get_by_role("link", name="Logs").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Restart"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_open_view_shows_figures_and_picture_but_no_controls(
    browser: Browser, publisher: Any, run_panel: Any, keep_fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMKIT_PANEL_OPEN_VIEW", "1")
    panel = run_panel(f"{publisher.url}/whep/endpoint")
    context = browser.new_context()
    guest = Visitor(context.new_page(), panel)
    guest.page.goto(guest.address + "/#settings")
    guest.wait_for_picture()
    expect(guest.page.locator("[data-f=fps]")).to_have_text("29.9")
    expect(guest.page.locator("#cards")).to_be_visible()
    for hidden in ("#settings", "#logs", ".views", ".actions"):
        expect(guest.page.locator(hidden)).to_be_hidden()
    assert guest.complaints == []
    guest.page.get_by_role("link", name="Sign in").click()
    guest.page.get_by_label("Panel token").fill(TOKEN)
    guest.page.get_by_role("button", name="Sign in").click()
    expect(guest.page.get_by_role("link", name="Settings")).to_be_visible()
    context.close()
