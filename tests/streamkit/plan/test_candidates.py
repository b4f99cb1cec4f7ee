"""Which encoders a host may try, and how its GPU and element are called."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.config import defaults
from streamkit.encoders import ENCODERS
from streamkit.plan.candidates import candidates, gpu_for, gpu_settings, missing_hardware

INTEL: dict[str, Any] = {
    "vendor": "intel",
    "pci_id": "8086:46d1",
    "render_node": "/dev/dri/renderD128",
    "state": "ready",
    "gid": 105,
}
AMD: dict[str, Any] = {
    "vendor": "amd",
    "pci_id": "1002:744c",
    "render_node": "/dev/dri/renderD129",
    "state": "ready",
    "gid": 105,
}
ADA: dict[str, Any] = {
    "vendor": "nvidia",
    "pci_id": "10de:2820",
    "render_node": None,
    "state": "ready",
    "gid": None,
    "nvenc": {"codecs": ["h264", "hevc", "av1"], "chip": "AD106", "reason": "AD106 has it"},
}
H200: dict[str, Any] = {
    **ADA,
    "pci_id": "10de:2335",
    "nvenc": {"codecs": [], "chip": "GH100", "reason": "GH100 has no encoder"},
}


def ids(*gpus: dict[str, Any], **changed: Any) -> list[str]:
    return [one.id for one in candidates({"gpus": list(gpus)}, {**defaults(), **changed})]


def test_hardware_is_tried_only_where_it_is() -> None:
    assert ids()[0] == "x264" and len(ids()) == 6
    assert ids(INTEL)[:2] == ["av1-vaapi", "h264-vaapi"]
    assert ids(ADA)[:2] == ["av1-nvenc", "h264-nvenc"]
    assert ids(INTEL, encoder="h264-vaapi") == ["h264-vaapi"]


def test_gpu_without_an_encoder_is_not_tried_and_says_why() -> None:
    assert ids(H200) == ids()
    assert "GH100 has no encoder" in missing_hardware(ENCODERS["av1-nvenc"], {"gpus": [H200]}, defaults())


def test_reserved_gpu_is_not_tried() -> None:
    reserved = {**INTEL, "state": "vfio", "reason": "it is bound to vfio-pci"}
    assert "vfio-pci" in missing_hardware(ENCODERS["h264-vaapi"], {"gpus": [reserved]}, defaults())


def test_gpu_of_a_pasted_description_counts_although_nobody_named_its_node() -> None:
    pasted = {
        **INTEL,
        "render_node": None,
        "va": {"usable": True, "driver": "iHD", "encode": ["h264"], "low_power_only": []},
    }
    assert "h264-vaapi" in ids(pasted) and "av1-vaapi" not in ids(pasted)
    encoder = ENCODERS["h264-vaapi"]
    assert gpu_settings(encoder, {"gpus": [pasted]}, gpu_for(encoder, {"gpus": [pasted]})) == {}
    assert ids({**INTEL, "render_node": None}) == ids(), "nothing shows that it can"


def test_driver_that_encodes_no_av1_is_believed() -> None:
    said = {**INTEL, "va": {"usable": True, "driver": "iHD", "encode": ["h264"], "low_power_only": [], "error": None}}
    assert "av1-vaapi" not in ids(said) and "h264-vaapi" in ids(said)


@pytest.mark.parametrize(
    ("gpus", "encoder", "node", "expected"),
    [
        ([INTEL], "h264-vaapi", "auto", {"render_node": "/dev/dri/renderD128", "h264_vaapi_element": "vah264enc"}),
        ([INTEL, AMD], "av1-vaapi", "/dev/dri/renderD129",
         {"render_node": "/dev/dri/renderD129", "av1_vaapi_element": "varenderD129av1enc"}),
        ([{**INTEL, "va": {"usable": True, "driver": "iHD", "encode": ["h264"], "low_power_only": ["h264"]}}],
         "h264-vaapi", "auto", {"render_node": "/dev/dri/renderD128", "h264_vaapi_element": "vah264lpenc"}),
        ([ADA], "av1-nvenc", "auto", {"cuda_device": "0", "av1_nvenc_element": "nvav1enc"}),
        ([H200, ADA], "av1-nvenc", "auto", {"cuda_device": "1", "av1_nvenc_element": "nvav1enc"}),
        ([INTEL], "x264", "auto", {}),
    ],
)  # fmt: skip
def test_element_is_named_after_its_gpu(
    gpus: list[dict[str, Any]], encoder: str, node: str, expected: dict[str, str]
) -> None:
    hardware = {"gpus": gpus}
    gpu = gpu_for(ENCODERS[encoder], hardware, node)
    assert gpu_settings(ENCODERS[encoder], hardware, gpu) == expected
