"""GPUs put together from lspci, vainfo and nvidia-smi."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.detect.dumped_gpus import gpus_from
from streamkit.parse import parse

HYBRID = """00:02.0 VGA compatible controller [0300]: Intel Corporation Meteor Lake-P [Intel Arc Graphics] [8086:7d55] (rev 08)
01:00.0 VGA compatible controller [0300]: NVIDIA Corporation AD106M [GeForce RTX 4070 Max-Q / Mobile] [10de:2820] (rev a1)
"""
VFIO = """0000:01:00.0 VGA compatible controller [0300]: NVIDIA Corporation TU117M [GeForce GTX 1650] [10de:1f91] (rev a1)
	Kernel driver in use: vfio-pci
	Kernel modules: nouveau, nvidia
"""
TWO_AMD = """03:00.0 VGA compatible controller [0300]: AMD/ATI Navi 22 [Radeon RX 6700 XT] [1002:73df] (rev c1)
	Kernel driver in use: amdgpu
e5:00.0 VGA compatible controller [0300]: AMD/ATI Rembrandt [Radeon 680M] [1002:1681] (rev 0a)
	Kernel driver in use: amdgpu
"""
IHD = """libva info: VA-API version 1.20.0
libva info: Trying to open /usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so
libva info: va_openDriver() returns 0
vainfo: VA-API version: 1.20 (libva 2.12.0)
vainfo: Driver version: Intel iHD driver for Intel(R) Gen Graphics - 24.1.0 ()
vainfo: Supported profile and entrypoints
      VAProfileH264Main               : VAEntrypointVLD
      VAProfileH264Main               : VAEntrypointEncSliceLP
"""
RADEONSI = """vainfo: VA-API version: 1.22 (libva 2.22.0)
vainfo: Driver version: Mesa Gallium driver 25.0.7 for AMD Radeon RX 6700 XT (radeonsi, navi22, LLVM 19.1.7, DRM 3.61)
vainfo: Supported profile and entrypoints
      VAProfileHEVCMain               : VAEntrypointVLD
      VAProfileHEVCMain               : VAEntrypointEncSlice
"""
NO_NVIDIA_VA = """libva info: VA-API version 1.14.0
libva info: Trying to open /usr/lib/x86_64-linux-gnu/dri/nvidia_drv_video.so
libva info: va_openDriver() returns -1
vaInitialize failed with error code -1 (unknown libva error),exit
"""
SMI = """+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 550.54.14              Driver Version: 550.54.14      CUDA Version: 12.4     |
|-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
|=========================================+========================+======================|
|   0  NVIDIA GeForce RTX 4070 ...    Off |   00000000:01:00.0 Off |                  N/A |
| N/A   45C    P8              4W /   50W |       1MiB /   8188MiB |      0%      Default |
+-----------------------------------------+------------------------+----------------------+
"""
SMI_FAILS = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n"


def described(**texts: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return (GPUs, what is unknown with its reason) from texts by tool."""
    parsed = {tool.replace("_", "-"): parse(tool.replace("_", "-"), text) for tool, text in texts.items()}
    gpus, unknown = gpus_from(parsed)
    assert all(entry["about"] == "gpu" for entry in unknown)
    return gpus, [f"{entry['what']}: {entry['reason']}" for entry in unknown]


def test_hybrid_laptop_from_all_three() -> None:
    (intel, nvidia), unknown = described(lspci=HYBRID, vainfo=IHD, nvidia_smi=SMI)
    assert (intel["vendor"], intel["pci_slot"], intel["state"]) == ("intel", "0000:00:02.0", "ready")
    assert (intel["va"]["encode"], intel["va"]["low_power_only"], intel["nvenc"]) == (["h264"], ["h264"], None)
    assert (nvidia["state"], nvidia["driver"], nvidia["va"]) == ("ready", "nvidia", None)
    assert (nvidia["nvenc"]["codecs"], nvidia["nvenc"]["driver_version"]) == (["h264", "hevc", "av1"], "550.54.14")
    assert (intel["render_node"], nvidia["render_node"], unknown) == (None, None, [])


