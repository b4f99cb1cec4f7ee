"""What README and docs tell people to type is typed here, and what they name exists."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from bench import cli as bench_cli
from streamkit.cli.common import app
from streamkit.config import SETTINGS, parse_inventory
from streamkit.panel import catalogue
from streamkit.run.control import COMMANDS
from tests.conftest import REPOSITORY
from tests.docs.blocks import HERE, NOT_RUN, ON_THE_MACHINE, Block, all_blocks, documents
from tests.playbook import environment

DUMPS = {"lspci": "plain", "arecord": "german", "v4l2-ctl": "formats-usb3-capture-macrosilicon", "vainfo": "two-gpus"}
METRICS = {metric.name for metric in catalogue.METRICS}
SECRETS = {"streamkit_stream_key"}
"""Variables that are no settings: they are never written beside those."""
PLAYBOOK = re.compile(r"playbooks/(\w+)\.yml")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout, in which commands may leave files, with somebody's pasted outputs."""
    folder = tmp_path_factory.mktemp("checkout")
    for entry in REPOSITORY.iterdir():
        if entry.name not in (".git", "build"):
            (folder / entry.name).symlink_to(entry)
    # What runs these tests is the interpreter that has the project, wherever it is.
    if not (REPOSITORY / ".venv").exists():
        (folder / ".venv" / "bin").mkdir(parents=True)
        for program in Path(sys.executable).parent.iterdir():
            (folder / ".venv" / "bin" / program.name).symlink_to(program)
    (folder / "their-folder").mkdir()
    for tool, fixture in DUMPS.items():
        source = REPOSITORY / "tests" / "fixtures" / "parse" / tool / fixture / "output.txt"
        shutil.copy(source, folder / "their-folder" / f"{tool}.txt")
    return folder


@pytest.mark.parametrize("block", all_blocks("bash"), ids=str)
def test_every_command_is_run_or_says_why_not(block: Block) -> None:
    reason = block.comment.removeprefix(NOT_RUN) if block.comment.startswith(NOT_RUN) else ""
    assert block.comment in (HERE, ON_THE_MACHINE) or reason, (
        f"{block}: put one of the comments of tests/docs/blocks.py above it; there is {block.comment!r}"
    )


# The same words on two pages are run once; those of Ansible take seconds, and have a part of their own.
RUN_HERE = [
    pytest.param(block, marks=pytest.mark.ansible if "ansible" in text else (), id=str(block))
    for text, block in {block.text: block for block in all_blocks("bash", HERE)}.items()
]


