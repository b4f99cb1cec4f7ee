"""Rendered scripts: what they say, what they refuse, and what they would run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from streamkit.encoders import ENCODERS
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, release_hash, write_files
from streamkit.render.templates import render_queues, render_scripts
from streamkit.resolve import resolve
from tests.conftest import REPOSITORY, Golden, Host, MakeSettings

GUIDE_QUEUES = {
    "QUEUE_VIDEO_LOW_RES": "queue max-size-buffers=5 max-size-time=500000000 max-size-bytes=0",
    "QUEUE_VIDEO_MID_RES": "queue max-size-buffers=10 max-size-time=500000000 max-size-bytes=0",
    "QUEUE_VIDEO_HIGH_RES": "queue max-size-buffers=15 max-size-time=500000000 max-size-bytes=0",
    "QUEUE_AUDIO": "queue max-size-buffers=10 max-size-time=200000000 max-size-bytes=0",
    "QUEUE_RTP": "queue max-size-buffers=5 max-size-time=100000000 max-size-bytes=0",
}


@pytest.fixture
def scripts(tmp_path: Path, host: Host, settings: MakeSettings) -> Path:
    plan = make_plan(host("no_card"), settings())
    texts = render_scripts(resolve(plan["settings"], {}, {}).values)
    write_files(tmp_path, {f"scripts/{name}": text for name, text in texts.items()})
    return tmp_path / "scripts"


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_release_of_fixture_hosts_is_as_committed(host: Host, settings: MakeSettings, golden: Golden) -> None:
    for name in ("no_card", "usb_card", "vivid_vm"):
        hardware = host(name)
        plan = make_plan(hardware, settings())
        golden(name, release_files(hardware, plan, {}, "0123456789ab"))


def test_committed_scripts_pass_shellcheck() -> None:
    shellcheck = shutil.which("shellcheck", path=f"{REPOSITORY}/.venv/bin:{os.environ['PATH']}")
    assert shellcheck, "shellcheck is missing: ./test.sh installs it"
    for folder in sorted((REPOSITORY / "tests/golden").glob("*/scripts")):
        done = subprocess.run(
            [shellcheck, "-x", "-P", folder, *sorted(folder.glob("*.sh"))], capture_output=True, text=True, check=False
        )
        assert done.stdout == ""


def test_queues_are_the_guide_s(settings: MakeSettings) -> None:
    text = render_queues(settings())
    assert dict(re.findall(r"^(QUEUE_\w+)='(.*)'$", text, re.MULTILINE)).items() >= GUIDE_QUEUES.items()
    assert "leaky" not in re.sub(r"(?m)^#.*$", "", text)


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=lambda encoder: encoder.id)
def test_script_prints_its_pipeline(scripts: Path, encoder: object) -> None:
    assert isinstance(encoder, type(next(iter(ENCODERS.values()))))
    done = run(scripts / encoder.script, "--print")
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words[0] == "gst-launch-1.0"
    for name in ("capture", "audio_capture", "rate", "encoder", "parser", "sink"):
        assert f"name={name}" in words
    assert encoder.element in words
    assert "leaky" not in done.stdout
    # Every queue is one of queue-config.sh.
    queues = [" ".join(words[i : i + 4]) for i, word in enumerate(words) if word == "queue"]
    assert set(queues) <= {*GUIDE_QUEUES.values(), "queue max-size-buffers=0 max-size-time=2000000000 max-size-bytes=0"}
    assert run(scripts / encoder.script, "--help").stdout.startswith(f"usage: {encoder.script}")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RESOLUTION", "big"),
        ("FPS", "0"),
        ("BITRATE", "-5"),
        ("KEYFRAME_INTERVAL", "x"),
        ("PUBLISH", "rtmp"),
        ("VIDEO_SOURCE", "screen"),
        ("AUDIO_SOURCE", "mic"),
    ],
)
def test_bad_environment_is_refused_in_one_sentence(scripts: Path, variable: str, value: str) -> None:
    done = run(scripts / "stream-x264.sh", "--print", **{variable: value})
    assert done.returncode == 2
    assert re.fullmatch(rf'stream-x264\.sh: {variable} is "{re.escape(value)}"; use .+\.\n', done.stderr)
    assert done.stdout == ""


def test_whip_needs_a_server(scripts: Path) -> None:
    assert "SERVER_URL" in run(scripts / "stream-x264.sh", "--print", PUBLISH="whip").stderr


def test_environment_wins_and_units_are_converted(scripts: Path) -> None:
    words = run(scripts / "stream-vp9.sh", "--print", BITRATE="4000", FPS="60000/1001", KEYFRAME_INTERVAL="2").stdout
    assert "target-bitrate=4000000" in words
    assert "keyframe-max-dist=119" in words
    assert "framerate=60000/1001" in words


def test_mjpeg_is_decoded_and_raw_is_not(scripts: Path) -> None:
    mjpeg = {"VIDEO_SOURCE": "v4l2", "VIDEO_DEVICE": "/dev/video0", "CAPTURE_MODE": "image/jpeg,width=1280,height=720"}
    assert "jpegdec" in run(scripts / "stream-x264.sh", "--print", **mjpeg).stdout
    raw = {**mjpeg, "CAPTURE_MODE": "video/x-raw,format=YUY2"}
    assert "jpegdec" not in run(scripts / "stream-x264.sh", "--print", **raw).stdout


def test_key_is_never_printed_and_reaches_only_plain_gst_launch(scripts: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    whip = {"PUBLISH": "whip", "SERVER_URL": "http://127.0.0.1:9/api/whip", "STREAM_KEY_FILE": str(key)}
    assert "s3cret" not in run(scripts / "stream-x264.sh", "--print", **whip).stdout
    for name, shown in (("gst-launch-1.0", True), ("streamkit-launch", False)):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
        done = run(scripts / "stream-x264.sh", STREAMKIT_LAUNCH=str(fake), **whip)
        assert ("signaller::auth-token=s3cret" in done.stdout) is shown


def test_compose_gives_only_what_is_needed(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    card = hardware["video_devices"][0]["stable_node"]
    files = release_files(hardware, make_plan(hardware, settings()), {"cpus": 16.0}, "tag")
    service = yaml.safe_load(files["docker-compose.yml"])["services"]["streamer"]
    assert service["user"] == "1000:1000"
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True and service["init"] is True
    assert service["devices"] == [f"{card}:{card}:rw", "/dev/snd:/dev/snd:rw"]
    assert service["group_add"] == ["29", "44"]
    assert not any("KEY" in name or "TOKEN" in name for name in service["environment"])


def test_never_more_cpus_than_the_host_has(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    plan = make_plan(hardware, settings(cpus=16.0))
    compose = release_files(hardware, plan, {"cpus": 16.0}, "tag")["docker-compose.yml"]
    assert yaml.safe_load(compose)["services"]["streamer"]["cpus"] == 4.0


def test_release_is_named_by_content_and_keeps_controller_paths_out(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    plan = make_plan(hardware, settings())
    files = release_files(hardware, plan, {"image_archive": "/home/me/image.tar", "bitrate_kbps": 3000}, "tag")
    assert release_hash(files) == release_hash(dict(reversed(files.items())))
    assert release_hash(files) != release_hash(release_files(hardware, plan, {"bitrate_kbps": 3001}, "tag"))
    assert not any("/home/me" in text for text in files.values())


def test_writing_again_changes_nothing_and_touches_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    files = {"scripts/stream-a.sh": "#!/bin/sh\n", "scripts/queue-config.sh": "# q\n"}
    assert write_files(tmp_path, files) == sorted(files)
    assert write_files(tmp_path, files) == []
    del files["scripts/stream-a.sh"]
    assert write_files(tmp_path, files) == ["scripts/stream-a.sh"]
    assert (tmp_path / "mine.txt").read_text() == "keep"
