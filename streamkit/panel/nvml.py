"""How busy an NVIDIA GPU is, asked of the driver's own library (NVML) where the container has it.

Signatures and units are those of NVIDIA's NVML API reference; every call returns 0 for success.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
NAME_BYTES = 96
"""NVML_DEVICE_NAME_V2_BUFFER_SIZE."""
TRY_AGAIN_S = 60.0


@dataclass(frozen=True)
class NvmlLoad:
    """The GPU's name, and how busy its encoder and its shaders are in percent; None where the GPU does not say."""

    name: str
    video_percent: float | None
    render_percent: float | None


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Nvml:
    """One GPU by its index, which is that of the PCI slots.  ``open_library`` is replaced by tests."""

    def __init__(
        self,
        open_library: Callable[[str], Any] = ctypes.CDLL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_library = open_library
        self._monotonic = monotonic
        self._library: Any = None
        self._index: int | None = None
        self._device = ctypes.c_void_p()
        self._name = ""
        self._try_at = -float("inf")

    def load(self, index: int) -> NvmlLoad | None:
        """Return how busy GPU ``index`` is; None without the library or the GPU (asked again a minute later)."""
        if index != self._index:
            self._index, self._name, self._try_at = index, "", -float("inf")
        if not self._name and self._monotonic() >= self._try_at:
            self._try_at = self._monotonic() + TRY_AGAIN_S
            self._name = self._open(index)
        if not self._name:
            return None
        rates = _Utilization()
        encoder, period_us = ctypes.c_uint(), ctypes.c_uint()
        render = self._ask("nvmlDeviceGetUtilizationRates", self._device, ctypes.byref(rates))
        video = self._ask(
            "nvmlDeviceGetEncoderUtilization", self._device, ctypes.byref(encoder), ctypes.byref(period_us)
        )
        return NvmlLoad(self._name, float(encoder.value) if video else None, float(rates.gpu) if render else None)

    def _open(self, index: int) -> str:
        """Return the GPU's name, "" where there is none."""
        if self._library is None:
            try:
                library = self._open_library(LIBRARY)
            except OSError:
                return ""
            if library.nvmlInit_v2() != 0:
                return ""
            self._library = library
        name = ctypes.create_string_buffer(NAME_BYTES)
        if not self._ask("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(self._device)):
            return ""
        if not self._ask("nvmlDeviceGetName", self._device, name, ctypes.c_uint(NAME_BYTES)):
            return ""
        return name.value.decode("utf-8", "replace")

    def _ask(self, function: str, *arguments: Any) -> bool:
        """Call a function of the library; return whether it succeeded (an old library may lack it)."""
        try:
            return bool(getattr(self._library, function)(*arguments) == 0)
        except AttributeError:
            return False
