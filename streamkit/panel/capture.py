"""What the capture card does, in one word and a sentence.  Pure but for the clock of ``Arrival``.

From what supervisor and launcher say and what the release knows of the card: the device itself is never touched here,
for a panel must not be able to disturb the stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from streamkit.config import defaults
from streamkit.documents import Document
from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError
from streamkit.plan.capture import usb2_limit
from streamkit.plan.target import ladder_for
from streamkit.video import parse_mode

SILENT_AFTER_S = 3.0
"""No source is this slow; a card that has not given a frame for as long has no signal."""
NOT_STREAMING = frozenset({"stopped", "stopping", "failed", "backoff", "unknown"})


class Arrival:
    """Follows the count of captured frames from sample to sample, to see whether frames still come."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._run: object = None
        self._captured = 0
        self._at = 0.0

    def frames_come(self, live: Mapping[str, Any] | None) -> bool | None:
        """Return whether frames come; None while it cannot be told.  ``live`` is launch.json, None where it is stale."""
        if live is None:
            self._run = None
            return None
        video = live.get("video")
        video = video if isinstance(video, dict) else {}
        captured = video.get("captured")
        captured = captured if isinstance(captured, int) else 0
        now = self._monotonic()
        if live.get("pid") != self._run:
            self._run, self._captured, self._at = live.get("pid"), captured, now
            uptime_s = live.get("uptime_s")
            if captured == 0:
                long = isinstance(uptime_s, int | float) and uptime_s >= SILENT_AFTER_S
                # Its beginning was not seen here: the launcher's own clock tells how long nothing has come.
                self._at = now - SILENT_AFTER_S if long else now
                return False if long else None
            return None if video.get("fps") is None else video["fps"] > 0
        if captured != self._captured:
            self._captured, self._at = captured, now
            return True
        if now - self._at >= SILENT_AFTER_S:
            return False
        return None if captured == 0 else True


def capture_state(
    supervisor: Mapping[str, Any], frames_come: bool | None, limit: str, mode_reason: str
) -> Document | None:
    """Return {"state", "mode", "reason"}; None where the supervisor has not said what the source is.

    ``state`` is one of: ok; usb2 (ok, but ``limit`` says what USB 2 costs); no_signal; waiting (for the card, and
    nothing is streamed); no_device (the test picture stands in); test (a person chose it); starting; idle (nothing runs).
    ``mode_reason`` is the plan's.  ``mode`` is what the card is asked for, null where there is none.
    """
    source, stream = supervisor.get("source"), supervisor.get("stream")
    if not isinstance(source, dict) or not isinstance(stream, dict):
        return None
    settings = supervisor.get("settings")
    settings = settings if isinstance(settings, dict) else {}
    if source.get("video") != "v4l2":
        stands_in = _setting(settings, "source")[1] in ("plan", "default")
        return {"state": "no_device" if stands_in else "test", "mode": None, "reason": source.get("reason") or ""}
    mode, state = _setting(settings, "capture_mode")[0] or None, stream.get("state")
    if state == "waiting":
        return {"state": "waiting", "mode": mode, "reason": stream.get("reason") or ""}
    if state in NOT_STREAMING:
        return {"state": "idle", "mode": mode, "reason": ""}
    if frames_come is False:
        card = source.get("card") or "The capture card"
        reason = f"{card} gives no frames: is its source switched on, and the cable in? HDCP may also keep them back."
        return {"state": "no_signal", "mode": mode, "reason": reason}
    if frames_come is None:
        return {"state": "starting", "mode": mode, "reason": ""}
    return {"state": "usb2" if limit else "ok", "mode": mode, "reason": limit or mode_reason}


def usb2_sentence(supervisor: Mapping[str, Any], hardware: Mapping[str, Any], inventory: Mapping[str, Any]) -> str:
    """Return what USB 2 costs this card, "" where it costs nothing or nothing is known.

    Judged as the plan does: by the best that the inventory leaves open.
    """
    source, settings = supervisor.get("source"), supervisor.get("settings")
    if not isinstance(source, dict) or not isinstance(settings, dict) or source.get("video") != "v4l2":
        return ""
    encoder = ENCODERS.get(str(_setting(settings, "encoder")[0]))
    devices = hardware.get("video_devices")
    cards = [one for one in devices if isinstance(one, dict)] if isinstance(devices, list) else []
    device = next((one for one in cards if one.get("card") == source.get("card")), None)
    if device is None or encoder is None:
        return ""
    try:
        mode = parse_mode(str(_setting(settings, "capture_mode")[0]))
        size, fps = ladder_for(encoder, {**defaults(), **inventory}, with_card=True)[0]
    except (BadInputError, ValueError):
        return ""
    return usb2_limit(device, mode, size, fps)


def _setting(settings: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    """Return (value, origin) of a setting as supervisor.json holds it."""
    entry = settings.get(name)
    return (entry.get("value"), entry.get("origin")) if isinstance(entry, dict) else (None, None)
