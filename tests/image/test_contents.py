"""What the built image says of itself is what is in it."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest

from streamkit.install.image import context_files
from tests.image.spdx import problems
from tests.machines.base_image import docker_binary

pytestmark = pytest.mark.image

LIMIT_BYTES = 200_000_000
SHARE = "usr/share/streamkit"
# Docker's own, in every container: mount points and the files it writes.
DOCKERS = {"dev", "proc", "sys", ".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"}
KINDS = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.REGTYPE: stat.S_IFREG}


@contextmanager
def exported(image: str) -> Iterator[tarfile.TarFile]:
    """Give the file system of a container that was never started, as a stream."""
    docker = docker_binary()
    name = subprocess.run([docker, "create", image], capture_output=True, text=True, check=True).stdout.strip()
    try:
        with subprocess.Popen([docker, "export", name], stdout=subprocess.PIPE) as process:
            assert process.stdout
            with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
                yield tar
            process.stdout.read()
    finally:
        subprocess.run([docker, "rm", name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def contents(product_image: str) -> dict[str, Any]:
    """{"lines": manifest as found, "files": what the image says of itself, "bytes": of all files}."""
    lines, files, total = {}, {}, 0
    digests: dict[str, str] = {}
    with exported(product_image) as tar:
        for member in tar:
            path = member.name.removeprefix("./").rstrip("/")
            if not path or path in DOCKERS or path.split("/")[0] in ("dev", "proc", "sys"):
                continue
            # A second name of a file that was already there has no content of its own.
            kind = tarfile.REGTYPE if member.islnk() else member.type
            stream: IO[bytes] | None = tar.extractfile(member) if member.isreg() else None
            content = stream.read() if stream else member.linkname.encode() if member.issym() else b""
            total += len(content) if member.isreg() else 0
            digests[path] = digests[member.linkname] if member.islnk() else hashlib.sha256(content).hexdigest()
            if path.startswith(f"{SHARE}/"):
                files[path.removeprefix(f"{SHARE}/")] = content.decode()
            shown = "-" if member.isdir() else digests[path]
            lines[path] = f"{stat.filemode(KINDS[kind] | member.mode)} {member.uid}:{member.gid} {shown} /{path}"
    lines.pop(f"{SHARE}/manifest.txt")
    return {"lines": [lines[path] for path in sorted(lines)], "files": files, "bytes": total}


def test_manifest_is_what_is_there(contents: dict[str, Any]) -> None:
    listed = contents["files"]["manifest.txt"].splitlines()
    assert set(listed) ^ set(contents["lines"]) == set()
    assert listed == contents["lines"]
    # Nothing but the supervisor's directory, which a tmpfs covers, belongs to the streamer.
    assert [line.split()[-1] for line in listed if " 0:0 " not in line] == ["/run/streamkit"]


def test_toolkit_in_it_is_this_checkout(contents: dict[str, Any]) -> None:
    listed = contents["files"]["manifest.txt"]
    for path, content in context_files().items():
        if path.startswith("streamkit/"):
            assert f"{hashlib.sha256(content).hexdigest()} /usr/local/lib/streamkit/{path}\n" in listed, path


def test_bill_of_materials_is_valid_and_names_all_that_is_listed(contents: dict[str, Any]) -> None:
    bill = json.loads(contents["files"]["sbom.spdx.json"])
    assert problems(bill) == []
    by_kind: dict[str, dict[str, str]] = {}
    for one in bill["packages"][1:]:
        kind = one["externalRefs"][0]["referenceLocator"].partition("/")[0]
        by_kind.setdefault(kind, {})[one["name"]] = one["versionInfo"]
    assert by_kind["pkg:deb"] == dict(line.split() for line in contents["files"]["packages.txt"].splitlines())
    assert {"ca-certificates", "libc6", "libx264-164", "python3.13-minimal"} <= set(by_kind["pkg:deb"])
    requirements = context_files()["requirements.txt"].decode()
    pinned = dict(line.split()[0].split("==") for line in requirements.splitlines() if "==" in line)
    assert {
        name.lower().replace("_", "-").replace(".", "-"): version for name, version in by_kind["pkg:pypi"].items()
    } == {name.lower().replace("_", "-").replace(".", "-"): version for name, version in pinned.items()}
    linked = by_kind["pkg:cargo"]
    assert linked["gst-plugin-webrtc"] == linked["gst-plugin-rtp"] == linked["gst-plugin-rav1e"] == "0.15.4"
    assert {"rav1e", "reqwest", "rustls", "tokio"} <= set(linked)
    # What runs while compiling only is not a part of the image.
    assert not {"syn", "cc", "proc-macro2", "bindgen"} & set(linked)
    unknown = [one["name"] for one in bill["packages"][1:] if one["licenseDeclared"] == "NOASSERTION"]
    assert len(unknown) < len(bill["packages"]) / 5, f"licences not known: {unknown}"


def test_plain_image_has_no_gpu_driver_and_says_so(
    product_image: str, contents: dict[str, Any], report: dict[str, object]
) -> None:
    asked = [docker_binary(), "image", "inspect", product_image]
    about = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)[0]
    labels = about["Config"]["Labels"]
    assert labels["streamkit.variant"] == "cpu" and labels["streamkit.plugins.version"] == "0.15.4"
    assert "_drv_video.so" not in contents["files"]["manifest.txt"]
    assert about["Config"]["User"] == "1000:1000"
    report["image_bytes"] = about["Size"]
    assert about["Size"] <= LIMIT_BYTES
    assert contents["bytes"] <= LIMIT_BYTES
