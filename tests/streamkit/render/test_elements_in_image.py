"""The image builds every line that it is meant to run, and has what the facts say of it."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamkit.config import Value
from streamkit.encoders import ENCODERS
from streamkit.render.release import write_files
from streamkit.render.templates import render_scripts
from streamkit.resolve import resolve
from tests.conftest import REPOSITORY
from tests.machines.base_image import docker_binary
from tests.streamkit.render.words import printed_words

pytestmark = pytest.mark.image

FACTS: dict[str, Any] = json.loads((REPOSITORY / "tests/fixtures/facts/gst-1.26.2.json").read_text(encoding="utf-8"))

IN_THE_IMAGE = """
import json, sys
import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst
Gst.init(None)
asked = json.load(sys.stdin)
problems = {}
for name, words in asked["lines"].items():
    try:
        Gst.parse_launchv(words).set_state(Gst.State.NULL)
    except GLib.Error as problem:
        problems[name] = problem.message
properties = {}
for name in asked["elements"]:
    element = Gst.ElementFactory.make(name)
    properties[name] = None if element is None else [spec.name for spec in element.list_properties()]
print(json.dumps({"version": Gst.version_string(), "problems": problems, "properties": properties}))
"""


def ask(image: str, lines: dict[str, list[str]], elements: list[str]) -> dict[str, Any]:
    limits = ["--network=none", "--read-only", "--cap-drop=ALL", "--tmpfs=/run/streamkit:uid=1000", "--tmpfs=/tmp"]
    done = subprocess.run(
        [docker_binary(), "run", "--rm", "--interactive", *limits, "--entrypoint=python3", image, "-c", IN_THE_IMAGE],
        input=json.dumps({"lines": lines, "elements": elements}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_every_software_line_is_built(product_image: str, tmp_path: Path) -> None:
    planned: dict[str, Value] = {
        "encoder": "x264",
        "resolution": "1280x720",
        "fps": "60000/1001",
        "bitrate_kbps": 4000,
        "source": "test",
    }
    texts = render_scripts(resolve({**planned, "audio_source": "tone"}, {}, {}))
    write_files(tmp_path, {f"scripts/{name}": text for name, text in texts.items()})
    pictures = {
        "test": {"VIDEO_SOURCE": "test"},
        "raw": {"VIDEO_SOURCE": "v4l2", "VIDEO_DEVICE": "/dev/video0", "CAPTURE_MODE": "video/x-raw,format=NV12"},
        "jpeg": {"VIDEO_SOURCE": "v4l2", "VIDEO_DEVICE": "/dev/video0", "CAPTURE_MODE": "image/jpeg,width=1280"},
    }
    sounds = {
        "alsa": {"AUDIO_SOURCE": "alsa", "AUDIO_DEVICE": "hw:1,0"},
        "pulse": {"AUDIO_SOURCE": "pulse", "AUDIO_DEVICE": "tv.monitor"},
        "tone": {"AUDIO_SOURCE": "tone"},
        "none": {"AUDIO_SOURCE": "none"},
    }
    ends = {
        "whep": {"PUBLISH": "whep"},
        "whip": {"PUBLISH": "whip", "SERVER_URL": "http://127.0.0.1:8080/api/whip"},
        "discard": {"PUBLISH": "discard"},
    }
    software = [encoder.script for encoder in ENCODERS.values() if not encoder.needs]
    # Every encoder with every end; sources and ends of one script with each other.
    wanted = [(script, "test", "tone", end) for script, end in itertools.product(software, ends)]
    wanted += [("stream-x264.sh", *rest) for rest in itertools.product(pictures, sounds, ends)]
    lines = {
        " ".join(case): printed_words(
            tmp_path / "scripts" / case[0], **pictures[case[1]], **sounds[case[2]], **ends[case[3]]
        )
        for case in wanted
    }
    lines["must fail"] = ["fakesrc", "no-such-property=1", "!", "fakesink"]
    answer = ask(product_image, lines, [])
    assert "no-such-property" in answer["problems"].pop("must fail")
    assert answer["problems"] == {}


def test_facts_are_those_of_the_image(product_image: str) -> None:
    answer = ask(product_image, {}, list(FACTS["elements"]))
    assert answer["version"] == f"GStreamer {FACTS['version']}"
    without_gpu = {name: found for name, found in answer["properties"].items() if found is not None}
    assert {"queue", "videorate", "videoconvertscale", "h264parse", "av1parse", "jpegdec"} <= set(without_gpu)
    for name, found in without_gpu.items():
        assert set(FACTS["elements"][name]["properties"]) <= set(found), name
    # What is missing registers only where the GPU is.
    absent = set(FACTS["elements"]) - set(without_gpu)
    assert {FACTS["elements"][name]["plugin"] for name in absent} == {"nvcodec", "va"}
