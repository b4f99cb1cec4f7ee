"""Which encoder is best by its trials, and the sentence for each."""

from __future__ import annotations

from fractions import Fraction

from streamkit.plan.rank import best_first, low_latency, reason_chosen, reason_rejected
from tests.streamkit.plan.trials import trial

SLOW = {"p50": 200.0, "p95": 260.0}


def names(*trials: object) -> list[str]:
    return [one.encoder for one in best_first(trials)]  # type: ignore[arg-type]  # plain dictionaries


def test_low_latency_comes_before_size_and_size_before_catalogue() -> None:
    assert names(trial("av1-svt", size="1920x1080", delay_ms=SLOW), trial("vp9"), trial("x264")) == [
        "x264", "vp9", "av1-svt"]  # fmt: skip
    assert names(trial("x264"), trial("vp9", fps="60")) == ["vp9", "x264"]
    assert names(trial("x264"), trial("h264-vaapi")) == ["h264-vaapi", "x264"]


def test_doubled_rate_is_worth_more_than_lines() -> None:
    assert names(trial("x264", size="1920x1080"), trial("vp9", fps="60000/1001")) == ["vp9", "x264"]


def test_what_failed_is_not_ranked() -> None:
    assert names(trial("x264", ok=False, reason="it hung")) == []


def test_latency_limit_is_three_periods_but_never_under_fifty_ms() -> None:
    assert low_latency(99, Fraction(30)) and not low_latency(101, Fraction(30))
    assert low_latency(49, Fraction(120)) and not low_latency(51, Fraction(120))


def test_each_reason_gives_the_figures() -> None:
    best = best_first([trial("x264")])[0]
    assert "3.0 times as fast as needed, with 6 ms (p95 9 ms)" in reason_chosen(best)
    assert "not for play" in reason_chosen(best_first([trial("av1-svt", delay_ms=SLOW)])[0])
    assert "too slow to react" in reason_rejected(trial("av1-svt", delay_ms=SLOW), best)
    assert "x264 holds 1280x720@30" in reason_rejected(trial("vp9", size="640x360"), best)
    assert "30 % of a core" in reason_rejected(trial("vp9"), best)
    assert reason_rejected(trial("vp9", ok=False, reason="it hung"), best) == "it hung"
