"""Building: logs of real builds, bad input, and a small real Dockerfile through the whole of it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.build_steps import Step, by_stage, parse_steps, rust_cpu_s
from bench.measure import build as build_part
from bench.measure.build import (
    SINGLE_STAGE,
    Recipe,
    build,
    change_line,
    check_space,
    choose_base,
    docker_that_builds,
    lines,
    own_cache_mounts,
    run,
    write_recipe,
)
from bench.measure.suites import Options
from bench.scenario import Scenario
from streamkit.docker_command import NotAnsweredError
from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.image import CONTAINER
from tests.conftest import REPOSITORY
from tests.machines.base_image import docker_binary

LOGS = Path(__file__).parent / "build_logs"
SMALL = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS first
COPY panel.txt /
FROM ${BASE_IMAGE}
COPY fixed.txt /
COPY --from=first /panel.txt /
"""


def log(name: str) -> list[str]:
    return (LOGS / f"{name}.log").read_text(encoding="utf-8").splitlines()


def no_such_image(words: Sequence[str]) -> str:
    raise NotAnsweredError("No such image: any")


def test_where_the_time_of_real_builds_went() -> None:
    cold = by_stage(parse_steps(log("product_cold")))
    assert cold["builder"] == pytest.approx(333.3, abs=0.5) and cold["runtime-root"] == 36.4
    assert max(cold, key=lambda stage: cold[stage]) == "builder"
    warm = parse_steps(log("product_warm"))
    assert sum(step.seconds for step in warm) < 2
    assert {step.how for step in warm if "cargo build" in step.what or "apt-get" in step.what} == {"cached"}
    assert by_stage(parse_steps(log("single_stage_warm"))) == {"build": 22.0, "final": 822.2}


def test_cpu_of_the_rust_is_what_times_printed_in_its_step_alone() -> None:
    # 0m0.008s 0m0.017s of the shell, 8m56.554s 0m43.044s of cargo and all compilers.
    assert rust_cpu_s(log("product_cold")) == 579.62
    assert rust_cpu_s(log("single_stage_warm")) == 1195.2
    assert rust_cpu_s(log("product_warm")) is None
    assert rust_cpu_s(["#3 [1/2] RUN make", "#3 1.0 1m0.000s 0m0.000s"]) is None


def test_a_cold_build_has_cache_mounts_of_its_own() -> None:
    text = (CONTAINER / "Dockerfile").read_text(encoding="utf-8")
    made = own_cache_mounts(text, "abcd")
    before = re.findall(r"type=cache,id=([\w-]+)", text)
    after = re.findall(r"type=cache,id=([\w-]+)", made)
    assert len(set(after)) == len(set(before)) > 3 and len(after) == len(before)
    assert not set(before) & set(after) and all(name.startswith("bench-abcd-") for name in after)
    assert before.count("streamkit-apt-runtime") == after.count(after[before.index("streamkit-apt-runtime")]) == 2
    assert re.sub(r"id=[\w-]+", "", made) == re.sub(r"id=[\w-]+", "", text)
    assert "type=cache" not in SINGLE_STAGE.read_text(encoding="utf-8"), "its cold build would need the same"


def test_the_context_is_the_products_and_one_line_of_the_panel_changes_it(tmp_path: Path) -> None:
    recipe = Recipe(tmp_path / "b" / "context", tmp_path / "b" / "Dockerfile", "scratch", "any", tmp_path / "b")
    write_recipe(recipe, "single_stage", "")
    assert recipe.dockerfile.read_text() == SINGLE_STAGE.read_text()
    panel = recipe.context / build_part.CHANGED
    original = panel.read_bytes()
    change_line(panel)
    once = panel.read_bytes()
    change_line(panel)
    assert once.startswith(original) and once.count(b"\n") == original.count(b"\n") + 1
    assert panel.read_bytes() != once
    compile(panel.read_bytes(), str(panel), "exec")
    assert (REPOSITORY / build_part.CHANGED).read_bytes() == original


def test_it_builds_as_the_role_does() -> None:
    role = (REPOSITORY / "roles" / "image" / "files" / "build.sh").read_text(encoding="utf-8")
    for word in ("--progress plain", "--network host", '--secret "id=ca,src=', "BASE_IMAGE=", "DOCKER_BUILDKIT=1"):
        assert word in role


