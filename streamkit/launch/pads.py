"""Pad probes without PyGObject: the same C calls through ctypes, at a fifth of the cost for each frame.

PyGObject wraps pad, probe and buffer for every call, and CPython makes and frees a thread state whenever a thread
that is not its own calls in; together they cost 2 % of a core at 60 fps with four probes.  Here a probe gets the
address of the buffer, and each streaming thread keeps its state.  The structures are those of GStreamer's stable 1.x
ABI: gst/gstminiobject.h, gst/gstbuffer.h, gst/gstpad.h, gst/gstmemory.h, gst/video/gstvideometa.h.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_ulong, c_void_p
from typing import Any

DROP, OK, REMOVE = 0, 1, 2
"""GstPadProbeReturn."""
PROBE_BUFFER = 1 << 4
"""GST_PAD_PROBE_TYPE_BUFFER."""
DELTA_UNIT = 1 << 13
"""GST_BUFFER_FLAG_DELTA_UNIT: not a key frame."""
MAP_WRITE = 2
"""GST_MAP_WRITE."""
NONE = 2**64 - 1
"""GST_CLOCK_TIME_NONE and GST_BUFFER_OFFSET_NONE."""


class MiniObject(ctypes.Structure):
    """GstMiniObject."""

    _fields_ = (
        ("type", c_size_t),
        ("refcount", c_int),
        ("lockstate", c_int),
        ("flags", c_uint),
        ("copy", c_void_p),
        ("dispose", c_void_p),
        ("free", c_void_p),
        ("priv_uint", c_uint),
        ("priv_pointer", c_void_p),
    )


class Buffer(ctypes.Structure):
    """GstBuffer; its times are in ns."""

    _fields_ = (
        ("mini_object", MiniObject),
        ("pool", c_void_p),
        ("pts", c_uint64),
        ("dts", c_uint64),
        ("duration", c_uint64),
        ("offset", c_uint64),
        ("offset_end", c_uint64),
    )


class ProbeInfo(ctypes.Structure):
    """The beginning of GstPadProbeInfo."""

    _fields_ = (("type", c_int), ("id", c_ulong), ("data", c_void_p))


class MapInfo(ctypes.Structure):
    """GstMapInfo."""

    _fields_ = (
        ("memory", c_void_p),
        ("flags", c_int),
        ("data", c_void_p),
        ("size", c_size_t),
        ("maxsize", c_size_t),
        ("user_data", c_void_p * 4),
        ("_reserved", c_void_p * 4),
    )


class VideoMeta(ctypes.Structure):
    """The beginning of GstVideoMeta: where the planes really are."""

    _fields_ = (
        ("meta_flags", c_int),
        ("meta_info", c_void_p),
        ("buffer", c_void_p),
        ("flags", c_int),
        ("format", c_int),
        ("id", c_int),
        ("width", c_uint),
        ("height", c_uint),
        ("n_planes", c_uint),
        ("offset", c_size_t * 4),
        ("stride", c_int * 4),
    )


CALLBACK = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)


def _library() -> ctypes.CDLL:
    core = ctypes.CDLL("libgstreamer-1.0.so.0")
    for name, arguments, result in (
        ("gst_pad_add_probe", (c_void_p, c_int, CALLBACK, c_void_p, c_void_p), c_ulong),
        ("gst_pad_remove_probe", (c_void_p, c_ulong), None),
        ("gst_buffer_get_size", (c_void_p,), c_size_t),
        ("gst_mini_object_make_writable", (c_void_p,), c_void_p),
        ("gst_buffer_map", (c_void_p, POINTER(MapInfo), c_int), c_int),
        ("gst_buffer_unmap", (c_void_p, POINTER(MapInfo)), None),
    ):
        function = getattr(core, name)
        function.argtypes, function.restype = arguments, result
    return core


def _video_library() -> ctypes.CDLL:
    video = ctypes.CDLL("libgstvideo-1.0.so.0")
    video.gst_buffer_get_video_meta.argtypes = (c_void_p,)
    video.gst_buffer_get_video_meta.restype = POINTER(VideoMeta)
    return video


CORE, VIDEO = _library(), _video_library()
buffer_size: Callable[[Any], int] = CORE.gst_buffer_get_size

_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.argtypes, _pointer_of.restype = (ctypes.py_object, c_char_p), c_void_p
_hold_thread_state = ctypes.pythonapi.PyGILState_Ensure


def address_of(gobject: Any) -> int:
    """Return the address of the C object behind a PyGObject wrapper."""
    return int(_pointer_of(gobject.__gpointer__, None))


class Probe:
    """A buffer probe on a pad; ``on_buffer(pad, info, None)`` gets addresses and returns OK or DROP."""

    def __init__(self, pad: Any, on_buffer: Callable[[int, int, None], int]) -> None:
        self._pad = pad
        # GStreamer keeps only the addresses; the objects have to live as long as the pad.
        self._callbacks = CALLBACK(_keep_thread), CALLBACK(on_buffer)
        for callback in self._callbacks:
            self._id = CORE.gst_pad_add_probe(address_of(pad), PROBE_BUFFER, callback, None, None)

    def remove(self) -> None:
        """Take the probe off; the object must be kept until its pad rests."""
        CORE.gst_pad_remove_probe(address_of(self._pad), self._id)


def _keep_thread(_pad: int, _info: int, _user: None) -> int:
    # Once for each pad.  One more than is released: the state of this streaming thread is kept, not made anew each time.
    _hold_thread_state()
    return REMOVE


Fields = c_uint64 * (ctypes.sizeof(Buffer) // 8)
"""A GstBuffer as numbers of 8 bytes: quicker to look at than the structure."""
PTS, DTS, OFFSET = Buffer.pts.offset // 8, Buffer.dts.offset // 8, Buffer.offset.offset // 8
FLAGS = MiniObject.flags.offset
DATA = ProbeInfo.data.offset
fields_at: Callable[[int], Any] = Fields.from_address
word_at: Callable[[int], Any] = c_uint.from_address
pointer_at: Callable[[int], Any] = c_void_p.from_address


class Mapped:
    """The bytes of the buffer of the ProbeInfo at an address, for writing; the buffer is copied first where somebody else holds it too.

    ``address`` and ``size`` are those of the bytes, ``meta`` says where the planes are (None: as the caps imply).
    Raises OSError when the memory cannot be mapped.
    """

    def __init__(self, address: int) -> None:
        info = ProbeInfo.from_address(address)
        info.data = CORE.gst_mini_object_make_writable(info.data)
        self._buffer = info.data
        self._map = MapInfo()
        if not CORE.gst_buffer_map(self._buffer, self._map, MAP_WRITE):
            raise OSError("the frame's memory cannot be written")
        found = VIDEO.gst_buffer_get_video_meta(self._buffer)
        self.meta: VideoMeta | None = found[0] if found else None
        self.address = int(self._map.data)
        self.size = int(self._map.size)

    def close(self) -> None:
        """Give the memory back."""
        CORE.gst_buffer_unmap(self._buffer, self._map)
