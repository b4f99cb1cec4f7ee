"""How long the image of a scenario takes to build: from nothing, and again after one line of the panel has changed.

**Cold** means: every instruction runs (``--no-cache``), and its cache mounts (apt's archives and lists, cargo's registry,
pip's wheels) are new and empty, for the copy of the Dockerfile that is built names them otherwise than any build before.
What is there already is the base image alone; packages, crates and wheels come over the network within the time.
**Warm** means: everything as the build before left it, but one line more in ``streamkit/panel/app.py``, another each time.

No cache of anybody is deleted.  What the builds leave in Docker's build cache stays there (Docker itself bounds it, and
``docker builder prune`` empties it); the images are called ``streamkit-bench-<scenario>`` and removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from bench.build_steps import Step, by_stage, parse_steps, rust_cpu_s, table
from bench.measure.suites import Details, Figures, Options
from bench.scenario import Scenario
from streamkit.config import defaults
from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.image import write_context
from streamkit.plan.check import NEEDED_MB

Part = Literal["both", "cold", "warm"]
Ask = Callable[[Sequence[str]], str]

REPOSITORY = Path(__file__).parents[2]
SINGLE_STAGE = REPOSITORY / "bench" / "baselines" / "image" / "Dockerfile.before"
ROLE = REPOSITORY / "roles" / "image" / "defaults" / "main.yml"
CHANGED = "streamkit/panel/app.py"
CACHE_MOUNT = re.compile(r"(--mount=type=cache,id=)[\w-]*")
NEEDED = {"product": NEEDED_MB["build"], "single_stage": 14_000}
"""Free MiB: the single-stage image weighs 5.2 GB, and the changed one shares nothing with it but the base."""
COLD_PAIRS = 2
"""A cold build takes minutes and says the same each time: in a comparison only the first pairs have one."""
LIMIT_S = 3600.0


@dataclass(frozen=True)
class Recipe:
    """What is built: the context's folder, the Dockerfile, the base, the image's name and where the log goes."""

    context: Path
    dockerfile: Path
    base: str
    name: str
    log: Path


@dataclass(frozen=True)
class Built:
    """A build that ended: ``seconds`` by the clock, ``rust_cpu_s`` None where no Rust was compiled."""

    seconds: float
    rust_cpu_s: float | None
    steps: list[Step]

    def as_document(self) -> dict[str, Any]:
        """Return what is known besides the steps, as JSON, with the seconds of each stage."""
        return {"seconds": self.seconds, "rust_cpu_s": self.rust_cpu_s, "stages": by_stage(self.steps)}


def measure(scenario: Scenario, options: Options) -> tuple[Figures, Details]:
    """Make one run; a comparison builds cold in its first pairs alone."""
    warm_only = options.pair is not None and options.pair >= COLD_PAIRS
    return run(scenario, options.folder, "warm" if warm_only else "both", tell=options.tell)


def run(
    scenario: Scenario,
    folder: Path,
    part: Part = "both",
    cold_limit_s: float = LIMIT_S,
    warm_limit_s: float = LIMIT_S,
    keep: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
) -> tuple[Figures, Details]:
    """Build the image of a scenario; figures are those of ``part`` alone.

    ``folder`` takes context and logs (``build-<scenario>/``).  A warm build without a cold one first builds what is to be
    changed, without counting that.  Raises BadInputError for a scenario whose image is not built here, UnavailableError
    where base, space or a builder is missing, a build fails or takes longer than its limit.
    """
    if scenario.image not in NEEDED:
        raise BadInputError(
            f"The scenario {scenario.name} runs in the image {scenario.image}, which bench does not build; "
            f"'bench measure build' takes scenarios with image: {' or '.join(NEEDED)}."
        )
    builder = docker_that_builds()
    check_space(scenario.image)
    base = choose_base()
    place = folder / f"build-{scenario.name}"
    recipe = Recipe(
        place / "context", place / "Dockerfile", base, f"streamkit-bench-{scenario.name.replace('_', '-')}", place
    )
    figures: Figures = {}
    details: Details = {"base": base, "changed": f"one line of {CHANGED}", "machine": {"image": recipe.name}}
    try:
        if part != "warm" or not recipe.dockerfile.exists():
            write_recipe(recipe, scenario.image, "" if part == "warm" else secrets.token_hex(4))
        if part != "warm":
            tell(f"{scenario.name}: builds from nothing; the log is {place / 'cold.log'}")
            cold = build(builder, recipe, "cold", cold_limit_s, no_cache=True)
            figures |= {"build_cold_s": cold.seconds, "build_cold_cpu_s": cold.rust_cpu_s}
            details |= {"cold": cold.as_document(), "steps_cold": [asdict(step) for step in cold.steps]}
        if part != "cold":
            if part == "warm":
                tell(f"{scenario.name}: builds what is to be changed, which is not counted")
                build(builder, recipe, "first", cold_limit_s)
            change_line(recipe.context / CHANGED)
            tell(f"{scenario.name}: builds again with a line changed; the log is {place / 'warm.log'}")
            warm = build(builder, recipe, "warm", warm_limit_s)
            figures["build_warm_s"] = warm.seconds
            details |= {"warm": warm.as_document(), "steps_warm": [asdict(step) for step in warm.steps]}
    finally:
        if not keep:
            with contextlib.suppress(NotAnsweredError):  # there is none where the build failed
                run_docker(["image", "rm", recipe.name])
    return figures, details


def lines(figures: Figures, details: Details) -> list[str]:
    """Return what was built, for a person: the figures, and the steps of each build, the longest first."""
    shown = [f"The image on {details['base']}:"]
    for part, title in (("cold", "from nothing"), ("warm", f"again, {details['changed']} changed")):
        seconds = figures.get(f"build_{part}_s")
        if seconds is not None:
            rust_s = details[part]["rust_cpu_s"]
            spent = f", {rust_s:g} s of CPU for the Rust" if rust_s is not None else ""
            shown.append(f"{title}: {seconds:.1f} s{spent}")
            shown += table([Step(**step) for step in details[f"steps_{part}"]])
    return shown


def docker_that_builds(path: str | None = None) -> str:
    """Return the first ``docker`` on PATH whose build knows secrets, which is to say BuildKit.

    Newer clients build only with the plugin buildx, and a machine may have two clients.  Raises UnavailableError.
    """
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    for folder in (path or os.environ.get("PATH", os.defpath)).split(os.pathsep):
        program = shutil.which("docker", path=folder)
        if program is None:
            continue
        shown = subprocess.run(
            [program, "build", "--help"], env=environment, capture_output=True, text=True, check=False
        )
        if shown.returncode == 0 and "--secret" in shown.stdout:
            return program
    raise UnavailableError(
        "No docker command here can build by BuildKit; install docker.io, and docker-buildx where the client is newer "
        "than 22."
    )


def check_space(image: str, ask: Ask = run_docker, free: Callable[[str], int] | None = None) -> None:
    """Raise UnavailableError where Docker does not answer or its disk has no room for the build of ``image``.

    ``free`` returns the free bytes at a path; a daemon that keeps its images elsewhere is not asked.
    """
    try:
        root = ask(["info", "--format", "{{.DockerRootDir}}"]).strip()
    except NotAnsweredError as problem:
        raise UnavailableError(f"Docker does not answer, so nothing can be built: {problem}.") from None
    if not Path(root).is_dir() and free is None:
        return
    free_mib = (free or (lambda path: shutil.disk_usage(path).free))(root) // 2**20
    if free_mib < NEEDED[image]:
        raise UnavailableError(
            f"Only {free_mib} MiB are free below {root}; building the {image} image cold and warm takes {NEEDED[image]}: "
            "free some space ('docker builder prune' removes what nothing uses)."
        )


def choose_base(ask: Ask = run_docker) -> str:
    """Return the base that the product's own build takes here: the setting's, else the one that its role makes.

    Raises UnavailableError where neither is there.
    """
    own = str(yaml.safe_load(ROLE.read_text(encoding="utf-8"))["image_own_base"])
    candidates = (str(defaults()["base_image"]), own)
    for name in candidates:
        try:
            ask(["image", "inspect", "--format", "{{.Id}}", name])
        except NotAnsweredError:
            continue
        return name
    raise UnavailableError(
        f"The base image is not here ({' nor '.join(candidates)}): 'docker pull {candidates[0]}', or ./install.sh once on "
        f"this machine, which makes {own} where there is no registry."
    )


def write_recipe(recipe: Recipe, image: str, mark: str) -> None:
    """Write context and Dockerfile.  A ``mark`` makes the cache mounts those of this build alone.

    Raises UnavailableError where they cannot be written.
    """
    try:
        shutil.rmtree(recipe.log, ignore_errors=True)
        recipe.context.mkdir(parents=True)
        write_context(recipe.context)
        source = recipe.context / "Dockerfile" if image == "product" else SINGLE_STAGE
        text = source.read_text(encoding="utf-8")
        recipe.dockerfile.write_text(own_cache_mounts(text, mark) if mark else text, encoding="utf-8")
    except OSError as problem:
        raise UnavailableError(f"{recipe.context} cannot be written: {problem.strerror}.") from None


def own_cache_mounts(dockerfile: str, mark: str) -> str:
    """Return the text with other names for its cache mounts; those that had the same name still do."""
    names: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        return found[1] + names.setdefault(found[0], f"bench-{mark}-{len(names)}")

    return CACHE_MOUNT.sub(renamed, dockerfile)


def change_line(path: Path) -> None:
    """Add a line that no build has seen."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"# {secrets.token_hex(8)}\n")


