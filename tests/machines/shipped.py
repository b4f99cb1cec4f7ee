"""The image of this checkout as a file: where it is kept, and how this machine's Docker gets it for a while."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from streamkit.install.image import image_tag

from .base_image import docker_binary
from .errors import MachineError
from .recipe import cache_directory

TEST_NAME = "streamkit-test-image"
"""What it is called here: never the product's own name, on a daemon that may be somebody's."""


def image_archive_path() -> Path:
    """Return the file of this checkout's image: named by its tag, a hash of all that it is made from."""
    return cache_directory() / f"gaming-streamer-{image_tag()}.tar"


@contextlib.contextmanager
def image_in_use() -> Iterator[str]:
    """Give the image to test: STREAMKIT_TEST_IMAGE where it is set, else what a fresh machine of these tests built.

    Raises MachineError with the cure where there is neither.
    """
    if name := os.environ.get("STREAMKIT_TEST_IMAGE"):
        yield name
        return
    archive = image_archive_path()
    if not archive.exists():
        raise MachineError(
            f"{archive} is not there: './test.sh machine' builds the image of this checkout and keeps it"
        )
    with loaded(archive) as reference:
        yield reference


@contextlib.contextmanager
def loaded(archive: Path) -> Iterator[str]:
    """Load an archive into this machine's Docker under a name of the tests' own; removed at the end."""
    docker = docker_binary()
    product = f"gaming-streamer:{image_tag()}"
    had = subprocess.run([docker, "image", "inspect", product], capture_output=True, check=False).returncode == 0
    subprocess.run([docker, "load", "--input", str(archive)], check=True, capture_output=True)
    reference = f"{TEST_NAME}:{image_tag()}"
    subprocess.run([docker, "tag", product, reference], check=True)
    if not had:
        subprocess.run([docker, "rmi", product], check=True, capture_output=True)
    try:
        yield reference
    finally:
        remove_name(reference)


def remove_name(reference: str, within_s: float = 30.0) -> None:
    """Take a name off an image, once the last container of it is gone.  Raises CalledProcessError where it stays."""
    deadline = time.monotonic() + within_s
    while True:
        late = time.monotonic() > deadline
        if subprocess.run([docker_binary(), "rmi", reference], check=late, capture_output=True).returncode == 0:
            return
        time.sleep(1)
