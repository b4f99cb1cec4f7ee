"""The form of the settings in a real Chromium: one person, and two at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def form(visitor: Visitor, supervisor: StandIn) -> Page:
    """The form of a running stream."""
    visitor.log_in()
    visitor.turn_to("Settings")
    expect(box(visitor.page, "Bitrate (kbit/s)")).to_have_value("2500")
    return visitor.page


def field(page: Page, name: str) -> Locator:
    """The row of one setting."""
    return page.locator(f".field[data-name={name}]")


def box(page: Page, label: str) -> Locator:
    """The place to write a setting into; no role finds one for a password."""
    return page.locator(".field", has_text=label).locator("input")


def apply(page: Page) -> None:
    """Press the button and say yes to the restart."""
    page.locator("#save").click()
    expect(page.locator("#confirm")).to_be_visible()
    page.locator("#confirm").get_by_role("button", name="Apply and restart").click()


def test_a_change_is_confirmed_saved_shown_to_the_other_page_and_taken_back(
    form: Page, visitor: Visitor, supervisor: StandIn
) -> None:
    other = Visitor(visitor.page.context.new_page(), visitor.panel)
    other.page.goto(f"{visitor.address}/#settings")
    expect(field(other.page, "bitrate_kbps").locator("input")).to_have_value("2500")
    expect(field(form, "bitrate_kbps").locator(".origin")).to_have_text("inventory")
    box(form, "Bitrate (kbit/s)").fill("3000")
    expect(form.locator("#apply-note")).to_contain_text("1 change. The stream restarts")
    form.locator("#save").click()
    expect(form.locator("#confirm-list")).to_have_text("Bitrate (kbit/s): 2500 → 3000")
    form.locator("#confirm").get_by_role("button", name="Cancel").click()
    assert supervisor.asked == []
    apply(form)
    expect(form.locator("#settings-note")).to_have_text("Saved.")
    expect(form.locator("#apply")).to_be_hidden()
    expect(field(form, "bitrate_kbps").locator(".origin")).to_have_text("set in this panel")
    assert supervisor.asked == [{"command": "configure", "version": "v1", "changes": {"bitrate_kbps": 3000}}]
    # The second person sees it without asking.
    expect(field(other.page, "bitrate_kbps").locator("input")).to_have_value("3000")
    expect(field(other.page, "bitrate_kbps").locator(".news")).to_have_text("Just changed elsewhere; it was 2500.")
    expect(other.page.locator("#settings-note")).to_contain_text("Somebody else has just changed: Bitrate")
    form.get_by_role("button", name="Reset: Bitrate (kbit/s)").click()
    expect(field(form, "bitrate_kbps").locator(".origin")).to_have_text("goes back to what was deployed")
    apply(form)
    expect(field(form, "bitrate_kbps").locator(".origin")).to_have_text("default")
    assert supervisor.asked[-1]["changes"] == {"bitrate_kbps": None}
    assert visitor.complaints == [] and other.complaints == []


def test_a_bad_value_is_refused_beside_its_field_and_nothing_changes(form: Page, supervisor: StandIn) -> None:
    box(form, "Frame rate").fill("fast")
    apply(form)
    problem = field(form, "fps").locator(".problem")
    expect(problem).to_contain_text("streamkit_fps is 'fast', which is not allowed; use ")
    expect(box(form, "Frame rate")).to_have_attribute("aria-invalid", "true")
    expect(box(form, "Frame rate")).to_be_focused()
    assert supervisor.version == "v1"
    box(form, "Frame rate").fill("60")
    expect(problem).to_have_text("")
    form.get_by_role("button", name="Discard").click()
    expect(box(form, "Frame rate")).to_have_value("30")


def test_somebody_who_was_faster_costs_no_edit(form: Page, supervisor: StandIn) -> None:
    box(form, "Bitrate (kbit/s)").fill("3000")
    # Seen while it is being edited: told beside the field, and what was typed stays.
    supervisor.change(bitrate_kbps=4000)
    expect(field(form, "bitrate_kbps").locator(".news")).to_contain_text("Somebody else has just set this to 4000")
    expect(box(form, "Bitrate (kbit/s)")).to_have_value("3000")

    # At the same moment: refused, and nothing is lost on either side.
    def race() -> None:
        supervisor.meanwhile = lambda: None
        supervisor.change(fps="25")

    supervisor.meanwhile = race
    apply(form)
    expect(form.locator("#settings-note")).to_contain_text("what you changed is not applied yet", ignore_case=True)
    expect(box(form, "Frame rate")).to_have_value("25")
    expect(box(form, "Bitrate (kbit/s)")).to_have_value("3000")
    assert supervisor.settings["bitrate_kbps"]["value"] == 4000
    apply(form)
    expect(form.locator("#settings-note")).to_have_text("Saved.")
    assert {name: supervisor.settings[name]["value"] for name in ("bitrate_kbps", "fps")} == {
        "bitrate_kbps": 3000,
        "fps": "25",
    }


def test_scripts_that_cannot_run_are_closed_off_with_the_reason(form: Page, supervisor: StandIn) -> None:
    scripts = field(form, "encoder")
    expect(scripts.get_by_role("radio", name="H.264 in software")).to_be_checked()
    scripts.locator("summary").click()
    expect(scripts.get_by_text("8 scripts that this machine does not run")).to_be_visible()
    nvenc = scripts.get_by_role("radio", name="AV1 on NVIDIA NVENC")
    expect(nvenc).to_be_disabled()
    expect(scripts.locator(".script", has_text="AV1 on NVIDIA NVENC")).to_contain_text("no NVIDIA GPU was found")
    scripts.get_by_role("radio", name="VP9 in software").check()
    apply(form)
    expect(scripts.locator(".origin")).to_have_text("set in this panel")
    assert supervisor.asked[-1]["changes"] == {"encoder": "vp9"}


def test_a_server_and_its_key_are_asked_for_together_and_the_key_is_never_shown(
    form: Page, supervisor: StandIn
) -> None:
    expect(field(form, "stream_key")).to_be_hidden()
    form.get_by_label("Publish", exact=True).select_option("whip")
    box(form, "Server address").fill("http://box.test:8080/api/whip")
    box(form, "Stream key").fill("a-new-key")
    form.locator("#save").click()
    expect(form.locator("#confirm")).to_be_visible()
    assert "a-new-key" not in form.locator("#confirm").inner_text()
    form.locator("#confirm").get_by_role("button", name="Apply and restart").click()
    expect(field(form, "stream_key").locator(".origin")).to_have_text("set in this panel")
    expect(box(form, "Stream key")).to_have_value("")
    assert supervisor.asked[-1]["stream_key"] == "a-new-key"
    assert supervisor.asked[-1]["changes"] == {"publish": "whip", "server_url": "http://box.test:8080/api/whip"}


def test_what_disturbs_nothing_needs_no_confirmation(form: Page, supervisor: StandIn) -> None:
    supervisor.change(publish="whip", server_url="http://box.test:8080/api/whip")
    box(form, "WHEP address").fill("http://box.test:8080/api/whep")
    expect(form.locator("#apply-note")).to_have_text("1 change. The stream goes on.")
    form.get_by_role("button", name="Apply", exact=True).click()
    expect(form.locator("#settings-note")).to_have_text("Saved.")
    assert supervisor.asked[-1]["changes"] == {"whep_url": "http://box.test:8080/api/whep"}


def test_without_a_supervisor_a_change_is_kept_on_the_page_and_the_reason_told(
    visitor: Visitor, states: object
) -> None:
    visitor.log_in()
    visitor.turn_to("Settings")
    box(visitor.page, "Bitrate (kbit/s)").fill("3000")
    apply(visitor.page)
    expect(visitor.page.locator("#settings-note")).to_contain_text("The supervisor does not answer")
    expect(box(visitor.page, "Bitrate (kbit/s)")).to_have_value("3000")