@pytest.mark.parametrize("block", RUN_HERE)
def test_commands_run_here(block: Block, checkout: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=checkout,
        env=environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{block.text}{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("block", all_blocks("bash"), ids=str)
def test_commands_are_well_formed(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{block}: {done.stderr}"


@functools.cache
def options_of(program: str) -> dict[str, set[str]]:
    """Return {command: its options} of one of the project's programs."""
    made = typer.main.get_command({"streamkit": app, "bench": bench_cli.app}[program])
    return {
        name: {
            option
            # Of a command with commands of its own, such as "bench measure", theirs.
            for one in getattr(command, "commands", {"": command}).values()
            for parameter in one.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        for name, command in made.commands.items()  # type: ignore[attr-defined]
    }


def named_in(words: list[str], program: str) -> list[str] | None:
    """Return what follows ``.venv/bin/PROGRAM``; None in other commands."""
    at = next((n for n, word in enumerate(words) if word.endswith(f".venv/bin/{program}")), None)
    return None if at is None else words[at + 1 :]


@pytest.mark.parametrize("block", all_blocks("bash"), ids=str)
def test_subcommands_and_options_exist(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # a program over several lines
        for program in ("streamkit", "bench"):
            given, known = named_in(words, program), options_of(program)
            if given:
                assert given[0] in known, f"{block}: {program} has no command {given[0]!r}"
                for word in (word.partition("=")[0] for word in given[1:] if word.startswith("--")):
                    assert word in known[given[0]] | {"--help"}, f"{block}: {given[0]} has no {word}"
        if "ctl" in words:
            assert words[words.index("ctl") + 1] in COMMANDS, f"{block}: {line}"


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_settings_that_are_named_exist(path: Path) -> None:
    for variable in set(re.findall(r"\bstreamkit_[a-z0-9_]+\b", text_of(path))):
        known = variable in SECRETS or variable.removeprefix("streamkit_") in SETTINGS or variable in METRICS
        assert known, f"{path.name} names {variable}, which is no setting and no metric"


def test_secret_variables_are_taken_by_the_playbooks() -> None:
    wiring = text_of(REPOSITORY / "playbooks" / "group_vars" / "all.yml")
    assert all(re.search(rf"\b{variable}\b", wiring) for variable in SECRETS)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_settings_are_given_values_that_are_allowed(path: Path) -> None:
    given = re.findall(r"`(streamkit_[a-z0-9_]+): ([^`]+)`", text_of(path))
    given += re.findall(r"-e (streamkit_[a-z0-9_]+)=('[^'\n]+'|[^\s'`]+)", text_of(path))
    for variable, value in given:
        parse_inventory({variable: yaml.safe_load(value)})


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
def test_inventories_of_the_docs_are_accepted(block: Block) -> None:
    def check(node: object) -> None:
        if isinstance(node, dict):
            parse_inventory({name: value for name, value in node.items() if str(name).startswith("streamkit_")})
            for value in node.values():
                check(value)

    check(yaml.safe_load(block.text))


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_playbooks_roles_and_files_that_are_named_exist(path: Path) -> None:
    text = text_of(path)
    for playbook in set(PLAYBOOK.findall(text)):
        assert (REPOSITORY / "playbooks" / f"{playbook}.yml").exists(), f"{path.name} names playbooks/{playbook}.yml"
    for named in set(re.findall(r"`((?:streamkit|bench|roles|templates|tests|inventory)/[\w./-]+)`", text)):
        if "NAME" not in named:
            assert (REPOSITORY / named).exists(), f"{path.name} names {named}"
    for module in set(re.findall(r"python3? -m ((?:tests|streamkit|bench)[\w.]+)", text)):
        assert (REPOSITORY / (module.replace(".", "/") + ".py")).exists(), f"{path.name} names {module}"


def tags_of(playbook: str) -> set[str]:
    plays = yaml.safe_load((REPOSITORY / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    return {tag for play in plays for role in play["roles"] for tag in role["tags"]}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_tags_that_are_named_exist(path: Path) -> None:
    for words in re.findall(r"--(?:skip-)?tags[ =]([a-z,]+)", text_of(path)):
        assert set(words.split(",")) <= tags_of("site"), f"{path.name} names the tags {words}"


def test_the_table_of_tags_has_them_all() -> None:
    rows = re.search(r"\| `--tags` \|.*?\n\n", text_of(REPOSITORY / "docs" / "DEPLOYMENT.md"), re.DOTALL)
    assert rows
    named = {
        tag for cell in re.findall(r"^\| ([^|]*) \|", rows[0], re.MULTILINE)[1:] for tag in re.findall(r"[a-z]+", cell)
    }
    assert tags_of("site") - {"always"} <= named


PANEL = {
    address
    for path in (REPOSITORY / "streamkit" / "panel").glob("*.py")
    for address in re.findall(r'Route\("[A-Z]+", "([^"<]+)', path.read_text(encoding="utf-8"))
}
"""The addresses of the panel; of one with a part that varies, what stands before it."""
SERVERS_OWN = {"/api/whip", "/api/whep"}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_addresses_of_the_panel_exist(path: Path) -> None:
    named = set(re.findall(r"localhost:8081(/[a-z/]+)", text_of(path))) | set(
        re.findall(r"`(/api/[a-z/]+)`", text_of(path))
    )
    for address in named - SERVERS_OWN:
        found = any(
            address == known or (known.endswith("/") and known != "/" and address.startswith(known)) for known in PANEL
        )
        assert found, f"{path.name} names {address}, which the panel has not"
