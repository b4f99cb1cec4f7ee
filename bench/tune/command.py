"""``bench tune`` itself: the question, the measuring, the verdict, and the file."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bench.machine import machine
from bench.measure.suites import SUITES, Options
from bench.progress import duration
from bench.records import Store, new_session
from bench.scenario import Scenario, find_scenario
from bench.stream.prepare import Images, image_of
from bench.tune.decide import Decision, decide
from bench.tune.halving import MOST_CANDIDATES, Plan, Step, challenger, plan
from bench.tune.session import Measure, Question, search
from bench.tune.space import candidates, knobs, profile_of, size
from bench.tune.tuned import evidence, keep, tuned_file
from streamkit.config import Value
from streamkit.errors import BadInputError, StreamkitError

SUITE = SUITES["stream"]


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    host: str
    scenario: str
    minutes: float
    out: Path
    inventory: Path
    bitrates: tuple[int, int] | None
    faster: bool
    seed: int
    command: str


def tune(
    asked: Asked,
    say: Callable[[str], None],
    measuring: Callable[[Scenario, Store], Measure] | None = None,
    overhead_s: float = SUITE.overhead_s,
    lock: Path | None = None,
) -> Decision:
    """Search, decide, and write.  ``measuring`` makes the function that measures (None: the suite ``stream``); ``lock``
    is the file by which benches know of each other (None: that of this machine).

    Raises BadInputError before anything is measured where the result could not be written, and StreamkitError where
    the search was stopped from the keyboard; what was finished is kept.
    """
    path = tuned_file(asked.inventory, asked.host)
    check_host(asked.inventory, asked.host)
    scenario = find_scenario(asked.scenario)
    question = question_of(asked, scenario, overhead_s)
    store, session = Store(asked.out), new_session()
    measure = measuring(scenario, store) if measuring else with_suite(scenario, store, say)
    count = len(question.tried)
    say(
        f"Tuning {asked.host} on this machine ({platform.node()}) under the load of {scenario.name}: {count} candidates, "
        f"{duration(asked.minutes * 60)} at most. Ctrl-C keeps what is done; the same command goes on."
    )
    with store.exclusive(lock):
        try:
            outcomes = search(question, store, measure, session, lambda *told: say(line(question.plan, *told)))
        except KeyboardInterrupt:
            raise StreamkitError(
                f"Stopped; the finished runs are kept in {store.path}, and the same command goes on from there."
            ) from None
    against = challenger(question.plan, question.tried, asked.seed, outcomes)
    decision = decide(against, outcomes, asked.seed)
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    proof = evidence(decision, asked.host, date, asked.command, store.path, question.machine, question.plan.pair_s)
    say(decision.reason)
    say(keep(path, decision, proof))
    return decision


def question_of(asked: Asked, scenario: Scenario, overhead_s: float) -> Question:
    """Return what is searched.  Raises BadInputError where load, bitrates or time are not such that it can be."""
    found = knobs(profile_of(scenario.settings), asked.bitrates, asked.faster)
    made = plan(asked.minutes * 60, min(size(found), MOST_CANDIDATES), overhead_s)
    tried = candidates(found, made.rungs[0].candidates, asked.seed)
    image, _ = image_of(scenario, Images.from_environment())
    settings: dict[str, Value] = {
        **scenario.settings,
        **{name.lower(): words for name, words in scenario.queues.items()},
    }
    return Question(asked.host, scenario.name, settings, machine(image=image), made, tried, asked.seed)


def with_suite(scenario: Scenario, store: Store, say: Callable[[str], None]) -> Measure:
    """Return the function that measures by the suite ``stream``."""

    def measure(settings: Mapping[str, Value], seconds: float) -> tuple[Mapping[str, float | None], Mapping[str, Any]]:
        return SUITE.run(with_settings(scenario, settings), Options(seconds, store.folder, say))

    return measure


def with_settings(scenario: Scenario, settings: Mapping[str, Value]) -> Scenario:
    """Return the scenario with other settings; its files have queues apart, under their names in queue-config.sh."""
    queues = {name.upper(): str(value) for name, value in settings.items() if name.startswith("queue_")}
    others = {name: value for name, value in settings.items() if not name.startswith("queue_")}
    return replace(scenario, settings=others, queues=queues)


def line(made: Plan, step: Step, done: int, left_s: float) -> str:
    """Return what is said before a run."""
    where = f"search, round {step.rung + 1} of {len(made.rungs)}" if step.rung is not None else ""
    if step.pair is not None:
        where = f"comparison, pair {step.pair + 1} of {made.pairs}"
    return f"run {done + 1} ({where}): {step.candidate.name}, {step.seconds:g} s; at most {duration(left_s)} left"


def check_host(inventory: Path, host: str) -> None:
    """Raise BadInputError where the inventory has no such host; files that are no YAML are Ansible's to speak of."""
    known: set[str] = set()
    for file in sorted((*inventory.glob("*.yml"), *inventory.glob("*.yaml"))):
        try:
            _add_hosts(yaml.safe_load(file.read_text(encoding="utf-8")), known)
        except (OSError, ValueError, yaml.YAMLError):
            return
    if known and host not in known:
        raise BadInputError(
            f"--host is {host!r}, which {inventory} does not have; name one of {', '.join(sorted(known))}."
        )


def _add_hosts(node: object, known: set[str]) -> None:
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name == "hosts" and isinstance(value, dict):
            known.update(str(one) for one in value)
        else:
            _add_hosts(value, known)
