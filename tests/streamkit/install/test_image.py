"""The build context by variant: drivers in it, so that the tag says which."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.install.image import CONTAINER, DRIVERS, context_files, image_tag, write_context


def test_variant_is_in_the_context_and_nothing_else_differs() -> None:
    plain = context_files()
    assert plain["drivers.txt"] == b"" and plain["Dockerfile"] == (CONTAINER / "Dockerfile").read_bytes()
    for variant, packages in DRIVERS.items():
        files = context_files(variant)
        assert files["drivers.txt"].decode().split() == list(packages)
        assert f"ARG VARIANT={variant}\n".encode() in files["Dockerfile"]
        differs = {name for name in files if files[name] != plain[name]}
        assert differs == (set() if variant == "cpu" else {"drivers.txt", "Dockerfile"})
        assert files["Dockerfile"].replace(f"VARIANT={variant}\n".encode(), b"VARIANT=cpu\n") == plain["Dockerfile"]


def test_each_variant_has_a_tag_of_its_own() -> None:
    tags = {variant: image_tag(variant) for variant in DRIVERS}
    assert len(set(tags.values())) == 3
    assert tags["cpu"] == image_tag()


@pytest.mark.parametrize("variant", list(DRIVERS))
def test_written_context_is_the_one_that_is_named(variant: str, tmp_path: Path) -> None:
    assert write_context(tmp_path, variant) == image_tag(variant)
    written = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == context_files(variant)


def test_context_of_another_variant_is_replaced_and_strangers_go(tmp_path: Path) -> None:
    write_context(tmp_path, "intel")
    (tmp_path / "streamkit" / "left.py").write_text("old")
    before = (tmp_path / "collect.py").stat().st_mtime_ns
    assert write_context(tmp_path, "cpu") == image_tag()
    assert (tmp_path / "drivers.txt").read_text() == "" and not (tmp_path / "streamkit" / "left.py").exists()
    # What is equal is not written again: the build cache looks at what changed.
    assert (tmp_path / "collect.py").stat().st_mtime_ns == before
    assert (tmp_path / "check.sh").stat().st_mode & 0o777 == 0o755
