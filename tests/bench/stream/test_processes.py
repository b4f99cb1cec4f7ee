"""Which thread belongs to which part, on the threads of real runs."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from bench.stream.processes import PARTS, Pipeline, command_line, parts_s, process_s, roles, threads_s
from tests.bench.stream import recorded


@pytest.mark.parametrize("name", ["before", "after"])
def test_every_thread_of_a_real_run_has_its_part(name: str) -> None:
    pipeline, main = recorded.pipeline(name), recorded.stream_pid(name)
    threads = recorded.samples(name)[-1].threads
    found: dict[str, set[str]] = {part: set() for part in PARTS}
    for thread, (called, _) in threads.items():
        found[pipeline.part_of(called, thread == main)].add(called)
    assert found["encoder"] == {"queue1:src"} and found["source"] == {"capture:src"}
    assert found["convert"] == {"queue0:src"} and found["launcher"] == {"python3"}
    assert found["sound"] == {"audio_capture:s", "queue3:src", "queue4:src"}
    assert "queue2:src" in found["send"]
    # The streaming thread, two slices and their look-ahead: x264's threads carry the name of the one that made them.
    assert sum(called == "queue1:src" for called, _ in threads.values()) == 5


@pytest.mark.parametrize("name", ["before", "after"])
def test_parts_add_up_to_the_process(name: str) -> None:
    first, *_, last = recorded.samples(name)
    parts = parts_s(recorded.pipeline(name), recorded.stream_pid(name), first.threads, last.threads)
    whole = last.processes["stream"] - first.processes["stream"]
    assert sum(parts.values()) == pytest.approx(whole, rel=0.03)
    assert parts["encoder"] > parts["source"] > parts["convert"] > 0


def test_a_thread_that_came_later_counts_from_its_start() -> None:
    pipeline = Pipeline(encoder_queue=0, first_sound_queue=None)
    parts = parts_s(pipeline, 1, {2: ("queue0:src", 1.0)}, {2: ("queue0:src", 1.5), 3: ("queue0:src", 0.25)})
    assert parts["encoder"] == 0.75


def test_queues_are_counted_from_the_words() -> None:
    jpeg = (
        "sink v4l2src name=capture ! queue ! jpegdec ! queue ! videorate ! queue ! x264enc name=encoder ! queue ! sink."
    )
    assert Pipeline.of_words(jpeg.split()) == Pipeline(encoder_queue=2, first_sound_queue=None)
    assert Pipeline(2, None).part_of("queue1:src", False) == "convert"
    assert Pipeline(2, 4).part_of("audio_1:src", False) == "sound"
    assert Pipeline(2, 4).part_of("queue6:src", False) == "send"


def test_no_share_is_told_where_the_sink_encodes_or_no_queue_is_there() -> None:
    raw = "videotestsrc name=capture ! queue ! identity name=encoder ! queue ! sink."
    assert Pipeline.of_words(raw.split()).encoder_queue is None
    assert Pipeline.of_words(["videotestsrc", "!", "x264enc", "name=encoder", "!", "sink."]).encoder_queue is None
    assert Pipeline.of_words([]) == Pipeline(None, None)
    assert Pipeline(None, None).part_of("queue0:src", False) == "send"


def test_roles_by_command_line(tmp_path: Path) -> None:
    for pid, line in {
        10: "/sbin/docker-init -- streamkit run",
        11: "python3 -P -m streamkit.container run",
        12: "/usr/bin/python3 -m streamkit.container panel --host 127.0.0.1 --port 1",
        13: "python3 -P -m streamkit.launch whepserversink name=sink",
        14: "curl --silent",
        15: "/usr/bin/python3 /bench/panel/polling.py /run/streamkit http://127.0.0.1:1/api/status 2",
    }.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(line.replace(" ", "\0").encode() + b"\0")
    assert roles([10, 11, 12, 13, 14, 99], tmp_path) == {"supervisor": 11, "panel": 12, "stream": 13}
    assert roles([15], tmp_path) == {"panel": 15}
    assert command_line(99, tmp_path) == []


def test_this_process_is_read_as_the_kernel_counts_it() -> None:
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        before, own = process_s(os.getpid()), time.process_time()
        threads = threads_s(os.getpid())
        while time.process_time() - own < 0.1:
            pass
        after = process_s(os.getpid())
        assert before is not None and after is not None
        assert 0.1 <= after - before < 1
        main = threads_s(os.getpid())[os.getpid()][1] - threads[os.getpid()][1]
        assert main > 0.08
        assert other.native_id in threads
    finally:
        ended.set()
        other.join()
    assert process_s(2**22 - 1) is None and threads_s(2**22 - 1) == {}
