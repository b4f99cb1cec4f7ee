"""The image of this checkout as a file: where it is kept, and how this machine's Docker gets it for a while."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from streamkit.install.image import image_tag

from .base_image import docker_binary
from .recipe import cache_directory

TEST_NAME = "streamkit-test-image"
"""What it is called here: never the product's own name, on a daemon that may be somebody's."""


def image_archive_path() -> Path:
    """Return the file of this checkout's image: named by its tag, a hash of all that it is made from."""
    return cache_directory() / f"gaming-streamer-{image_tag()}.tar"


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
        subprocess.run([docker, "rmi", reference], check=True, capture_output=True)
