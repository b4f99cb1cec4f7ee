#!/usr/bin/env python3
"""Gather the files the image needs, and nothing else, into one tree.

Installing the GStreamer packages brings more than a gigabyte, most of it libraries of plugins
that a streamer never loads. This runs in a stage where those packages are installed, copies the
plugins, programs and Python modules named below together with every shared library they load,
and leaves a root file system that an image can start ``FROM scratch`` with.

Standard library only: it runs with the Python it is about to copy.
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

MULTIARCH = str(sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu")
LIB = Path("/usr/lib") / MULTIARCH
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
STDLIB = Path("/usr/lib") / PYTHON
# Where pip put the wheels, and where the image's PYTHONPATH points.
SITE = Path("/usr/local/lib/streamkit")

# libgst<name>.so, by what each is for. check.sh holds the elements these must provide.
PLUGINS = (
    # Plumbing. playback and typefindfunctions: the WHEP client's source decodes through them.
    *("app", "coreelements", "playback", "typefindfunctions"),
    # Capture, and its stand-ins for tests. deinterlace: some consoles still send 1080i.
    *("alsa", "audiotestsrc", "deinterlace", "pulseaudio", "video4linux2", "videotestsrc"),
    # Raw video and audio.
    *("audioconvert", "audiorate", "audioresample", "videoconvertscale", "videorate"),
    # Codecs. va and nvcodec register their elements only where the GPU is visible.
    *("aom", "jpeg", "nvcodec", "openh264", "opus", "opusparse", "svtav1", "va"),
    *("videoparsersbad", "vpx", "x264"),
    # WebRTC. debugutilsbad: the sink's discovery of coded input ends in its errorignore.
    *("debugutilsbad", "dtls", "nice", "rtp", "rtpmanager", "sctp", "srtp", "webrtc"),
)

TYPELIBS = (
    *("GLib-2.0", "GLibUnix-2.0", "GModule-2.0", "GObject-2.0", "Gio-2.0", "GioUnix-2.0"),
    *("Gst-1.0", "GstApp-1.0", "GstAudio-1.0", "GstBase-1.0", "GstNet-1.0", "GstPbutils-1.0"),
    *("GstRtp-1.0", "GstSdp-1.0", "GstTag-1.0", "GstVideo-1.0", "GstWebRTC-1.0"),
)

# What the encoder scripts, the health check and a person with `docker exec` need.
PROGRAMS = (
    *("bash", "curl", "dash", "grep", "gst-inspect-1.0", "gst-launch-1.0", "python3", "sed", "sh"),
    *("basename", "cat", "chmod", "cp", "cut", "date", "dirname", "env", "head", "id", "ls"),
    *("mkdir", "mv", "nproc", "readlink", "realpath", "rm", "sleep", "sort", "stat", "tail"),
    *("tee", "timeout", "touch", "tr", "uname", "wc"),
)

# Of a driver package: nouveau is for NVIDIA's cards, the others for machines inside a virtual one.
DRIVER_SKIP = re.compile(r".*/(nouveau|virtio_gpu|d3d12)_drv_video\.so")
# Names of AMD's chips; without it libdrm complains at every start.
DRIVER_DATA = (Path("/usr/share/libdrm/amdgpu.ids"),)

# Files and whole directories that libraries look for by name; a trailing "?" marks one that
# not every base has.
DATA = (
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/lib/locale/C.utf8",
    "/usr/lib/os-release",
    "/usr/share/alsa",
    "/usr/share/zoneinfo/UTC",
    f"{LIB}/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner",
    f"{LIB}/alsa-lib?",
    # The cipher modules that NSS, and so SRTP, opens by name at the first packet.
    f"{LIB}/libfreebl3.so",
    f"{LIB}/libfreeblpriv3.so",
    f"{LIB}/libsoftokn3.so",
)

# Never imported by the product, and some drag in libraries of their own (curses, sqlite, readline).
STDLIB_SKIP = {
    *("test", "idlelib", "tkinter", "turtledemo", "turtle.py", "ensurepip", "lib2to3", "pydoc.py"),
    *("pydoc_data", "distutils", "venv", "curses", "dbm", "sqlite3", "_pyrepl", "xmlrpc"),
    *("__phello__", "sitecustomize.py", "__pycache__"),
}
STDLIB_SKIP_PATTERN = re.compile(
    r"(config-.*|_(sqlite3|curses|curses_panel|dbm|gdbm|tkinter|test\w*|xx\w*|ctypes_test)\.cpython.*"
    r"|(readline|xx\w*)\.cpython.*)"
)
SITE_SKIP = {"bin", "tests", "testing", "__pycache__", "pygtkcompat"}
SITE_SKIP_PATTERN = re.compile(r".*\.(c|cpp|h|hpp|pxd|pyx|pyi)|_gi_cairo\..*")

WRAPPER = '#!/bin/sh\n# -P: never import from the directory the caller stands in.\nexec python3 -P -m {} "$@"\n'
WRAPPERS = {"streamkit": "streamkit.container", "streamkit-launch": "streamkit.launch"}

PASSWD = (
    "root:x:0:0:root:/:/usr/sbin/nologin\n"
    "streamer:x:1000:1000:streamer:/tmp:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
)
GROUP = "root:x:0:\naudio:x:29:\nvideo:x:44:\nstreamer:x:1000:\nnogroup:x:65534:\n"


class Tree:
    """The root file system being gathered, and where each file of it came from."""

    def __init__(self, root: Path) -> None:
        """Start an empty tree with Debian's merged /usr links."""
        self.root = root
        self.sources: set[Path] = set()
        for name in ("bin", "lib", "lib64", "sbin"):
            (root / "usr" / name).mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(f"usr/{name}")

    def add(self, path: Path) -> None:
        """Copy one file, and every symbolic link on the way to it."""
        path = path.parent.resolve() / path.name
        if path in self.sources:
            return
        self.sources.add(path)
        target = self.root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            target.symlink_to(path.readlink())
            self.add(path.parent / path.readlink())
        else:
            shutil.copy2(path, target)

    def add_directory(
        self, directory: Path, skip: set[str] | None = None, pattern: re.Pattern[str] | None = None
    ) -> None:
        """Copy a directory, without the entries whose name is skipped."""
        for entry in sorted(directory.iterdir()):
            if entry.name in (skip or ()) or (pattern and pattern.fullmatch(entry.name)):
                continue
            if entry.is_dir() and not entry.is_symlink():
                self.add_directory(entry, skip, pattern)
            else:
                self.add(entry)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file that exists in no package."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)