def test_what_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        UnavailableError, match=r"neither|not here \(debian:trixie-slim nor streamkit-base:trixie\).*docker pull"
    ):
        choose_base(no_such_image)
    with pytest.raises(UnavailableError, match=r"No docker command here can build by BuildKit; install docker\.io"):
        docker_that_builds(str(tmp_path))
    with pytest.raises(UnavailableError, match="Docker does not answer, so nothing can be built: No such image"):
        check_space("product", no_such_image)
    with pytest.raises(UnavailableError, match=r"Only 100 MiB are free below /there; .* takes 14000: free some space"):
        check_space("single_stage", lambda _: "/there\n", lambda _: 100 * 2**20)
    check_space("product", lambda _: "/there\n", lambda _: 2**40)
    check_space("product", lambda _: "/of/another/machine\n")


def test_the_base_is_the_settings_or_what_the_role_made() -> None:
    def only(name: str) -> str:
        def ask(words: Sequence[str]) -> str:
            return "sha256:1\n" if words[-1] == name else no_such_image(words)

        return choose_base(ask)

    assert only("debian:trixie-slim") == "debian:trixie-slim"
    assert only("streamkit-base:trixie") == "streamkit-base:trixie"


def test_an_image_that_is_not_built_here_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"runs in the image some:tag, .* image: product or single_stage"):
        run(Scenario("own", "An own one", image="some:tag"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("pair", "part"), [(None, "both"), (0, "both"), (1, "both"), (2, "warm"), (5, "warm")])
def test_a_comparison_builds_cold_in_its_first_pairs_alone(
    pair: int | None, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(build_part, "run", lambda _scenario, _folder, which, tell: asked.append(which))
    build_part.measure(Scenario("after", "After"), Options(folder=tmp_path, pair=pair))
    assert asked == [part]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Recipe]:
    """A recipe of two stages that builds in a second."""
    recipe = Recipe(
        tmp_path / "context", tmp_path / "Dockerfile", "scratch", f"streamkit-bench-test-{time.time_ns()}", tmp_path
    )
    recipe.context.mkdir()
    recipe.dockerfile.write_text(SMALL)
    (recipe.context / "panel.txt").write_text(recipe.name)
    (recipe.context / "fixed.txt").write_text(recipe.name + "fixed")
    yield recipe
    subprocess.run([docker_binary(), "image", "rm", recipe.name], check=False, capture_output=True)


@pytest.mark.image
def test_a_small_image_cold_warm_and_what_goes_wrong(small: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(docker_binary()).parent}:/usr/bin:/bin")
    builder = docker_that_builds()

    def copies(of: list[Step]) -> dict[str, str]:
        return {step.what.split()[-2]: step.how for step in of if step.what.startswith("COPY")}

    cold = build(builder, small, "cold", 60, no_cache=True)
    assert set(copies(cold.steps).values()) == {"run"} and cold.rust_cpu_s is None
    change_line(small.context / "panel.txt")
    warm = build(builder, small, "warm", 60)
    assert copies(warm.steps) == {"panel.txt": "run", "fixed.txt": "cached", "/panel.txt": "run"}
    again = build(builder, small, "again", 60)
    assert set(copies(again.steps).values()) == {"cached"}
    assert 0 < warm.seconds < 60 and set(warm.as_document()["stages"]) >= {"first", "build"}
    small.dockerfile.write_text(SMALL + "COPY nowhere.txt /\n")
    with pytest.raises(
        UnavailableError, match=r"The broken build of streamkit-bench-test-\d+ failed: .*nowhere.txt.*; the log is"
    ):
        build(builder, small, "broken", 60)


def test_a_build_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    recipe = Recipe(tmp_path / "context", tmp_path / "Dockerfile", "scratch", "streamkit-bench-test-slow", tmp_path)
    slow = tmp_path / "docker"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    begun = time.monotonic()
    with pytest.raises(
        UnavailableError, match=r"The cold build of .* took longer than 0.2 s and was ended; the log is"
    ):
        build(str(slow), recipe, "cold", 0.2)
    assert time.monotonic() - begun < 30


def test_a_person_reads_the_figures_above_their_steps() -> None:
    steps = [{"stage": "builder", "what": "RUN cargo build", "seconds": 301.6, "how": "run"}]
    details = {"base": "debian:13", "changed": "one line", "cold": {"rust_cpu_s": 579.6}, "steps_cold": steps}
    assert lines({"build_cold_s": 342.0, "build_cold_cpu_s": 579.6}, details)[:2] == [
        "The image on debian:13:",
        "from nothing: 342.0 s, 579.6 s of CPU for the Rust",
    ]
