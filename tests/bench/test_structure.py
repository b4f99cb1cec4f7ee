"""Imports inside bench go one way, what travels to a host needs no package, and modules stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bench import zipapp
from bench.figures import DROP_STAGES, FIGURES, STAGES
from bench.measure.suites import SUITES
from tests.conftest import REPOSITORY
from tests.test_structure import imports

BENCH = REPOSITORY / "bench"
# From the core outwards: a part may import those above it.
LAYERS = (
    "figures",
    "records",
    "schedule",
    "machine",
    "statistics",
    "compare",
    "progress",
    "verdicts",
    "build_steps",
    "scenario",
    "verify",
    "measure/panel/contestants",
    "viewer",
    "stream",
    "measure/suites",
    "interleaved",
    "measure",
    "arrived",
    "travel",
    "zipapp",
    "job",
    "compare_command",
    "report",
    "tune",
    "cli",
)
# Each library has its doors.
DOORS = {
    "matplotlib": {"report"},
    "numpy": {"measure"},
    "pandas": {"report"},
    "rich": {"progress"},
    "typer": {"cli", "compare_command", "measure"},
    "psutil": {"measure"},
    "yaml": {"scenario", "stream", "measure", "tune"},
    "playwright": {"measure", "verify"},
}


def part_of(module: str) -> str:
    """Return the part of bench that a module ("measure/suites", "stream/run") belongs to."""
    return module if module in LAYERS else module.split("/")[0]


def sources() -> list[tuple[str, Path]]:
    """(part, file) of every module of bench."""
    files = [
        path for path in sorted(BENCH.rglob("*.py")) if path != BENCH / "__init__.py" and "baselines" not in path.parts
    ]
    return [(part_of(str(path.relative_to(BENCH)).removesuffix(".py")), path) for path in files]


def outside_of_functions(path: Path) -> set[str]:
    """Return the modules that are imported when the file is: those inside of functions come when they are called."""
    found: set[str] = set()
    nodes: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            nodes += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize(("part", "path"), sources(), ids=lambda value: str(value).rsplit("bench/", 1)[-1])
def test_imports_go_towards_the_core(part: str, path: Path) -> None:
    assert part in LAYERS, f"{path}: give {part} its place in LAYERS"
    for module in imports(path):
        top, _, rest = module.partition(".")
        assert part in DOORS.get(top, {part}), f"{path} imports {top}; its doors are {DOORS[top]}"
        if top == "bench" and rest:
            other = part_of(rest.replace(".", "/"))
            assert other == part or LAYERS.index(other) < LAYERS.index(part), f"{path} imports {module}"


@pytest.mark.parametrize("path", [path for _, path in sources()], ids=lambda path: str(path).rsplit("bench/", 1)[-1])
def test_one_job_per_module(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def travelling() -> list[Path]:
    """Every module of bench that is sent to a host with nothing but python3."""
    return [path for name, path in zipapp.sources().items() if name.startswith("bench/") and name.endswith(".py")]


@pytest.mark.parametrize("path", travelling(), ids=lambda path: str(path).rsplit("bench/", 1)[-1])
def test_what_travels_needs_the_standard_library_alone(path: Path) -> None:
    tops = {module.partition(".")[0] for module in outside_of_functions(path)}
    assert tops <= set(sys.stdlib_module_names) | {"bench", "streamkit"}


def test_what_a_comparison_needs_on_a_host_travels() -> None:
    names = {str(path.relative_to(BENCH)) for path in travelling()}
    assert names >= {"records.py", "machine.py", "schedule.py", "measure/suites.py"}


def test_judging_runs_with_the_standard_library_alone() -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); import bench.compare, bench.measure.suites, bench.records, bench.machine"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_figure_has_its_place() -> None:
    assert {figure.suite for figure in FIGURES.values()} <= set(SUITES)
    assert all(name == figure.name and figure.label and figure.threshold >= 0 for name, figure in FIGURES.items())
    assert len({figure.label for figure in FIGURES.values()}) == len(FIGURES), "a label says which figure it is"
    assert {f"stage_{stage}_ms" for stage in STAGES} | {f"dropped_{stage}" for stage in DROP_STAGES} <= set(FIGURES)


def test_every_suite_has_its_module() -> None:
    for name, suite in SUITES.items():
        assert suite.name == name and suite.title and suite.seconds_estimate(10) >= 10 and suite.pairs >= 6
