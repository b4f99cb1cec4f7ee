"""Operating system, memory and processor of miniature hosts."""

from __future__ import annotations

from pathlib import Path

from streamkit.detect import machine
from tests.streamkit.detect.trees import put

N100 = """processor	: 0
model name	: Intel(R) N100
flags		: fpu sse sse2 ss ht ssse3 fma sse4_1 sse4_2 avx bmi2 avx2 vaes
"""
EPYC_GUEST = """model name	: AMD EPYC
flags		: fpu sse2 ssse3 fma sse4_1 sse4_2 hypervisor avx avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni
"""
RASPBERRY = """processor	: 0
Features	: fp asimd evtstrm aes crc32 atomics asimddp

Hardware	: BCM2835
Model		: Raspberry Pi 5 Model B Rev 1.0
"""


def topology(root: Path, cpus: dict[int, tuple[int, str]]) -> None:
    for cpu, (package, siblings) in cpus.items():
        put(root, f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", f"{package}\n")
        put(root, f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", f"{siblings}\n")


def test_mini_pc(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", N100)
    topology(tmp_path, {cpu: (0, str(cpu)) for cpu in range(4)})
    put(tmp_path, "sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n")
    put(tmp_path, "sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "powersave\n")
    put(tmp_path, "sys/devices/system/cpu/cpufreq/policy0/scaling_driver", "intel_pstate\n")
    found = machine.cpu(tmp_path)
    assert found["scaling_driver"] == "intel_pstate"
    assert (found["model"], found["governor"], found["hypervisor"]) == ("Intel(R) N100", "powersave", False)
    assert (found["sockets"], found["cores"], found["threads"]) == (1, 4, 4)
    assert found["flags"] == ["sse2", "ssse3", "sse4_1", "sse4_2", "avx", "fma", "bmi2", "avx2"]


def test_two_sockets_with_two_threads_per_core(tmp_path: Path) -> None:
    topology(tmp_path, {cpu: (cpu // 4, f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}") for cpu in range(8)})
    # cpu8 is switched off: it has a folder, but no topology.
    put(tmp_path, "sys/devices/system/cpu/cpu8/online", "0\n")
    found = machine.cpu(tmp_path)
    assert (found["sockets"], found["cores"], found["threads"]) == (2, 4, 8)


def test_virtual_machine(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", EPYC_GUEST)
    found = machine.cpu(tmp_path)
    assert (found["hypervisor"], found["governor"], found["scaling_driver"]) == (True, None, None)
    assert found["flags"][-1] == "avx512_vnni"


def test_arm_board(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", RASPBERRY)
    found = machine.cpu(tmp_path)
    assert found["model"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert found["flags"] == ["neon", "dotprod"]
    assert found["hypervisor"] is None, "an ARM processor does not say"
    (tmp_path / "proc/device-tree/hypervisor").mkdir(parents=True)
    assert machine.cpu(tmp_path)["hypervisor"] is True


def test_cores_under_different_governors_are_all_named(tmp_path: Path) -> None:
    put(tmp_path, "sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n")
    put(tmp_path, "sys/devices/system/cpu/cpufreq/policy4/scaling_governor", "performance\n")
    assert machine.cpu(tmp_path)["governor"] == "performance,powersave"


def test_nothing_to_read_is_unknown(tmp_path: Path) -> None:
    found = machine.cpu(tmp_path)
    assert [found[name] for name in ("model", "sockets", "cores", "threads", "governor", "hypervisor")] == [None] * 6
    assert found["cpus"] >= 1 and found["flags"] == []
    assert machine.memory_mb(tmp_path) is None
    assert machine.operating_system(tmp_path) == {"id": "", "version": "", "name": ""}


def test_operating_system_and_memory(tmp_path: Path) -> None:
    release = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
    put(tmp_path, "etc/os-release", release)
    put(tmp_path, "proc/meminfo", "MemTotal:       16159132 kB\nMemFree:         1 kB\n")
    assert machine.operating_system(tmp_path)["name"] == "Debian GNU/Linux 13 (trixie)"
    assert machine.memory_mb(tmp_path) == 15780


def test_host_name_is_the_kernels(tmp_path: Path) -> None:
    assert machine.hostname(tmp_path) == ""
    put(tmp_path, "proc/sys/kernel/hostname", "living-room\n")
    assert machine.hostname(tmp_path) == "living-room"
