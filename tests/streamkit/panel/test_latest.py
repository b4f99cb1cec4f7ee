"""The shared sample: taken anew when it is old, or when something happened."""

from __future__ import annotations

from streamkit.panel.latest import Latest, Sample


def test_a_sample_is_shared_until_it_is_old_or_the_state_changes() -> None:
    taken: list[Sample] = []
    marks = ["a"]

    def sample() -> Sample:
        taken.append({"number": len(taken) + 1})
        return taken[-1]

    latest = Latest(sample, lambda: marks[-1], 3600.0)
    assert latest.get() is latest.get()
    marks.append("b")
    assert latest.get() == {"number": 2}
    assert latest.take() == latest.get() == {"number": 3}, "whoever needs a new one gets it, and the others share it"


def test_a_sample_that_lasts_no_time_is_always_taken_anew() -> None:
    numbers = iter(range(10))
    latest = Latest(lambda: {"number": next(numbers)}, lambda: None, 0.0)
    assert [latest.get()["number"] for _ in range(3)] == [0, 1, 2]
