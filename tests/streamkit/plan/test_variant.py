"""The image's variant follows the GPU that VA-API would encode on."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError
from streamkit.install.image import DRIVERS
from streamkit.plan.candidates import candidates, missing_hardware
from streamkit.plan.choose import make_plan
from streamkit.plan.variant import choose_variant
from tests.conftest import Host, MakeSettings

NODES = {"intel": "/dev/dri/renderD128", "amd": "/dev/dri/renderD129", "nvidia": "/dev/dri/renderD130"}


def gpu(vendor: str, encode: list[str] | None = None, **changed: Any) -> dict[str, Any]:
    """A ready GPU; ``encode``: what VA-API said of it, None where it could not be asked (no driver on the host)."""
    said = {"usable": True, "driver": "iHD", "encode": encode, "low_power_only": [], "error": None}
    return {
        "vendor": vendor,
        "pci_id": f"{vendor}:0001",
        "pci_slot": "0000:00:02.0",
        "render_node": NODES.get(vendor),
        "gid": 105,
        "name": None,
        "nvenc": None,
        "state": "ready",
        "reason": None,
        "va": None if encode is None else said,
        **changed,
    }


@pytest.mark.parametrize(
    ("gpus", "variant", "reason"),
    [
        ([], "cpu", "No Intel or AMD GPU was found"),
        ([gpu("intel", ["h264"])], "intel", "intel:0001 encodes by VA-API"),
        ([gpu("amd", ["h264", "av1"], name="Radeon 780M")], "amd", "Radeon 780M encodes by VA-API"),
        # A host without a VA driver of its own cannot say what its GPU encodes: the image's driver will.
        ([gpu("intel")], "intel", "encodes by VA-API"),
        ([gpu("nvidia")], "cpu", "by the container toolkit"),
        ([gpu("nvidia"), gpu("intel", ["h264"])], "intel", "intel:0001"),
        ([gpu("other")], "cpu", "No Intel or AMD GPU was found"),
        # Neither of these can encode.
        ([gpu("intel", [])], "cpu", "No Intel or AMD GPU here can encode"),
        ([gpu("amd", state="vfio", reason="kept for a virtual machine")], "cpu", "can encode by VA-API"),
        ([gpu("amd", ["h264"], render_node=None, va=None)], "cpu", "can encode by VA-API"),
        # The catalogue prefers AV1, and so does the variant.
        ([gpu("intel", ["h264"]), gpu("amd", ["h264", "av1"])], "amd", "amd:0001"),
    ],
)
def test_auto_follows_the_gpu(
    gpus: list[dict[str, Any]], variant: str, reason: str, host: Host, settings: MakeSettings
) -> None:
    chosen, why = choose_variant({**host("no_card"), "gpus": gpus}, settings())
    assert chosen == variant and chosen in DRIVERS
    assert reason in why


def test_named_variant_is_taken_and_its_gpu_is_the_named_one(host: Host, settings: MakeSettings) -> None:
    both = {**host("no_card"), "gpus": [gpu("intel", ["h264"]), gpu("amd", ["h264"])]}
    assert choose_variant(both, settings())[0] == "intel"
    assert choose_variant(both, settings(render_node=NODES["amd"]))[0] == "amd"
    assert choose_variant(both, settings(image_variant="cpu")) == ("cpu", "streamkit_image_variant is 'cpu'.")


def test_encoder_whose_driver_the_named_image_lacks_is_no_candidate(host: Host, settings: MakeSettings) -> None:
    hardware = {**host("no_card"), "gpus": [gpu("intel", ["h264", "av1"])]}
    assert any(one.needs == "vaapi" for one in candidates(hardware, settings()))
    without = settings(image_variant="cpu")
    assert not any(one.needs == "vaapi" for one in candidates(hardware, without))
    assert missing_hardware(ENCODERS["h264-vaapi"], hardware, without) == (
        "streamkit_image_variant is 'cpu', and that image has no driver for the intel GPU"
    )
    with pytest.raises(BadInputError, match="'h264-vaapi', but streamkit_image_variant is 'cpu'"):
        make_plan(hardware, {**without, "encoder": "h264-vaapi"})


def test_plan_says_which_and_why(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings())
    assert plan["image_variant"] == "intel"
    assert plan["image_variant_reason"] == "8086:46d1 encodes by VA-API: its driver is in the image."
