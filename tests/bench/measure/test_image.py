"""The size of an image by layer and content, from what Docker printed of real ones, and of the image itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from bench.measure.image import Ask, grouped, look, parse_history
from streamkit.docker_command import NotAnsweredError
from streamkit.errors import UnavailableError

# The two images of docs/IMAGE.md, from the top downwards as Docker lists them; the columns that are read.
HISTORY = "".join(
    json.dumps({"CreatedBy": command, "Size": size}) + "\n"
    for command, size in (
        ('CMD ["run"]', "0"),
        ("RUN /bin/bash -euo pipefail -c apt-get update # buildkit", "128992133"),
        ("COPY . /app/ # buildkit", "514452"),
        ("WORKDIR /app", "0"),
        ("", "214489788"),
    )
)


def test_layers_are_those_with_bytes_from_the_base_upwards() -> None:
    assert parse_history(HISTORY) == [
        {"command": "the base image", "bytes": 214489788},
        {"command": "COPY . /app/", "bytes": 514452},
        {"command": "RUN /bin/bash -euo pipefail -c apt-get update", "bytes": 128992133},
    ]


def test_folders_count_as_the_first_group_that_they_begin_like() -> None:
    folders = {"/usr/lib/gcc/x86_64-linux-gnu/14": 30, "/usr/lib/x86_64-linux-gnu": 5, "/app/plugins/src": 7}
    folders |= {"/usr/lib/x86_64-linux-gnu/gstreamer-1.0": 11, "/app/streamkit": 2, "/etc": 1}
    assert list(grouped(folders).items()) == [
        ("compilers and headers", 30),
        ("GStreamer's plugins", 11),
        ("build folders and downloaded sources", 7),
        ("libraries", 5),
        ("the toolkit and its wheels", 2),
        ("other", 1),
    ]


def answers(problem: str | None) -> Ask:
    def ask(words: Sequence[str], given: str = "") -> str:
        if problem:
            raise NotAnsweredError(problem)
        if words[0] == "run":
            raise NotAnsweredError('exec: "python3": executable file not found in $PATH')
        return "344 sha256:1\n" if words[0] == "image" else HISTORY

    return ask


def test_an_image_without_python_still_has_its_layers() -> None:
    figures, details = look("any", ask=answers(None))
    assert figures == {"image_size_mb": 0.000344}
    assert len(details["layers"]) == 3 and "executable file not found" in details["groups_problem"]


def test_what_is_missing_is_one_sentence() -> None:
    with pytest.raises(UnavailableError, match=r"^The image any:tag is not on this machine; .*README\.md.*\.$"):
        look("any:tag", "single_stage", answers("No such image: any:tag"))
    with pytest.raises(UnavailableError, match=r"^Docker does not answer: Cannot connect to the Docker daemon\.$"):
        look("any:tag", "product", answers("Cannot connect to the Docker daemon"))


@pytest.mark.image
def test_the_products_image(product_image: str) -> None:
    figures, details = look(product_image, "product")
    size = figures["image_size_mb"]
    assert size is not None and 100 < size < 300
    assert sum(layer["bytes"] for layer in details["layers"]) == pytest.approx(1e6 * size, rel=0.02)
    assert sum(details["groups"].values()) == pytest.approx(1e6 * size, rel=0.05)
    assert details["groups"]["GStreamer's plugins"] > 20e6
    assert "compilers and headers" not in details["groups"]
