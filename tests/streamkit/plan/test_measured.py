"""Plans made with trial encodes."""

from __future__ import annotations

from streamkit.encoders import ENCODERS
from streamkit.plan.choose import make_plan
from streamkit.plan.describe import probe_table, summary
from tests.conftest import Host, MakeSettings
from tests.streamkit.plan.trials import probes, trial


def test_measured_plan_names_figures_and_every_other_encoder(host: Host, settings: MakeSettings) -> None:
    made = make_plan(
        host("no_card"), settings(), probes(trial("x264"), trial("vp9"), trial("av1-rav1e", ok=False, reason="it hung"))
    )
    assert made["probed"] is True and made["settings"]["encoder"] == "x264"
    assert "3.0 times as fast as needed" in made["encoder_reason"]
    reasons = {entry["encoder"]: entry["reason"] for entry in made["rejected"]}
    assert set(reasons) == set(ENCODERS) - {"x264"}
    assert reasons["av1-rav1e"] == "it hung" and "no NVIDIA GPU" in reasons["av1-nvenc"]
    usable = {entry["encoder"] for entry in made["rejected"] if entry["usable"]}
    assert "vp9" in usable and not usable & {"av1-rav1e", "av1-nvenc"}, "what held its trial may be chosen by a person"


def test_what_was_held_is_streamed_with_the_mode_that_feeds_it(host: Host, settings: MakeSettings) -> None:
    made = make_plan(host("usb_card"), settings(), probes(trial("x264", fps="60000/1001")))
    assert made["settings"]["fps"] == "60000/1001" and made["settings"]["capture_mode"] == "YUYV 1280x720@60000/1001"


def test_encoder_that_was_named_is_kept_and_nothing_takes_its_place(host: Host, settings: MakeSettings) -> None:
    measured = probes(trial("x264"), trial("vp9", ok=False, reason="0.40 times real time"))
    made = make_plan(host("no_card"), settings(encoder="vp9"), measured)
    assert made["settings"]["encoder"] == "vp9" and made["probed"] is False
    assert "vp9: 0.40 times real time" in made["warning"]
    assert made["warning"] in summary(made)


def test_settings_that_changed_since_count_and_it_is_said(host: Host, settings: MakeSettings) -> None:
    made = make_plan(host("no_card"), settings(resolution="640x480"), probes(trial("x264")))
    assert made["settings"]["resolution"] == "640x480"
    assert "was tried at 1280x720@30, not at 640x480@30" in made["warning"]


def test_nothing_held_falls_to_detection_aloud(host: Host, settings: MakeSettings) -> None:
    made = make_plan(host("no_card"), settings(), probes(trial("x264", ok=False, reason="it hung")))
    assert made["settings"]["encoder"] == "x264" and "expect dropped frames" in made["warning"]


def test_table_has_a_row_for_each_trial() -> None:
    failed = {"encoder": "vp9", "ok": False, "reason": "It hung: no end after 12 s."}
    lines = probe_table(probes(trial("x264"), failed))
    assert lines[1].split("  ")[0] == "x264" and "6, 9 ms" in lines[1] and "2450 of 2500" in lines[1]
    assert lines[3] == "vp9: It hung: no end after 12 s."
    assert max(len(line) for line in lines) <= 76
    assert lines[-1] == "Tried 2 encoders in 40 s."
