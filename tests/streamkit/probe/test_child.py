"""Trial processes: what crashes, hangs or talks nonsense costs only itself.  Real processes, no encoder."""

from __future__ import annotations

import sys
import time

import pytest

from streamkit.errors import StreamkitError
from streamkit.probe.child import run_process, trial_job


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_result_is_the_last_line() -> None:
    code = "import json, sys; print('noise'); print(json.dumps({'got': json.load(sys.stdin)['a']}))"
    assert run_process({"a": 1}, 20, python(code)) == {"got": 1}


def test_hang_is_ended_at_its_limit_with_all_its_children() -> None:
    began = time.monotonic()
    code = "import subprocess, sys; print('stuck', file=sys.stderr, flush=True); subprocess.run(['sleep', '60'])"
    with pytest.raises(StreamkitError, match=r"It hung: no end after 1 s.\nstuck"):
        run_process({}, 1, python(code))
    assert time.monotonic() - began < 10


def test_crash_names_its_signal() -> None:
    with pytest.raises(StreamkitError, match="was ended by SIGSEGV without a result"):
        run_process({}, 20, python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))


def test_error_comes_with_everything_that_was_said() -> None:
    code = "import sys; print('driver says no', file=sys.stderr); print('{\"error\": \"cannot\"}'); sys.exit(1)"
    with pytest.raises(StreamkitError, match=r"cannot\ndriver says no"):
        run_process({}, 20, python(code))


def test_paced_trial_has_a_frame_for_each_period() -> None:
    words = ["gst-launch-1.0", "fakesink", "name=sink", "v4l2src", "name=capture", "!", "fakesink"]
    rung = {"fps": "60000/1001", "capture": "video/x-raw,format=I420,width=64,height=64,framerate=60000/1001"}
    job = trial_job(words, rung, True, 2.0)
    assert job["most_frames"] == 120 and job["frame_ns"] == 16_683_333
