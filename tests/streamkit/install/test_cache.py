"""Images kept on the controller: only what is whole counts, and old ones go."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.cache import KEPT, cached_path, find, keep
from tests.streamkit.install.test_archive import saved


def fetched(cache: Path, tag: str) -> tuple[Path, str]:
    path = saved(cache / ".fetched", [f"streamer:{tag}"], compress=True)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    assert find(tmp_path, "streamer:1") is None
    kept = keep(tmp_path, *fetched(tmp_path, "1")[:1], "streamer:1", fetched(tmp_path, "1")[1])
    assert find(tmp_path, "streamer:1") == kept
    note = (tmp_path / "1.tar.gz.sha256").read_text()
    assert note == f"{kept.sha256}  1.tar.gz\n", "as sha256sum -c reads it"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.tar.gz", "1.tar.gz.sha256"]


def test_damaged_on_its_way_is_not_kept(tmp_path: Path) -> None:
    path, _ = fetched(tmp_path, "1")
    with pytest.raises(UnavailableError, match="arrived damaged"):
        keep(tmp_path, path, "streamer:1", "0" * 64)
    assert find(tmp_path, "streamer:1") is None


def test_another_image_is_not_kept(tmp_path: Path) -> None:
    path, digest = fetched(tmp_path, "1")
    with pytest.raises(BadInputError, match="holds streamer:1 and not streamer:2"):
        keep(tmp_path, path, "streamer:2", digest)


@pytest.mark.parametrize("harm", ["note", "file"])
def test_what_was_changed_since_is_as_good_as_none(tmp_path: Path, harm: str) -> None:
    path, digest = fetched(tmp_path, "1")
    keep(tmp_path, path, "streamer:1", digest)
    target = cached_path(tmp_path, "streamer:1")
    if harm == "note":
        target.with_name("1.tar.gz.sha256").unlink()
    else:
        target.write_bytes(target.read_bytes() + b"\0")
    assert find(tmp_path, "streamer:1") is None


def test_oldest_go(tmp_path: Path) -> None:
    for number in range(KEPT + 2):
        path, digest = fetched(tmp_path, str(number))
        os.utime(keep(tmp_path, path, f"streamer:{number}", digest).path, (number, number))
    path, digest = fetched(tmp_path, "last")
    keep(tmp_path, path, "streamer:last", digest)
    kept = sorted(path.name for path in tmp_path.glob("*.tar.gz"))
    assert len(kept) == KEPT and "last.tar.gz" in kept and "0.tar.gz" not in kept
    assert len(list(tmp_path.glob("*.sha256"))) == KEPT
