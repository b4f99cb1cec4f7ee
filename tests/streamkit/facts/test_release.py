"""A release on disk, read: rendered by the toolkit, and damaged by hand."""

from __future__ import annotations

from pathlib import Path

from streamkit.config import SETTINGS, defaults
from streamkit.encoders import ENCODERS
from streamkit.facts.release import leaky_lines, queues, read_release
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, write_files
from tests.conftest import Host


def test_a_rendered_release_says_all_of_it(tmp_path: Path, host: Host) -> None:
    hardware = host("no_card")
    given = {"queue_audio": "queue max-size-buffers=12", "queue_reason": "it stuttered"}
    values = {**defaults(), **given}
    write_files(tmp_path / "releases" / "first", release_files(hardware, make_plan(hardware, values), given, "abc"))
    (tmp_path / "current").symlink_to("releases/first")
    found = read_release(tmp_path / "current")
    assert found is not None
    assert (found["name"], found["image"]) == ("first", "gaming-streamer:abc")
    assert found["settings"] == given and found["plan"]["settings"]["encoder"] == "x264"
    assert set(found["scripts"]) == {encoder.script for encoder in ENCODERS.values()} | {"queue-config.sh"}
    assert all(entry["sources"] for name, entry in found["scripts"].items() if name != "queue-config.sh")
    assert not any(entry["leaky"] for entry in found["scripts"].values())
    assert found["queues"]["QUEUE_RTP"] == {"value": SETTINGS["queue_rtp"].default, "note": ""}
    assert found["queues"]["QUEUE_AUDIO"]["value"] == "queue max-size-buffers=12"
    assert "it stuttered" in found["queues"]["QUEUE_AUDIO"]["note"]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_release(tmp_path / "current") is None
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "plan.json").write_text("{")
    found = read_release(tmp_path / "current")
    assert found is not None
    assert (found["plan"], found["settings"], found["image"], found["scripts"]) == (None, None, None, {})


def test_leaky_in_a_comment_is_a_word_of_people() -> None:
    text = "# never leaky\nqueue leaky=1 ! fakesink\nQUEUE='queue leaky=downstream'\ntrue # leaky"
    assert leaky_lines(text) == ["queue leaky=1 ! fakesink", "QUEUE='queue leaky=downstream'"]


def test_queues_as_bash_reads_them() -> None:
    found = queues("QUEUE_RTP='queue max-size-buffers=1'  # was: 5; measured\nQUEUE_AUDIO=\"open\n")
    assert found["QUEUE_RTP"] == {"value": "queue max-size-buffers=1", "note": "was: 5; measured"}
    assert found["QUEUE_AUDIO"]["value"] == '"open', "what bash would refuse is shown as it stands"