def is_elf(path: Path) -> bool:
    """Tell whether a file is a program or a shared library."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def shared_libraries(files: list[Path]) -> set[Path]:
    """Return every library that the dynamic loader would map for these files."""
    done = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True, check=False)
    missing = sorted({line.strip() for line in done.stdout.splitlines() if "not found" in line})
    if missing:
        raise SystemExit("collect: libraries missing in the runtime stage: " + "; ".join(missing))
    return {Path(name) for name in re.findall(r"(/\S+) \(0x[0-9a-f]+\)", done.stdout)}


def typelib_libraries(typelib: Path) -> set[Path]:
    """Return the libraries a typelib opens by name; the loader knows nothing of them."""
    names = re.findall(rb"lib[A-Za-z0-9+._-]+\.so\.[0-9]+", typelib.read_bytes())
    return {LIB / name.decode() for name in names}


def driver_files(package: str) -> list[Path]:
    """Return the VA drivers of a Debian package; libva opens them by name."""
    listed = subprocess.run(["dpkg-query", "--listfiles", package], capture_output=True, text=True, check=True)
    drivers = re.findall(rf"^{LIB}/dri/\w+_drv_video\.so$", listed.stdout, re.MULTILINE)
    found = [Path(name) for name in drivers if not DRIVER_SKIP.fullmatch(name)]
    if not found:
        raise SystemExit(f"collect: the package {package} has no VA driver")
    return found


def packages(sources: set[Path]) -> str:
    """List the Debian packages, with versions, that the gathered files belong to."""
    owners = subprocess.run(
        ["dpkg-query", "--search", *sorted(map(str, sources))], capture_output=True, text=True, check=False
    )
    names = {line.partition(": ")[0] for line in owners.stdout.splitlines() if ", " not in line}
    # The bundle of certificates is made when its package is installed, so no package owns it.
    names = sorted(names | {"ca-certificates"})
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *names],
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


def gather_drivers(tree: Tree, drivers: list[str]) -> None:
    """Copy the VA drivers of this variant's packages, and the tables they read."""
    for driver in (path for package in drivers for path in driver_files(package)):
        tree.add(driver)
    for path in DRIVER_DATA:
        if drivers and path.exists():
            tree.add(path)