def build(builder: str, recipe: Recipe, called: str, limit_s: float, no_cache: bool = False) -> Built:
    """Build, as the product's own role does, with the log in ``<called>.log``.

    Raises UnavailableError where it fails or takes longer; then nothing runs on.
    """
    log = recipe.log / f"{called}.log"
    bundle = Path(str(defaults()["ca_bundle"]))
    words = [builder, "build", "--progress", "plain", "--network", "host"]
    words += ["--secret", f"id=ca,src={bundle}"] if bundle.exists() else []
    words += ["--build-arg", f"BASE_IMAGE={recipe.base}", "--tag", recipe.name, "--file", str(recipe.dockerfile)]
    words += ["--no-cache"] if no_cache else []
    begun = time.monotonic()
    with log.open("wb") as stream, _child([*words, str(recipe.context)], stream) as process:
        try:
            code = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise UnavailableError(
                f"The {called} build of {recipe.name} took longer than {limit_s:g} s and was ended; the log is {log}."
            ) from None
    seconds = round(time.monotonic() - begun, 3)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if code != 0:
        raise UnavailableError(f"The {called} build of {recipe.name} failed: {_reason(lines)}; the log is {log}.")
    steps = parse_steps(lines)
    if not steps:
        raise UnavailableError(f"The {called} build of {recipe.name} printed no step of BuildKit; the log is {log}.")
    return Built(seconds, rust_cpu_s(lines), steps)


def _reason(lines: Sequence[str]) -> str:
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if re.match(r"(ERROR|error|failed|executor failed)\b", line)]
    return (errors or said or ["it said nothing"])[-1].rstrip(".")


@contextlib.contextmanager
def _child(words: Sequence[str], stream: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a build; the daemon ends its part when the client is gone, which Ctrl-C must not outrun."""
    process = subprocess.Popen(
        words, env={**os.environ, "DOCKER_BUILDKIT": "1"}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
