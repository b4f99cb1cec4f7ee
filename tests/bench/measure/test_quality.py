"""Quality of the picture: what is judged of kept pictures, when it is unknown, and a real run beside the formula."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.compare import judge
from bench.figures import FIGURES
from bench.measure import quality
from bench.measure.cli import app
from bench.measure.psnr import plane, psnr_db
from bench.measure.quality import details_of, every, figures_of, judged, lines, measure
from bench.measure.suites import SUITES, Options, find
from bench.records import Run
from bench.scenario import Scenario, find_scenario
from bench.stream.frames import Frames
from bench.stream.reference import Reference, make_reference
from bench.stream.rings import PERIOD_FRAMES
from bench.verdicts import table
from bench.viewer.picture import Kept, Picture
from bench.viewer.watch import ViewerResult
from streamkit.errors import BadInputError, ExitCode
from tests.bench.measure.test_stream import measured, seen
from tests.bench.stream.formula import ring

WIDTH, HEIGHT = 640, 360
REFERENCE = Reference(WIDTH, HEIGHT, tuple(ring(number, WIDTH, HEIGHT).tobytes() for number in range(PERIOD_FRAMES)))
AHEAD = 5


def picture(frame: int, error: int = 4, ahead: int = AHEAD) -> Picture:
    """What a viewer keeps of a frame: every sample ``error`` too bright."""
    luma = ring(frame + ahead, WIDTH, HEIGHT) + np.uint8(error)
    return Picture(frame % 2**16, WIDTH, HEIGHT, luma.tobytes())


def watched(pictures: list[Picture] | None = None, refused: str | None = None, **more: Any) -> ViewerResult:
    """A viewer's result with pictures from both sides of where the numbers begin anew."""
    kept = [picture(frame) for frame in range(65500, 65500 + 20 * 7, 7)] if pictures is None else pictures
    found = seen()
    values = {"width": WIDTH, "height": HEIGHT, "stats": {**found.stats, "bytesReceived": 2_250_000}, **more}
    return dataclasses.replace(found, kept=Kept(tuple(kept), refused), **values)


def frames(**lost: int) -> Frames:
    stages = dict.fromkeys(("driver", "capture", "late", "rate", "queue", "encoder", "sink", "network", "viewer"), 0)
    return Frames(180, 180, 0, 180, 0, {**stages, **lost}, 0)


def test_psnr_and_bitrate_of_a_run() -> None:
    result = watched()
    found = judged(result, REFERENCE, frames())
    assert found.reason == "" and found.psnr_db == pytest.approx(psnr_db(16)) and len(found.matches) == 20
    figures = figures_of(found, result)
    # 2.25 MB in six seconds.
    assert figures == {"psnr_db": found.psnr_db, "received_kbps": 3000.0}
    assert set(figures) == {name for name, figure in FIGURES.items() if figure.suite == "quality"}
    details = details_of(found, measured(result=result), REFERENCE)
    assert details["offsets"] == [AHEAD] and details["size"] == [WIDTH, HEIGHT] and details["reason"] == ""
    text = "\n".join(lines(figures, json.loads(json.dumps(details, allow_nan=False))))
    assert "36.09 dB" in text and "3000 kbit/s" in text and "20 pictures of 640x360; the source was 5 pictures" in text


def test_a_worse_picture_is_worse() -> None:
    pictures = [picture(frame, 4) for frame in range(0, 100, 7)]
    better = judged(watched(pictures), REFERENCE, frames())
    worse = judged(watched([picture(0, 12), *pictures[1:]]), REFERENCE, frames())
    assert better.psnr_db is not None and worse.psnr_db is not None and worse.psnr_db < better.psnr_db - 1


def scaled() -> list[Picture]:
    return [dataclasses.replace(one, width=320, height=180, luma=bytes(320 * 180)) for one in watched().kept.pictures]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (watched(scaled()), "The viewer got 320x180 in place of 640x360"),
        (watched([], width=320, height=180), "The viewer got 320x180 in place of 640x360"),
        (watched([], "Chromium gives its pictures as RGBX."), "Chromium gives its pictures as RGBX"),
        (watched([picture(one) for one in range(9)]), "Only 9 pictures were kept, 10 are the fewest"),
        (dataclasses.replace(watched(), kept=None), "Only 0 pictures were kept"),
        (
            watched([dataclasses.replace(one, luma=b"\x7e" * WIDTH * HEIGHT) for one in watched().kept.pictures]),  # type: ignore[union-attr]
            "Only 0 of 20 pictures are clear enough to tell",
        ),
        (
            watched(samples=tuple(dataclasses.replace(one, frame=None) for one in seen().samples)),
            "Of the pictures 100 % had no readable time code",
        ),
    ],
    ids=["scaled", "scaled, none kept", "RGB", "few", "not asked", "grey", "unreadable"],
)
def test_what_cannot_be_compared_is_unknown_with_the_reason(result: ViewerResult, words: str) -> None:
    found = judged(result, REFERENCE, frames())
    assert found.psnr_db is None and words in found.reason
    figures = figures_of(found, result)
    assert figures["psnr_db"] is None and figures["received_kbps"] == 3000.0
    shown = lines(figures, json.loads(json.dumps(details_of(found, measured(result=result), REFERENCE))))
    assert "unknown" in shown[0] and shown[-1] == f"Note: {found.reason}" and "\n" not in found.reason


