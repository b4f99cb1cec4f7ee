"""An image is built at most once in a run, and copied only to hosts that lack it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamkit.errors import BadInputError
from streamkit.install.archive import Archive
from streamkit.install.shipping import Offer, Source, deliveries, offers_of, sources


def offer(host: str, **changed: Any) -> Offer:
    values = {
        "reference": "s:1",
        "present": False,
        "archive": "",
        "builder": "",
        "context": f"/{host}",
        "free_mb": 9000,
    }
    return Offer(**{"host": host, **values, **changed})


def kept(*tags: str) -> Any:
    files = {f"s:{tag}": Archive(Path(f"/cache/{tag}.tar.gz"), "f" * 64, (f"s:{tag}",), ("sha256:x",)) for tag in tags}
    return files.get


def none(reference: str) -> Archive | None:
    return None


def unread(path: str) -> Archive:
    raise AssertionError("no archive was named")


def test_nothing_is_done_where_every_host_has_it() -> None:
    offers = [offer("a", present=True), offer("b", present=True)]
    assert sources(offers, none) == []
    assert deliveries(offers, [], none, unread) == ({}, {})


def test_first_host_with_room_builds_and_exports_for_the_others() -> None:
    offers = [offer("a", free_mb=3000), offer("b"), offer("c")]
    assert sources(offers, none) == [Source("s:1", "b", "b", build=True, export=True, context="/a")]


def test_host_that_builds_for_itself_alone_exports_nothing() -> None:
    assert [entry.export for entry in sources([offer("a")], none)] == [False]


def test_nothing_is_built_where_a_host_of_the_run_has_it() -> None:
    offers = [offer("a"), offer("b", present=True), offer("c", builder="c")]
    assert sources(offers, none) == [Source("s:1", "b", "b", build=False, export=True, context="/a")]


def test_nothing_is_built_where_the_controller_keeps_it() -> None:
    offers = [offer("a"), offer("b", present=True)]
    assert sources(offers, kept("1")) == []
    files, problems = deliveries(offers, [], kept("1"), unread)
    assert (list(files), problems) == (["a"], {})


@pytest.mark.parametrize(("builder", "by"), [("b", "b"), ("localhost", "a")])
def test_named_builder_builds_also_outside_the_run(builder: str, by: str) -> None:
    offers = [offer("a", builder=builder), offer("b", builder=builder)]
    assert sources(offers, none) == [Source("s:1", builder, by, build=True, export=True, context="/a")]


def test_each_variant_has_its_own_source() -> None:
    offers = [offer("a"), offer("b", reference="s:2"), offer("c"), offer("d", reference="s:2", present=True)]
    assert [(entry.reference, entry.host, entry.build) for entry in sources(offers, none)] == [
        ("s:1", "a", True),
        ("s:2", "d", False),
    ]


def test_no_room_anywhere_is_told_to_each() -> None:
    offers = [offer("a", free_mb=3000), offer("b", free_mb=2000)]
    assert sources(offers, none) == []
    problems = deliveries(offers, [], none, unread)[1]
    assert (
        "8000 MiB" in problems["a"] and "here are 2000" in problems["b"] and "streamkit_image_builder" in problems["b"]
    )


def test_failed_build_is_told_in_full_where_it_was_and_in_short_to_the_others() -> None:
    asked = [Source("s:1", "a", "a", build=True, export=True, context="/a")]
    offers = [offer("a", trouble="The image could not be built on a; its end:\nerror 7"), offer("b")]
    problems = deliveries(offers, asked, none, unread)[1]
    assert problems["a"].endswith("error 7")
    assert problems["b"] == (
        "s:1 could not be built on a: The image could not be built on a; its end; mend that, or name another host in "
        "streamkit_image_builder."
    )


def test_host_that_only_lends_its_image_is_not_to_blame() -> None:
    asked = [Source("s:1", "a", "a", build=False, export=True, context="/b")]
    offers = [offer("a", present=True, trouble="no space left on device"), offer("b")]
    files, problems = deliveries(offers, asked, none, unread)
    assert (files, list(problems)) == ({}, ["b"])
    assert "could not be fetched from a: no space left on device" in problems["b"]


def test_wrong_archive_concerns_its_host_only_and_is_read_once() -> None:
    read: list[str] = []

    def archive(path: str) -> Archive:
        read.append(path)
        if path == "torn":
            raise BadInputError("torn")
        return Archive(Path(path), "f" * 64, (f"s:{path}",), ("sha256:x",))

    offers = [offer(name, archive=path) for name, path in (("a", "1"), ("b", "2"), ("c", "1"), ("d", "torn"))]
    assert sources(offers, none) == []
    files, problems = deliveries(offers, [], none, archive)
    assert sorted(files) == ["a", "c"] and sorted(problems) == ["b", "d"]
    assert "streamkit_image_archive is '2', which holds s:2 and not s:1" in problems["b"]
    assert read == ["1", "2", "torn"]


def test_offers_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(BadInputError, match="image offers cannot be read"):
        offers_of([{"host": "a"}])
