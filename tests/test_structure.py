"""Imports go one way, bench is never imported by streamkit, and what travels can travel."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from streamkit.install.image import context_files
from streamkit.install.zipapp import MODULES, nodes_zipapp_bytes, zipapp_bytes
from tests.conftest import REPOSITORY

# From the core outwards: a part may import those above it.
LAYERS = (
    "errors",
    "program",
    "docker_command",
    "video",
    "v4l2_abi",
    "encoders",
    "documents",
    "allowed",
    "config",
    "resolve",
    "nvenc",
    "parse",
    "detect",
    "plan",
    "doctor",
    "facts",
    "install",
    "render",
    "run",
    "launch",
    "probe",
    "poll",
    "panel",
    "host",
    "container",
    "cli",
    "__main__",
)
# Each library has one door.
DOORS = {"jinja2": {"render"}, "bottle": {"panel"}, "gevent": {"panel"}, "gi": {"launch", "probe"}, "typer": {"cli"}}
DOORS |= {"requests": {"poll", "panel"}, "psutil": set()}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def sources() -> list[tuple[str, Path]]:
    """(part of streamkit, file) for every source file."""
    root = REPOSITORY / "streamkit"
    return [
        (path.relative_to(root).parts[0].removesuffix(".py"), path)
        for path in sorted(root.rglob("*.py"))
        if path != root / "__init__.py"
    ]


@pytest.mark.parametrize(("part", "path"), sources(), ids=lambda value: str(value).rsplit("streamkit/", 1)[-1])
def test_imports_go_towards_the_core(part: str, path: Path) -> None:
    for module in imports(path):
        top, _, rest = module.partition(".")
        assert top != "bench", f"{path} imports bench"
        assert part in DOORS.get(top, {part}), f"{path} imports {top}; its door is {DOORS[top]}"
        if top == "streamkit" and rest:
            other = rest.split(".")[0]
            assert other == part or LAYERS.index(other) < LAYERS.index(part), f"{path} imports {module}"


@pytest.mark.parametrize("path", [p for _, p in sources()], ids=lambda p: str(p).rsplit("streamkit/", 1)[-1])
def test_one_job_per_module(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_zipapp_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    archive = tmp_path / "streamkit.pyz"
    archive.write_bytes(zipapp_bytes())
    assert zipapp_bytes() == archive.read_bytes(), "equal sources give an equal file"
    done = subprocess.run(
        [sys.executable, "-I", "-S", archive, "detect", "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"schema_version": 1' in done.stdout
    assert set(MODULES) >= {"host.py", "config.py"}


def test_keeper_of_nodes_runs_with_the_standard_library_alone(tmp_path: Path) -> None:
    archive, plan = tmp_path / "streamkit-nodes.pyz", tmp_path / "plan.json"
    archive.write_bytes(nodes_zipapp_bytes())
    plan.write_text('{"kept_nodes": {"video": null, "sound": null}}')
    words = [sys.executable, "-I", "-S", str(archive), "--plan", str(plan), "--folder", str(tmp_path / "nodes")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "nodes/snd").is_dir()


def test_image_context_holds_what_its_modules_import() -> None:
    files = context_files()
    for name, content in files.items():
        if name.startswith("streamkit/") and name.endswith(".py"):
            for node in ast.walk(ast.parse(content)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streamkit."):
                    needed = (node.module or "").replace(".", "/")
                    there = {f"{needed}.py", f"{needed}/__init__.py"} & set(files)
                    assert there, f"{name} needs {node.module} in the image"
    assert {"Dockerfile", "collect.py", "check.sh", "requirements.txt", "plugins/Cargo.lock"} <= set(files)
