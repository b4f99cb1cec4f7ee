"""The trials of a host: what is tried, under which limits, and when figures are still good."""

from __future__ import annotations

from streamkit.config import defaults
from streamkit.render.job import docker_words, make_job, still_valid, usable
from tests.conftest import Host


def test_each_candidate_has_its_steps_with_environment(host: Host) -> None:
    job = make_job(host("usb_card"), {})
    x264 = next(one for one in job["candidates"] if one["encoder"] == "x264")
    first, second = x264["rungs"][:2]
    assert first["capture"] == "image/jpeg,width=1920,height=1080,framerate=60/1"
    assert second["capture"] == "video/x-raw,format=YUY2,width=1280,height=720,framerate=60000/1001"
    assert second["environment"]["FPS"] == "60000/1001" and second["environment"]["RESOLUTION"] == "1280x720"
    assert set(job["scripts"]) > {one["script"] for one in job["candidates"]}


def test_without_a_card_the_software_format_stands_in(host: Host) -> None:
    rung = make_job(host("no_card"), {})["candidates"][0]["rungs"][0]
    assert rung["capture"] == "video/x-raw,format=I420,width=1280,height=720,framerate=30/1"


def test_figures_stay_good_while_nothing_that_matters_changes(host: Host) -> None:
    job = make_job(host("no_card"), {})
    same = make_job(host("no_card"), {"bitrate_kbps": 9000, "panel_port": 9999})
    assert same["key"] == job["key"], "no trial for what does not decide the encoder"
    smaller = make_job(host("no_card"), {"resolution": "640x360"})
    assert still_valid({"key": job["key"], "host_key": job["host_key"]}, same)
    assert not still_valid({"key": job["key"]}, smaller)
    assert usable({"key": job["key"], "host_key": job["host_key"]}, smaller)
    limited = make_job(host("no_card"), {"cpus": 1.0})
    assert not usable({"host_key": job["host_key"]}, limited)
    assert not still_valid(None, job) and not usable(None, job)


def test_trials_run_under_the_streams_limits(host: Host) -> None:
    words = docker_words(host("no_card"), {**defaults(), "cpus": 1.5}, "gaming-streamer:tag")
    text = " ".join(words)
    for part in ("--read-only", "--cap-drop ALL", "--network none", "--cpus 1.5", "--memory 2048m", "--pids-limit 256"):
        assert part in text
    assert words[-4:] == ["gaming-streamer:tag", "probe", "--job", "-"]
    assert "--device" not in words
    gpu = " ".join(docker_words(host("usb_card"), defaults(), "i"))
    assert "--device /dev/dri/renderD128:/dev/dri/renderD128:rw --group-add 105" in gpu
