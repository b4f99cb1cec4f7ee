"""How near the picture that a viewer sees is to the one that was encoded: PSNR of luma, and the bitrate that it took.

The scenario streams rings whose every picture is known from its number (bench/stream/rings.py), a real Chromium watches
and keeps whole pictures as its decoder gave them, and the container makes the same pictures once more, unencoded.  Painted
numbers say which belong together, but for a constant: frames may be lost before they are painted.  So each picture is
held against all of the reference, and all must say the same constant unless the ledger lost frames meanwhile.  A picture
that is too coarse to say any takes that of the others.

Pictures that never came are no part of it (``bench measure drops`` counts those); nor is colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.measure.panel.contestants import status_of
from bench.measure.psnr import Match, match_all, mean_db, offsets, plane
from bench.measure.suites import Details, Figures, Options
from bench.scenario import Scenario
from bench.stream import frames as account_of
from bench.stream.capabilities import bounding_set
from bench.stream.container import started
from bench.stream.frames import Frames
from bench.stream.reference import Reference, make_reference
from bench.stream.rings import PERIOD_FRAMES
from bench.stream.run import Measured, run_started
from bench.viewer.picture import Keep
from bench.viewer.score import score
from bench.viewer.watch import ViewerResult
from bench.viewer.watch import measure as watch_in_browser
from streamkit.errors import BadInputError

SECONDS = 30.0
WARMUP_S = 10.0
"""A sink that steers its bitrate begins low."""
PICTURES, FEWEST = 40, 10
"""How many pictures are kept, and of how many it must be clear by themselves which they are."""
UNREADABLE_PERCENT = 5.0
"""Of pictures whose time code cannot be read: with more of them, those that can be are no fair choice."""
BEFORE_PAINTING = ("capture", "late", "rate", "queue")
SOFTWARE = ("--disable-accelerated-video-decode",)
"""H.264 decodes to the same samples everywhere, but a GPU may hand them over as RGB."""


@dataclass(frozen=True)
class Quality:
    """What the kept pictures say: ``psnr_db``, or None with the ``reason`` in a sentence."""

    psnr_db: float | None
    matches: tuple[Match, ...] = ()
    reason: str = ""


def measure(scenario: Scenario, options: Options) -> tuple[Figures, Details]:
    """Watch a scenario's rings once.  Raises BadInputError for a card, UnavailableError, CrashedError."""
    from bench.stream.prepare import prepare  # here: it needs the renderer, which a managed host has not

    if scenario.source == "card":
        raise BadInputError(
            f"The scenario {scenario.name} takes its picture from a card, and what that should look like is not known; "
            "measure quality with source: test."
        )
    prepared = prepare(scenario, capabilities=tuple(bounding_set()), rings=True)
    seconds = options.seconds or SECONDS
    keep = Keep(every(prepared.offered_fps * seconds), PICTURES)

    def watch(address: str, watched_s: float, warmup_s: float) -> ViewerResult:
        return watch_in_browser(address, watched_s, warmup_s, flags=SOFTWARE, keep=keep)

    with status_of(prepared.panel) as status, started(prepared, status) as running:
        options.tell(f"{scenario.name}: streams rings at {prepared.offered_fps:g} fps")
        run = run_started(running, seconds, WARMUP_S, "idle", watch)
        reference = make_reference(running)
    assert run.result is not None
    found = judged(run.result, reference, run.frames)
    if found.reason:
        options.tell(f"{scenario.name}: {found.reason}")
    return figures_of(found, run.result), details_of(found, run, reference)


def every(frames: float, most: int = PICTURES) -> int:
    """Return which every so-many-th of ``frames`` pictures to keep: a prime above 5.

    Key frames come at round distances and the rings come again after a power of two; a prime meets all places of both.
    """
    number = max(int(frames / most), 7)
    while any(number % divisor == 0 for divisor in range(2, number)):
        number += 1
    return number


