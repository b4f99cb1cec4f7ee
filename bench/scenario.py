"""Scenarios: what one side of a comparison runs, as a file that anybody can read, copy and change.

A scenario says what differs from a plain deployment: settings, queues, image, panel, container options, the place of
the encoder.  ``bench/scenarios`` holds those of this project; a path to any other file is as good.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from streamkit.config import SETTINGS, Value
from streamkit.errors import BadInputError

FOLDER = Path(__file__).parent / "scenarios"
QUEUES = (
    "QUEUE_VIDEO_LOW_RES",
    "QUEUE_VIDEO_MID_RES",
    "QUEUE_VIDEO_HIGH_RES",
    "QUEUE_AUDIO",
    "QUEUE_RTP",
    "QUEUE_CODED",
)
"""The variables of queue-config.sh."""
QUEUE_WORDS = re.compile(r"queue( [a-z-]+=[A-Za-z0-9-]+)*")
"""Any properties of a queue: what the product refuses (``leaky``) is what a baseline may have to show."""
OURS = ("container_name", "project_name", "install_dir", "state_dir", "secrets_dir", "panel_port", "panel_bind", "whep_port",
        "image_name", "publish", "source", "stream_key_file", "network")  # fmt: skip
"""Settings that a measured container gets from bench, so that it touches nothing that is deployed here."""
IMAGES, PANELS, SOURCES, SINKS = (
    ("product", "single_stage"),
    ("product", "polling"),
    ("test", "card"),
    ("product", "waiting", "untuned"),
)
IMAGE_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_./:@-]{0,200}")
ENCODER_WORD = re.compile(r"[A-Za-z0-9_=:./,()!+ -]*(\$(BITRATE|threads|keyframe_frames)[A-Za-z0-9_=:./,()+ -]*)*")
"""What may stand in the script: plain words of gst-launch-1.0, with three of the script's own variables."""
SAMPLER_PERIOD_S, LONGEST_PERIOD_S = 1.0, 600.0
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class Container:
    """How the container differs from the rendered one; None (an empty list for ``drop``) leaves what is rendered.

    ``user`` is ``uid:gid``.  ``privileged`` asks for all that root can be given; where the machine refuses, every
    capability that it has, which is said in the run's details.  ``limits: false`` takes the limits of CPU, memory and
    processes away.
    """

    user: str | None = None
    privileged: bool = False
    capabilities: tuple[str, ...] | None = None
    read_only: bool | None = None
    new_privileges: bool | None = None
    limits: bool = True


@dataclass(frozen=True)
class Scenario:
    """One side of a comparison; every part has been checked.

    ``settings`` holds {setting of streamkit: value}, ``queues`` {variable of queue-config.sh: words of gst-launch-1.0}.
    ``image``: "product", "single_stage" or an image's name; ``panel``: "product" or "polling"; ``source``: "test" or
    "card"; ``sink``: "product", "waiting" (for the clock, as under gst-launch-1.0) or "untuned" (that, and with its own
    congestion control).  ``encoder`` replaces the words between the last raw queue and the coded one; empty: as rendered.
    ``sampler_period_s`` is how often bench itself looks at the container: two scenarios that differ in nothing else show
    what the looking costs.
    """

    name: str
    title: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    image: str = "product"
    panel: str = "product"
    source: str = "test"
    sink: str = "product"
    encoder: tuple[str, ...] = ()
    container: Container = field(default_factory=Container)
    sampler_period_s: float = SAMPLER_PERIOD_S

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON, for a run's details."""
        return {**asdict(self), "settings": dict(self.settings), "queues": dict(self.queues)}


