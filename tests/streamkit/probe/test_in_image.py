"""Real trial encodes in the image: the rendered scripts, real processes, real failures."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from streamkit.config import defaults
from streamkit.documents import dump_document
from streamkit.render.job import docker_words, make_job
from tests.conftest import Host
from tests.machines.base_image import docker_binary

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]

SMALL = {"resolution": "320x180", "fps": "30"}


def probe(image: str, job: dict[str, Any], hardware: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Run a job as a deployment does; return (probes.json, standard error)."""
    values = {**defaults(), "container_name": "streamkit-test"}
    words = [docker_binary(), *docker_words(hardware, values, image)[1:]]
    done = subprocess.run(words, input=dump_document(job), capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_each_software_encoder_is_measured_within_a_minute(
    product_image: str, host: Host, report: dict[str, object]
) -> None:
    hardware = {**host("no_card"), "gpus": []}
    found, said = probe(product_image, make_job(hardware, {}), hardware)
    took_s = [found["took_s"]]
    if took_s[0] > 60:
        # These two processors may have done something else meanwhile.
        found, said = probe(product_image, make_job(hardware, {}), hardware)
        took_s.append(found["took_s"])
    report["probe_in_image"] = {
        trial["encoder"]: {
            name: trial.get(name)
            for name in ("ok", "size", "fps", "real_time_factor", "delay_ms", "cpu_percent", "reason")
        }
        for trial in found["trials"]
    }
    report["probe_in_image_s"] = took_s
    assert min(took_s) <= 60, "the whole matrix on two cores"
    assert {trial["encoder"] for trial in found["trials"] if trial["ok"]} == {
        trial["encoder"] for trial in found["trials"]
    }
    assert all(trial["keyframe_first"] and trial["frames_in"] == trial["frames_out"] for trial in found["trials"])
    assert "1/6  vp9, about" in said, "progress"


def test_one_that_cannot_run_costs_only_itself(product_image: str, host: Host) -> None:
    hardware = {**host("no_card"), "gpus": []}
    job = make_job(hardware, {**SMALL, "encoder": "x264"})
    good = job["candidates"][0]
    script = job["scripts"]["stream-x264.sh"]
    # The same script with a value that x264enc refuses, and a script that is not there.
    refused = script.replace(
        "if [[ $print_only", 'pipeline=("${pipeline[@]/#speed-preset=*/speed-preset=x}")\nif [[ $print_only', 1
    )
    job["scripts"] |= {"stream-refused.sh": refused}
    job["candidates"] = [
        {**good, "encoder": "vp9", "script": "stream-refused.sh"},
        {**good, "encoder": "av1-svt", "script": "stream-none.sh"},
        good,
    ]
    found, _ = probe(product_image, job, hardware)
    wrong, missing, x264 = found["trials"]
    assert wrong["ok"] is False and "speed-preset" in wrong["error"]
    assert missing["ok"] is False and "stream-none.sh" in missing["error"]
    assert x264["ok"] is True, x264


def test_capture_format_of_the_card_is_what_is_tried(product_image: str, host: Host) -> None:
    """A JPEG card costs decoding, which the trial of its host must contain."""
    hardware = {**host("usb_card"), "gpus": []}
    job = make_job(
        hardware, {"capture_mode": "MJPG 1280x720@60", "resolution": "320x180", "fps": "30", "encoder": "x264"}
    )
    raw = make_job(host("no_card"), {**SMALL, "encoder": "x264"})
    jpeg_entry = probe(product_image, job, hardware)[0]["trials"][0]
    raw_entry = probe(product_image, raw, hardware)[0]["trials"][0]
    assert jpeg_entry["capture"].startswith("image/jpeg") and jpeg_entry["ok"] and raw_entry["ok"]
    assert jpeg_entry["cpu_percent"] > raw_entry["cpu_percent"]
