"""V4L2 drivers played from what real ones answer, ioctl by ioctl."""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamkit import v4l2_abi as abi

CAPTURE = 0x04200001  # streaming, extended pixel format, video capture
Interval = tuple[int, int]


def bt_timings(width: int, height: int, clock_hz: int, blank_x: int, blank_y: int, interlaced: int = 0) -> bytes:
    """A v4l2_dv_timings with all blanking in the front porches."""
    head = struct.pack("<IIIIIQ", 0, width, height, interlaced, 0, clock_hz)
    return (head + struct.pack("<9I", blank_x, 0, 0, blank_y, 0, 0, 0, 0, 0)).ljust(132, b"\0")


HD_60 = bt_timings(1280, 720, 74_250_000, 370, 30)  # CTA-861 VIC 4
UVC_SIZES = ((1280, 720), (640, 480))
UVC_INTERVALS = ((1001, 60000), (1, 30))


@dataclass
class FakeCard:
    """A UVC card with two sizes unless told otherwise; ``refuse`` is {request: errno}."""

    driver: str = "uvcvideo"
    card: str = "USB3.0 Video: USB3.0 Vid"
    bus: str = "usb-0000:00:14.0-1"
    caps: int = CAPTURE
    formats: Sequence[tuple[str, str, int]] = (("YUYV", "YUYV 4:2:2", 0),)
    sizes: Sequence[tuple[int, int]] | tuple[int, ...] = UVC_SIZES
    intervals: Sequence[Interval] | tuple[int, ...] = UVC_INTERVALS
    inputs: Sequence[tuple[str, int, int]] = (("Camera 1", 0, 0),)
    active: int = 0
    received: bytes | None = None
    in_force: bytes | None = None
    size_in_force: tuple[str, int, int] | None = None
    interval_in_force: Interval | None = None
    refuse: Mapping[int, int] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)

    def __call__(self, descriptor: int, request: int, argument: bytes) -> bytes:
        self.calls.append(request)
        if request in self.refuse:
            raise OSError(self.refuse[request], "refused")
        answer = self._answer(request, struct.unpack_from("<I", argument)[0], argument)
        if answer is None:
            raise OSError(errno.EINVAL, "Invalid argument")
        assert len(answer) == len(argument), "the kernel fills the argument, it does not resize it"
        return answer

    def _answer(self, request: int, index: int, argument: bytes) -> bytes | None:
        if request == abi.QUERYCAP:
            names = self.driver.encode().ljust(16, b"\0") + self.card.encode()[:31].ljust(32, b"\0")
            names += self.bus.encode().ljust(32, b"\0")
            return names + struct.pack("<III12x", 0x060C00, self.caps | abi.CAP_DEVICE_CAPS, self.caps)
        if request == abi.G_INPUT and self.inputs:
            return struct.pack("<i", self.active)
        if request == abi.ENUMINPUT and index < len(self.inputs):
            name, status, capabilities = self.inputs[index]
            return struct.pack("<I32s20xII12x4x", index, name.encode(), status, capabilities)
        if request == abi.QUERY_DV_TIMINGS:
            return self.received
        if request == abi.G_DV_TIMINGS:
            return self.in_force
        if request == abi.ENUM_FMT and index < len(self.formats):
            code, description, flags = self.formats[index]
            return struct.pack("<III32s4s16x", index, argument[4], flags, description.encode(), code.encode())
        if request == abi.ENUM_FRAMESIZES:
            return self._listed(self.sizes, index, argument, 8)
        if request == abi.ENUM_FRAMEINTERVALS:
            return self._listed(self.intervals, index, argument, 16)
        if request == abi.G_FMT and self.size_in_force:
            code, width, height = self.size_in_force
            return (argument[:8] + struct.pack("<II4s", width, height, code.encode())).ljust(208, b"\0")
        if request == abi.G_PARM and self.interval_in_force:
            return (argument[:12] + struct.pack("<II", *self.interval_in_force)).ljust(204, b"\0")
        return None

    @staticmethod
    def _listed(entries: Sequence[object], index: int, argument: bytes, place: int) -> bytes | None:
        """Discrete pairs, or (kind, six numbers) for a range, which has one entry only."""
        if entries and isinstance(entries[0], int):
            packed = struct.pack("<7I", *entries) if index == 0 else None
        else:
            pair = entries[index] if index < len(entries) else None
            packed = struct.pack("<III", abi.DISCRETE, *pair) if isinstance(pair, tuple) else None
        return None if packed is None else (argument[:place] + packed).ljust(len(argument), b"\0")


def hdmi(**changed: object) -> FakeCard:
    """An HDMI input that receives 720p60."""
    facts: dict[str, object] = {
        "inputs": (("HDMI 000-0", 0, abi.IN_CAP_DV_TIMINGS), ("HDMI 000-1", 0, abi.IN_CAP_DV_TIMINGS)),
        "received": HD_60,
        "in_force": HD_60,
    }
    return FakeCard(**{**facts, **changed})  # type: ignore[arg-type]  # tests name the fields
