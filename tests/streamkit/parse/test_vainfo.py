"""Real outputs of vainfo, and the lines that are easily read wrongly."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from streamkit.parse import parse as parse_tool
from streamkit.parse import vainfo

FIXTURES = Path(__file__).parents[2] / "fixtures/parse/vainfo"
EXAMPLES = sorted(path.name for path in FIXTURES.iterdir())
ROW = "      VAProfileH264Main               : VAEntrypointEncSlice\n"
OPENED = "libva info: Trying to open /usr/lib/dri/{}_drv_video.so\nlibva info: va_openDriver() returns 0\n"


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_real_machines_printed(name: str) -> None:
    text = (FIXTURES / name / "output.txt").read_bytes().decode()
    assert parse_tool("vainfo", text) == json.loads((FIXTURES / name / "expect.json").read_text())


@pytest.mark.parametrize(
    ("words", "driver"),
    [
        ("Intel iHD driver for Intel(R) Gen Graphics - 23.1.6 ()", "iHD"),
        ("Intel iHD driver - 1.0.0", "iHD"),
        ("Intel i965 driver - 1.0.15", "i965"),
        ("Mesa Gallium driver 23.0.0-devel for Radeon RX 7900 XTX (gfx1100, LLVM 16.0.0)", "radeonsi"),
        ("Mesa Gallium driver 18.0.5 for AMD Radeon (TM) R9 200 Series (HAWAII / DRM 3.23.0)", "radeonsi"),
        ("Mesa Gallium driver 19.2.8 for AMD TURKS (DRM 2.50.0, LLVM 9.0.0)", "r600"),
        ("Mesa Gallium driver 21.3.5 for NV136", "nouveau"),
        ("Mesa Gallium driver 24.1.4 for virgl (AMD Radeon RX 6600 (radeonsi, navi23))", "virtio_gpu"),
        ("Mesa Gallium driver 23.2.1 for D3D12 (NVIDIA GeForce RTX 3080)", "d3d12"),
        ("Mesa Gallium driver 24.3.1 for zink Vulkan 1.3(AMD Radeon (RADV RENOIR))", "zink"),
        ("mesa gallium vaapi", None),
        ("VA-API NVDEC driver [direct backend]", "nvidia"),
        ("Splitted-Desktop Systems VDPAU backend for VA-API - 0.7.4", "vdpau"),
        ("v4l2-request", "v4l2_request"),
        ("<unknown>", None),
    ],
)
def test_the_driver_by_its_vendor_string(words: str, driver: str | None) -> None:
    assert vainfo.parse(f"vainfo: Driver version: {words}\n{ROW}")["driver"] == driver


def test_the_file_that_opened_names_the_driver_whatever_it_calls_itself() -> None:
    text = (
        OPENED.format("nvidia") + "vainfo: Driver version: Splitted-Desktop Systems VDPAU backend for VA-API - 0.7.4\n"
    )
    assert vainfo.parse(text + ROW)["driver"] == "nvidia"


def test_low_power_only_counts_every_profile_of_the_codec() -> None:
    text = ROW.replace("EncSlice", "EncSliceLP") + ROW.replace("H264Main", "H264High")
    assert vainfo.parse(text)["low_power_only"] == []
    assert vainfo.parse(ROW.replace("EncSlice", "EncSliceLP"))["low_power_only"] == ["h264"]


@pytest.mark.parametrize(
    "entrypoint", ["VAEntrypointFEI", "VAEntrypointStats", "VAEntrypointEncS", "VAEntrypointEncSliceX"]
)
def test_other_entry_points_do_not_encode(entrypoint: str) -> None:
    assert vainfo.parse(ROW.replace("VAEntrypointEncSlice", entrypoint))["encode"] == []


def test_a_name_cut_by_the_terminal_is_one_name() -> None:
    facts = vainfo.parse("VAProfileH264Main : VAEntrypointEncSlice\nLP\nVAProfileHE\nVCMain10 : VAEntryp\nointVLD\n")
    assert (facts["encode"], facts["low_power_only"], facts["decode"]) == (["h264"], ["h264"], ["hevc"])


def test_a_whole_name_is_not_glued_to_the_word_below() -> None:
    facts = vainfo.parse("VAProfileH264Main : VAEntrypointEncSlice\nL is the next line\n")
    assert (facts["encode"], facts["low_power_only"]) == (["h264"], [])


@pytest.mark.parametrize(
    "line",
    [
        "VAEntrypointEncSlice means that you can encode.",
        "Failed: VAProfileAV1Profile0 : VAEntrypointEncSlice",
        "VAProfileAV1Profile0 is missing, so is VAEntrypointEncSlice",
        "ls: nvidia_drv_video.so radeonsi_drv_video.so",
    ],
)
def test_a_sentence_below_the_list_is_not_part_of_it(line: str) -> None:
    assert vainfo.parse(f"{ROW}{line}\n") == vainfo.parse(ROW)


def test_names_without_prefixes_are_read_where_no_other_row_is() -> None:
    facts = vainfo.parse(
        "Profile        Entrypoint\nH264Main       VLD\nH264Main       EncSliceLP\nJPEGBaseline | EncPicture\n"
    )
    assert (facts["encode"], facts["decode"], facts["encode_still"]) == (["h264"], ["h264"], ["jpeg"])


def test_a_text_of_something_else_says_so() -> None:
    assert vainfo.parse("hello")["error"] == "the text is not vainfo's"
    assert vainfo.parse("hello")["driver"] is None


HOSTILE = {
    "rows": ROW,
    "entry points": "VAEntrypointVLD\n",
    "headings": "Supported profile Driver version ",
    "vendors": "Driver version: Mesa Gallium driver for AMD\n",
    "attempts": "Trying to open /a_drv_video.so ",
    "pieces": "V\n",
    "returns": "\r",
    "brackets": "\x1b[<",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_long_text_costs_in_proportion(piece: str) -> None:
    """Four times the text may take at most about four times as long: ten leaves room for a busy machine."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        vainfo.parse(text)
        return time.process_time() - start

    assert seconds(400_000) < 10 * max(min(seconds(100_000) for _ in range(2)), 0.02)


def test_any_text_gives_every_field() -> None:
    pieces = [
        ROW,
        OPENED,
        "VAProfile",
        "VAEntrypoint",
        "_drv_video.so",
        "Trying to open ",
        "\n",
        "\x00",
        "\x1b[",
        "é",
        "Driver version:",
    ]
    generator = random.Random(4)
    for _ in range(300):
        facts = vainfo.parse("".join(generator.choice(pieces) for _ in range(generator.randrange(30))))
        assert {"usable", "driver", "encode", "low_power_only", "decode", "encode_still"} <= set(facts)
        assert facts["usable"] != ("error" in facts)
        json.dumps(facts)
