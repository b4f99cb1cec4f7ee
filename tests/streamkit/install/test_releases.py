"""Which releases a host has, to which one is returned, and which are to go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streamkit.errors import BadInputError
from streamkit.install.releases import (
    Release,
    choose,
    consider,
    describe,
    fallback,
    images_to_remove,
    read_releases,
    tags_to_move,
    to_remove,
)
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, write_files
from tests.conftest import Host, MakeSettings


def good(name: str, at: float, *, image: str = "streamer:one", current: bool = False, last: bool = False) -> Release:
    """A release that came up."""
    return Release(name, at, image=image, came_up=True, current=current, last_good=last)


def broken(name: str, at: float, *, current: bool = False, problem: str = "") -> Release:
    """A release that never came up."""
    return Release(name, at, image="streamer:two", current=current, problem=problem)


A, B = good("aaaa11112222", 1), good("bbbb11112222", 2)


@pytest.fixture
def deployed(tmp_path: Path, host: Host, settings: MakeSettings) -> Path:
    """An installation with two rendered releases; the second is in force, and only the first came up."""
    hardware = host("no_card")
    plan = make_plan(hardware, settings())
    for number, name in enumerate(("first", "second")):
        folder = tmp_path / "releases" / name
        write_files(folder, release_files(hardware, plan, {"bitrate_kbps": 1000 + number}, f"tag{number}"))
        (folder / ".deployed").touch()
        os.utime(folder / ".deployed", (1000 + number, 1000 + number))
    (tmp_path / "releases/first/.good").touch()
    (tmp_path / "current").symlink_to("releases/second")
    (tmp_path / "last_good").write_text("first\n")
    return tmp_path


def test_what_the_renderer_wrote_is_read_back(deployed: Path) -> None:
    second, first = read_releases(deployed, {"gaming-streamer:tag0", "gaming-streamer:tag1"})
    assert (first.name, first.image, first.came_up, first.last_good, first.current) == (
        ("first", "gaming-streamer:tag0", True, True, False)
    )
    assert (second.name, second.came_up, second.last_good, second.current) == ("second", False, False, True)
    assert "1001 kbit/s" in second.stream and first.problem == second.problem == ""


def test_a_release_without_its_image_or_half_copied_is_listed_and_not_used(deployed: Path) -> None:
    (deployed / "releases/second/plan.json").unlink()
    second, first = read_releases(deployed, set())
    assert second.problem == "its files are not complete"
    assert first.problem == "its image gaming-streamer:tag0 is not on the host"
    with pytest.raises(BadInputError, match="Release first cannot be used: its image"):
        choose([second, first], "first")


def test_settings_of_another_version_are_no_obstacle(deployed: Path) -> None:
    (deployed / "releases/first/settings.json").write_text('{"schema_version": 1, "settings": {"of_tomorrow": 1}}')
    first = read_releases(deployed, {"gaming-streamer:tag0"})[1]
    assert (first.stream, first.problem) == ("settings of another version", "")


def test_an_empty_host_has_none(tmp_path: Path) -> None:
    assert read_releases(tmp_path / "nowhere", set()) == []


def test_previous_is_the_one_deployed_before_that_came_up() -> None:
    current = good("cccc11112222", 9, current=True, last=True)
    assert choose([current, broken("dead11112222", 5), B, A], "") == B


def test_previous_of_the_oldest_is_none_and_the_rest_is_named() -> None:
    oldest = good("aaaa11112222", 1, current=True, last=True)
    with pytest.raises(BadInputError, match=r"No release that came up before aaaa11112222 .* bbbb11112222"):
        choose([B, oldest], "")


def test_previous_of_one_that_never_came_up_is_the_last_good() -> None:
    newer_good = good("bbbb11112222", 9, last=True)
    assert choose([newer_good, broken("dead11112222", 5, current=True), A], "") == newer_good


def test_a_name_may_be_shortened_while_it_is_clear() -> None:
    assert choose([B, A], "aaa") == A
    with pytest.raises(BadInputError, match=r"'ffff', which is no release on this host; there are bbbb1.*, aaaa1"):
        choose([B, A], "ffff")
    with pytest.raises(BadInputError, match="the beginning of several"):
        choose([B, good("bbbb99992222", 3)], "bbbb")


def test_failed_deployment_goes_back_to_the_last_good() -> None:
    last = good("aaaa11112222", 1, last=True)
    assert fallback([broken("dead11112222", 5, current=True), B, last], "dead11112222") == (last, "")


@pytest.mark.parametrize(
    ("releases", "why"),
    [
        ([broken("dead11112222", 5)], "no release has come up on this host yet"),
        ([good("dead11112222", 5, last=True)], "this is the last good release itself"),
        (
            [Release("aaaa11112222", 1, last_good=True, problem="its image streamer:one is not on the host")],
            "the last good release aaaa11112222 cannot be used: its image streamer:one is not on the host",
        ),
    ],
)
def test_no_way_back_says_why(releases: list[Release], why: str) -> None:
    assert fallback(releases, "dead11112222") == (None, why)


def test_five_are_kept_and_what_is_in_use_always() -> None:
    old_good = good("aaaa11112222", 1, last=True)
    current = broken("dead11112222", 2, current=True)
    others = [good(f"{number}bbb11112222", 10 + number) for number in range(6)]
    new = broken("new011112222", 0)
    gone = to_remove([*others, current, old_good, new], staying=new.name)
    assert [release.name for release in gone] == [f"{number}bbb11112222" for number in (3, 2, 1, 0)]
    assert to_remove([*others[:2], current, old_good, new], staying=new.name) == []


def test_what_never_came_up_goes_first() -> None:
    fine = [good(f"{number}bbb11112222", number) for number in range(5)]
    failed = broken("dead11112222", 99)
    assert to_remove([failed, *fine], staying="") == [failed]


def test_only_images_of_ours_that_no_other_release_uses_go() -> None:
    shared, own = good("aaaa11112222", 1, image="streamer:shared"), good("bbbb11112222", 2, image="streamer:own")
    foreign, gone = good("cccc11112222", 3, image="somebody/else:1"), good("dddd11112222", 4, image="streamer:gone")
    stays = good("eeee11112222", 5, image="streamer:shared")
    images = {"streamer:shared", "streamer:own", "streamer:unrelated", "somebody/else:1", "streamer:current"}
    removed = [shared, own, foreign, gone]
    assert images_to_remove([*removed, stays], removed, "streamer", images) == ["streamer:own"]


def test_tags_follow_the_release_in_force() -> None:
    images = {"s:old": "1", "s:new": "2", "s:current": "1"}
    assert tags_to_move(images, "s", "s:new") == [["s:current", "s:previous"], ["s:new", "s:current"]]
    assert tags_to_move(images, "s", "s:old") == []
    assert tags_to_move({"s:new": "2"}, "s", "s:new") == [["s:new", "s:current"]]
    assert tags_to_move(images, "s", "s:missing") == []


def test_table_marks_what_matters(deployed: Path) -> None:
    lines = describe(read_releases(deployed, {"gaming-streamer:tag0", "gaming-streamer:tag1"}))
    assert lines[0].split() == ["RELEASE", "DEPLOYED", "IMAGE", "STREAM"]
    assert lines[1].startswith("second   1970-") and lines[1].endswith("in force, never came up")
    assert lines[2].endswith("last good") and "x264" in lines[2]


def test_where_there_is_no_way_back_the_list_is_still_told(deployed: Path) -> None:
    seen = consider(deployed, "gaming-streamer-of-no-daemon", to="ffff", becoming=None)
    assert "target" not in seen and "release is 'ffff'" in seen["problem"] and len(seen["table"]) == 3


def test_one_answer_holds_all_that_a_deployment_asks(deployed: Path) -> None:
    seen = consider(deployed, "gaming-streamer-of-no-daemon", to=None, becoming="second")
    assert (seen["current"], seen["last_good"]) == ("second", "first")
    assert seen["return_to"] == "" and "is not on the host" in seen["no_way_back"]
    assert seen["remove"] == {"releases": [], "images": []} and seen["tags"] == []
