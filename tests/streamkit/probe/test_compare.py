"""What changed between two rounds of trials."""

from __future__ import annotations

from streamkit.probe.compare import changes
from tests.streamkit.plan.trials import probes, trial


def test_first_round_has_nothing_to_compare_with() -> None:
    assert changes(None, probes(trial("x264"))) == []


def test_slower_encoder_is_named_with_the_date() -> None:
    lines = changes(probes(trial("h264-vaapi", unpaced_fps=100.0)), probes(trial("h264-vaapi", unpaced_fps=60.0)))
    assert lines == ["h264-vaapi: 40 % slower since 2026-09-21."]


def test_noise_is_no_change() -> None:
    assert changes(probes(trial("x264", unpaced_fps=100.0)), probes(trial("x264", unpaced_fps=90.0))) == []


def test_delay_failure_recovery_new_and_gone() -> None:
    slow = {"p50": 30.0, "p95": 60.0}
    failed = trial("vp9", ok=False, reason="It hung.")
    before = probes(trial("x264"), trial("vp9"), trial("av1-svt", ok=False, reason="x"), trial("av1-rav1e"))
    after = probes(trial("x264", delay_ms=slow), failed, trial("av1-svt"), trial("av1-vaapi"))
    assert changes(before, after) == [
        "x264: 51 ms more delay since 2026-09-21.",
        "vp9: held 1280x720@30 and does not any more (It hung.) since 2026-09-21.",
        "av1-svt: holds 1280x720@30 now, which it did not since 2026-09-21.",
        "av1-vaapi: is tried for the first time since 2026-09-21.",
        "av1-rav1e: tried on 2026-09-21, not any more.",
    ]