def judged(result: ViewerResult, reference: Reference, frames: Frames) -> Quality:
    """Return the PSNR of the kept pictures, or why there is none."""
    kept = result.kept
    pictures = kept.pictures if kept is not None else ()
    size = (reference.width, reference.height)
    sizes = {(one.width, one.height) for one in pictures}
    if result.width and result.height:
        sizes.add((result.width, result.height))
    if others := sizes - {size}:
        shown = " and ".join(f"{width}x{height}" for width, height in sorted(others))
        return _unknown(
            f"The viewer got {shown} in place of {size[0]}x{size[1]}, and pictures of two sizes do not compare."
        )
    if kept is not None and kept.refused:
        return _unknown(kept.refused)
    seen = score(result.samples)
    unreadable = 100 * seen.unreadable / seen.samples if seen.samples else 0.0
    if unreadable > UNREADABLE_PERCENT:
        return _unknown(f"Of the pictures {unreadable:.0f} % had no readable time code; which they are is not known.")
    if len(pictures) < FEWEST:
        return _unknown(f"Only {len(pictures)} pictures were kept, {FEWEST} are the fewest; measure longer.")
    planes = [plane(luma, *size) for luma in reference.lumas]
    matches = tuple(match_all([one.frame for one in pictures], [plane(one.luma, *size) for one in pictures], planes))
    reason = why_not(matches, frames)
    return Quality(None if reason else mean_db(matches), matches, reason)


def _unknown(reason: str) -> Quality:
    return Quality(None, (), reason)


def why_not(matches: Sequence[Match], frames: Frames) -> str:
    """Return why it is not sure which pictures belong together; empty where it is."""
    sure = sum(one.is_sure for one in matches)
    if sure < FEWEST or 2 * sure < len(matches):
        return (
            f"Only {sure} of {len(matches)} pictures are clear enough to tell which of the encoded ones they are; give a higher "
            "bitrate."
        )
    found = set(offsets(matches, PERIOD_FRAMES))
    if len(found) > 1 and not sum(frames.lost[stage] for stage in BEFORE_PAINTING):
        return (
            f"The painted numbers are {', '.join(str(one) for one in sorted(found))} behind the source's, and no frame was "
            "lost between the two; run it again, and report it where it happens again."
        )
    return ""


def figures_of(found: Quality, result: ViewerResult) -> Figures:
    """Return the suite's figures.

    The bitrate is counted where the viewer is, so alike wherever a scenario encodes: what RTP carries of the picture, with
    what was sent again or as redundancy, without headers and sound.
    """
    received = result.stats.get("bytesReceived")
    return {
        "psnr_db": found.psnr_db,
        "received_kbps": received * 8 / 1000 / result.seconds if received is not None and result.seconds > 0 else None,
    }


def details_of(found: Quality, run: Measured, reference: Reference) -> Details:
    """Return what a report may draw besides: each picture's PSNR, and how they were found."""
    assert run.result is not None
    return {
        "scenario": run.prepared.scenario,
        "image": run.prepared.image,
        "given": run.given,
        "reason": found.reason,
        "size": [reference.width, reference.height],
        "pictures": [{**asdict(one), "psnr_db": one.psnr_db} for one in found.matches],
        "offsets": sorted(set(offsets(found.matches, PERIOD_FRAMES))),
        "frames": run.frames.as_document(),
        "verdict": account_of.verdict(run.frames),
        "viewer": {"browser": run.result.browser, "decoder": run.result.decoder, "flags": list(run.result.flags)},
        "machine": {"image": run.prepared.image, "offered_fps": run.prepared.offered_fps},
    }


def lines(figures: Figures, details: Details) -> list[str]:
    """Return a run for a terminal."""
    psnr, received = figures["psnr_db"], figures["received_kbps"]
    each = [one["psnr_db"] for one in details["pictures"]]
    rows = [("PSNR of luma", "unknown" if psnr is None else f"{psnr:.2f} dB")]
    if psnr is not None:
        rows += [("  worst picture", f"{min(each):.2f} dB"), ("  best picture", f"{max(each):.2f} dB")]
    rows.append(("bitrate as received", "unknown" if received is None else f"{received:.0f} kbit/s"))
    found = [f"{label:<24}{text:>14}" for label, text in rows]
    if details["reason"]:
        return [*found, f"Note: {details['reason']}"]
    width, height = details["size"]
    ahead = ", ".join(str(one) for one in details["offsets"])
    return [
        *found,
        f"{len(each)} pictures of {width}x{height}; the source was {ahead} pictures ahead of the painted numbers (of {PERIOD_FRAMES}).",
        f"Watched in {details['viewer']['browser']}.",
    ]
