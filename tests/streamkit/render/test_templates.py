"""Rendered scripts: what they say, what they refuse, and what they would run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamkit.config import Value
from streamkit.encoders import ENCODERS, Encoder
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, release_hash, write_files
from streamkit.render.templates import render_queues, render_scripts
from streamkit.resolve import resolve
from tests.conftest import REPOSITORY, Golden, Host, MakeSettings
from tests.streamkit.render.words import branches, printed_words, run_script

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
    texts = render_scripts(resolve(plan["settings"], {}, {}))
    write_files(tmp_path, {f"scripts/{name}": text for name, text in texts.items()})
    return tmp_path / "scripts"


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
def test_script_prints_its_pipeline(scripts: Path, encoder: Encoder) -> None:
    done = run_script(scripts / encoder.script, "--print")
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert words[0] == "gst-launch-1.0"
    for name in ("capture", "audio_capture", "rate", "encoder", "parser", "sink"):
        assert f"name={name}" in words
    assert encoder.element in words
    assert "leaky" not in done.stdout
    # Every queue is one of queue-config.sh.
    queues = [" ".join(words[i : i + 4]) for i, word in enumerate(words) if word == "queue"]
    assert len(queues) == 5
    assert set(queues) <= {*GUIDE_QUEUES.values(), "queue max-size-buffers=0 max-size-time=2000000000 max-size-bytes=0"}
    assert run_script(scripts / encoder.script, "--help").stdout.startswith(f"usage: {encoder.script}")


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=lambda encoder: encoder.id)
def test_script_has_one_element_on_each_line(scripts: Path, encoder: Encoder) -> None:
    text = (scripts / encoder.script).read_text(encoding="utf-8")
    arrays = re.findall(r"^ *\w+\+?=\(\n(.*?)^ *\)$", text, re.MULTILINE | re.DOTALL)
    assert len(arrays) > 8
    for line in "".join(arrays).splitlines():
        assert len(shlex.split(line, comments=True)) == (0 if line.lstrip().startswith("#") else 1), line
    # No array is filled on one line, and nothing is taken apart by the shell a second time.
    assert set(re.findall(r"\w+\+?=\(.+", text)) <= {"pipeline=()", "nodes=(/dev/dri/renderD*)"}
    assert not re.search(r"\beval\b", text)
    assert text.rstrip().endswith('exec "$launcher" "${pipeline[@]}"')
    assert "set -Eeuo pipefail" in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RESOLUTION", "big"),
        ("TEST_SIZE", "0x1440"),
        ("MAX_FRAME_AGE_MS", "-1"),
        ("PLAYOUT_DELAY", "0"),
        ("FPS", "0"),
        ("BITRATE", "-5"),
        ("KEYFRAME_INTERVAL", "x"),
        ("PUBLISH", "rtmp"),
        ("VIDEO_SOURCE", "screen"),
        ("AUDIO_SOURCE", "mic"),
    ],
)
def test_bad_environment_is_refused_in_one_sentence(scripts: Path, variable: str, value: str) -> None:
    done = run_script(scripts / "stream-x264.sh", "--print", **{variable: value})
    assert done.returncode == 2
    assert re.fullmatch(rf'stream-x264\.sh: {variable} is "{re.escape(value)}"; use .+\.\n', done.stderr)
    assert done.stdout == ""


def test_whip_needs_a_server(scripts: Path) -> None:
    assert "SERVER_URL" in run_script(scripts / "stream-x264.sh", "--print", PUBLISH="whip").stderr


def test_discard_throws_both_streams_away(scripts: Path) -> None:
    sink, video, audio = branches(printed_words(scripts / "stream-x264.sh", PUBLISH="discard"))
    assert [(e.name, e.properties) for e in sink] == [("fakesink", {"name": "sink", "sync": "false"})]
    assert video[-1].name == "queue"
    assert (audio[-1].name, audio[-1].properties) == ("fakesink", {"name": "audio_sink", "sync": "false"})
    assert len(branches(printed_words(scripts / "stream-x264.sh", PUBLISH="discard", AUDIO_SOURCE="none"))) == 2


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=lambda encoder: encoder.id)
def test_size_of_the_test_picture_is_its_own(scripts: Path, encoder: Encoder) -> None:
    words = printed_words(scripts / encoder.script, RESOLUTION="1280x720", TEST_SIZE="2560x1440")
    assert "video/x-raw,format=I420,width=2560,height=1440,framerate=30/1" in words
    assert any("width=1280,height=720" in word for word in words)
    words = printed_words(scripts / encoder.script, RESOLUTION="640x360")
    assert "video/x-raw,format=I420,width=640,height=360,framerate=30/1" in words


def test_size_of_the_two_that_scale_down(host: Host, settings: MakeSettings) -> None:
    planned = make_plan(host("no_card"), settings())["settings"]
    given: tuple[tuple[dict[str, Value], str, str], ...] = (
        ({}, "1920x1080", "1280x720"),
        ({"resolution": "960x540"}, "960x540", "960x540"),
    )
    for inventory, at_1080, optiplex in given:
        texts = render_scripts(resolve(planned, inventory, {}))
        assert f"RESOLUTION=${{RESOLUTION:-{at_1080}}}" in texts["stream-1080p-downscale.sh"]
        assert f"RESOLUTION=${{RESOLUTION:-{optiplex}}}" in texts["stream-av1-optiplex.sh"]


def test_sound_of_pulseaudio(scripts: Path) -> None:
    *_, audio = branches(printed_words(scripts / "stream-x264.sh", AUDIO_SOURCE="pulse", AUDIO_DEVICE="auto"))
    assert audio[0].name == "pulsesrc" and "device" not in audio[0].properties
    *_, audio = branches(printed_words(scripts / "stream-x264.sh", AUDIO_SOURCE="pulse", AUDIO_DEVICE="tv.monitor"))
    assert audio[0].properties["device"] == "tv.monitor"


@pytest.mark.parametrize(
    ("fps", "caps", "frames"),
    [
        ("60000/1001", "60000/1001", 239),
        ("30000/1001", "30000/1001", 119),
        ("24000/1001", "24000/1001", 95),
        ("50", "50/1", 200),
    ],
)
def test_rate_stays_a_fraction_and_key_frames_come_in_time(scripts: Path, fps: str, caps: str, frames: int) -> None:
    words = printed_words(scripts / "stream-x264.sh", FPS=fps, KEYFRAME_INTERVAL="4")
    assert any(word.endswith(f",framerate={caps}") for word in words)
    assert any(f"framerate=[1/1,{caps}]" in word for word in words)
    # The longest time: 240 frames of 59.94 would be 4.004 s.
    assert f"key-int-max={frames}" in words


def test_rate_of_the_card_reaches_the_pipeline(host: Host, settings: MakeSettings, tmp_path: Path) -> None:
    inventory: dict[str, Value] = {"fps": "59.94", "capture_mode": "YUYV 1280x720@59.94", "source": "v4l2"}
    planned = make_plan(host("usb_card"), settings(**inventory))["settings"]
    texts = render_scripts(resolve(planned, inventory, {}))
    write_files(tmp_path, {f"scripts/{name}": text for name, text in texts.items()})
    line = " ".join(printed_words(tmp_path / "scripts/stream-x264.sh"))
    assert "video/x-raw,format=YUY2,width=1280,height=720,framerate=60000/1001" in line
    assert "framerate=[1/1,60000/1001]" in line


def test_changed_queue_says_what_it_was_and_why(settings: MakeSettings) -> None:
    text = render_queues(settings(queue_rtp="queue max-size-buffers=9", queue_reason="bursts of this router"))
    assert (
        "QUEUE_RTP='queue max-size-buffers=9'  # was: queue max-size-buffers=5 max-size-time=100000000 "
        "max-size-bytes=0; set in the inventory: bursts of this router\n"
    ) in text
    assert text.count("# was:") == 1
    text = render_queues(settings(queue_audio="queue max-size-buffers=20"))
    assert (
        text.count("# was: queue max-size-buffers=10 max-size-time=200000000 max-size-bytes=0; set in the inventory\n")
        == 1
    )


def test_environment_wins_and_units_are_converted(scripts: Path) -> None:
    words = run_script(
        scripts / "stream-vp9.sh", "--print", BITRATE="4000", FPS="60000/1001", KEYFRAME_INTERVAL="2"
    ).stdout
    assert "target-bitrate=4000000" in words
    assert "keyframe-max-dist=119" in words
    assert "framerate=60000/1001" in words


@pytest.mark.parametrize(
    ("fps", "kbps", "expected"),
    [("30", "1200", 1333), ("60000/1001", "4000", 1113), ("240", "100", 2), ("240", "25", 1)],
)
def test_rav1e_is_given_a_bitrate_that_undoes_its_time_base(scripts: Path, fps: str, kbps: str, expected: int) -> None:
    assert f"bitrate={expected}" in printed_words(scripts / "stream-av1.sh", FPS=fps, BITRATE=kbps)


def test_libaom_may_use_its_coarsest_quantizer(scripts: Path) -> None:
    # Left at the element's default of 0 it coded 19 Mbit/s where 2.5 were asked for.
    assert "max-quantizer=63" in printed_words(scripts / "stream-1080p-downscale.sh")


def test_mjpeg_is_decoded_and_raw_is_not(scripts: Path) -> None:
    mjpeg = {"VIDEO_SOURCE": "v4l2", "VIDEO_DEVICE": "/dev/video0", "CAPTURE_MODE": "image/jpeg,width=1280,height=720"}
    assert "jpegdec" in run_script(scripts / "stream-x264.sh", "--print", **mjpeg).stdout
    raw = {**mjpeg, "CAPTURE_MODE": "video/x-raw,format=YUY2"}
    assert "jpegdec" not in run_script(scripts / "stream-x264.sh", "--print", **raw).stdout


def test_key_is_never_printed_and_reaches_only_plain_gst_launch(scripts: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("s3cret\n")
    whip = {"PUBLISH": "whip", "SERVER_URL": "http://127.0.0.1:9/api/whip", "STREAM_KEY_FILE": str(key)}
    assert "s3cret" not in run_script(scripts / "stream-x264.sh", "--print", **whip).stdout
    for name, shown in (("gst-launch-1.0", True), ("streamkit-launch", False)):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        fake.chmod(0o755)
        done = run_script(scripts / "stream-x264.sh", STREAMKIT_LAUNCH=str(fake), **whip)
        assert ("signaller::auth-token=s3cret" in done.stdout) is shown


def test_compose_gives_only_what_is_needed(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    files = release_files(hardware, make_plan(hardware, settings()), {"cpus": 16.0}, "tag")
    service = yaml.safe_load(files["docker-compose.yml"])["services"]["streamer"]
    assert service["user"] == "1000:1000"
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True and service["init"] is True
    assert "devices" not in service, "a card that is away when the container starts would keep it from starting"
    assert service["device_cgroup_rules"] == ["c 81:* rw", "c 116:* rw"]
    assert service["volumes"][-2:] == ["/dev/streamkit:/dev/streamkit:ro", "/dev/streamkit/snd:/dev/snd:ro"]
    assert service["group_add"] == ["29", "44"]
    assert not any("KEY" in name or "TOKEN" in name for name in service["environment"])


def compose_of(hardware: dict[str, Any], given: dict[str, Value], settings: MakeSettings) -> dict[str, Any]:
    plan = make_plan(hardware, settings(**given))
    text = release_files(hardware, plan, given, "tag")["docker-compose.yml"]
    service: dict[str, Any] = yaml.safe_load(text)["services"]["streamer"]
    return service


def test_gpu_that_encodes_is_a_device_and_no_other(host: Host, settings: MakeSettings) -> None:
    service = compose_of(host("usb_card"), {"encoder": "h264-vaapi"}, settings)
    assert service["devices"] == ["/dev/dri/renderD128:/dev/dri/renderD128:rw"]
    assert service["group_add"] == ["29", "44", "105"]


def test_test_picture_needs_no_device_at_all(host: Host, settings: MakeSettings) -> None:
    service = compose_of(host("usb_card"), {"source": "test"}, settings)
    assert not {"devices", "device_cgroup_rules", "group_add"} & set(service)
    assert len(service["volumes"]) == 3


def test_capabilities_come_back_only_by_name(host: Host, settings: MakeSettings) -> None:
    service = compose_of(host("no_card"), {"capabilities": "SYS_RAWIO,NET_RAW"}, settings)
    assert (service["cap_drop"], service["cap_add"]) == (["ALL"], ["SYS_RAWIO", "NET_RAW"])


def test_bridge_publishes_the_panel_where_it_was_bound(host: Host, settings: MakeSettings) -> None:
    given: dict[str, Value] = {"publish": "whip", "server_url": "http://server:8080/api/whip", "panel_bind": "10.0.0.7"}
    service = compose_of(host("no_card"), given, settings)
    assert (service["network_mode"], service["ports"]) == ("bridge", ["10.0.0.7:8081:8081"])
    assert service["environment"]["STREAMKIT_NETWORK"] == "bridge"
    assert service["environment"]["STREAMKIT_PANEL_HOST"] == "0.0.0.0"
    assert service["healthcheck"]["test"][-1] == "http://localhost:8081/"
    service = compose_of(host("no_card"), {**given, "network": "host"}, settings)
    assert service["network_mode"] == "host" and "ports" not in service
    assert service["environment"]["STREAMKIT_PANEL_HOST"] == "10.0.0.7"
    assert service["healthcheck"]["test"][-1] == "http://10.0.0.7:8081/"


def test_the_panel_is_told_the_names_that_its_container_cannot_know(host: Host, settings: MakeSettings) -> None:
    given: dict[str, Value] = {"publish": "whip", "server_url": "http://server:8080/api/whip"}
    hardware = {**host("no_card"), "hostname": "box"}
    plan = make_plan(hardware, settings(**given))
    service = yaml.safe_load(
        release_files(
            hardware, plan, {**given, "panel_hosts": "tv.example.org"}, "tag", reached_as="box.venue.example"
        )["docker-compose.yml"]
    )["services"]["streamer"]
    assert service["environment"]["STREAMKIT_PANEL_HOSTS"] == "tv.example.org,box.venue.example,box"
    service = compose_of(hardware, {}, settings)
    assert "STREAMKIT_PANEL_HOSTS" not in service["environment"], "on the host's network it has the host's name"


def test_the_open_view_is_closed_unless_asked_for(host: Host, settings: MakeSettings) -> None:
    assert "STREAMKIT_PANEL_OPEN_VIEW" not in compose_of(host("no_card"), {}, settings)["environment"]
    opened = compose_of(host("no_card"), {"panel_open_view": True}, settings)["environment"]
    assert opened["STREAMKIT_PANEL_OPEN_VIEW"] == "1"


def test_compose_by_hand_finds_the_same_project(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    files = release_files(hardware, make_plan(hardware, settings()), {"project_name": "living-room"}, "tag")
    assert files[".env"] == "COMPOSE_PROJECT_NAME=living-room\n"


def test_pulseaudio_is_mounted_only_where_it_is_heard(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    plan = make_plan(hardware, settings())
    given: dict[str, Value] = {"audio_source": "pulse", "pulse_socket": "/run/user/1000/pulse/native"}
    service = yaml.safe_load(release_files(hardware, plan, given, "tag")["docker-compose.yml"])["services"]["streamer"]
    assert service["volumes"][-1] == {
        "type": "bind",
        "source": "/run/user/1000/pulse",
        "target": "/run/pulse",
        "read_only": True,
    }
    assert service["environment"]["PULSE_SERVER"] == "unix:/run/pulse/native"
    silent = yaml.safe_load(release_files(hardware, plan, {}, "tag")["docker-compose.yml"])["services"]["streamer"]
    assert len(silent["volumes"]) == len(service["volumes"]) - 1
    assert "PULSE_SERVER" not in silent["environment"]


def test_gpus_of_nvidia_are_asked_for_only_where_the_plan_says_so(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    plan = make_plan(hardware, settings())
    services = [
        yaml.safe_load(release_files(hardware, {**plan, "nvidia": wanted}, {}, "tag")["docker-compose.yml"])["services"]
        for wanted in (True, False)
    ]
    (device,) = services[0]["streamer"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu", "compute", "utility", "video"]}
    assert "deploy" not in services[1]["streamer"]


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


def test_realtime_priority_is_allowed_only_on_a_tuned_host(host: Host, settings: MakeSettings) -> None:
    assert "ulimits" not in compose_of(host("no_card"), {"tuning_realtime": True}, settings)
    assert "ulimits" not in compose_of(host("no_card"), {"tuning": "present"}, settings)
    service = compose_of(host("no_card"), {"tuning": "present", "tuning_realtime": True}, settings)
    assert service["ulimits"] == {"rtprio": 20}
