"""One supervised process, in the order of events that a busy machine brings."""

from __future__ import annotations

import io
import os
import selectors
from pathlib import Path

from streamkit.run.child import Child
from streamkit.run.log import RingLog


def test_end_that_is_seen_before_the_last_words_loses_neither(tmp_path: Path) -> None:
    with selectors.DefaultSelector() as selector:
        said = io.StringIO()
        child = Child("stream", selector, RingLog(tmp_path / "log", said), lambda: None)
        child.start(["sh", "-c", "echo last words; exit 3"], os.environ)
        while len(events := selector.select(20)) < 2:
            assert events, "neither an end nor a word in 20 s"
        # The process's own descriptor is a number, its output is a file.
        for key, _ in sorted(events, key=lambda event: not isinstance(event[0].fileobj, int)):
            key.data()
        assert (child.pid, child.state) == (None, "stopped")
        assert child.reason == "The stream ended with exit code 3: last words"
        assert said.getvalue() == "stream: last words\n"
        assert not selector.get_map()
