"""A host that is made up: every candidate has a known delay, runs scatter around it, and the machine drifts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from streamkit.config import SETTINGS, Value
from streamkit.errors import StreamkitError

SETTINGS_OF_LOAD: dict[str, Value] = {"encoder": "x264", "resolution": "1280x720", "fps": "30", "bitrate_kbps": 3000}
CPU = {"cpu": "made up", "cores": 2, "kernel": "6.1", "image": "streamer:1", "image_digest": "sha256:1"}


def buffers(settings: Mapping[str, Value], name: str) -> int:
    """Return how many buffers a queue holds."""
    words = str(settings.get(name, SETTINGS[name].default))
    return int(re.findall(r"max-size-buffers=(\d+)", words)[0])


def delay_ms(settings: Mapping[str, Value]) -> float:
    """The law of this host: its best is a video queue of two buffers and one coded buffer, 14 ms under the defaults."""
    video, coded = buffers(settings, "queue_video_low_res"), buffers(settings, "queue_rtp")
    return (
        40
        + {5: 8, 3: 4, 2: 0, 1: 1}[video]
        + {5: 6, 3: 3, 2: 1, 1: 0}[coded]
        - 4 * int(settings.get("encoder_speed", 0))
    )


class Box:
    """Measures by the law, with noise (standard deviation, ms) and drift (ms per run); counts its runs.

    ``loses`` says of settings how much they lose, ``crashes`` whether they crash.
    """

    def __init__(
        self,
        noise_ms: float = 1.0,
        drift_ms: float = 0.05,
        law: Callable[[Mapping[str, Value]], float] = delay_ms,
        loses: Callable[[Mapping[str, Value]], float] = lambda settings: 0.0,
        crashes: Callable[[Mapping[str, Value]], bool] = lambda settings: False,
        seed: int = 1,
    ) -> None:
        self.noise_ms, self.drift_ms, self.law, self.loses, self.crashes = noise_ms, drift_ms, law, loses, crashes
        self.chance = random.Random(seed)
        self.runs: list[dict[str, Value]] = []
        self.now = 0.0
        self.stop_after: int | None = None
        self.overhead_s = 5.0

    def clock(self) -> float:
        """Return the seconds of this host's own time."""
        return self.now

    def measure(self, settings: Mapping[str, Value], seconds: float) -> tuple[dict[str, float | None], dict[str, Any]]:
        """Make one run."""
        if self.stop_after is not None and len(self.runs) == self.stop_after:
            self.stop_after = None
            raise KeyboardInterrupt
        self.runs.append(dict(settings))
        self.now += seconds + self.overhead_s
        if self.crashes(settings):
            raise StreamkitError("the stream ended with status 139")
        # A longer run knows its p99 better.
        scatter = self.chance.gauss(0, self.noise_ms * (10 / seconds) ** 0.5)
        figures: dict[str, float | None] = {
            "latency_p99_ms": self.law(settings) + self.drift_ms * len(self.runs) + scatter,
            "drop_percent": self.loses(settings),
            "unexplained_frames": 0,
            "audio_gaps": 0,
        }
        return figures, {"viewer": "made up"}
