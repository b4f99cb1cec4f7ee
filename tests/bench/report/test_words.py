"""How figures read."""

from __future__ import annotations

import pytest

from bench.figures import FIGURES
from bench.report.tables import markdown_text
from bench.report.words import amount, listed, percent, plural


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("latency_p50_ms", 33.26, "33.3 ms"),
        ("stats_p50_ms", 0.497, "0.50 ms"),
        ("build_cold_s", 99.0, "99.0 s"),
        ("build_cold_s", 540.0, "9.0 min"),
        ("image_size_mb", 5200.4, "5.20 GB"),
        ("image_size_mb", 143.2, "143 MB"),
        ("requests_per_minute", 0.0, "0 a minute"),
        ("offered_frames", 1.0, "1 frame"),
        ("audio_gaps", 1.0, "1 gap"),
        ("audio_gaps", 2.0, "2 gaps"),
        ("offered_frames", 16200.0, "16,200 frames"),
        ("root", 1.0, "yes"),
        ("drop_percent", None, "not measured yet"),
    ],
)
def test_an_amount_has_its_unit_and_no_more_digits_than_it_means(name: str, value: float | None, text: str) -> None:
    # The unit stands behind a space at which no line is broken.
    assert amount(value, FIGURES[name]).replace("\u00a0", " ") == text


def test_a_difference_has_its_sign() -> None:
    figure = FIGURES["latency_p50_ms"]
    assert amount(-3.0, figure, signed=True) == "\u22123.0\u00a0ms"
    assert amount(3.0, figure, signed=True) == "+3.0\u00a0ms"
    assert amount(-0.001, figure, signed=True) == "0.00\u00a0ms", "nothing has no sign"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.004, "< 0.01"),
        (0.04, "0.04"),
        (3.14, "3.1"),
        (87.4, "87"),
        (99.97, "99.9"),
        (100, "100"),
        (-12.0, "\u221212"),
    ],
)
def test_a_share_has_as_many_digits_as_it_needs(value: float, text: str) -> None:
    assert percent(value) == f"{text}\u00a0%"


def test_lists_and_counts() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (plural(1, "run"), plural(1200, "run")) == ("1 run", "1,200 runs")


def test_a_cell_stays_a_cell_whatever_a_record_says() -> None:
    assert markdown_text("a|b\nc <script> [x](y) `z`") == "a\\|b c \\<script> \\[x](y) \\`z\\`"
