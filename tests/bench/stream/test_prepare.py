"""What a container receives: the product's own files, changed where the scenario says so."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.scenario import Scenario, find_scenario
from bench.stream.prepare import Images, image_of, prepare, with_scenario
from bench.stream.prepared import Prepared, how_to_get
from streamkit.errors import StreamkitError, UnavailableError
from streamkit.install.image import image_tag
from tests.conftest import HERE, Host

IMAGES = Images("product:1", "before:1")


def printed(prepared: Prepared, folder: Path) -> list[str]:
    """Write the scripts and return the words that the x264 one prints."""
    for path, text in prepared.files.items():
        if path.startswith("opt/current/scripts/"):
            (folder / Path(path).name).write_text(text)
    words = ["bash", str(folder / "stream-x264.sh"), "--print"]
    return shlex.split(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_after_is_the_product(host: Host, tmp_path: Path) -> None:
    prepared = prepare(find_scenario("after"), Images(), host("no_card"))
    assert prepared.image == f"gaming-streamer:{image_tag()}" and prepared.image_kind == "product"
    # The image holds this checkout's modules: nothing is mounted over them.
    assert not any(path.startswith("sources/") for path in prepared.files)
    golden = (HERE / "golden" / "no_card" / "scripts" / "queue-config.sh").read_text()
    assert prepared.files["opt/current/scripts/queue-config.sh"] == golden
    words = printed(prepared, tmp_path)
    assert "tune=zerolatency" in words and "video/x-raw" in " ".join(words) and "framerate=30/1" in " ".join(words)
    assert {"--read-only", "PAINT_TIMECODE=1", "STREAMKIT_PANEL_HOST=127.0.0.1"} <= set(prepared.words)
    assert prepared.name.startswith("bench-after-") and "gaming-streamer" not in " ".join(prepared.words)
    assert prepared.words_otherwise == [] and prepared.offered_fps == 30
    assert not any("8081" in word or "8189" in word for word in prepared.words)


def test_two_runs_never_meet(host: Host) -> None:
    one, other = (prepare(find_scenario("after"), IMAGES, host("no_card")) for _ in range(2))
    assert one.name != other.name and one.folder != other.folder
    assert len({one.panel_port, one.whep_port}) == 2


def test_before_has_its_queues_its_panel_and_root(host: Host, tmp_path: Path) -> None:
    prepared = prepare(find_scenario("before"), IMAGES, host("no_card"), capabilities=("SYS_ADMIN",))
    line = " ".join(printed(prepared, tmp_path))
    assert line.count("queue leaky=1") == line.count("queue ") == 5
    assert "queue leaky=1 max-size-buffers=1 ! audioconvert" in line
    settings = json.loads(prepared.files["opt/current/settings.json"])["settings"]
    assert settings["max_frame_age_ms"] == "0"
    assert {"panel/supervise.py", "panel/polling.py", "panel/page.html", "bin/streamkit-launch"} <= set(prepared.files)
    assert "sources/streamkit/launch/ledger.py" in prepared.files
    volumes = " ".join(prepared.words)
    assert ":/app/streamkit:ro" in volumes and "/usr/local/bin/streamkit-launch:ro" in volumes
    assert "SINK_WAITS=1" in prepared.words and "--privileged" in prepared.words
    assert prepared.given == "root and privileged mode" and "1 capabilities" in prepared.given_otherwise
    assert "--privileged" not in prepared.words_otherwise and "SYS_ADMIN" in prepared.words_otherwise


def test_another_encoder_takes_the_place_of_the_rendered_one(host: Host, tmp_path: Path) -> None:
    line = " ".join(printed(prepare(find_scenario("obs_like"), IMAGES, host("no_card")), tmp_path))
    assert "x264enc name=encoder speed-preset=veryfast pass=cbr bitrate=3000 key-int-max=120" in line
    assert "tune=" not in line and "vbv-buf-capacity" not in line and line.count("name=encoder") == 1
    assert "max-size-time=2000000000" in line


def test_raw_video_goes_into_a_sink_as_it_comes(host: Host, tmp_path: Path) -> None:
    prepared = prepare(find_scenario("raw_to_sink"), IMAGES, host("no_card"))
    line = " ".join(printed(prepared, tmp_path))
    assert "! identity name=encoder ! queue" in line and "x264" not in line
    assert "congestion-control" not in line and "do-fec" not in line and "SINK_WAITS=1" in prepared.words


def test_a_script_that_has_changed_is_said(host: Host) -> None:
    for scenario in ("obs_like", "raw_to_sink"):
        with pytest.raises(StreamkitError, match=r"bench/stream/prepare\.py"):
            with_scenario({"scripts/stream-x264.sh": "#!/bin/sh\n"}, find_scenario(scenario))


def test_another_rate(host: Host) -> None:
    assert prepare(find_scenario("after"), IMAGES, host("no_card"), fps="60000/1001").offered_fps == pytest.approx(
        59.94, abs=0.01
    )


def test_a_card_is_needed_where_it_is_the_source(host: Host) -> None:
    card = Scenario("card", "Card", settings={"encoder": "x264"}, source="card")
    no_card: dict[str, Any] = {**host("no_card"), "video_devices": []}
    with pytest.raises(UnavailableError, match="none on this host"):
        prepare(card, IMAGES, no_card)
    prepared = prepare(card, IMAGES, host("usb_card"))
    assert "/dev/streamkit:/dev/streamkit:ro" in prepared.words


def test_it_travels_as_json(host: Host) -> None:
    prepared = prepare(find_scenario("before"), IMAGES, host("no_card"), folder="/dev/shm/x")
    assert Prepared.from_document(json.loads(json.dumps(prepared.as_document()))).words == prepared.words
    assert prepared.whep_address == f"http://127.0.0.1:{prepared.whep_port}/whep/endpoint"
    assert prepared.panel_address.endswith(f":{prepared.panel_port}")


def test_images_by_name() -> None:
    named = Scenario("x", "x", image="registry.example/streamer:7")
    assert image_of(named, IMAGES) == ("registry.example/streamer:7", "named")
    assert image_of(find_scenario("before"), IMAGES) == ("before:1", "single_stage")
    found = Images.from_environment({"BENCH_SINGLE_STAGE_IMAGE": "old:2", "BENCH_PRODUCT_IMAGE": ""})
    assert found == Images(None, "old:2")
    assert "bench/baselines/image/README.md" in how_to_get("old:2", "single_stage")
    assert "install.sh" in how_to_get("x", "product") and "scenario" in how_to_get("x", "named")
