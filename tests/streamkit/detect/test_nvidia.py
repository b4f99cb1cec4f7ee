"""NVIDIA's driver and encoder, from what the driver writes into /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.detect.nvidia import nvenc_facts
from tests.streamkit.detect.trees import put

SLOT = "0000:01:00.0"
CLOSED = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.247.01  Mon Mar  3 04:28:47 UTC 2025\nGCC version:  gcc 12\n"
)
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder)\n"


@pytest.mark.parametrize(("text", "version"), [(CLOSED, "535.247.01"), (OPEN, "580.95.05"), ("", None)])
def test_version_of_the_kernel_module(tmp_path: Path, text: str, version: str | None) -> None:
    put(tmp_path, "proc/driver/nvidia/version", text)
    assert nvenc_facts(tmp_path, SLOT, "10de:2684")["nvenc"]["driver_version"] == version


def test_device_nodes_of_the_second_gpu(tmp_path: Path) -> None:
    put(tmp_path, "proc/driver/nvidia/version", OPEN)
    information = "Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 146\nDevice Minor: \t 1\n"
    put(tmp_path, f"proc/driver/nvidia/gpus/{SLOT}/information", information)
    put(tmp_path, "dev/nvidiactl")
    assert nvenc_facts(tmp_path, SLOT, "10de:2503")["nvenc"]["device_nodes"] == [], "/dev/nvidia1 is missing"
    put(tmp_path, "dev/nvidia1")
    found = nvenc_facts(tmp_path, SLOT, "10de:2503")
    assert found["name"] == "NVIDIA GeForce RTX 3060"
    assert found["nvenc"]["device_nodes"] == ["/dev/nvidia1", "/dev/nvidiactl"]
    assert found["nvenc"]["codecs"] == ["h264", "hevc"]


def test_name_that_the_driver_does_not_know(tmp_path: Path) -> None:
    put(tmp_path, f"proc/driver/nvidia/gpus/{SLOT}/information", "Model: \t\t Unknown\n")
    assert nvenc_facts(tmp_path, SLOT, "10de:1d01")["name"] is None


@pytest.mark.parametrize("pci_id", ["10de:1d01", "10de:1d10", "10de:20b0", "10de:2335"])
def test_gt_1030_mx150_a100_and_h200_have_no_encoder(tmp_path: Path, pci_id: str) -> None:
    assert nvenc_facts(tmp_path, SLOT, pci_id)["nvenc"]["codecs"] == []


def test_unreadable_id_is_unknown(tmp_path: Path) -> None:
    nvenc = nvenc_facts(tmp_path, SLOT, None)["nvenc"]
    assert (nvenc["codecs"], nvenc["reason"]) == (None, "its PCI id cannot be read")
