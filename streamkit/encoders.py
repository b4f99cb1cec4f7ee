"""The catalogue of encoders: what each is called, which script runs it, and what it needs.

Order is the order of preference of an unprobed plan among those a host can run.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from streamkit.video import format_fps


@dataclass(frozen=True)
class Encoder:
    """One encoder of the guide.

    ``needs`` names the hardware: "" (software), "nvidia" or "vaapi".  ``size`` is the output (width, height) of a
    script that scales down, where nobody asks for another, else None.  ``unprobed_reason`` says why a plan made
    without a trial encode does not choose it; empty: it may be chosen.  ``delay_frames``: how many frames the element holds back with the
    settings of its script (encoder's sink pad to its source pad, measured with a live source); 0: fewer than one.
    """

    id: str
    script: str
    codec: str
    element: str
    title: str
    needs: str = ""
    size: tuple[int, int] | None = None
    unprobed_reason: str = ""
    delay_frames: int = 0

    @property
    def low_latency(self) -> bool:
        """Whether somebody can play over it: a frame leaves before the next one comes."""
        return self.delay_frames == 0


def delay_sentence(encoder: Encoder, fps: Fraction) -> str:
    """Say what the frames that an encoder holds back cost at a rate; an empty string where it holds none."""
    if encoder.low_latency:
        return ""
    delay_ms = round(encoder.delay_frames * 1000 / fps)
    return (
        f"{encoder.title} holds {encoder.delay_frames} frames back, {delay_ms} ms at {format_fps(fps)} frames per "
        "second: good for watching, too late for playing over the same screen."
    )


_UNTRIED = "{} is not chosen without a trial encode in the container"
_HELD = "{} holds {} frames back, which is too late for playing over the same screen"

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
            size=(1280, 720), unprobed_reason=_HELD.format("SVT-AV1", 6), delay_frames=6),
    Encoder("av1-svt", "stream-av1-svt.sh", "av1", "svtav1enc", "AV1 in software (SVT-AV1)",
            unprobed_reason=_HELD.format("SVT-AV1", 6), delay_frames=6),
    Encoder("av1-rav1e", "stream-av1.sh", "av1", "rav1enc", "AV1 in software (rav1e)",
            unprobed_reason=_HELD.format("rav1e", 13), delay_frames=13),
)  # fmt: skip

ENCODERS: dict[str, Encoder] = {encoder.id: encoder for encoder in _CATALOGUE}


def element_setting(encoder: Encoder) -> str | None:
    """Return the setting that names a hardware encoder's GStreamer element; None for software."""
    return encoder.id.replace("-", "_") + "_element" if encoder.needs else None


def va_element(codec: str, node: str, first_node: str, low_power: bool) -> str:
    """Return the VA-API encoder for ``codec`` ("h264" or "av1") on the GPU at ``node`` (``/dev/dri/renderD129``).

    ``first_node`` is the first node, by name, that VA-API can open; nodes without a VA driver do not count.  It alone
    has the plain names, every other GPU its node's name in them (GStreamer 1.26, sys/va: gstvadevice_linux.c,
    gst_va_create_feature_name).  ``low_power``: only the entry point VAEntrypointEncSliceLP is there.
    """
    gpu = "" if node == first_node else node.rpartition("/")[2]
    return f"va{gpu}{codec}{'lp' if low_power else ''}enc"


def nvenc_element(codec: str, position: int) -> str:
    """Return the NVENC encoder for ``codec`` on one GPU.

    ``position`` counts from 0 among the GPUs that have NVENC for this very codec, in CUDA's order: one without it
    takes no number (GStreamer 1.26, sys/nvcodec: gst_nv_h264_encoder_register).
    """
    return f"nv{codec}enc" if position == 0 else f"nv{codec}device{position}enc"
