"""GPU load: the texts of the three drivers, what two looks at them mean, and NVIDIA's library."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamkit.panel.fdinfo import LOOK_AGAIN_S, Load, ProcessGpu, load_of, parse_fdinfo
from streamkit.panel.gpu import Gpu
from streamkit.panel.nvml import TRY_AGAIN_S, Nvml, NvmlLoad

SECOND = 1_000_000_000


def i915(video_ns: int, render_ns: int = 0, client: int = 22, slot: str = "0000:00:02.0") -> str:
    """The file as the kernel's i915 writes it (Documentation/gpu/drm-usage-stats.rst and i915.rst)."""
    return (
        f"pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t501\ndrm-driver:\ti915\ndrm-client-id:\t{client}\n"
        f"drm-pdev:\t{slot}\ndrm-total-system0:\t6044 KiB\ndrm-engine-render:\t{render_ns} ns\n"
        f"drm-engine-copy:\t0 ns\ndrm-engine-video:\t{video_ns} ns\ndrm-engine-capacity-video:\t2\n"
        "drm-engine-video-enhance:\t0 ns\n"
    )


def xe(cycles: int, total: int) -> str:
    """The file as xe writes it (Documentation/gpu/xe/xe-drm-usage-stats)."""
    return (
        "pos:\t0\nflags:\t0100002\nmnt_id:\t26\nino:\t685\ndrm-driver:\txe\ndrm-client-id:\t3\ndrm-pdev:\t0000:03:00.0\n"
        f"drm-total-system:\t0\ndrm-total-gtt:\t192 KiB\ndrm-cycles-rcs:\t0\ndrm-total-cycles-rcs:\t{total}\n"
        f"drm-cycles-vcs:\t{cycles}\ndrm-total-cycles-vcs:\t{total}\ndrm-engine-capacity-vcs:\t2\n"
    )


AMD = (
    "drm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t94\ndrm-memory-vram:\t12 KiB\n"
    "drm-engine-compute:\t{compute} ns\ndrm-engine-enc:\t{enc} ns\ndrm-engine-dec:\t1000000000 ns\n"
)


def clients(*texts: str) -> list[Any]:
    """What the files say."""
    return [parse_fdinfo(text) for text in texts]


def test_the_text_of_i915() -> None:
    client = parse_fdinfo(i915(52567609040, 196329331))
    assert client is not None
    assert (client.driver, client.slot, client.id) == ("i915", "0000:00:02.0", "22")
    assert client.busy_ns == {"render": 196329331, "copy": 0, "video": 52567609040, "video-enhance": 0}
    assert (client.capacity, client.cycles) == ({"video": 2}, {})


def test_the_text_of_xe() -> None:
    client = parse_fdinfo(xe(28257900, 7655183225))
    assert client is not None
    assert client.cycles == {"rcs": 0, "vcs": 28257900}
    assert client.total_cycles == {"rcs": 7655183225, "vcs": 7655183225}
    assert client.busy_ns == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pos:\t0\nflags:\t02\nmnt_id:\t15\n",
        "drm-driver:\tast\ndrm-client-id:\t1\n",
        "drm-engine-video:\t5 ns\n",
        "drm-driver: i915\ndrm-client-id: 3\ndrm-engine-video: many ns\n",
    ],
)
def test_what_is_no_gpu_that_counts(text: str) -> None:
    assert parse_fdinfo(text) is None


