"""lspci: every form of its output, as people paste it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from streamkit.parse import parse
from tests.conftest import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "tests/fixtures/parse/lspci").iterdir())


def gpus(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parse("lspci", text)["gpus"]
    return found


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_example(folder: Path) -> None:
    facts = parse("lspci", (folder / "output.txt").read_bytes().decode())
    expected = json.loads((folder / "expect.json").read_text())
    assert {field: facts.get(field) for field in expected} == expected
    assert json.loads(json.dumps(facts)) == facts
    assert bool(facts["gpus"]) != ("reason" in facts)


@pytest.mark.parametrize(
    ("body", "vendor", "name"),
    [
        ("Intel Corporation UHD Graphics 630", "intel", "UHD Graphics 630"),
        ("Intel Corp. 82810 (CGC) Chipset", "intel", "82810 (CGC) Chipset"),
        ("Intel Corporation: Unknown device 3575 (rev 02)", "intel", "Unknown device 3575"),
        ("nVidia Corporation GF108 [GeForce GT 430] (rev a1)", "nvidia", "GF108 [GeForce GT 430]"),
        ("NVIDIA Corporation Device 2db9 (rev a1)", "nvidia", "Device 2db9"),
        ("ATI Technologies Inc RV350 AR [Radeon 9600] (Secondary)", "amd", "RV350 AR [Radeon 9600] (Secondary)"),
        ("ATI Technologies, Inc. Rage 128", "amd", "Rage 128"),
        (
            "Advanced Micro Devices, Inc. [AMD/ATI] Navi 31 [Radeon RX 7900 XT] (rev c8)",
            "amd",
            "Navi 31 [Radeon RX 7900 XT]",
        ),
        ("Advanced Micro Devices, Inc. [AMD] nee ATI Cedar [Radeon HD 5450]", "amd", "Cedar [Radeon HD 5450]"),
        ("Advanced Micro Devices [AMD] nee ATI Trinity [Radeon HD 7560D]", "amd", "Trinity [Radeon HD 7560D]"),
        ("Red Hat, Inc. QXL paravirtual graphic card (rev 05)", "other", "QXL paravirtual graphic card"),
        ("VMware SVGA II Adapter", "other", "SVGA II Adapter"),
        ("Cirrus Logic GD 5446", "other", "GD 5446"),
        ("Matrox Electronics Systems Ltd. MGA G200eW WPCM450 (rev 0a)", "other", "MGA G200eW WPCM450"),
        ("Some Maker Nobody Listed GPU 1", "other", "Some Maker Nobody Listed GPU 1"),
    ],
)
def test_vendor_and_name(body: str, vendor: str, name: str) -> None:
    line = f"01:00.0 VGA compatible controller: {body}"
    assert gpus(line) == [{"vendor": vendor, "pci_id": None, "name": name, "slot": "01:00.0"}]


@pytest.mark.parametrize(
    "line",
    [
        "02:00.0 Non-Volatile memory controller: Sandisk Corp SanDisk Ultra 3D / WD Blue SN570 NVMe SSD (rev 01)",
        "01:00.1 Audio device [0403]: NVIDIA Corporation TU117 HD Audio [10de:10fa] (rev a1)",
        "05:00.0 Bridge [0680]: NVIDIA Corporation GH100 [H100 NVSwitch] [10de:22a3] (rev a1)",
        "8a:00.0 Processing accelerators [1200]: AMD Instinct MI300X [1002:74a1]",
        "00:06.0 Non-VGA unclassified device [0000]: Intel Corporation 82378 [8086:0484]",
        "00:01.0 VGA compatible unclassified device [0001]: ATI Mach64 [1002:4758]",
        "\tSubsystem: Lenovo VGA compatible controller [17aa:3a47]",
        "00:02.0 0403: 8086:1e20 (rev 04)",
        "[    0.512345] pci 0000:00:02.0: vgaarb: VGA decodes changed",
        "description: VGA compatible controller",
    ],
)
def test_what_is_no_gpu(line: str) -> None:
    assert gpus(line) == []


@pytest.mark.parametrize("slot", ["00:02.0", "0000:01:00.0", "10000:e1:00.0", "5dc5:00:00.0", "C4:00.0"])
def test_slot_is_as_printed(slot: str) -> None:
    assert gpus(f"{slot} 3D controller [0302]: NVIDIA Corporation X [10de:2820]")[0]["slot"] == slot


def test_the_subsystem_id_does_not_win() -> None:
    text = "01:00.0 VGA compatible controller: NVIDIA Corporation GA104 (rev a1)\n\tSubsystem: Dell [1028:0c06]\n"
    assert gpus(text)[0]["pci_id"] is None


def test_a_driver_belongs_to_the_device_above_it() -> None:
    text = (
        "00:02.0 VGA compatible controller: Intel Corporation HD Graphics\n"
        "00:1f.3 Audio device: Intel Corporation HD Audio\n\tKernel driver in use: snd_hda_intel\n"
    )
    assert "driver" not in gpus(text)[0]


def test_two_machines_in_one_text_stay_two() -> None:
    text = (
        "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation A [10de:2820]\n"
        "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation B [10de:2204]\n"
    )
    assert [gpu["pci_id"] for gpu in gpus(text)] == ["10de:2820", "10de:2204"]


@pytest.mark.parametrize("width", range(50, 118, 4))
def test_a_line_broken_anywhere_behind_the_class(width: int) -> None:
    line = "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation AD106M [GeForce RTX 4070 Max-Q / Mobile] [10de:2820] (rev a1)"
    gpu = gpus(f"{line[:width]}\n{line[width:]}\n00:1f.3 Audio device [0403]: Intel Corporation [8086:a170]\n")[0]
    assert (gpu["vendor"], gpu["pci_id"], gpu["slot"]) == ("nvidia", "10de:2820", "01:00.0")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2_000_000,
        "00:02.0 " * 250_000,
        "Class:\tVGA compatible controller\n" * 60_000,
        "".join(
            f"{n % 256:02x}:{n // 256 % 32:02x}.0 VGA compatible controller [0300]: Intel [8086:{n % 65536:04x}]\n"
            for n in range(28_000)
        ),
        "\n" * 2_000_000,
        '"' * 2_000_000,
    ],
    ids=["brackets", "slots", "classes", "many devices", "lines", "quotes"],
)
def test_two_megabytes_in_time_proportional_to_their_length(text: str) -> None:
    started = time.process_time()
    gpus(text)
    assert time.process_time() - started < 5
