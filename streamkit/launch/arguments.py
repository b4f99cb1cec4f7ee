"""What streamkit-launch was asked to do.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamkit.errors import BadInputError

HELP = """usage: streamkit-launch [--paint-timecode] WORD...

Runs a gst-launch-1.0 pipeline and adds the stream key from STREAM_KEY_FILE (never an argument), low delay inside
the WebRTC sink, and the drop ledger and live figures once a second in STREAMKIT_LAUNCH_FILE.

  --paint-timecode  write frame number and capture time into the top left corner of each raw frame, for measuring;
                    works where raw frames are in system memory as I420, NV12 or YUY2; PAINT_TIMECODE=1 asks for
                    the same where a script stands in between; costs about 0.5 ms for each frame, 4 % of a core at
                    720p60

Environment:
  STREAMKIT_LAUNCH_FILE  where the figures go; none without it
  STREAM_KEY_FILE        file that holds the stream key
  MAX_FRAME_AGE_MS       a raw frame older than this is dropped in front of the encoder and counted as late;
                         two frame periods for auto, or unless set; 0: never late
  PLAYOUT_DELAY          none, or unset: viewers by WHEP are asked to show each frame as it comes;
                         receiver: they hold frames back as they think right
  SINK_WAITS             1: the sink waits for the clock as it does under gst-launch-1.0, for measuring what that costs

Signals:
  SIGTERM, SIGINT  end in order
  SIGHUP           tear the sink down and build it anew; the capture card and the encoder go on

Exit codes: 0 ended because it was told to; 1 the pipeline failed or ended by itself; 2 it cannot be built."""

PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_:-]*=")
LONGEST_AGE_MS = 60_000.0


@dataclass(frozen=True)
class Options:
    """The command line and the environment, read and checked."""

    words: tuple[str, ...]
    paint_timecode: bool
    max_frame_age_ms: float | None
    figures_file: Path | None
    key_file: Path | None
    sink_waits: bool = False
    no_playout_delay: bool = True


def read_options(argv: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Return the options of ``argv`` (without the program's name).  Raises BadInputError."""
    asked = bool(argv) and argv[0] == "--paint-timecode"
    words = tuple(argv[1:] if asked else argv)
    if not words:
        raise BadInputError("There are no words of a pipeline; streamkit-launch --help shows what it takes.")
    if words[0].startswith("-"):
        raise BadInputError(f"streamkit-launch does not know the option {words[0]}; --help lists those it knows.")
    file, key = environment.get("STREAMKIT_LAUNCH_FILE"), environment.get("STREAM_KEY_FILE")
    return Options(
        words=words,
        paint_timecode=asked or _is_on("PAINT_TIMECODE", environment.get("PAINT_TIMECODE", "")),
        max_frame_age_ms=_age_ms(environment.get("MAX_FRAME_AGE_MS", "")),
        figures_file=Path(file) if file else None,
        key_file=Path(key) if key else None,
        sink_waits=_is_on("SINK_WAITS", environment.get("SINK_WAITS", "")),
        no_playout_delay=_no_playout_delay(environment.get("PLAYOUT_DELAY", "")),
    )


def _is_on(name: str, text: str) -> bool:
    if text not in ("", "0", "1"):
        raise BadInputError(f'{name} is "{text}"; use 1 or 0.')
    return text == "1"


def _no_playout_delay(text: str) -> bool:
    if text not in ("", "none", "receiver"):
        raise BadInputError(f'PLAYOUT_DELAY is "{text}"; use none or receiver.')
    return text != "receiver"


def _age_ms(text: str) -> float | None:
    if text in ("", "auto"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_AGE_MS:
        raise BadInputError(
            f'MAX_FRAME_AGE_MS is "{text}"; use milliseconds from 0 (never late) to {LONGEST_AGE_MS:.0f}, '
            "or auto for two frame periods."
        )
    return value


def words_of(name: str, words: Sequence[str]) -> list[str]:
    """Return the words that make the element called ``name``: its factory and properties; empty if there is none."""
    if f"name={name}" not in words:
        return []
    start = end = words.index(f"name={name}")
    while start > 0 and PROPERTY.match(words[start]):
        start -= 1
    while end < len(words) and PROPERTY.match(words[end]):
        end += 1
    return list(words[start:end])
