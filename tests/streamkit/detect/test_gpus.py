"""GPUs of miniature machines: laptops, servers, virtual machines, and what keeps a GPU from being used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamkit.detect import gpus
from tests.streamkit.detect.trees import drm_node, link, pci_gpu, put


def one(root: Path) -> dict[str, Any]:
    (found,) = gpus.scan(root)
    return found


def test_intel_mini_pc(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    found = one(tmp_path)
    assert (found["vendor"], found["pci_id"], found["pci_slot"]) == ("intel", "8086:46d1", "0000:00:02.0")
    assert (found["driver"], found["render_node"], found["card_node"]) == (
        "i915",
        "/dev/dri/renderD128",
        "/dev/dri/card0",
    )
    assert found["gid"] == (tmp_path / "dev/dri/renderD128").stat().st_gid
    assert (found["state"], found["reason"], found["nvenc"]) == ("ready", None, None)


def test_hybrid_laptop_whose_second_gpu_is_kept_for_a_virtual_machine(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:7d55", "i915", ["card1", "renderD128"])
    pci_gpu(tmp_path, "0000:01:00.0", "10de:2820", "vfio-pci")
    intel, nvidia = gpus.scan(tmp_path)
    assert (intel["vendor"], intel["state"], nvidia["vendor"], nvidia["state"]) == ("intel", "ready", "nvidia", "vfio")
    assert "kept for a virtual machine" in nvidia["reason"]
    assert nvidia["nvenc"]["codecs"] == ["h264", "hevc", "av1"], "what it could, were it not kept"
    assert (nvidia["render_node"], nvidia["gid"]) == (None, None)


def test_order_is_that_of_slots_not_of_render_nodes(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:e5:00.0", "1002:1681", "amdgpu", ["card0", "renderD128"])
    pci_gpu(tmp_path, "0000:03:00.0", "1002:73df", "amdgpu", ["card1", "renderD129"])
    assert [(gpu["pci_slot"], gpu["render_node"]) for gpu in gpus.scan(tmp_path)] == [
        ("0000:03:00.0", "/dev/dri/renderD129"),
        ("0000:e5:00.0", "/dev/dri/renderD128"),
    ]


def test_sleeping_gpu_is_ready_and_is_not_woken(tmp_path: Path) -> None:
    device = pci_gpu(tmp_path, "0000:01:00.0", "1002:73df", "amdgpu", ["card1", "renderD129"])
    put(tmp_path, f"{device}/power_state", "D3cold\n")
    put(tmp_path, f"{device}/power/runtime_status", "suspended\n")
    (tmp_path / device / "config").write_bytes(b"\xff" * 64)
    assert one(tmp_path)["state"] == "ready"


def test_gpu_that_fell_off_the_bus(tmp_path: Path) -> None:
    device = pci_gpu(tmp_path, "0000:01:00.0", "10de:1f91", "nouveau", ["card1", "renderD129"])
    (tmp_path / device / "config").write_bytes(b"\xff" * 64)
    found = one(tmp_path)
    assert found["state"] == "off" and "reads ff" in found["reason"]


def test_gpu_switched_off_by_bbswitch(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:01:00.0", "10de:1f91")
    put(tmp_path, "proc/acpi/bbswitch", "0000:01:00.0 OFF\n")
    assert (one(tmp_path)["state"], one(tmp_path)["reason"]) == ("off", "switched off by bbswitch")
    put(tmp_path, "proc/acpi/bbswitch", "0000:01:00.0 ON\n")
    assert one(tmp_path)["state"] == "no_driver"


@pytest.mark.parametrize(
    ("pci_id", "cmdline", "cure"),
    [
        ("10de:2684", "quiet", "install NVIDIA's driver"),
        ("1002:744c", "quiet", "amdgpu"),
        ("8086:56a0", "quiet", "i915 and xe"),
        ("8086:56a0", "quiet nomodeset", "remove that word"),
        ("8086:56a0", "quiet nomodeset_not", "i915 and xe"),
    ],
)
def test_gpu_without_driver(tmp_path: Path, pci_id: str, cmdline: str, cure: str) -> None:
    pci_gpu(tmp_path, "0000:01:00.0", pci_id)
    put(tmp_path, "proc/cmdline", f"BOOT_IMAGE=/vmlinuz root=/dev/sda1 {cmdline}\n")
    found = one(tmp_path)
    assert (found["state"], found["driver"], found["render_node"]) == ("no_driver", None, None)
    assert found["reason"].startswith("no driver is bound to it; ") and cure in found["reason"]


def test_server_graphics_shows_pictures_only(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:04:00.0", "1a03:2000", "ast", ["card0"])
    found = one(tmp_path)
    assert (found["vendor"], found["state"], found["card_node"]) == ("other", "no_render_node", "/dev/dri/card0")
    assert found["reason"] == "its driver ast has no render node: it shows pictures but computes none"


def test_container_without_the_device(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    (tmp_path / "dev/dri/renderD128").unlink()
    found = one(tmp_path)
    assert (found["state"], found["render_node"], found["gid"]) == ("no_render_node", None, None)
    assert "this container was not given it" in found["reason"]


def test_h200_has_a_driver_and_no_encoder(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:19:00.0", "10de:2335", "nvidia", pci_class="0x030200")
    put(
        tmp_path,
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31\n",
    )
    put(tmp_path, "proc/driver/nvidia/gpus/0000:19:00.0/information", "Model: \t\t NVIDIA H200\nDevice Minor: \t 0\n")
    put(tmp_path, "dev/nvidia0")
    put(tmp_path, "dev/nvidiactl")
    found = one(tmp_path)
    assert (found["name"], found["state"]) == ("NVIDIA H200", "ready"), "NVENC would need no render node"
    assert (found["nvenc"]["codecs"], found["nvenc"]["driver_version"]) == ([], "550.90.07")
    assert "no NVENC" in found["nvenc"]["reason"]


def test_virtio_gpu(tmp_path: Path) -> None:
    below = "virtio0"
    device = pci_gpu(tmp_path, "0000:00:01.0", "1af4:1050", "virtio-pci", ["card0", "renderD128"], below=below)
    link(tmp_path, f"{device}/{below}/driver", "sys/bus/virtio/drivers/virtio_gpu")
    found = one(tmp_path)
    assert (found["vendor"], found["driver"], found["state"]) == ("other", "virtio_gpu", "ready")
    assert found["pci_id"] == "1af4:1050"


def test_virtual_functions_name_the_card_they_are_part_of(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46a6", "i915", ["card0", "renderD128"])
    device = pci_gpu(tmp_path, "0000:00:02.1", "8086:46a6", "vfio-pci")
    link(tmp_path, f"{device}/physfn", "sys/devices/pci0000:00/0000:00:02.0")
    physical, virtual = gpus.scan(tmp_path)
    assert (physical["physical_slot"], physical["state"]) == (None, "ready")
    assert (virtual["physical_slot"], virtual["state"]) == ("0000:00:02.0", "vfio")


def test_accelerator_with_a_render_node_counts_and_other_devices_do_not(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:05:00.0", "1002:74a1", "amdgpu", ["renderD128"], pci_class="0x120000")
    pci_gpu(tmp_path, "0000:06:00.0", "8086:15f3", "igc", pci_class="0x020000")
    assert one(tmp_path)["pci_id"] == "1002:74a1"


def test_gpu_on_no_pci_bus(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    drm_node(tmp_path, "renderD129", "sys/devices/platform/fec00000.gpu")
    link(tmp_path, "sys/devices/platform/fec00000.gpu/driver", "sys/bus/platform/drivers/v3d")
    drm_node(tmp_path, "card5", "sys/devices/platform/simple-framebuffer.0")
    _, found = gpus.scan(tmp_path)
    assert (found["vendor"], found["driver"], found["render_node"]) == ("other", "v3d", "/dev/dri/renderD129")
    assert (found["pci_id"], found["pci_slot"], found["state"]) == (None, None, "ready")


def test_host_without_pci(tmp_path: Path) -> None:
    assert gpus.scan(tmp_path) == []
