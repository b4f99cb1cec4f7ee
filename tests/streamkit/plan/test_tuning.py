"""What is tuned on which host, and that all of it is given back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from streamkit.config import parse_inventory
from streamkit.detect.tuning import TUNED_FILES
from streamkit.plan.tuning import MARK, decide, figures
from tests.conftest import REPOSITORY, Host, MakeSettings

CARD = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"
GOVERNOR = "/sys/devices/system/cpu/cpufreq/policy{}/scaling_governor"
SYSCTLS = [f"/proc/sys/net/core/{name}" for name in ("rmem_default", "rmem_max", "wmem_default", "wmem_max")]


def seen(**changed: Any) -> dict[str, Any]:
    """Return what is seen on a mini PC with systemd and the card of the fixture host, with some of it replaced."""
    offered = ["performance", "powersave"]
    facts: dict[str, Any] = {
        "systemd": True,
        "governors": [{"path": GOVERNOR.format(n), "value": "powersave", "offered": offered} for n in (0, 1)],
        "sysctls": dict.fromkeys(SYSCTLS, 212992),
        "usb": [
            {"path": f"{CARD}.4", "id": "046d:c31c", "control": "auto", "asleep_ms": 0, "awake_ms": 0},
            {"path": CARD, "id": "534d:2109", "control": "auto", "asleep_ms": 9000, "awake_ms": 1000},
        ],
        "udp": {"received": 12, "sent": 0},
        "files": dict.fromkeys(TUNED_FILES.values()),
        "before": None,
    }
    return {**facts, **changed}


def after(facts: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    """Return what is seen once a decision was carried out."""
    now = copy.deepcopy(facts)
    for entry in done["files"]:
        now["files"][entry["path"]] = {key: value for key, value in entry.items() if key != "path"} or None
    numbers = {entry["path"]: entry["value"] for entry in done["kernel_values"]}
    for clock in now["governors"]:
        clock["value"] = numbers.get(clock["path"], clock["value"])
    now["sysctls"] = {path: int(numbers.get(path, value)) for path, value in now["sysctls"].items()}
    for usb in now["usb"]:
        usb["control"] = numbers.get(f"{usb['path']}/power/control", usb["control"])
    return {**now, "before": done["before"]}


def numbers(done: dict[str, Any]) -> dict[str, str]:
    return {entry["path"]: entry["value"] for entry in done["kernel_values"]}


def test_nothing_is_done_unless_asked_for(host: Host, settings: MakeSettings) -> None:
    done = decide(host("usb_card"), settings(), seen())
    assert (done["files"], done["kernel_values"], done["before"], done["reload"]) == ([], [], None, False)
    assert done["lines"] == ["Nothing is tuned on this host."]


def test_a_mini_pc_is_tuned(host: Host, settings: MakeSettings) -> None:
    done = decide(host("usb_card"), settings(tuning="present"), seen())
    expected = {GOVERNOR.format(0): "performance", GOVERNOR.format(1): "performance"}
    expected |= dict.fromkeys(SYSCTLS, "2097152")
    # The card, and no other device on USB.
    assert numbers(done) == {**expected, f"{CARD}/power/control": "on"}
    files = {entry["path"]: entry for entry in done["files"]}
    assert set(files) == set(TUNED_FILES.values())
    assert files[TUNED_FILES["wanted"]]["link"] == TUNED_FILES["unit"]
    assert "do echo performance" in files[TUNED_FILES["unit"]]["content"]
    assert "net.core.wmem_max = 2097152\n" in files[TUNED_FILES["sysctl"]]["content"]
    rule = files[TUNED_FILES["udev"]]["content"]
    assert rule.count('{idVendor}=="534d"') == rule.count('{idProduct}=="2109"') == 2
    assert done["before"]["usb"] == {"534d:2109": "auto"}
    assert done["before"]["values"] == {
        GOVERNOR.format(0): "powersave",
        GOVERNOR.format(1): "powersave",
    } | dict.fromkeys(SYSCTLS, "212992")
    assert done["reload"]
    assert done["lines"] == [
        "CPU governor: performance on 2 of 2 clocks (before: powersave).",
        "UDP buffers: at least 2048 KiB (before: 208 KiB).",
        "USB power: the capture card 534d:2109 stays awake (before: auto).",
        "Realtime priority: left as it is.",
    ]


def test_a_second_run_finds_all_as_it_shall_be_and_says_the_same(host: Host, settings: MakeSettings) -> None:
    values, first = settings(tuning="present"), seen()
    done = decide(host("usb_card"), values, first)
    again = decide(host("usb_card"), values, after(first, done))
    assert again == {**done, "reload": False}


def test_absent_gives_back_exactly_what_was_there(host: Host, settings: MakeSettings) -> None:
    foreign = {"content": "net.core.rmem_max = 300000\n", "mode": "0600"}
    first = seen(files={**dict.fromkeys(TUNED_FILES.values()), TUNED_FILES["sysctl"]: foreign})
    first["sysctls"][SYSCTLS[1]] = 300000
    tuned = after(first, decide(host("usb_card"), settings(tuning="present"), first))
    assert tuned["sysctls"][SYSCTLS[1]] == 2097152
    back = decide(host("usb_card"), settings(), tuned)
    assert back["reload"] and back["lines"] == ["Everything that was tuned on this host is given back."]
    assert after(tuned, back) == first


def test_one_part_is_given_back_alone(host: Host, settings: MakeSettings) -> None:
    first = seen()
    tuned = after(first, decide(host("usb_card"), settings(tuning="present"), first))
    values = settings(tuning="present", tuning_cpu_governor="unchanged", tuning_usb_autosuspend=False)
    rest = after(tuned, decide(host("usb_card"), values, tuned))
    assert (rest["governors"], rest["usb"]) == (first["governors"], first["usb"])
    assert {path for path, entry in rest["files"].items() if entry} == {TUNED_FILES["sysctl"]}
    assert list(rest["before"]["files"]) == [TUNED_FILES["sysctl"]]
    values = settings(tuning="present", tuning_cpu_governor="unchanged", tuning_usb_autosuspend=False)
    none = decide(host("usb_card"), {**values, "tuning_udp_buffer_kib": 0}, rest)
    assert none["before"] is None and after(rest, none) == first


def test_buffers_are_never_made_smaller(host: Host, settings: MakeSettings) -> None:
    facts = seen(sysctls={**dict.fromkeys(SYSCTLS, 212992), SYSCTLS[1]: 16777216})
    done = decide(host("usb_card"), settings(tuning="present", tuning_udp_buffer_kib=1024), facts)
    assert numbers(done)[SYSCTLS[1]] == "16777216"
    assert numbers(done)[SYSCTLS[0]] == "1048576"
    assert "UDP buffers: at least 1024 KiB (before: 208 to 16384 KiB)." in done["lines"]


def test_more_is_asked_for_later_and_what_was_first_is_remembered(host: Host, settings: MakeSettings) -> None:
    first = seen()
    small = after(first, decide(host("usb_card"), settings(tuning="present", tuning_udp_buffer_kib=4096), first))
    done = decide(host("usb_card"), settings(tuning="present", tuning_udp_buffer_kib=512), small)
    assert numbers(done)[SYSCTLS[1]] == "524288"
    assert done["before"]["values"][SYSCTLS[1]] == "212992"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"governors": []}, "CPU governor: this host offers none, as most virtual machines; nothing to tune."),
        ({"sysctls": {}}, "UDP buffers: they are set outside this container; nothing to tune."),
        ({"usb": []}, "USB power: the capture card is not on USB; nothing to tune."),
    ],
)
def test_what_a_host_does_not_offer_is_said(
    host: Host, settings: MakeSettings, facts: dict[str, Any], line: str
) -> None:
    assert line in decide(host("usb_card"), settings(tuning="present"), seen(**facts))["lines"]


def test_a_governor_that_is_not_offered_is_named_beside_those_that_are(host: Host, settings: MakeSettings) -> None:
    done = decide(host("usb_card"), settings(tuning="present", tuning_cpu_governor="schedutil"), seen())
    assert (
        "schedutil is not among those that this host offers (performance, powersave); left as it is."
        in done["lines"][0]
    )
    assert TUNED_FILES["unit"] not in {entry["path"] for entry in done["files"]}


def test_without_systemd_the_governor_is_set_and_not_kept(host: Host, settings: MakeSettings) -> None:
    done = decide(host("usb_card"), settings(tuning="present"), seen(systemd=False))
    assert numbers(done)[GOVERNOR.format(0)] == "performance"
    assert TUNED_FILES["unit"] not in {entry["path"] for entry in done["files"]}
    assert done["lines"][0].endswith("Without systemd it holds until the next start of the machine.")
    assert not done["reload"]


def test_the_rule_waits_for_a_card_that_was_unplugged(host: Host, settings: MakeSettings) -> None:
    first, values, hardware = seen(), settings(tuning="present"), host("usb_card")
    tuned = after(first, decide(hardware, values, first))
    hardware["video_devices"] = []
    tuned["usb"] = tuned["usb"][:1]
    away = decide(hardware, values, tuned)
    assert TUNED_FILES["udev"] in {entry["path"] for entry in away["files"] if "content" in entry}
    assert "USB power: the capture card 534d:2109 is not plugged in; it will stay awake when it is." in away["lines"]
    # Given back while it is away: nothing is left to be written into, and no other device gets its setting.
    gone = after(tuned, decide(hardware, settings(), tuned))
    assert gone["before"] is None and gone["usb"] == first["usb"][:1]


def test_another_card_takes_its_place(host: Host, settings: MakeSettings) -> None:
    first, values, hardware = seen(), settings(tuning="present"), host("usb_card")
    tuned = after(first, decide(hardware, values, first))
    hardware["video_devices"][0]["usb"] = f"{CARD}.4"
    other = after(tuned, decide(hardware, values, tuned))
    assert {usb["id"]: usb["control"] for usb in other["usb"]} == {"046d:c31c": "on", "534d:2109": "auto"}
    assert other["before"]["usb"] == {"046d:c31c": "auto"}
    assert "046d" in other["files"][TUNED_FILES["udev"]]["content"]


def test_our_own_files_without_a_record_are_not_taken_for_somebody_elses(host: Host, settings: MakeSettings) -> None:
    first, values = seen(), settings(tuning="present")
    lost = {**after(first, decide(host("usb_card"), values, first)), "before": None}
    assert str(lost["files"][TUNED_FILES["sysctl"]]["content"]).startswith(MARK)
    assert set(decide(host("usb_card"), values, lost)["before"]["files"].values()) == {None}


def test_a_host_that_streams_the_test_picture_has_no_card_to_keep_awake(host: Host, settings: MakeSettings) -> None:
    done = decide(host("usb_card"), settings(tuning="present", source="test"), seen())
    assert "USB power: there is no capture card; nothing to tune." in done["lines"]


def test_the_figures_show_what_tuning_could_change(host: Host) -> None:
    lines = figures(host("usb_card"), seen())
    assert lines[0] == "CPU governor      powersave"
    assert lines[2] == "UDP drops         12 received, 0 sent, for want of a buffer since boot"
    assert lines[3:] == ["Card 534d:2109    power auto, asleep 90 % of the time"]


def test_each_scenario_switches_on_one_part_alone() -> None:
    parts: dict[str, dict[str, object]] = {
        "governor": {"tuning_cpu_governor": "performance"},
        "udp_buffers": {"tuning_udp_buffer_kib": 2048},
        "usb_awake": {"tuning_usb_autosuspend": True},
        "realtime": {"tuning_realtime": True},
    }
    nothing: dict[str, object] = {
        "tuning": "present",
        "tuning_cpu_governor": "unchanged",
        "tuning_udp_buffer_kib": 0,
        "tuning_usb_autosuspend": False,
        "tuning_realtime": False,
    }
    scenarios = {
        path.stem: parse_inventory(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in (REPOSITORY / "bench/scenarios/tuning").glob("*.yml")
    }
    assert scenarios.pop("off") == {"tuning": "absent"}
    assert scenarios == {name: {**nothing, **part} for name, part in parts.items()}
