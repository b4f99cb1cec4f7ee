"""Why a text of ``vainfo`` lists no codec, in one short sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from streamkit.parse import noise
from streamkit.parse.vainfo_driver import Opening

_INITIALIZE = re.compile(r"vaInitialize failed with error code\s{1,4}(-?\d{1,9})(?:\s{1,4}\(([^()\n]{1,100})\))?")
_LIBRARY = re.compile(r"error while loading shared libraries:\s{0,4}(\S{1,100}?):")
_CRASH = re.compile(
    r"Segmentation fault|Speicherzugriffsfehler|Erreur de segmentation|Aborted|Abgebrochen|Abandon|core dumped|Bus error"
    r"|Assertion\b[^\n]{0,300}failed"
)
_DISPLAY = re.compile(r"failed to initialize display(?:\s{1,4}'([^'\n]{1,40})')?")
_DENIED = re.compile(
    r"Permission denied|Operation not permitted|Keine Berechtigung|Permission non accordée|Permiso denegado"
)
_NO_NAME = re.compile(
    r"vaGetDriverName(?:s|ByIndex)?\(\)\s{1,4}failed|va_getDriverName\(\)\s{1,4}(?:failed|returns\s{1,4}-?[1-9])"
    r"|driver_name\s{0,4}=\s{0,4}\(null\)"
)


def reason(text: str, tried: Sequence[Opening], profile_none: bool) -> str:
    """Return the most telling reason in cleaned ``text``; ``profile_none``: rows without a codec are listed."""
    if not text.strip():
        return "the text is empty"
    if not tried and noise.tool_is_missing(text, "vainfo"):
        return "vainfo is not installed"
    if library := _LIBRARY.search(text):
        return f"vainfo could not start: the library {library[1]} is missing"
    if any(opening.result == 0 for opening in tried) and not _INITIALIZE.search(text):
        return _crash(text) or _nothing_listed(text, profile_none)
    if failed := _drivers_failed(text, tried):
        return failed
    if profile_none:
        return _nothing_listed(text, profile_none)
    return _not_initialised(text)


def _drivers_failed(text: str, tried: Sequence[Opening]) -> str | None:
    said: dict[str, str] = {}
    failed = _INITIALIZE.search(text)
    for opening in tried:
        problem = opening.problem
        if not problem and opening.result is not None and opening.result != 0:
            # libva returns -1 (VA_STATUS_ERROR_UNKNOWN) where dlopen() found no file.
            problem = "could not be opened" if opening.result == -1 else "init failed"
        code = failed[1] if failed and opening.result is None else str(opening.result)
        if problem == "init failed" and code not in ("None", "-1"):
            problem += f" (error code {code})"
        if problem and opening.driver:
            said[opening.driver] = f"{opening.driver}_drv_video.so {problem}"
    if said:
        return "; ".join(said.values())
    if crash := _crash(text):
        return crash
    # Tried, no result shown, and the failure said so only in the end.
    named = [opening.driver for opening in tried if opening.driver]
    if named and _INITIALIZE.search(text):
        return f"{named[-1]}_drv_video.so could not be opened"
    return None


def _not_initialised(text: str) -> str:
    if _NO_NAME.search(text):
        return "libva knows no driver for this GPU or display"
    if failed := _INITIALIZE.search(text):
        return f"vaInitialize failed with error code {failed[1]}" + (f" ({failed[2]})" if failed[2] else "")
    denied = ": permission denied" if _DENIED.search(text) else ""
    if "Failed to open the given device" in text:
        return f"the given device could not be opened{denied}"
    if "DRM display for the given device" in text:
        return "the given device is no DRM device that libva can use"
    if display := _DISPLAY.search(text):
        return f"no display{f' {display[1]}' if display[1] else ''} could be opened{denied}"
    if crash := _crash(text):
        return crash
    if denied:
        return "no permission to open the GPU's device"
    if "connect to X server" in text or "Trying display" in text or "did not get DRM device" in text:
        return "no display could be opened"
    if re.search(r"Supported (?:profiles?|config)|Driver version", text):
        return _nothing_listed(text, profile_none=False)
    if re.search(r"libva|VA-?API|vainfo", text):
        return "the text shows no profile"
    return "the text is not vainfo's"


def _crash(text: str) -> str | None:
    return "vainfo crashed" if _CRASH.search(text) else None


def _nothing_listed(text: str, profile_none: bool) -> str:
    if profile_none:
        return "the driver lists no codec, only VAProfileNone"
    if re.search(r"Supported (?:profiles?|config)", text):
        return "the driver lists no profile"
    return "the text ends before the list of profiles"
