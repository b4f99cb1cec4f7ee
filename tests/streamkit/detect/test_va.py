"""VA-API, asked through vainfo."""

from __future__ import annotations

from collections.abc import Sequence

from streamkit.detect import va

IHD = """libva info: VA-API version 1.20.0
libva info: va_openDriver() returns 0
vainfo: VA-API version: 1.20 (libva 2.12.0)
vainfo: Driver version: Intel iHD driver for Intel(R) Gen Graphics - 24.1.0 ()
vainfo: Supported profile and entrypoints
      VAProfileH264Main               : VAEntrypointVLD
      VAProfileH264Main               : VAEntrypointEncSlice
      VAProfileAV1Profile0            : VAEntrypointEncSliceLP
"""


def test_one_render_node_is_asked() -> None:
    asked = []

    def run(arguments: Sequence[str]) -> str:
        asked.append(list(arguments))
        return IHD

    said = va.ask("/dev/dri/renderD129", run)
    assert asked == [["vainfo", "--display", "drm", "--device", "/dev/dri/renderD129"]]
    assert set(said) == set(va.FIELDS)
    assert (said["usable"], said["driver"], said["error"]) == (True, "iHD", None)
    assert (sorted(said["encode"]), said["low_power_only"]) == (["av1", "h264"], ["av1"])


def test_driver_that_fails_is_an_answer() -> None:
    text = "libva info: va_openDriver() returns -1\nvaInitialize failed with error code -1 (unknown libva error),exit\n"
    said = va.ask("/dev/dri/renderD128", lambda arguments: text)
    assert (said["usable"], said["encode"]) == (False, [])
    assert said["error"]
