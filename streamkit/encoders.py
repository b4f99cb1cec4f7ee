"""The catalogue of encoders: what each is called, which script runs it, and what it needs.

Order is the order of preference of an unprobed plan among those a host can run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Encoder:
    """One encoder of the guide.

    ``needs`` names the hardware: "" (software), "nvidia" or "vaapi".  ``size`` is the fixed output (width, height)
    of a script that scales down, else None.  ``unprobed_reason`` says why a plan made without a trial encode
    does not choose it; empty: it may be chosen.
    """

    id: str
    script: str
    codec: str
    element: str
    title: str
    needs: str = ""
    size: tuple[int, int] | None = None
    unprobed_reason: str = ""


_UNTRIED = "{} is not chosen without a trial encode in the container, which this version does not run yet"

_CATALOGUE = (
    Encoder("av1-nvenc", "stream-av1-nvenc.sh", "av1", "nvav1enc", "AV1 on NVIDIA NVENC", needs="nvidia",
            unprobed_reason=_UNTRIED.format("NVENC")),
    Encoder("h264-nvenc", "stream-nvenc.sh", "h264", "nvh264enc", "H.264 on NVIDIA NVENC", needs="nvidia",
            unprobed_reason=_UNTRIED.format("NVENC")),
    Encoder("av1-vaapi", "stream-av1-vaapi.sh", "av1", "vaav1enc", "AV1 on Intel or AMD (VA-API)", needs="vaapi",
            unprobed_reason=_UNTRIED.format("VA-API")),
    Encoder("h264-vaapi", "stream.sh", "h264", "vah264enc", "H.264 on Intel or AMD (VA-API)", needs="vaapi",
            unprobed_reason=_UNTRIED.format("VA-API")),
    Encoder("x264", "stream-x264.sh", "h264", "x264enc", "H.264 in software (x264)"),
    Encoder("vp9", "stream-vp9.sh", "vp9", "vp9enc", "VP9 in software (libvpx)",
            unprobed_reason="costs more CPU than x264 at the same size"),
    Encoder("av1-1080p-downscale", "stream-1080p-downscale.sh", "av1", "av1enc", "AV1 in software (libaom), scaled to 1080p",
            size=(1920, 1080), unprobed_reason="AV1 in software at 1080p needs more CPU than most hosts have"),
    Encoder("av1-optiplex", "stream-av1-optiplex.sh", "av1", "svtav1enc", "AV1 in software (SVT-AV1), scaled to 720p",
            size=(1280, 720), unprobed_reason="SVT-AV1 adds over a second of delay as GStreamer drives it"),
    Encoder("av1-svt", "stream-av1-svt.sh", "av1", "svtav1enc", "AV1 in software (SVT-AV1)",
            unprobed_reason="SVT-AV1 adds over a second of delay as GStreamer drives it"),
    Encoder("av1-rav1e", "stream-av1.sh", "av1", "rav1enc", "AV1 in software (rav1e)",
            unprobed_reason="rav1e keeps about ten frames of look-ahead"),
)  # fmt: skip

ENCODERS: dict[str, Encoder] = {encoder.id: encoder for encoder in _CATALOGUE}
