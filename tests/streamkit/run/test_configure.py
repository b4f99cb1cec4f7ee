"""What may be changed while the stream runs: every setting with values that are allowed and values that are not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamkit.config import SETTINGS
from streamkit.documents import write_document
from streamkit.encoders import ENCODERS
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, write_files
from streamkit.run.cards import Cards
from streamkit.run.configure import LONGEST_TEXT, MOST_CHANGES, RefusedError, configure
from streamkit.run.effective import Job, load_job
from streamkit.run.paths import Paths
from tests.conftest import Host, MakeSettings

URL = "http://server:8080/api/whip"
NEVER: tuple[Any, ...] = (
    None,
    [],
    {},
    ["x264"],
    {"value": 1},
    True,
    float("nan"),
    "\0",
    "\ud800",
    "x" * (LONGEST_TEXT + 1),
    "two\nlines",
    "'",
)
VALUES: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "publish": (("whep",), ("rtmp", "WHEP", "")),
    "server_url": ((URL, "https://[::1]:8443/api/whip", "https://host"), ("host:8080", "ftp://h", "http://h:70000/x", "http://[::1::2]/", "http://h/a b")),
    "whep_url": (("http://server/whep",), ("whep", "http://h:0/", "http://h/\u00e9")),
    "encoder": (("x264", "vp9", "av1-svt", "stream-vp9.sh"), ("h265", "x265", "stream-h265.sh", "../stream-vp9.sh")),
    "resolution": (("1280x720", "640x360", "7680x4320"), ("1280", "1281x720", "62x62", "10000x720", "1280x720x3")),
    "fps": (("30", 60, "29.97", "60000/1001"), ("0", "241", "1/0", "30/", -30, "59.12345678901", float("inf"))),
    "bitrate_kbps": ((100, 4000, "2500", 100_000), (99, 100_001, "4 Mbit", 1.5, -1, float("inf"), 10**400)),
    "keyframe_interval_s": ((1, 60, "2"), (0, 61, "two", 1.5)),
    "max_frame_age_ms": (("0", 40, "60000"), ("60001", -1, "1e3", "07", "\u0661")),
    "playout_delay": (("none", "receiver"), ("no", "NONE", "", 0, False)),
    "stun_server": (("stun://stun.example.org:3478",), ("stun.example.org", "turn://h", "stun://h:port")),
}  # fmt: skip
"""Setting to (allowed values, values that are not); those of NEVER are allowed for none."""


@pytest.fixture
def make_paths(tmp_path: Path, host: Host, settings: MakeSettings) -> Callable[..., Paths]:
    """Render the release of a fixture host into temporary directories."""

    def make(name: str = "no_card", plan: dict[str, Any] | None = None, **given: Any) -> Paths:
        paths = Paths(*(tmp_path / part for part in ("run", "release", "state", "secrets", "devices")))
        for folder in (paths.run, paths.release, paths.state, paths.secrets, paths.devices):
            folder.mkdir(exist_ok=True)
        paths.deployed_key_file.write_text("deployed-key\n")
        made = make_plan(host(name), settings(**given))
        write_files(paths.release, release_files(host(name), {**made, **(plan or {})}, given, "tag"))
        return paths

    return make


@pytest.fixture
def paths(make_paths: Callable[..., Paths]) -> Paths:
    return make_paths()


def job(paths: Paths, network: str = "host") -> Job:
    return load_job(paths, Cards(paths.devices, paths.devices.parent), network)


def change(paths: Paths, changes: Any, network: str = "host", **more: Any) -> bool:
    return configure(paths, network, {"version": job(paths).version, "changes": changes, **more})


def refused(paths: Paths, changes: Any, network: str = "host", **more: Any) -> RefusedError:
    """Return the refusal of changes that must leave everything as it is."""
    before = everything(paths)
    with pytest.raises(RefusedError) as caught:
        change(paths, changes, network, **more)
    assert everything(paths) == before
    return caught.value


def everything(paths: Paths) -> dict[str, tuple[str, int]]:
    return {path.name: (path.read_text(), path.stat().st_mtime_ns) for path in paths.state.iterdir()}


def test_every_setting_of_the_panel_has_values_here() -> None:
    assert set(VALUES) == {setting.name for setting in SETTINGS.values() if setting.runtime}


@pytest.mark.parametrize("name", VALUES)
def test_allowed_values_come_into_force(paths: Paths, name: str) -> None:
    for value in VALUES[name][0]:
        changed = change(paths, {name: value})
        made = job(paths)
        wanted = {"stream-vp9.sh": "vp9"}.get(value, value)
        assert made.effective.values[name] == SETTINGS[name].parse(wanted), value
        assert made.effective.origins[name] == "override" and made.overrides == (name,) and made.note == ""
        assert changed and not change(paths, {name: value}), "a second time there is nothing to change"
        assert paths.state_file.stat().st_mode & 0o777 == 0o600
    assert change(paths, {name: None}) and not paths.state_file.exists()


@pytest.mark.parametrize("name", VALUES)
def test_other_values_are_refused_beside_their_field_and_nothing_changes(paths: Paths, name: str) -> None:
    change(paths, {"bitrate_kbps": 4321, "keyframe_interval_s": 7})
    for value in (*VALUES[name][1], *NEVER[1:]):
        refusal = refused(paths, {name: value, "stun_server" if name != "stun_server" else "fps": None})
        assert refusal.why == "bad" and list(refusal.fields) == [name], value
        assert SETTINGS[name].allowed in refusal.fields[name] and str(refusal) == refusal.fields[name]
        assert len(str(refusal)) < 2 * LONGEST_TEXT


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS.values() if not setting.runtime])
def test_what_concerns_the_host_is_refused_with_the_variable_s_name(paths: Paths, name: str) -> None:
    refusal = refused(paths, {name: SETTINGS[name].default})
    assert refusal.fields == {
        name: f"'{name}' cannot be changed while the container runs; set streamkit_{name} in the inventory."
    }


def test_auto_leaves_it_to_the_deployment(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths(fps="30000/1001")
    change(paths, {"fps": "25", "encoder": "vp9", "bitrate_kbps": 900})
    assert change(paths, {"fps": "auto", "encoder": "auto", "bitrate_kbps": 0})
    made = job(paths)
    assert (made.effective.values["fps"], made.effective.origins["fps"]) == ("30000/1001", "inventory")
    assert made.overrides == () and not paths.state_file.exists()


def test_name_that_is_none_is_refused_with_the_nearest_one(paths: Paths) -> None:
    assert refused(paths, {"bitrate": 1}).fields["bitrate"].endswith("did you mean 'bitrate_kbps'?")
    long = "é" * 5000
    (name, sentence), *rest = refused(paths, {long: 1}).fields.items()
    assert not rest and len(name) < 100 and len(sentence) < 200


def test_several_bad_values_are_told_at_once(paths: Paths) -> None:
    refusal = refused(paths, {"fps": "x", "bitrate_kbps": 1, "publish": "whep"}, stream_key="two words")
    assert list(refusal.fields) == ["fps", "bitrate_kbps", "stream_key"]
    assert str(refusal) == refusal.fields["fps"] + " And 2 more."


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"publish": "whip"}, "publish", "streamkit_server_url is empty"),
        ({"publish": "whip", "server_url": ""}, "publish", "give the server's WHIP endpoint"),
    ],
)
def test_what_does_not_go_together_is_told_beside_what_was_changed(
    paths: Paths, changes: dict[str, Any], field: str, words: str
) -> None:
    fields = refused(paths, changes).fields
    assert list(fields) == [field] and words in fields[field]


def test_bridge_has_its_own_limits(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths(publish="whip", server_url=URL)
    fields = refused(paths, {"publish": "whep"}, "bridge").fields
    assert "cannot become 'whep' while the container runs: it is on a bridge network" in fields["publish"]
    fields = refused(paths, {"server_url": "http://127.0.0.1:8080/api/whip"}, "bridge").fields
    assert "that address is the container itself" in fields["server_url"]
    assert change(paths, {"server_url": "http://other/api/whip"}, "bridge")


def test_publishing_needs_a_key_from_somewhere(paths: Paths) -> None:
    paths.deployed_key_file.unlink()
    wanted = {"publish": "whip", "server_url": URL}
    assert "there is no stream key" in refused(paths, wanted).fields["stream_key"]
    assert change(paths, wanted, stream_key="my-key")
    assert "there is no stream key" in refused(paths, {}, stream_key="").fields["stream_key"]
    assert change(paths, {"publish": None}, stream_key="")
    assert job(paths).key_origin is None


def test_encoders_that_the_plan_rejects_are_refused_with_its_reason(paths: Paths) -> None:
    offered = {one["encoder"]: one for one in job(paths).scripts}
    assert list(offered) == list(ENCODERS)
    assert [name for name, one in offered.items() if one["chosen"]] == ["x264"]
    for name, one in offered.items():
        if one["usable"]:
            continue
        for asked in (name, one["script"]):
            sentence = refused(paths, {"encoder": asked}).fields["encoder"]
            assert sentence.startswith(
                f"streamkit_encoder cannot become '{name}': {one['reason']}. Choose one of: x264"
            )
    usable = {name for name, one in offered.items() if one["usable"]}
    assert usable == {name for name, encoder in ENCODERS.items() if not encoder.needs}
    assert offered["vp9"]["reason"] == "costs more CPU than x264 at the same size"


def test_gpu_that_the_container_was_not_given_cannot_be_chosen(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths("usb_card")
    sentence = refused(paths, {"encoder": "h264-vaapi"}).fields["encoder"]
    assert "the container was deployed for x264 and has no such GPU; set streamkit_encoder: h264-vaapi" in sentence
    paths = make_paths("usb_card", encoder="h264-vaapi")
    assert change(paths, {"encoder": "x264"})
    assert change(paths, {"encoder": "h264-vaapi"})


def test_gpu_that_is_gone_in_a_new_release_leaves_the_plan_s_encoder(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths("no_card")
    write_document(paths.state_file, {"settings": {"encoder": "h264-nvenc", "bitrate_kbps": 900}})
    made = job(paths)
    assert made.effective.values["encoder"] == "x264"
    assert made.note.startswith(
        "Changes made in the panel are not in force: streamkit_encoder cannot become 'h264-nvenc'"
    )
    assert made.overrides == ("bitrate_kbps", "encoder")
    assert "no NVIDIA GPU was found" in refused(paths, {"fps": "25"}).fields["encoder"]
    assert change(paths, {"encoder": None})
    assert job(paths).note == "" and job(paths).effective.values["bitrate_kbps"] == 900


def test_trial_that_failed_refuses_a_choice_and_not_a_choice_of_before(
    make_paths: Callable[..., Paths], host: Host, settings: MakeSettings
) -> None:
    rejected = make_plan(host("no_card"), settings())["rejected"]
    slow = {"encoder": "vp9", "reason": "too slow: 0.7 times real time", "usable": False}
    paths = make_paths(plan={"rejected": [slow if one["encoder"] == "vp9" else one for one in rejected]})
    assert "too slow: 0.7 times real time" in refused(paths, {"encoder": "vp9"}).fields["encoder"]
    write_document(paths.state_file, {"settings": {"encoder": "vp9"}})
    assert job(paths).effective.values["encoder"] == "vp9" and job(paths).note == ""


def test_card_and_bitrate_follow_a_size_until_somebody_sets_them(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths("usb_card")
    planned = job(paths).effective
    assert change(paths, {"resolution": "1920x1080", "fps": "30"})
    made = job(paths).effective
    assert str(made.values["capture_mode"]).endswith(" 1920x1080@30") and made.origins["capture_mode"] == "plan"
    assert made.values["bitrate_kbps"] != planned.values["bitrate_kbps"] and made.origins["bitrate_kbps"] == "plan"
    assert change(paths, {"bitrate_kbps": 4000})
    assert job(paths).effective.values["bitrate_kbps"] == 4000
    assert change(paths, dict.fromkeys(("resolution", "fps", "bitrate_kbps")))
    assert job(paths).effective == planned
    paths = make_paths("usb_card", capture_mode="YUYV 640x480@30", bitrate_kbps=900)
    assert change(paths, {"resolution": "1920x1080"})
    made = job(paths).effective
    assert (made.values["capture_mode"], made.values["bitrate_kbps"]) == ("YUYV 640x480@30", 900)


def test_what_was_stored_and_is_not_allowed_any_more_can_be_taken_back(paths: Paths) -> None:
    write_document(paths.state_file, {"settings": {"cpus": 4, "fps": "999", "of_tomorrow": 1}})
    assert "not in force" in job(paths).note
    assert change(paths, {"cpus": None, "fps": None, "of_tomorrow": None})
    assert job(paths).note == "" and not paths.state_file.exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema_version": 2}', '{"schema_version": 1, "settings": []}', "\udcff"]
)
def test_file_that_cannot_be_read_is_told_and_a_change_replaces_it(paths: Paths, text: str) -> None:
    paths.state_file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert str(paths.state_file) in job(paths).note
    assert not change(paths, {}), "a request that changes nothing leaves it alone"
    assert change(paths, {"fps": "25"})
    assert job(paths).overrides == ("fps",) and job(paths).note == ""


def test_folder_that_cannot_be_looked_into_is_told_and_the_stream_runs_without(paths: Paths) -> None:
    version = job(paths).version
    shut = replace(paths, state=paths.state.parent / ("x" * 300))
    made = job(shut)
    assert "state.json cannot be read: File name too long" in made.note
    assert made.key_origin == "deployment" and made.version != version
    with pytest.raises(RefusedError, match="Nothing was changed"):
        change(shut, {"fps": "25"})


def test_version_changes_with_each_change_and_with_the_release(make_paths: Callable[..., Paths]) -> None:
    paths = make_paths()
    seen = [job(paths).version]
    assert job(paths).version == seen[0], "and with nothing else"
    change(paths, {"fps": "25"})
    seen.append(job(paths).version)
    change(paths, {}, stream_key="first")
    seen.append(job(paths).version)
    change(paths, {}, stream_key="second")
    seen.append(job(paths).version)
    make_paths(bitrate_kbps=3000)
    seen.append(job(paths).version)
    assert len(set(seen)) == len(seen)
    for version in seen[:-1]:
        with pytest.raises(RefusedError, match="Somebody else changed the settings meanwhile") as caught:
            configure(paths, "host", {"version": version, "changes": {"fps": "24"}})
        assert caught.value.as_reply() == {
            "ok": False,
            "why": "stale",
            "error": str(caught.value),
            "version": seen[-1],
        }


@pytest.mark.parametrize("key", ["a b", "\n", " ", "k" * 513, "ключ", "k\0y", "\ud800"])
def test_text_that_is_no_key_is_refused_without_being_shown(paths: Paths, key: str) -> None:
    sentence = refused(paths, {}, stream_key=key).fields["stream_key"]
    assert "1 to 512" in sentence and (len(key) < 3 or key not in sentence)


def test_key_is_kept_for_its_owner_alone_and_wins(paths: Paths) -> None:
    assert change(paths, {}, stream_key="  panels-key\n")
    assert paths.panel_key_file.read_text() == "panels-key\n"
    assert paths.panel_key_file.stat().st_mode & 0o777 == 0o600
    assert not paths.state_file.exists(), "the key is no setting"
    made = job(paths)
    assert made.environment["STREAM_KEY_FILE"] == str(paths.panel_key_file) and made.key_origin == "panel"
    assert not change(paths, {}, stream_key="panels-key")
    assert change(paths, {}, stream_key="")
    made = job(paths)
    assert made.environment["STREAM_KEY_FILE"] == str(paths.deployed_key_file) and made.key_origin == "deployment"
    assert not change(paths, {}, stream_key="")


@pytest.mark.parametrize(
    "message",
    [
        {"changes": {}},
        {"version": None, "changes": {}},
        {"version": 7},
    ],
)
def test_change_without_a_version_is_refused(paths: Paths, message: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="names no version"):
        configure(paths, "host", message)


@pytest.mark.parametrize("changes", [[], "fps", 1, None, {f"n{number}": 1 for number in range(MOST_CHANGES + 1)}])
def test_changes_of_another_kind_are_refused(paths: Paths, changes: Any) -> None:
    assert f"an object of at most {MOST_CHANGES} settings" in str(refused(paths, changes))


def test_key_of_another_kind_is_refused(paths: Paths) -> None:
    assert "must be a text" in refused(paths, {}, stream_key=["secret"]).fields["stream_key"]


def test_without_a_release_nothing_can_be_changed(paths: Paths) -> None:
    version = job(paths).version
    (paths.release / "plan.json").unlink()
    with pytest.raises(RefusedError, match="There is no release") as caught:
        configure(paths, "host", {"version": version, "changes": {"fps": "25"}})
    assert caught.value.why == "unable" and everything(paths) == {}


def test_place_that_cannot_be_written_is_one_sentence_and_nothing_changes(paths: Paths) -> None:
    change(paths, {"fps": "25"}, stream_key="before")
    (paths.state / ".state.json.new").mkdir()
    for more in ({}, {"stream_key": "after"}, {"stream_key": ""}):
        with pytest.raises(RefusedError, match=r"Nothing was changed: .* cannot be written") as caught:
            change(paths, {"fps": "24"}, **more)
        assert caught.value.why == "unable" and "\n" not in str(caught.value)
        assert paths.panel_key_file.read_text() == "before\n"
        assert job(paths).effective.values["fps"] == "25"
        assert sorted(path.name for path in paths.state.iterdir()) == [".state.json.new", "state.json", "stream_key"]


def random_value(draw: random.Random, depth: int = 0) -> Any:
    """Anything JSON can say, as often as not something that a setting allows."""
    everywhere = [one for good, bad in VALUES.values() for one in (*good, *bad)]
    kinds: list[Callable[[], Any]] = [
        lambda: draw.choice(everywhere),
        lambda: draw.choice(NEVER),
        lambda: draw.choice([0, -1, 1e308, 2**63, "", "auto", "test", False]),
        lambda: "".join(chr(draw.choice([0, 9, 32, 39, 48, 92, 127, 0x661, 0xD800, 0x1F600])) for _ in range(9)),
        lambda: [random_value(draw, depth + 1)] if depth < 3 else [],
        lambda: {str(random_value(draw, depth + 1)): 1} if depth < 3 else {},
    ]
    return draw.choice(kinds)()


def random_change(draw: random.Random) -> tuple[str, Any]:
    """Return a setting's name and a value: every second time one that it allows, or None."""
    if draw.random() < 0.5:
        name = draw.choice(list(VALUES))
        return name, draw.choice([*VALUES[name][0], None])
    return draw.choice([*SETTINGS, *VALUES, "", "stream_key", "version", "\ud800", "__class__"]), random_value(draw)


def test_random_changes_never_fail_and_what_is_taken_is_in_force(paths: Paths) -> None:
    draw = random.Random(6)
    taken = 0
    for _ in range(400):
        changes = dict(random_change(draw) for _ in range(draw.choice([0, 1, 1, 1, 2, 3])))
        message: dict[str, Any] = {"version": job(paths).version, "changes": changes}
        if draw.random() < 0.2:
            message[draw.choice(["changes", "version", "stream_key"])] = random_value(draw)
        before = everything(paths)
        try:
            taken += configure(paths, draw.choice(["host", "host", "bridge"]), json.loads(json.dumps(message)))
        except RefusedError as refusal:
            assert everything(paths) == before
            assert json.dumps(refusal.as_reply()).isascii()
        made = job(paths)
        assert made.note == "" and not any("\0" in value for value in made.environment.values())
    assert taken > 40