def gather_gstreamer(tree: Tree, plugins: Path) -> None:
    """Copy the plugins, ours and Debian's, and what Python needs to use them."""
    gstreamer = LIB / "gstreamer-1.0"
    for built in sorted(plugins.glob("libgst*.so")):
        shutil.copy2(built, gstreamer / built.name)
        tree.add(gstreamer / built.name)
    for name in PLUGINS:
        tree.add(gstreamer / f"libgst{name}.so")
    for name in TYPELIBS:
        typelib = LIB / "girepository-1.0" / f"{name}.typelib"
        tree.add(typelib)
        for library in typelib_libraries(typelib):
            tree.add(library)


def gather(tree: Tree, plugins: Path, drivers: list[str]) -> None:
    """Copy everything named above, then the libraries it needs."""
    gather_gstreamer(tree, plugins)
    gather_drivers(tree, drivers)
    for name in PROGRAMS:
        tree.add(Path(shutil.which(name) or f"/usr/bin/{name}"))
    for name in DATA:
        path = Path(name.rstrip("?"))
        if name.endswith("?") and not path.exists():
            continue
        if path.is_dir():
            tree.add_directory(path)
        else:
            tree.add(path)
    tree.add_directory(STDLIB, STDLIB_SKIP, STDLIB_SKIP_PATTERN)
    tree.add_directory(SITE, SITE_SKIP, SITE_SKIP_PATTERN)
    tree.add_directory(Path("/usr/lib/python3/dist-packages/gi"), SITE_SKIP, SITE_SKIP_PATTERN)
    for library in shared_libraries(sorted(path for path in tree.sources if is_elf(path))):
        tree.add(library)


def finish(tree: Tree) -> None:
    """Write the files no package has, the loader's cache and the byte code."""
    tree.write("/etc/passwd", PASSWD)
    tree.write("/etc/group", GROUP)
    tree.write("/usr/share/streamkit/packages.txt", packages(tree.sources))
    for command, module in WRAPPERS.items():
        tree.write(f"/usr/local/bin/{command}", WRAPPER.format(module), 0o755)
    for name, mode in (("tmp", 0o1777), ("run/streamkit", 0o755), ("run/secrets", 0o755)):
        (tree.root / name).mkdir(parents=True)
        (tree.root / name).chmod(mode)
    # The supervisor's directory, for a run without the tmpfs that compose puts there.
    os.chown(tree.root / "run/streamkit", 1000, 1000)
    subprocess.run(["ldconfig", "-r", str(tree.root)], check=True)
    for directory in (STDLIB, SITE, Path("/usr/lib/python3/dist-packages")):
        # Unchecked: the root is read-only, so comparing times at every import proves nothing.
        compileall.compile_dir(
            tree.root / directory.relative_to("/"),
            stripdir=str(tree.root),
            quiet=1,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def main() -> None:
    """Gather the tree named on the command line and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plugins", type=Path, required=True, help="directory of the plugins built from source")
    parser.add_argument("--drivers", type=Path, required=True, help="file that names the packages of VA drivers")
    parser.add_argument("tree", type=Path, help="directory to create")
    arguments = parser.parse_args()
    tree = Tree(arguments.tree)
    gather(tree, arguments.plugins, arguments.drivers.read_text(encoding="utf-8").split())
    finish(tree)
    files = [path for path in arguments.tree.rglob("*") if path.is_file() and not path.is_symlink()]
    sizes = sorted(((path.stat().st_size, path) for path in files), reverse=True)
    lines = [f"collect: {len(files)} files, {sum(size for size, _ in sizes) / 1e6:.1f} MB; the largest:"]
    lines += [f"  {size / 1e6:6.1f} MB  /{path.relative_to(arguments.tree)}" for size, path in sizes[:25]]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
