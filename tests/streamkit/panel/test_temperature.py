"""The processor's temperature among all the sensors of a machine.

The trees below are, shortened, what ``sensors`` printed on real machines, from public reports about lm-sensors and other
tools: a laptop with a Core i7-9750H, a small firewall board, a Ryzen with zenpower and one with k10temp, a mainboard
(X570) whose drivers read nothing, an Orange Pi 5 (RK3588S).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.panel.temperature import LOOK_AGAIN_S, Temperature, cpu_sensors, read_all

Tree = dict[str, list[tuple[str, float]]]
CORE_I7: Tree = {
    "iwlwifi_1": [("", 49.0)],
    "coretemp": [("Package id 0", 45.0), ("Core 0", 45.0), ("Core 1", 36.0), ("Core 4", 38.0)],
    "pch_cannonlake": [("", 61.0)],
    "BAT1": [],
}
BOARD: Tree = {"acpitz": [("", 27.8), ("", 29.8)], "coretemp": [("Package id 0", 42.0), ("Core 0", 38.0)]}
ZENPOWER: Tree = {
    # Tctl with the ten degrees that the kernel's k10temp.rst names for some of them.
    "zenpower": [("Tdie", 43.0), ("Tctl", 53.0), ("Tccd1", 42.25)],
    "nvme": [("Composite", 32.9)],
    "nct6797": [("SYSTIN", 31.0), ("CPUTIN", 39.5)],
}
K10TEMP: Tree = {"k10temp": [("Tctl", 52.1), ("Tccd1", 40.5)], "amdgpu": [("edge", 48.0)]}
SILENT: Tree = {"k10temp": [("", 0.0)], "acpitz": [("", 16.8)], "it8792": [("", 39.0), ("", -55.0), ("", 37.0)]}
ORANGE_PI: Tree = {
    "gpu_thermal": [("", 33.307)],
    "littlecore_thermal": [("", 34.23)],
    "bigcore0_thermal": [("", 35.1)],
    "npu_thermal": [("", 34.23)],
    "bigcore1_thermal": [("", 36.1)],
    "soc_thermal": [("", 34.23)],
}
RASPBERRY_PI: Tree = {"cpu_thermal": [("", 52.1)], "rp1_adc": [("", 55.9)]}
TWO_SOCKETS: Tree = {"coretemp": [("Package id 0", 51.0), ("Core 0", 50.0)], "coretemp ": [("Package id 1", 63.0)]}


def plant(root: Path, tree: Tree) -> Path:
    """Write a ``/sys/class/hwmon``; a name may be repeated with a blank behind it."""
    for number, (chip, sensors) in enumerate(tree.items()):
        folder = root / f"hwmon{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(chip.strip() + "\n", encoding="ascii")
        for index, (label, celsius) in enumerate(sensors, start=1):
            (folder / f"temp{index}_input").write_text(f"{round(celsius * 1000)}\n", encoding="ascii")
            if label:
                (folder / f"temp{index}_label").write_text(label + "\n", encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("tree", "celsius"),
    [
        (CORE_I7, 45.0),
        (BOARD, 42.0),
        (ZENPOWER, 43.0),
        (K10TEMP, 52.1),
        (SILENT, None),
        (ORANGE_PI, 36.1),
        (RASPBERRY_PI, 52.1),
        (TWO_SOCKETS, 63.0),
        ({}, None),
    ],
    ids=["intel", "mini_pc", "zenpower", "k10temp", "nothing_believable", "rk3588", "raspberry", "two_sockets", "none"],
)
def test_the_processors_own_sensor_is_taken(tmp_path: Path, tree: Tree, celsius: float | None) -> None:
    assert Temperature(plant(tmp_path, tree)).celsius() == celsius


def test_old_atoms_have_cores_and_no_package(tmp_path: Path) -> None:
    readings = read_all(plant(tmp_path, {"coretemp": [("Core 0", 41.0), ("Core 1", 44.0)], "nvme": [("", 70.0)]}))
    assert [one.celsius for one in cpu_sensors(readings)] == [41.0, 44.0]


def test_after_the_first_look_only_the_one_file_is_read(tmp_path: Path) -> None:
    temperature = Temperature(plant(tmp_path, CORE_I7))
    assert temperature.celsius() == 45.0
    (tmp_path / "hwmon0" / "temp1_input").unlink()
    (tmp_path / "hwmon1" / "temp1_input").write_text("71500\n", encoding="ascii")
    assert temperature.celsius() == 71.5


def test_a_machine_without_sensors_is_looked_at_once_a_minute(tmp_path: Path) -> None:
    now = [100.0]
    temperature = Temperature(tmp_path, lambda: now[0])
    assert temperature.celsius() is None
    plant(tmp_path, BOARD)
    assert temperature.celsius() is None
    now[0] += LOOK_AGAIN_S
    assert temperature.celsius() == 42.0


def test_a_sensor_that_goes_is_no_figure_and_is_looked_for_again(tmp_path: Path) -> None:
    now = [100.0]
    temperature = Temperature(plant(tmp_path, BOARD), lambda: now[0])
    assert temperature.celsius() == 42.0
    (tmp_path / "hwmon1" / "temp1_input").write_text("", encoding="ascii")
    assert temperature.celsius() is None
    now[0] += LOOK_AGAIN_S
    assert temperature.celsius() == 38.0, "the package is silent, so the cores tell it"
