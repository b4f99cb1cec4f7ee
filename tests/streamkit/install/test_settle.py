"""Whether a release came up, judged on what a container shows; Docker is played by a script of answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from streamkit.install.settle import Answer, Limits, Look, judge, sent, settle


def supervisor(
    state: str = "running", *, pause_s: float = 0, reason: str = "", desired: str = "running"
) -> dict[str, Any]:
    """What the supervisor says of a stream with the process 7."""
    return {
        "stream": {"state": state, "pid": 7, "since": 50.0, "reason": reason, "next_start_at": 50 + pause_s},
        "desired": desired,
    }


def playing(frames: int, pid: int = 7) -> dict[str, Any]:
    """The launcher's figures after so many frames."""
    return {"state": "playing", "pid": pid, "ledger": {"video": {"sent": frames}}}


START = Look(0, supervisor("starting"))


def judged(now: Look, first_playing: Look | None = None, first: Look = START) -> Answer | None:
    return judge(first, first_playing, now, 10)


def test_frames_that_rise_are_good() -> None:
    answer = judged(Look(3, supervisor(), playing(45)), Look(1.5, supervisor(), playing(15)))
    assert answer == Answer("good", "30 frames were sent in 1.5 s")


def test_too_early_is_no_answer() -> None:
    assert judged(Look(1.9, supervisor(), playing(20)), Look(1.5, supervisor(), playing(15))) is None
    assert judged(Look(9, supervisor("starting"))) is None


def test_frames_of_the_process_before_do_not_count() -> None:
    old = Look(1, supervisor("stopping"), playing(10, pid=6))
    assert judged(Look(3, supervisor("stopping"), playing(40, pid=6)), old) is None


def test_frames_are_counted_by_the_encoder_where_there_is_no_ledger() -> None:
    assert sent({"video": {"encoded": 12}, "ledger": {"video": None}}) == 12
    assert sent({}) == 0


def test_stream_that_plays_and_sends_nothing_is_bad() -> None:
    still = Look(1, supervisor(), playing(15))
    answer = judged(Look(10, supervisor(), playing(15)), still)
    assert answer == Answer("bad", "the stream plays, and no frame was sent within 10 s")


def test_stream_that_ends_again_and_again_is_bad_before_the_time_is_over() -> None:
    reason = 'The stream ended with exit code 1: no element "x264enc"'
    answer = judged(Look(4, supervisor("backoff", pause_s=2.0, reason=reason)))
    assert answer == Answer("bad", f"the stream ends again and again. {reason}")


def test_a_first_failure_is_not_the_end() -> None:
    assert judged(Look(4, supervisor("backoff", pause_s=1.0))) is None


def test_release_that_cannot_be_read_is_bad_at_once() -> None:
    answer = judged(Look(0.1, supervisor("failed", reason="There is no release.", desired="stopped")))
    assert answer == Answer("bad", "There is no release.")


def test_waiting_for_a_card_is_no_failure() -> None:
    answer = judged(Look(0, supervisor("waiting", reason="/dev/video0 is not there")))
    assert answer == Answer("waiting", "/dev/video0 is not there")


def test_server_that_is_away_is_no_failure_of_the_release() -> None:
    said = "http://box:8080/api/status does not answer (Connection refused)."
    away = {"reachable": False, "error": said}
    ended = {**supervisor("backoff", pause_s=2.0), "publish": "whip"}
    answer = judged(Look(4, ended, server=away))
    assert answer == Answer("waiting", f"{said} The stream is tried again until it does")
    # A server that answers, and viewers served from here: then it is the release.
    for look in (
        Look(4, ended, server={"reachable": True, "error": None}),
        Look(4, ended, server=None),
        Look(4, {**ended, "publish": "whep"}, server=away),
    ):
        verdict = judged(look)
        assert verdict and verdict.verdict == "bad"
    assert judged(Look(4, {**supervisor("starting"), "publish": "whip"}, server=away)) is None


def test_stream_that_somebody_stopped_is_not_judged() -> None:
    answer = judged(Look(0, supervisor("stopped", desired="stopped")))
    assert answer and answer.verdict == "stopped"


def test_supervisor_that_says_nothing_is_bad_when_the_time_is_over() -> None:
    assert judged(Look(3, None)) is None
    answer = judged(Look(10, None))
    assert answer and answer.verdict == "bad"


class Docker:
    """Plays the docker command: health in turn (the last one stays), and a stream that sends 15 frames a second."""

    def __init__(self, health: Sequence[str], applied: str = '{"ok": true, "changed": false}', code: int = 0) -> None:
        self.health = list(health)
        self.applied, self.code = applied, code
        self.now = 0.0
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(" ".join(words))
        code, out = 0, ""
        if words[0] == "container":
            out = self.health.pop(0) if len(self.health) > 1 else self.health[0]
        elif words[0] == "logs":
            out = "\n".join([*(f"line {number}" for number in range(28)), "again", "again"])
        elif words[-1] == "apply":
            code, out = self.code, self.applied
        elif words[-1].endswith("supervisor.json"):
            out = json.dumps(supervisor())
        elif words[-1].endswith("launch.json"):
            out = json.dumps(playing(int(self.now * 15)))
        return subprocess.CompletedProcess(list(words), code, out, "")

    def pause(self, seconds: float) -> None:
        self.now += seconds


def settled(docker: Docker, limits: Limits | None = None) -> Answer:
    return settle("box", limits or Limits(), docker, lambda: docker.now, docker.pause)


def test_healthy_and_sending_is_good_and_says_whether_the_stream_took_the_release() -> None:
    answer = settled(Docker(["0 running starting", "0 running healthy"], '{"ok": true, "changed": true}'))
    assert (answer.verdict, answer.applied, answer.log) == ("good", True, [])


def test_container_that_docker_restarts_is_given_up_with_the_end_of_its_log() -> None:
    docker = Docker([f"{number} restarting unhealthy" for number in range(2, 9)])
    answer = settled(docker)
    assert answer.verdict == "bad" and "Docker restarted it 7 times" in answer.reason
    assert answer.log[-2:] == ["line 27", "again (2 times)"] and len(answer.log) == 12
    assert docker.now < 5


def test_container_that_never_gets_healthy_is_given_up_after_the_time() -> None:
    answer = settled(Docker(["0 running starting"]), Limits(healthy_s=20))
    assert answer.reason == "the container is not healthy after 20 s (running, health starting)"


def test_container_that_is_gone_is_bad() -> None:
    assert settled(Docker([""])).reason == "the container is gone"


def test_release_that_is_not_taken_is_bad() -> None:
    answer = settled(Docker(["0 running healthy"], '{"ok": false, "error": "plan.json is not valid JSON"}', code=1))
    assert answer.reason == "the container did not take the release: plan.json is not valid JSON"


def test_without_a_stream_check_health_is_enough() -> None:
    docker = Docker(["0 running healthy"])
    assert settled(docker, Limits(stream_s=0)).verdict == "good"
    assert not [words for words in docker.asked if "launch.json" in words]


def test_changes_of_the_panel_that_do_not_go_with_a_release_are_said_and_are_no_failure_of_it() -> None:
    note = "Changes made in the panel are not in force: streamkit_encoder cannot become 'h264-nvenc'."
    docker = Docker(["0 running healthy"], json.dumps({"ok": True, "changed": True, "note": note}))
    answer = settled(docker)
    assert answer.verdict == "good" and answer.reason.endswith(f" s. {note}")
    docker = Docker(["0 running healthy"], json.dumps({"ok": True, "changed": False, "note": note}))
    assert settled(docker, Limits(stream_s=0)).reason.endswith(f"not looked at. {note}")
