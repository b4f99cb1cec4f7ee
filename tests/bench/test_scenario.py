"""Scenario files: those of this project are right, and what is wrong in one is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.scenario import FOLDER, Scenario, check_scenario, find_scenario, known_scenarios
from streamkit.errors import BadInputError


def test_ours_are_known_and_carry_the_name_of_their_file() -> None:
    assert known_scenarios() == ["after", "before", "obs_like", "raw_to_sink", "seldom_sampled"]
    assert [find_scenario(name).name for name in known_scenarios()] == known_scenarios()


def test_before_is_what_the_guide_says_of_its_old_behaviour() -> None:
    before = find_scenario("before")
    assert all("leaky=1" in words for words in before.queues.values()) and len(before.queues) == 6
    assert before.queues["QUEUE_AUDIO"].endswith("max-size-buffers=1")
    assert (before.image, before.panel, before.settings["max_frame_age_ms"]) == ("single_stage", "polling", "0")
    assert (before.container.user, before.container.privileged, before.container.limits) == ("0:0", True, False)


def test_before_and_after_stream_the_same_picture() -> None:
    before, after = find_scenario("before"), find_scenario("after")
    assert {name: before.settings[name] for name in after.settings} == dict(after.settings)
    assert not after.queues and not after.encoder and after.container == Scenario("x", "x").container


def test_what_is_looked_at_seldom_is_the_product_in_all_else() -> None:
    seldom, after = find_scenario("seldom_sampled").as_document(), find_scenario("after").as_document()
    assert {name for name in after if after[name] != seldom[name]} == {"name", "title", "sampler_period_s"}
    assert (seldom["sampler_period_s"], after["sampler_period_s"]) == (10.0, 1.0)


def test_a_file_of_ones_own_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(
        "name: mine\ntitle: Mine\nsettings: {bitrate_kbps: 6000}\nqueues: {QUEUE_RTP: queue max-size-time=1}\n"
    )
    mine = find_scenario(path)
    assert (mine.settings, mine.queues) == ({"bitrate_kbps": 6000}, {"QUEUE_RTP": "queue max-size-time=1"})
    assert mine.as_document()["container"]["limits"] is True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: x", "has no name"),
        ("name: Ours\ntitle: x", "use lower-case letters"),
        ("name: x\ntitle: x\nqueue: {}", "has 'queue', which is not known; did you mean queues"),
        ("name: x\ntitle: x\nsettings: {fsp: 30}", "has 'fsp', which is not known; did you mean fps"),
        ("name: x\ntitle: x\nsettings: {fps: soon}", "streamkit_fps is 'soon', which is not allowed"),
        ("name: x\ntitle: x\nsettings: {panel_port: 8081}", "bench chooses"),
        ("name: x\ntitle: x\nsettings: {queue_rtp: queue}", "belongs under queues, as QUEUE_RTP"),
        ("name: x\ntitle: x\nqueues: {QUEUE_RTP: 'tee ! queue'}", "use 'queue' and its properties"),
        ("name: x\ntitle: x\nimage: ''", "or the name of an image"),
        ("name: x\ntitle: x\npanel: glances", "panel is 'glances'; use product, polling"),
        ("name: x\ntitle: x\nencoder: [x264enc]", "must have name=encoder"),
        ("name: x\ntitle: x\nencoder: ['$(reboot)', name=encoder]", "has the word '$(reboot)'"),
        ("name: x\ntitle: x\nencoder: ['a\"; b', name=encoder]", "has the word"),
        ("name: x\ntitle: x\nencoder: x264enc", "encoder is a list of words"),
        ("name: x\ntitle: x\ncontainer: {user: root}", "container.user is 'root'; use \"uid:gid\""),
        ("name: x\ntitle: x\ncontainer: {read_only: 3}", "use true or false"),
        ("name: x\ntitle: x\ncontainer: {capabilities: [sys_nice]}", "a list of names such as SYS_NICE"),
        ("name: x\ntitle: x\nsampler_period_s: 0.1", "sampler_period_s is 0.1; use seconds from 1 to 600"),
        ("name: x\ntitle: x\nsampler_period_s: true", "sampler_period_s is True; use seconds"),
        ("name: x\ntitle: x\nsampler_period_s: .nan", "sampler_period_s is nan; use seconds"),
        ("- x", "must be a table"),
        ("name: [x", "is not valid YAML in line"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text(text)
    with pytest.raises(BadInputError) as refused:
        find_scenario(path)
    sentence = str(refused.value)
    assert said in sentence and str(path) in sentence and "\n" not in sentence


def test_unknown_one_lists_the_known() -> None:
    with pytest.raises(BadInputError, match="no scenario 'tuna'; known are after, before, obs_like, raw_to_sink"):
        find_scenario("tuna")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.yml").mkdir()
    with pytest.raises(BadInputError, match="cannot be read"):
        find_scenario(tmp_path / "x.yml")


def test_source_of_truth_is_the_schema() -> None:
    checked = check_scenario({"name": "x", "title": "x", "settings": {"fps": "60000/1001"}}, "x")
    assert checked.settings == {"fps": "60000/1001"}
    assert (FOLDER / "tuning").is_dir()
