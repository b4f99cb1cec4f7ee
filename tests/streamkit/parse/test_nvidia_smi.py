"""nvidia-smi: tables of every driver series, lists, queries and failures as people paste them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from streamkit.parse import parse
from tests.conftest import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "tests/fixtures/parse/nvidia-smi").iterdir())
ROW = "|   0  {:<27} {:>6} |   00000000:01:00.0 Off |                  N/A |"


def smi(text: str) -> dict[str, Any]:
    return parse("nvidia-smi", text)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_example(folder: Path) -> None:
    facts = smi((folder / "output.txt").read_bytes().decode())
    expected = json.loads((folder / "expect.json").read_text())
    assert {field: facts.get(field) for field in expected} == expected
    assert json.loads(json.dumps(facts)) == facts
    assert facts["reason"]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("NVIDIA GeForce RTX 3060", "Off"),
        ("GeForce GTX 1650", "N/A"),
        ("NVIDIA GeForce RTX 4080 ...", "WDDM"),
        ("Tesla K20c", "TCC"),
        ("NVIDIA GeForce RTX 3080", "MCDM"),
        ("NVIDIA A100-SXM4-40GB", "On"),
        ("Quadro P1000", "ERR!"),
        ("TITAN X (Pascal)", "Off"),
    ],
)
def test_persistence_is_no_part_of_a_name(name: str, state: str) -> None:
    assert smi(ROW.format(name, state))["gpus"] == [name]


@pytest.mark.parametrize(
    "line",
    [
        "|    0   N/A  N/A      1102      G   /usr/lib/xorg/Xorg                 35MiB |",
        "|    0      2391    C   Tesla T4 benchmark                             1069MiB |",
        "|  0    2   0   0  |              25MiB / 11968MiB  | 28      0 |  2   0    2    0    0 |",
        "| N/A   45C    P8              4W /   50W |       1MiB /   4096MiB |      0%      Default |",
        "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |",
        "|   1  ERR!                On   | 00000000:91:00.0 Off |                 ERR! |",
        "GPU 0: 54C, 20%",
        "GPU 00000000:01:00.0",
        "Nov 12 10:20:30 box kernel: nvidia 0000:01:00.0: enabling device (0000 -> 0003)",
        "NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x24:0xffff:1211)",
        "        Product Brand                     : GeForce",
        "The NVIDIA driver is not loaded for GPU 0: no idea why",
    ],
)
def test_what_names_no_gpu(line: str) -> None:
    assert smi(f"| Processes: |\n{line}\n")["gpus"] == []
    assert smi(line + "\n")["gpus"] == []


def test_the_best_of_several() -> None:
    two = "GPU 0: NVIDIA A100-PCIE-40GB (UUID: GPU-1)\nGPU 1: NVIDIA L4 (UUID: GPU-2)\n"
    assert smi(two)["nvenc_codecs"] == ["h264", "hevc", "av1"]
    # An unknown one may be better than the best that is known, but not than the best there is.
    unknown = "GPU 2: Graphics Device (UUID: GPU-3)\n"
    assert smi(two + unknown)["nvenc_codecs"] == ["h264", "hevc", "av1"]
    beside_a_t4 = smi("GPU 0: Tesla T4 (UUID: GPU-1)\n" + unknown)
    assert (beside_a_t4["nvenc"], beside_a_t4["nvenc_codecs"]) == (True, "unknown")
    beside_none = smi("GPU 0: NVIDIA H200 (UUID: GPU-1)\n" + unknown)
    assert (beside_none["nvenc"], beside_none["nvenc_codecs"]) == ("unknown", "unknown")
    # A GT 710 has H.264 at most.
    assert smi("GPU 0: Tesla T4 (UUID: GPU-1)\nGPU 1: GeForce GT 710 (UUID: GPU-2)")["nvenc_codecs"] == ["h264", "hevc"]


def test_driver_version() -> None:
    assert smi("| NVIDIA-SMI 550.54.14   Driver Version: 550.54.14   CUDA Version: 12.4 |")["driver"] == "550.54.14"
    assert smi("| NVIDIA-SMI 610.88   KMD Version: 610.88   CUDA UMD Version: 13.3 |")["driver"] == "610.88"
    assert smi("Driver Version                            : 535.154.05")["driver"] == "535.154.05"
    assert smi("| NVIDIA-SMI 540.2.0    Driver Version: N/A |") == {
        "gpus": [],
        "nvenc": "unknown",
        "nvenc_codecs": "unknown",
        "usable_now": False,
        "driver": None,
        "reason": "the text names no GPU",
        "error": "the text names no GPU",
    }


def test_csv_takes_the_column_that_its_header_names() -> None:
    assert smi("driver_version, name\n535.1, NVIDIA L4\nnothing else\n")["gpus"] == ["NVIDIA L4"]
    assert smi("memory.used [MiB], utilization.gpu [%]\n812 MiB, 3 %\n")["gpus"] == []


@pytest.mark.parametrize(
    "text",
    [
        "|" * 2_000_000,
        "|\n" * 1_000_000,
        "GPU 0: " * 285_000,
        "|   0  NVIDIA GeForce RTX 3060 \n" * 62_000,
        "name, x\n" + "NVIDIA A100, 3\n" * 130_000,
        " " * 2_000_000,
    ],
    ids=["bars", "lines of bars", "GPU 0", "rows without an end", "csv", "spaces"],
)
def test_two_megabytes_in_time_proportional_to_their_length(text: str) -> None:
    started = time.process_time()
    smi(text)
    assert time.process_time() - started < 5