def known_scenarios(folder: Path = FOLDER) -> list[str]:
    """Return the names of the scenarios in a folder."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def find_scenario(named: str | Path, folder: Path = FOLDER) -> Scenario:
    """Return the scenario of that name, or in the file at that path.  Raises BadInputError in one sentence."""
    import yaml  # here: a managed host gets scenarios that were read already, and has no PyYAML

    text = str(named)
    path = Path(text) if text.endswith((".yml", ".yaml")) or "/" in text else folder / f"{text}.yml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(
            f"There is no scenario {text!r}; known are {', '.join(known_scenarios(folder))}, or give the path of a file."
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInputError(f"The scenario {path} cannot be read ({problem}).") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise BadInputError(
            f"The scenario {path} is not valid YAML{where}; compare it with {FOLDER}/after.yml."
        ) from None
    return check_scenario(content, str(path))


def check_scenario(content: object, where: str) -> Scenario:
    """Return the scenario that ``content`` (of the file ``where``) describes.  Raises BadInputError."""
    table = _mapping(content, where, "the file")
    _known(table, tuple(Scenario.__dataclass_fields__), where, "the file")
    for key in ("name", "title"):
        if not isinstance(table.get(key), str) or not str(table[key]).strip():
            raise BadInputError(f"{where} has no {key}; every scenario has a name and a title.")
    name = str(table["name"])
    if not PLAIN_NAME.fullmatch(name):
        raise BadInputError(f"{where}: name is {name!r}; use lower-case letters, digits and _.")
    return Scenario(
        name=name,
        title=str(table["title"]).strip(),
        settings=_settings(table.get("settings"), where),
        queues=_queues(table.get("queues"), where),
        image=_one_of("image", table.get("image", "product"), IMAGES, where, IMAGE_NAME),
        panel=_one_of("panel", table.get("panel", "product"), PANELS, where),
        source=_one_of("source", table.get("source", "test"), SOURCES, where),
        sink=_one_of("sink", table.get("sink", "product"), SINKS, where),
        encoder=_encoder(table.get("encoder"), where),
        container=_container(table.get("container"), where),
        sampler_period_s=_period(table.get("sampler_period_s", SAMPLER_PERIOD_S), where),
    )


def _settings(content: object, where: str) -> dict[str, Value]:
    given = _mapping(content or {}, where, "settings")
    allowed = tuple(name for name in SETTINGS if name not in OURS and not name.startswith("queue_"))
    for name in given:
        if name in OURS:
            raise BadInputError(f"{where}: settings may not have {name!r}, which bench chooses for each run itself.")
        if str(name).startswith("queue_"):
            raise BadInputError(f"{where}: {name!r} belongs under queues, as {str(name).upper()}.")
    _known(given, allowed, where, "settings")
    try:
        return {str(name): SETTINGS[str(name)].parse(value) for name, value in given.items()}
    except BadInputError as problem:
        raise BadInputError(f"{where}: {problem}") from None


def _queues(content: object, where: str) -> dict[str, str]:
    given = _mapping(content or {}, where, "queues")
    _known(given, QUEUES, where, "queues")
    for name, words in given.items():
        if not isinstance(words, str) or not QUEUE_WORDS.fullmatch(words):
            raise BadInputError(
                f"{where}: {name} is {words!r}; use 'queue' and its properties, as in 'queue max-size-buffers=5'."
            )
    return {str(name): str(words) for name, words in given.items()}


def _encoder(content: object, where: str) -> tuple[str, ...]:
    if content is None:
        return ()
    if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
        raise BadInputError(f"{where}: encoder is a list of words, one for each word of gst-launch-1.0.")
    for word in content:
        if not word or not ENCODER_WORD.fullmatch(word):
            raise BadInputError(
                f"{where}: encoder has the word {word!r}; use words of gst-launch-1.0, with $BITRATE (kbit/s), $threads "
                "and $keyframe_frames of the script."
            )
    if content.count("name=encoder") != 1:
        raise BadInputError(f"{where}: one element of encoder must have name=encoder, by which frames are counted.")
    return tuple(content)


def _container(content: object, where: str) -> Container:
    given = _mapping(content or {}, where, "container")
    _known(given, tuple(Container.__dataclass_fields__), where, "container")
    kinds: dict[str, tuple[Callable[[Any], bool], str]] = {
        "user": (lambda value: isinstance(value, str) and re.fullmatch(r"\d+:\d+", value) is not None, '"uid:gid"'),
        "capabilities": (
            lambda value: isinstance(value, list) and all(re.fullmatch(r"[A-Z][A-Z_]+", str(one)) for one in value),
            "a list of names such as SYS_NICE",
        ),
    }
    for name, value in given.items():
        fits, allowed = kinds.get(str(name), (lambda one: isinstance(one, bool), "true or false"))
        if not fits(value):
            raise BadInputError(f"{where}: container.{name} is {value!r}; use {allowed}.")
    values: dict[str, Any] = {str(name): value for name, value in given.items()}
    if values.get("capabilities") is not None:
        values["capabilities"] = tuple(values["capabilities"])
    return Container(**values)


def _period(value: object, where: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not SAMPLER_PERIOD_S <= value <= LONGEST_PERIOD_S
    ):
        raise BadInputError(
            f"{where}: sampler_period_s is {value!r}; use seconds from {SAMPLER_PERIOD_S:g} to {LONGEST_PERIOD_S:g}."
        )
    return float(value)


def _one_of(name: str, value: object, known: Sequence[str], where: str, also: re.Pattern[str] | None = None) -> str:
    if value in known or (also is not None and isinstance(value, str) and also.fullmatch(value)):
        return str(value)
    more = ", or the name of an image" if also else ""
    raise BadInputError(f"{where}: {name} is {value!r}; use {', '.join(known)}{more}.")


def _mapping(content: object, where: str, what: str) -> Mapping[Any, Any]:
    if not isinstance(content, dict):
        raise BadInputError(f"{where}: {what} must be a table of names and values, as in {FOLDER.name}/after.yml.")
    return content


def _known(table: Mapping[Any, Any], allowed: Sequence[str], where: str, what: str) -> None:
    for name in table:
        if name not in allowed:
            near = difflib.get_close_matches(str(name), allowed, n=1)
            hint = f"did you mean {near[0]}" if near else f"known are {', '.join(allowed)}"
            raise BadInputError(f"{where}: {what} has {name!r}, which is not known; {hint}.")
