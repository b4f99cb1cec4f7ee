"""The event that is sent all day is short, and says under the same names what the answers say."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import read_document, write_document
from streamkit.panel.app import create_app
from streamkit.panel.brief import brief
from streamkit.panel.context import Context
from streamkit.panel.live import Live
from streamkit.panel.sample import Sampler
from tests.conftest import REPOSITORY

MOST_BYTES = 2048
GOLDEN = REPOSITORY / "tests" / "golden"
PROBED = (
    "H.264 in software (x264): in its trial on this host it held 1280x720 at 60000/1001 frames per second, 1.9 times as "
    "fast as needed, with 9 ms (p95 14 ms) in the encoder and 148 % of a core."
)
A_DAY = 86_400 * 60


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The release of a host with a USB capture card."""
    return Path(shutil.copytree(GOLDEN / "usb_card", tmp_path / "release"))


def streams_a_card(states: Any, release: Path) -> None:
    """Write the states of that host a day after its start, with one viewer."""
    plan = read_document(release / "plan.json")
    settings = {name: {"value": value, "origin": "plan"} for name, value in plan["settings"].items()}
    source = {"video": "v4l2", "device": "/dev/video0", "card": plan["card"], "audio": "alsa"}
    source |= {"audio_device": "hw:Video,0", "reason": plan["source_reason"]}
    states.supervisor(settings=settings, source=source, encoder_reason=PROBED)
    document = read_document(states.folder / "launch.json")
    document["video"] |= {"captured": A_DAY, "encoded": A_DAY, "keyframes": A_DAY // 120, "bitrate_kbps": 3712.4}
    document["ledger"]["video"] |= {
        "captured": A_DAY,
        "sent": A_DAY,
        "duplicated": 1234,
        "dropped": {"late": 1234, "capture": 55, "rate": 0},
    }
    document["viewers"][0] |= {"packets_sent": A_DAY * 8, "connected_s": 86_312.4, "rtt_ms": 12.34}
    states.launch(**document | {"uptime_s": 86_400.123})


def test_an_event_is_at_most_two_kilobytes(states: Any, context: Context, release: Path, tmp_path: Path) -> None:
    streams_a_card(states, release)
    for name, text in {
        "cgroup.controllers": "cpu",
        "cpu.max": "200000 100000",
        "memory.current": "104857600",
        "memory.max": "2147483648",
    }.items():
        (tmp_path / "cgroup").mkdir(exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(text, encoding="ascii")
    panel = create_app(replace(context, release_dir=release))
    live = Live(panel.latest, lambda: panel.hub, lambda: {"/api/stats": 0, "/api/status": 0})
    event = live.combined()
    # What a first sample of this machine cannot hold.
    event["stats"]["host"] |= {"temperature_c": 47.5, "cpu_percent": 99.9}
    event["stats"]["container"] |= {"cpu_percent": 148.3}
    event["stats"]["loss_percent"] = 0.25
    event["stats"]["processes"] = {
        name: {"cpu_percent": 148.3, "memory_bytes": 104857600} for name in ("supervisor", "panel", "stream")
    }
    assert event["stats"]["capture"]["state"] == "ok"
    assert event["stats"]["viewers"][0]["rtt_ms"] == 12.34
    assert event["status"]["encoder_reason"] == PROBED
    assert len(json.dumps(event, separators=(",", ":"))) <= MOST_BYTES


def test_what_the_event_says_is_what_the_answers_say(states: Any, release: Path) -> None:
    streams_a_card(states, release)
    sample = Sampler(states.folder, release_dir=release).take()
    before = json.dumps(sample)
    short = brief(sample)
    assert json.dumps(sample) == before, "the sample itself stays whole"
    for half in ("stats", "status"):
        assert set(short[half]) < set(sample[half])
    assert "settings" not in short["status"] and sample["status"]["settings"]["encoder"]["value"] == "x264"
    assert short["stats"]["video"]["ledger"]["dropped"] == {"late": 1234, "capture": 55}
    assert sample["stats"]["video"]["ledger"]["dropped"]["rate"] == 0
    assert short["stats"]["video"]["stages_ms"]["encode"] == {"p50": 8.9, "p95": 15.3}
    assert sample["stats"]["viewers"][0]["id"].startswith(short["stats"]["viewers"][0]["id"])


def test_one_sentence_on_the_source_is_left(states: Any, release: Path) -> None:
    streams_a_card(states, release)
    sampler = Sampler(states.folder, release_dir=release)
    short = brief(sampler.take())
    assert "cheapest mode" in short["stats"]["capture"]["reason"] and "reason" not in short["status"]["source"]
    states.supervisor(
        "stopped", settings={"source": {"value": "v4l2", "origin": "plan"}}, source={"video": "v4l2", "reason": "Why."}
    )
    short = brief(sampler.take())
    assert (short["stats"]["capture"]["reason"], short["status"]["source"]["reason"]) == ("", "Why.")


def test_a_box_without_anything_is_no_error(states: Any, tmp_path: Path) -> None:
    for path in states.folder.iterdir():
        path.unlink()
    short = brief(Sampler(states.folder, release_dir=tmp_path).take())
    assert short["stats"]["video"] is short["stats"]["capture"] is short["stats"]["gpu"] is None
    write_document(states.folder / "supervisor.json", {"stream": {"state": "failed"}, "source": None})
    assert brief(Sampler(states.folder, release_dir=tmp_path).take())["status"]["stream"]["state"] == "failed"
