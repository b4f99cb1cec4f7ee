"""What is tried: the settings that may differ, the values each may have, and the candidates made of them.  Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from streamkit.config import SETTINGS, Value
from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError
from streamkit.render.speeds import steps
from streamkit.video import parse_size

BUFFERS = re.compile(r"max-size-buffers=\d+")
TIME = re.compile(r"max-size-time=\d+")
SVT_QUEUE_NS = 1_500_000_000
"""SVT-AV1 reports 1.25 s of latency, and a queue that holds less than is reported starves the sink."""
SLOWER_STEPS = 2
BITRATES = 4
BITRATE_STEP_KBPS = 100


@dataclass(frozen=True)
class Profile:
    """The load that is tuned for: encoder's id, height of the encoded picture, bitrate in kbit/s."""

    encoder: str
    height: int
    bitrate_kbps: int


@dataclass(frozen=True)
class Knob:
    """One setting and its values, the one in force without tuning first."""

    setting: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Candidate:
    """A set of settings, of which only those are named that differ from the guide's defaults."""

    changes: tuple[tuple[str, Value], ...] = ()

    @property
    def name(self) -> str:
        """What it is called in records and tables."""
        return ", ".join(f"{setting} {in_short(value)}" for setting, value in self.changes) or "defaults"


DEFAULTS = Candidate()


def in_short(value: Value) -> str:
    """Return a value as it is shown: a queue by what is changed in it."""
    sizes = dict(re.findall(r"max-size-(buffers|time)=(\d+)", str(value)))
    if not sizes:
        return str(value)
    return f"{sizes['buffers']} buffers" if int(sizes["buffers"]) else f"{int(sizes['time']) / 1e9:g} s"


def profile_of(settings: Mapping[str, Value]) -> Profile:
    """Return the load that settings describe.  Raises BadInputError where one of them is left to a plan."""
    for name in ("encoder", "resolution", "bitrate_kbps"):
        if settings[name] in ("auto", 0):
            raise BadInputError(
                f"{name} is {settings[name]!r} in the scenario, and tuning needs to know the load; give its value there."
            )
    encoder, bitrate = str(settings["encoder"]), int(settings["bitrate_kbps"])
    return Profile(encoder, parse_size(str(settings["resolution"]))[1], bitrate)


def knobs(profile: Profile, bitrates: tuple[int, int] | None = None, faster: bool = False) -> tuple[Knob, ...]:
    """Return what may differ under a load.

    Queues and slower steps of the encoder leave the picture as it is or make it better.  What may make it worse is
    tried only where it is allowed: ``faster`` steps of the encoder, and ``bitrates`` (lowest and highest, kbit/s).
    Raises BadInputError where those are not a range of allowed bitrates.
    """
    encoder = ENCODERS[profile.encoder]
    slower, faster_steps = steps(encoder)
    speeds = (0, *range(-1, max(slower, -SLOWER_STEPS) - 1, -1), *(range(1, faster_steps + 1) if faster else ()))
    found = [
        _queue(video_queue(profile.height), 1, 2, 3),
        _queue("queue_audio", 5),
        _coded(encoder.element),
        Knob("encoder_speed", speeds),
    ]
    if bitrates:
        found.append(Knob("bitrate_kbps", _spread(profile.bitrate_kbps, *bitrates)))
    return tuple(knob for knob in found if len(knob.values) > 1)


def video_queue(height: int) -> str:
    """Return the queue of raw video that a script takes for a picture of this height."""
    return f"queue_video_{'low' if height <= 720 else 'mid' if height <= 1080 else 'high'}_res"


def _queue(setting: str, *buffers: int) -> Knob:
    own = str(SETTINGS[setting].default)
    return Knob(setting, (own, *(BUFFERS.sub(f"max-size-buffers={number}", own) for number in buffers)))


def _coded(element: str) -> Knob:
    if element != "svtav1enc":
        return _queue("queue_rtp", 1, 2, 3)
    own = str(SETTINGS["queue_coded"].default)
    return Knob("queue_coded", (own, TIME.sub(f"max-size-time={SVT_QUEUE_NS}", own)))


def _spread(own: int, low: int, high: int) -> tuple[int, ...]:
    for option, given in (("--bitrate-from", low), ("--bitrate-to", high)):
        try:
            SETTINGS["bitrate_kbps"].check(given or None)
        except (ValueError, TypeError):
            raise BadInputError(f"{option} is {given}; use a whole number from 100 to 100000 kbit/s.") from None
    if low > high:
        raise BadInputError(f"--bitrate-from {low} is more than --bitrate-to {high}; exchange them.")
    between = (low + (high - low) * number / (BITRATES - 1) for number in range(1, BITRATES - 1))
    rounded = {round(one / BITRATE_STEP_KBPS) * BITRATE_STEP_KBPS for one in between}
    return (own, *sorted({low, high, *(one for one in rounded if low < one < high)} - {own}))


def candidates(found: tuple[Knob, ...], count: int, seed: int) -> list[Candidate]:
    """Return up to ``count`` different candidates, the defaults first.

    Then each single change, in an order that the seed gives; then mixtures.  Equal arguments give an equal list.
    """
    chance = random.Random(seed)
    single = [Candidate(((knob.setting, value),)) for knob in found for value in knob.values[1:]]
    chance.shuffle(single)
    chosen = [DEFAULTS, *single][:count]
    seen = set(chosen)
    # Nearly all mixtures of a small space are found in so many draws; which of them are missing does not matter.
    for _ in range(100 * count):
        if len(chosen) == count:
            break
        drawn = ((knob, chance.choice(knob.values)) for knob in found)
        mixed = Candidate(tuple((knob.setting, value) for knob, value in drawn if value != knob.values[0]))
        if mixed not in seen:
            seen.add(mixed)
            chosen.append(mixed)
    return chosen


def size(found: tuple[Knob, ...]) -> int:
    """Return how many candidates there are altogether."""
    product = 1
    for knob in found:
        product *= len(knob.values)
    return product
