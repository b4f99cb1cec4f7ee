"""Pictures made again: what is read of them, and what goes wrong in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.scenario import find_scenario
from bench.stream import reference
from bench.stream.container import Running
from bench.stream.prepare import Images, prepare
from bench.stream.reference import Reference, make_reference, reference_of
from bench.stream.rings import PERIOD_FRAMES, RINGS
from streamkit.docker_command import NotAnsweredError
from streamkit.errors import StreamkitError, UnavailableError
from tests.bench.stream import recorded
from tests.conftest import Host

ABOUT: dict[str, Any] = {"format": "I420", "width": 6, "height": 2, "size": 24, "offset": 0, "stride": 8}
RAW = b"".join(bytes([n] * 6 + [99] * 2 + [n + 1] * 6 + [99] * 2 + [128] * 8) for n in range(PERIOD_FRAMES))


def test_luma_is_cut_out_of_rows_and_planes() -> None:
    found = reference_of(ABOUT, RAW)
    assert (found.width, found.height, len(found.lumas)) == (6, 2, PERIOD_FRAMES)
    assert found.lumas[3] == bytes([3] * 6 + [4] * 6)
    tight = reference_of({**ABOUT, "width": 8, "format": "NV12"}, RAW)
    assert tight.lumas[0] == RAW[:16] and tight.lumas[-1] == RAW[-24:-8]


def test_another_format_is_refused() -> None:
    with pytest.raises(UnavailableError, match="The encoder is given YUY2, whose luma bench cannot compare"):
        reference_of({**ABOUT, "format": "YUY2"}, RAW)


@pytest.mark.parametrize("raw", [b"", RAW[:-1], RAW + RAW[:24]])
def test_too_few_or_too_many_bytes_are_no_reference(raw: bytes) -> None:
    with pytest.raises(ValueError, match="bytes are not 32 pictures of 24"):
        reference_of(ABOUT, raw)


@pytest.fixture
def running(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """A container that streams rings, as far as /proc says."""
    words = recorded.words("after")
    place = words.index("pattern=smpte")
    words[place : place + 2] = RINGS

    class Group:
        def pids(self) -> list[int]:
            return [7]

    monkeypatch.setattr(reference, "group_of", lambda _pid: Group())
    monkeypatch.setattr(reference, "roles", lambda _pids: {"stream": 7})
    monkeypatch.setattr(reference, "command_line", {7: words, 0: []}.__getitem__)
    prepared = prepare(find_scenario("after"), Images("product:1"), host("no_card"), folder=str(tmp_path))
    (tmp_path / "run").mkdir()
    return Running(prepared, "id", 1, "", "token")


def test_the_container_makes_them_and_nothing_is_left(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def answer(words: list[str], given: str) -> str:
        asked.append(words)
        assert "parse_launchv" in given
        (running.run_dir / reference.FILE).write_bytes(RAW)
        return json.dumps(ABOUT) + "\n"

    monkeypatch.setattr(reference, "run_docker", answer)
    assert isinstance(make_reference(running), Reference)
    assert asked[0][:3] == ["exec", "--interactive", running.prepared.name]
    assert asked[0][3:7] == ["python3", "-P", "-", "/run/streamkit/reference.raw"] and "num-buffers=32" in asked[0]
    assert list(running.run_dir.iterdir()) == []


def test_what_the_container_says_is_handed_on(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(words: list[str], given: str) -> str:
        raise NotAnsweredError('no element "videotestsrc"')

    monkeypatch.setattr(reference, "run_docker", refuse)
    with pytest.raises(UnavailableError, match='cannot be made in the container: no element "videotestsrc"'):
        make_reference(running)
    monkeypatch.setattr(reference, "run_docker", lambda _words, _given: json.dumps(ABOUT))
    with pytest.raises(UnavailableError, match=r"cannot be read: .*No such file"):
        make_reference(running)


def test_a_stream_that_is_gone_is_said(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "roles", lambda _pids: {})
    with pytest.raises(StreamkitError, match="does not show rings"):
        make_reference(running)