def blurred(frame: int, share: float) -> Picture:
    """A picture that is grey but for a share of its contrast."""
    luma = 126 + share * (ring(frame + AHEAD, WIDTH, HEIGHT) - 126.0)
    return Picture(frame % 2**16, WIDTH, HEIGHT, luma.astype(np.uint8).tobytes())


def test_a_coarse_picture_counts_at_the_place_that_the_others_tell() -> None:
    pictures = [picture(frame) for frame in range(0, 140, 7)]
    coarse = blurred(70, 0.03)
    found = judged(watched([*pictures[:10], coarse, *pictures[11:]]), REFERENCE, frames())
    assert found.reason == "" and not found.matches[10].is_sure and found.matches[10].place == (70 + AHEAD) % 32
    assert found.psnr_db is not None and found.psnr_db < psnr_db(16) - 3
    found = judged(watched([blurred(one.frame, 0.03) for one in pictures[:11]] + pictures[11:]), REFERENCE, frames())
    assert found.psnr_db is None and "Only 9 of 20 pictures are clear enough to tell" in found.reason


def test_numbers_may_shift_only_where_frames_were_lost_before_they_are_painted() -> None:
    moved = watched([picture(one, ahead=AHEAD + (one > 50)) for one in range(0, 140, 7)])
    found = judged(moved, REFERENCE, frames(encoder=1, network=4))
    assert found.psnr_db is None and "The painted numbers are 5, 6 behind the source's" in found.reason
    found = judged(moved, REFERENCE, frames(late=1))
    assert found.reason == "" and found.psnr_db == pytest.approx(psnr_db(16))
    assert details_of(found, measured(result=moved), REFERENCE)["offsets"] == [5, 6]


@pytest.mark.parametrize("count", [60, 150, 300, 900, 1800, 3600, 216000])
def test_kept_pictures_meet_every_place_between_key_frames_and_of_the_rings(count: int) -> None:
    step = every(count)
    assert step >= 7 and len({number * step % 120 for number in range(120)}) == 120
    assert len({number * step % PERIOD_FRAMES for number in range(PERIOD_FRAMES)}) == PERIOD_FRAMES
    # And they last until the end, or nearly.
    assert count / step < 40 * 1.5


def test_a_comparison_asks_for_it_by_name_and_shows_both_figures() -> None:
    assert SUITES["quality"] not in find([]) and find(["quality"]) == [SUITES["quality"]]
    runs = []
    for pair in range(6):
        for position, (name, psnr, kbps) in enumerate((("raw_to_sink", 33.0, 2900.0), ("after", 37.0, 3000.0))):
            figures: dict[str, float | None] = {"psnr_db": psnr + pair / 10, "received_kbps": kbps + pair}
            runs.append(Run("quality", name, "s", pair, 60.0, pair=pair, position=position, figures=figures))
    comparisons = judge(runs, "raw_to_sink", "after", 1)
    assert {one.figure.name: one.verdict for one in comparisons} == {"psnr_db": "better", "received_kbps": "same"}
    shown = "\n".join(table("raw_to_sink", "after", comparisons, (), {"quality": SUITES["quality"].title}))
    assert "Quality of the picture" in shown and "PSNR of the picture's luma [dB]" in shown and "kbit/s" in shown


def test_a_card_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadInputError, match=r"takes its picture from a card.*source: test"):
        measure(Scenario("card", "Card", source="card"), Options())


def test_an_unknown_scenario_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["quality", "--scenario", "befor", "--out", str(tmp_path)])
    assert getattr(result.exception, "exit_code", None) == ExitCode.BAD_INPUT
    assert "There is no scenario 'befor'" in str(result.exception)


@pytest.mark.image
def test_a_real_stream_is_near_to_what_was_encoded(product_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PRODUCT_IMAGE", product_image)
    references: list[Reference] = []

    def kept(running: Any) -> Reference:
        references.append(make_reference(running))
        return references[-1]

    monkeypatch.setattr(quality, "make_reference", kept)
    monkeypatch.setattr(quality, "WARMUP_S", 3.0)
    figures, details = measure(find_scenario("after"), Options(seconds=15))
    for number, luma in enumerate(references[0].lumas):
        # The pictures to compare with are the formula's, which knows nothing of GStreamer.
        away = plane(luma, 1280, 720).astype(int) - ring(number, 1280, 720)
        assert np.abs(away).max() <= 1
    assert details["reason"] == "" and details["size"] == [1280, 720], details["reason"]
    assert figures["psnr_db"] is not None and 30 < figures["psnr_db"] < 55
    assert figures["received_kbps"] == pytest.approx(3000, rel=0.3)
    assert len(details["pictures"]) >= 10 and min(one["apart_db"] for one in details["pictures"]) > 3