def test_list_alone_leaves_usable_or_not_unknown() -> None:
    gpus, unknown = described(lspci=HYBRID)
    assert [gpu["state"] for gpu in gpus] == ["unknown", "unknown"]
    assert gpus[1]["nvenc"]["codecs"] == ["h264", "hevc", "av1"]
    assert "GPUs by vainfo: there is no vainfo.txt among the dumps" in unknown
    assert "GPUs by nvidia-smi: there is no nvidia-smi.txt among the dumps" in unknown
    assert "whether Meteor Lake-P [Intel Arc Graphics] is usable: no dump shows a driver that reached it" in unknown


def test_gpu_kept_for_a_virtual_machine() -> None:
    (gpu,), _ = described(lspci=VFIO, nvidia_smi=SMI_FAILS)
    assert (gpu["state"], gpu["driver"]) == ("vfio", "vfio-pci")


def test_gpu_that_does_not_answer() -> None:
    (gpu,), _ = described(lspci=VFIO.replace("rev a1", "rev ff").partition("\n")[0] + "\n")
    assert gpu["state"] == "off" and "rev ff" in gpu["reason"]


def test_driver_that_nvidia_smi_cannot_reach() -> None:
    text = VFIO.replace("vfio-pci", "nvidia")
    assert described(lspci=text)[0][0]["state"] == "ready"
    (gpu,), unknown = described(lspci=text, nvidia_smi=SMI_FAILS)
    assert gpu["state"] == "unknown" and gpu["reason"].startswith("nvidia-smi does not reach it: ")
    assert gpu["nvenc"]["driver_version"] is None
    assert any(line.startswith("GPUs by nvidia-smi: ") for line in unknown)


def test_vainfo_alone_shows_one_gpu() -> None:
    (gpu,), unknown = described(vainfo=RADEONSI)
    assert (gpu["vendor"], gpu["pci_id"], gpu["state"], gpu["va"]["encode"]) == ("amd", None, "ready", ["hevc"])
    assert unknown == ["GPUs by lspci: there is no lspci.txt among the dumps"]


def test_nvidia_smi_alone_answers_by_name() -> None:
    (gpu,), _ = described(nvidia_smi=SMI.replace("RTX 4070 ...", "GTX 1650    "))
    assert (gpu["name"], gpu["nvenc"]["codecs"]) == ("NVIDIA GeForce GTX 1650", ["h264", "hevc"])


def test_two_gpus_of_one_vendor_are_not_mixed_up_silently() -> None:
    (first, second), unknown = described(lspci=TWO_AMD, vainfo=RADEONSI)
    assert first["va"]["usable"] and second["va"] is None
    assert (first["state"], second["state"]) == ("ready", "ready")
    assert "which GPU vainfo asked: 2 of amd are listed; taken for the first, as vainfo does" in unknown


def test_different_numbers_of_nvidia_gpus() -> None:
    two = HYBRID + HYBRID.splitlines()[1].replace("01:00.0", "02:00.0") + "\n"
    gpus, unknown = described(lspci=two, nvidia_smi=SMI)
    assert [gpu["state"] for gpu in gpus] == ["unknown"] * 3
    assert "which NVIDIA GPU is which: lspci lists 2, nvidia-smi 1" in unknown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (NO_NVIDIA_VA, "nvidia_drv_video.so could not be opened"),
        ("error: can't connect to X server!\n", "vainfo shows no driver that it names"),
    ],
)
def test_failing_vainfo_makes_no_gpu(text: str, reason: str) -> None:
    gpus, unknown = described(vainfo=text)
    assert gpus == []
    assert any(reason in line for line in unknown)


def test_tool_that_is_missing_there() -> None:
    gpus, unknown = described(lspci="bash: lspci: command not found\n")
    assert gpus == []
    assert "GPUs by lspci: lspci is not installed" in unknown
