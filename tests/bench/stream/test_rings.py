"""The rings in the place of the test picture, and the words that make them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.scenario import find_scenario, known_scenarios
from bench.stream.prepare import Images, prepare
from bench.stream.rings import PERIOD_FRAMES, RINGS, reference_words, with_rings
from streamkit.errors import StreamkitError
from tests.bench.stream.formula import ring
from tests.bench.stream.test_prepare import printed
from tests.conftest import Host

IMAGES = Images("product:1", "before:1")
MADE = (
    "videotestsrc name=capture pattern=zone-plate kx2=8 ky2=8 kt=8 num-buffers=32"
    " ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1"
    " ! videoconvertscale n-threads={threads} add-borders=false"
    " ! video/x-raw,format=I420,width=1280,height=720,framerate=[1/1,30/1],pixel-aspect-ratio=1/1"
)


def test_only_the_picture_differs(host: Host, tmp_path: Path) -> None:
    plain = printed(prepare(find_scenario("after"), IMAGES, host("no_card")), tmp_path)
    rings = printed(prepare(find_scenario("after"), IMAGES, host("no_card"), rings=True), tmp_path)
    place = plain.index("pattern=smpte")
    changed = [word for word in plain[:place] + list(RINGS) + plain[place + 2 :] if "host-addr" not in word]
    assert [word for word in rings if "host-addr" not in word] == changed
    assert plain[place + 1] == "horizontal-speed=4"


@pytest.mark.parametrize("name", known_scenarios())
def test_every_scenario_s_pictures_can_be_made_again(name: str, host: Host, tmp_path: Path) -> None:
    words = printed(prepare(find_scenario(name), IMAGES, host("no_card"), rings=True), tmp_path)
    found = reference_words(words)
    threads = next(word for word in words if word.startswith("n-threads=")).removeprefix("n-threads=")
    # Nothing that waits, leaks, encodes or sends; and of the process's own words nothing before the source.
    assert found == MADE.format(threads=threads).split()
    assert reference_words(["python3", "-P", "-m", "streamkit.launch", *words]) == found


def test_a_picture_that_is_scaled_is_scaled_again(host: Host, tmp_path: Path) -> None:
    words = printed(prepare(find_scenario("after"), IMAGES, host("no_card"), rings=True), tmp_path)
    other = [
        word.replace("width=1280,height=720,framerate=30/1", "width=1920,height=1080,framerate=30/1") for word in words
    ]
    found = " ".join(reference_words(other))
    assert "width=1920,height=1080" in found and found.endswith(
        "width=1280,height=720,framerate=[1/1,30/1],pixel-aspect-ratio=1/1"
    )


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["videotestsrc", "name=capture", "pattern=smpte", "!", "x264enc", "name=encoder"],
        ["v4l2src", "name=capture", *RINGS, "!", "x264enc", "name=encoder"],
        ["videotestsrc", "name=capture", *RINGS, "!", "x264enc"],
    ],
    ids=["nothing", "bars", "card", "no encoder"],
)
def test_what_shows_no_rings_is_said(words: list[str]) -> None:
    with pytest.raises(StreamkitError, match="does not show rings"):
        reference_words(words)


def test_a_script_that_has_changed_is_said() -> None:
    with pytest.raises(StreamkitError, match=r"bench/stream/rings\.py"):
        with_rings({"scripts/stream-x264.sh": "#!/bin/sh\npattern=ball\n"})


def test_the_pictures_come_again_after_the_period_and_differ_within_it() -> None:
    first = ring(0, 320, 192).astype(int)
    assert (first == ring(PERIOD_FRAMES, 320, 192)).all() and 2**16 % PERIOD_FRAMES == 0
    errors = [np.square(first - ring(number, 320, 192)).mean() for number in range(1, PERIOD_FRAMES)]
    # 25 dB: no two pictures are nearer.
    assert min(errors) > 200
