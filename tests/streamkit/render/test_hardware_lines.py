"""The lines for NVENC and VA-API, which no test machine can run, against the facts of the GStreamer in the image."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streamkit.config import Value
from streamkit.encoders import ENCODERS, nvenc_element, va_element
from streamkit.render.release import write_files
from streamkit.render.templates import render_scripts
from streamkit.resolve import resolve
from streamkit.video import CAPS
from tests.conftest import REPOSITORY
from tests.streamkit.render.words import Element, branches, caps_fields, printed_words, run_script

FACTS = json.loads((REPOSITORY / "tests/fixtures/facts/gst-1.26.2.json").read_text(encoding="utf-8"))["elements"]
BITRATE = 6000
LINES = [
    ("h264-nvenc", nvenc_element("h264", 0)),
    ("h264-nvenc", nvenc_element("h264", 1)),
    ("av1-nvenc", nvenc_element("av1", 0)),
    ("av1-nvenc", nvenc_element("av1", 2)),
    *(
        (f"{codec}-vaapi", va_element(codec, node, "/dev/dri/renderD128", low_power))
        for codec in ("h264", "av1")
        for node in ("/dev/dri/renderD128", "/dev/dri/renderD129")
        for low_power in (False, True)
    ),
]


def canonical(name: str) -> str:
    """Return the name under which the facts describe an element of a second GPU."""
    return re.sub(r"^nv(h264|av1)device\d+enc$", r"nv\1enc", re.sub(r"^varenderD\d+", "va", name))


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    planned: dict[str, Value] = {
        "encoder": "x264",
        "resolution": "1920x1080",
        "fps": "60",
        "bitrate_kbps": BITRATE,
        "source": "test",
    }
    texts = render_scripts(resolve({**planned, "audio_source": "tone"}, {}, {}))
    write_files(tmp_path, {f"scripts/{name}": text for name, text in texts.items()})
    return tmp_path / "scripts"


def video_line(scripts: Path, encoder: str, element: str, **environment: str) -> list[Element]:
    words = printed_words(
        scripts / ENCODERS[encoder].script, PUBLISH="discard", ENCODER_ELEMENT=element, CUDA_DEVICE="1", **environment
    )
    sink, video, audio = branches(words)
    assert [len(sink), audio[0].name] == [1, "audiotestsrc"]
    return video


def in_range(facts: dict[str, Any], text: str) -> bool:
    """Whether ``text`` is a value of the property that ``facts`` describe."""
    if facts["type"] == "bool":
        return text in ("true", "false")
    if facts["type"] == "enum":
        # Without a list the nicks are not known here: the image's own gst-inspect-1.0 checks those.
        return text in facts.get("values", [text])
    if facts["type"] in ("int", "uint", "int64", "uint64"):
        return re.fullmatch(r"-?\d+", text) is not None and bool(facts["min"] <= int(text) <= facts["max"])
    if facts["type"] in ("double", "float"):
        return bool(facts["min"] <= float(text) <= facts["max"])
    return bool(facts["type"] == "string")


def test_range_check_refuses() -> None:
    bitrate = FACTS["nvh264enc"]["properties"]["bitrate"]
    assert in_range(bitrate, "6000") and not in_range(bitrate, "6000000000") and not in_range(bitrate, "-1")
    assert not in_range(bitrate, "6 Mbit") and not in_range({"type": "bool"}, "1")
    assert not in_range(FACTS["nvh264enc"]["properties"]["tune"], "zerolatency")


@pytest.mark.parametrize(("encoder", "element"), LINES)
def test_every_element_property_and_value_is_known(scripts: Path, encoder: str, element: str) -> None:
    words = printed_words(scripts / ENCODERS[encoder].script, PUBLISH="discard", ENCODER_ELEMENT=element)
    seen = [e for chain in branches(words) for e in chain if not e.is_caps]
    assert element in [e.name for e in seen]
    for found in seen:
        facts = FACTS[canonical(found.name)]["properties"]
        for name, value in found.properties.items():
            if name == "name":
                continue
            assert name in facts, f"{found.name} has no property {name}"
            # What only some GPUs have must not be in a line for all of them; how to hold a rate, each of them has.
            assert name == "rate-control" or "conditional" not in facts[name], f"{found.name}: {name}"
            assert in_range(facts[name], value), f"{found.name}: {name}={value}"


@pytest.mark.parametrize(("encoder", "element"), LINES)
def test_bitrate_is_in_the_element_s_unit(scripts: Path, encoder: str, element: str) -> None:
    coder = next(e for e in video_line(scripts, encoder, element) if e.name == element)
    facts = FACTS[canonical(element)]
    assert facts["properties"]["bitrate"]["unit"] == "kbit/s"
    # nvcodec's kbit are of 1024 bits (gstnvh264encoder.cpp), those of va of 1000 (gstvah264enc.c).
    bits_per_unit = 1024 if facts["plugin"] == "nvcodec" else 1000
    assert int(coder.properties["bitrate"]) * bits_per_unit == pytest.approx(BITRATE * 1000, rel=0.001)


@pytest.mark.parametrize(("encoder", "element"), LINES)
def test_encoder_takes_the_caps_before_it(scripts: Path, encoder: str, element: str) -> None:
    line = [e for e in video_line(scripts, encoder, element) if e.name != "queue"]
    at = next(i for i, e in enumerate(line) if e.name == element)
    before, uploader = line[at - 1], line[at - 2]
    facts, caps = FACTS[canonical(element)], caps_fields(before.name)
    assert caps["media"] == "video/x-raw" and caps["format"] in facts["sink"][caps["memory"]]
    # In the GPU's own memory, and made there by what stands before.
    assert caps["memory"] == {"nvcodec": "CUDAMemory", "va": "VAMemory"}[facts["plugin"]]
    assert caps["format"] in FACTS[canonical(uploader.name)]["src"][caps["memory"]]


@pytest.mark.parametrize(("encoder", "element"), LINES)
def test_what_comes_after_fits_what_the_encoder_makes(scripts: Path, encoder: str, element: str) -> None:
    line = video_line(scripts, encoder, element)
    at = next(i for i, e in enumerate(line) if e.name == element)
    makes = FACTS[canonical(element)]["src"]
    rest = line[at + 1 :]
    if rest[0].is_caps:
        caps = caps_fields(rest.pop(0).name)
        assert (caps["media"], caps["profile"]) == (makes["media"], "constrained-baseline")
        assert caps["profile"] in makes["profiles"]
    assert FACTS[rest[0].name]["accepts"] == makes["media"]
    assert [rest[0].properties["name"], rest[1].name] == ["parser", "queue"]
    assert makes["media"] == f"video/x-{ENCODERS[encoder].codec}"


@pytest.mark.parametrize("caps", CAPS.values())
@pytest.mark.parametrize(("encoder", "element"), LINES[::3])
def test_whatever_a_card_gives_is_converted_on_the_way(scripts: Path, encoder: str, element: str, caps: str) -> None:
    mode = f"{caps},width=1920,height=1080,framerate=60/1"
    environment = {"VIDEO_SOURCE": "v4l2", "VIDEO_DEVICE": "/dev/video0", "CAPTURE_MODE": mode}
    names = [e.name for e in video_line(scripts, encoder, element, **environment)]
    assert ("jpegdec" in names) is caps.startswith("image/jpeg")
    gpu = next(i for i, name in enumerate(names) if name == "cudaupload" or name.endswith("postproc"))
    # CUDA and VA-API take neither all raw formats nor all that a JPEG decoder gives (4:2:2 planar).
    assert {"videoconvert", "videoconvertscale"} & set(names[names.index("videorate") : gpu])


def test_everything_on_one_gpu(scripts: Path) -> None:
    line = video_line(scripts, "av1-vaapi", "varenderD129av1enc")
    assert [e.name for e in line if e.name.startswith("va")] == ["varenderD129postproc", "varenderD129av1enc"]
    line = video_line(scripts, "av1-nvenc", "nvav1device1enc")
    assert next(e for e in line if e.name == "cudaupload").properties["cuda-device-id"] == "1"


@pytest.mark.parametrize(
    ("encoder", "element"),
    [
        ("h264-vaapi", "vaav1enc"),
        ("av1-vaapi", "x264enc"),
        ("h264-nvenc", "nvh264device0enc"),
        ("av1-nvenc", "nvh264enc"),
    ],
)
def test_element_of_another_kind_is_refused(scripts: Path, encoder: str, element: str) -> None:
    done = run_script(scripts / ENCODERS[encoder].script, "--print", ENCODER_ELEMENT=element)
    assert done.returncode == 2
    assert f'ENCODER_ELEMENT is "{element}"; use ' in done.stderr


def test_va_api_key_frame_distance_stays_in_range(scripts: Path) -> None:
    line = video_line(scripts, "h264-vaapi", "vah264enc", KEYFRAME_INTERVAL="60", FPS="240")
    coder = next(e for e in line if e.name == "vah264enc")
    assert int(coder.properties["key-int-max"]) == FACTS["vah264enc"]["properties"]["key-int-max"]["max"]