def test_two_looks_make_a_share_of_all_engines_of_a_kind() -> None:
    before, after = clients(i915(0, 0)), clients(i915(SECOND, SECOND // 4))
    # One of the two video engines was busy all the second.
    assert load_of(before, after, SECOND) == Load("i915", "0000:00:02.0", 50.0, 25.0)
    assert load_of(clients(xe(0, 1000)), clients(xe(500, 2000)), SECOND) == Load("xe", "0000:03:00.0", 25.0, 0.0)
    before, after = clients(AMD.format(compute=0, enc=0)), clients(AMD.format(compute=10**8, enc=3 * 10**8))
    assert load_of(before, after, SECOND) == Load("amdgpu", "0000:03:00.0", 30.0, 10.0)


def test_an_engine_of_amd_appears_when_it_is_used_first() -> None:
    unused = "drm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t94\n"
    assert load_of(clients(unused), clients(unused), SECOND) == Load("amdgpu", "0000:03:00.0", 0.0, 0.0)
    used = unused + "drm-engine-enc:\t250000000 ns\n"
    assert load_of(clients(unused), clients(used), SECOND) == Load("amdgpu", "0000:03:00.0", 25.0, 0.0)


def test_a_client_that_is_open_twice_counts_once_and_two_clients_add_up() -> None:
    before = clients(i915(0), i915(0), i915(0, client=23))
    after = clients(i915(SECOND // 2), i915(SECOND // 2), i915(SECOND // 2, client=23))
    assert load_of(before, after, SECOND) == Load("i915", "0000:00:02.0", 50.0, 0.0)


def test_of_two_gpus_the_one_that_codes_counts() -> None:
    other = "0000:04:00.0"
    before = clients(i915(0), i915(0, client=5, slot=other))
    after = clients(i915(0, SECOND), i915(SECOND, client=5, slot=other))
    assert load_of(before, after, SECOND) == Load("i915", other, 50.0, 0.0)


def test_a_counter_that_falls_back_and_one_that_is_new_are_no_load() -> None:
    assert load_of(clients(i915(SECOND)), clients(i915(0)), SECOND) == Load("i915", "0000:00:02.0", 0.0, 0.0)
    assert load_of([], clients(i915(SECOND)), SECOND) is None
    assert load_of(clients(i915(0)), clients(i915(SECOND)), 0) is None


class Process:
    """A ``/proc`` with one process that has opened a file, a GPU, and the same GPU once more."""

    def __init__(self, proc: Path, pid: int = 4242) -> None:
        self.folder = proc / str(pid)
        (self.folder / "fd").mkdir(parents=True)
        (self.folder / "fdinfo").mkdir()
        self.open("0", "/dev/null", "pos:\t0\n")

    def open(self, number: str, target: str, text: str) -> None:
        """Open a file under a number."""
        (self.folder / "fd" / number).symlink_to(target)
        (self.folder / "fdinfo" / number).write_text(text, encoding="ascii")


def test_the_stream_is_followed_from_look_to_look(tmp_path: Path) -> None:
    now = [SECOND]
    process = Process(tmp_path)
    gpu = ProcessGpu(tmp_path, lambda: now[0])
    assert gpu.load(4242) is None
    for number in ("7", "8"):
        process.open(number, "/dev/dri/renderD128", i915(0))
    now[0] += SECOND
    assert gpu.load(4242) is None, "it opened its GPU meanwhile; there is nothing to compare with yet"
    now[0] += 2 * SECOND
    for number in ("7", "8"):
        (process.folder / "fdinfo" / number).write_text(i915(SECOND), encoding="ascii")
    assert gpu.load(4242) == Load("i915", "0000:00:02.0", 25.0, 0.0)
    process.open("9", "/dev/dri/renderD129", i915(0, client=9, slot="0000:04:00.0"))
    now[0] += round(LOOK_AGAIN_S * SECOND)
    gpu.load(4242)
    (process.folder / "fdinfo" / "9").write_text(i915(2 * SECOND, client=9, slot="0000:04:00.0"), encoding="ascii")
    now[0] += SECOND
    assert gpu.load(4242) == Load("i915", "0000:04:00.0", 100.0, 0.0), "the other GPU was seen at the next listing"
    assert gpu.load(4243) is None, "another process begins anew"


class Library:
    """NVIDIA's library with one GPU of index 1: it writes where the caller points, and returns 0."""

    def __init__(self, results: Mapping[str, int] | None = None) -> None:
        self.results = dict(results or {})
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvml") or self.results.get(name) == -1:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            self.asked.append(name)
            if name == "nvmlDeviceGetHandleByIndex_v2" and arguments[0].value != 1:
                return 2
            if name == "nvmlDeviceGetName":
                arguments[1].value = b"NVIDIA T400"
            elif name == "nvmlDeviceGetUtilizationRates":
                arguments[1]._obj.gpu = 12
            elif name == "nvmlDeviceGetEncoderUtilization":
                arguments[1]._obj.value = 34
            return self.results.get(name, 0)

        return call


def test_nvml_tells_encoder_and_shaders() -> None:
    library = Library()
    nvml = Nvml(lambda name: library)
    assert nvml.load(1) == NvmlLoad("NVIDIA T400", 34.0, 12.0)
    assert nvml.load(1) == NvmlLoad("NVIDIA T400", 34.0, 12.0)
    assert library.asked.count("nvmlInit_v2") == library.asked.count("nvmlDeviceGetName") == 1


def test_what_a_gpu_does_not_tell_is_null() -> None:
    """A partitioned GPU answers 3 (not supported), and an old library lacks a function."""
    assert Nvml(lambda _: Library({"nvmlDeviceGetEncoderUtilization": 3})).load(1) == NvmlLoad(
        "NVIDIA T400", None, 12.0
    )
    assert Nvml(lambda _: Library({"nvmlDeviceGetUtilizationRates": -1})).load(1) == NvmlLoad("NVIDIA T400", 34.0, None)


@pytest.mark.parametrize("results", [{"nvmlInit_v2": 9}, {"nvmlDeviceGetName": 15}])
def test_a_gpu_that_cannot_be_asked_is_tried_again_a_minute_later(results: dict[str, int]) -> None:
    now, library = [100.0], Library(results)
    nvml = Nvml(lambda _: library, lambda: now[0])
    assert nvml.load(1) is None
    library.results.clear()
    assert nvml.load(1) is None
    now[0] += TRY_AGAIN_S
    assert nvml.load(1) == NvmlLoad("NVIDIA T400", 34.0, 12.0)
    assert nvml.load(0) is None, "there is no other GPU"


def test_without_the_library_there_is_no_load() -> None:
    assert Nvml(lambda name: ctypes.CDLL(f"{name}.is-not-here")).load(0) is None


def test_the_encoder_in_force_says_who_is_asked(tmp_path: Path) -> None:
    now = [SECOND]
    process = Process(tmp_path)
    process.open("7", "/dev/dri/renderD128", i915(0))
    gpu = Gpu(ProcessGpu(tmp_path, lambda: now[0]), Nvml(lambda _: Library()))
    hardware = {"gpus": [{"pci_slot": "0000:00:02.0", "name": "UHD Graphics 630"}]}
    assert gpu.read(4242, "x264", "auto", hardware) is None
    assert gpu.read(None, "h264-vaapi", "auto", hardware) is None
    assert gpu.read(4242, "h264-vaapi", "auto", hardware) is None
    now[0] += SECOND
    (process.folder / "fdinfo" / "7").write_text(i915(SECOND // 2), encoding="ascii")
    found = gpu.read(4242, "h264-vaapi", "auto", hardware)
    assert found == {"name": "UHD Graphics 630", "video_percent": 25.0, "render_percent": 0.0, "source": "fdinfo"}
    now[0] += SECOND
    unnamed = gpu.read(4242, "av1-vaapi", "auto", {"gpus": [{"pci_slot": "0000:00:02.0", "name": None}]})
    assert unnamed is not None and unnamed["name"] == "i915 0000:00:02.0"
    found = gpu.read(4242, "av1-nvenc", "1", hardware)
    assert found == {"name": "NVIDIA T400", "video_percent": 34.0, "render_percent": 12.0, "source": "nvml"}
    assert gpu.read(4242, "av1-nvenc", "auto", hardware) is None
