"""What is told of an image file before it is copied anywhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from streamkit.errors import BadInputError
from streamkit.install.archive import read_archive, require, tag_of

CONFIG = "ab" * 32


def saved(path: Path, names: list[str] | None, *, oci: bool = False, compress: bool = False) -> Path:
    """Write a file as ``docker save`` does: a layer, the manifest, and with ``oci`` the index of Docker 25 and later."""
    config = f"blobs/sha256/{CONFIG}" if oci else f"{CONFIG}.json"
    files = {"layer.tar": b"\0" * 4096}
    if oci:
        files["index.json"] = json.dumps({"manifests": [{"digest": "sha256:" + "cd" * 32}]}).encode()
    files["manifest.json"] = json.dumps([{"Config": config, "RepoTags": names, "Layers": ["layer.tar"]}]).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(buffer.getvalue()) if compress else buffer.getvalue())
    return path


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(("oci", "ids"), [(False, [CONFIG]), (True, ["cd" * 32, CONFIG])])
def test_names_ids_and_digest_are_read(tmp_path: Path, compress: bool, oci: bool, ids: list[str]) -> None:
    path = saved(tmp_path / "a.tar", ["streamer:1"], oci=oci, compress=compress)
    found = read_archive(path, "it")
    assert found.references == ("streamer:1",)
    assert list(found.ids) == [f"sha256:{mark}" for mark in ids]
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_tag_counts_and_the_name_does_not(tmp_path: Path) -> None:
    found = read_archive(saved(tmp_path / "a.tar", ["streamer:1"]), "it")
    require(found, "another-name:1", "it")
    with pytest.raises(BadInputError, match=r"holds streamer:1 and not streamer:2, which .* 'docker save streamer:2"):
        require(found, "streamer:2", "it")
    assert tag_of("registry:5000/streamer:2") == "2"


def test_image_without_a_name_is_another_image(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds an image without a name and not"):
        require(read_archive(saved(tmp_path / "a.tar", None), "it"), "streamer:1", "it")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not an archive", "no complete file of 'docker save'"),
        (b"", "no complete file"),
        (b"\x28\xb5\x2f\xfd rest", "compressed by zstd; use gzip"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(BadInputError, match=words) as told:
        read_archive(tmp_path / "a.tar", "streamkit_image_archive")
    assert str(told.value).startswith("streamkit_image_archive is '")


@pytest.mark.parametrize("compress", [False, True])
def test_half_a_file_is_no_image(tmp_path: Path, compress: bool) -> None:
    path = saved(tmp_path / "a.tar", ["streamer:1"], compress=compress)
    path.write_bytes(path.read_bytes()[: 4096 if not compress else -30])
    with pytest.raises(BadInputError, match="no complete file"):
        read_archive(path, "it")


def test_damaged_file_is_no_image(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tar.gz", ["streamer:1"], compress=True)
    damaged = bytearray(path.read_bytes())
    damaged[60:80] = bytes(20)
    path.write_bytes(damaged)
    with pytest.raises(BadInputError):
        read_archive(path, "it")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read: No such file"):
        read_archive(tmp_path / "nowhere.tar", "it")
