"""``bench measure``: one command for each thing that is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.measure import build as build_part
from bench.measure import cpu as cpu_part
from bench.measure import drops as drops_part
from bench.measure import latency as latency_part
from bench.measure import quality as quality_part
from bench.measure import viewers as viewers_part
from bench.measure.panel import report
from bench.measure.panel.rounds import QUICK, Size, measure
from bench.measure.single import measure_once, show_run
from bench.measure.stream import details_of, figures_of
from bench.measure.suites import SUITES, Details, Figures, Options
from bench.records import DEFAULT_FOLDER, Run, Store
from bench.scenario import Scenario, find_scenario
from bench.stream.run import SEARCH_S, wait_only, watch_in_browser, with_load
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError

app = typer.Typer(
    name="measure", no_args_is_help=True, help="Measure what this product costs, beside what it replaces."
)
REPOSITORY = Path(__file__).parents[2]


@app.callback()
def group() -> None:
    """Measure what this product costs, beside what it replaces."""


def make_folder(folder: Path) -> None:
    """Make a folder with those above it.  Raises BadInputError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInputError(f"{folder} cannot be made ({problem.strerror}); --out takes a file in a folder.") from None


@app.command()
def panel(
    quick: Annotated[bool, typer.Option("--quick", help="One short round; the figures are rough.")] = False,
    with_glances: Annotated[
        bool, typer.Option("--glances/--no-glances", help="Beside Glances too, in a virtual environment of its own.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Write the records to this file, JSON lines.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Put the table between the markers of this page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records instead of the table.")] = False,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Measure the panel of one scenario alone, once (two minutes).")
    ] = None,
) -> None:
    """Measure the panel beside the polling panel of the guide and Glances: eleven minutes, with --quick half a one."""
    if scenario:
        if quick or docs:
            raise BadInputError("--scenario measures one panel alone; --quick and --docs belong to all of them.")
        if out and out.is_file():
            raise BadInputError(f"{out} is a file; with --scenario, --out takes the folder of the records.")
        typer.echo(show_run("panel", scenario, out or DEFAULT_FOLDER, None, as_json), nl=False)
        return
    if docs:
        report.read_parts(docs)
    if out:
        # Before the minutes are spent: a folder that cannot be had is said now.
        make_folder(out.parent)
    venv = REPOSITORY / "build" / "glances" if with_glances else None
    records = list(measure(QUICK if quick else Size(), venv, lambda line: typer.echo(line, err=True)))
    lines = "".join(one.line() for one in records)
    if out:
        write_atomically(out, lines)
    if docs:
        report.write_into(docs, report.table(records))
    typer.echo(lines if as_json else report.table(records), nl=not as_json)


ScenarioName = Annotated[str, typer.Option("--scenario", help="Name of a scenario, or the path of a file.")]
Load = Annotated[
    Literal["idle", "80", "120", "burst"],
    typer.Option(
        help="idle: the scenario's own rate; 80, 120: percent of the rate that this host sustains with the viewer, searched "
        "first (three minutes); burst: other programs take all processors for half a second of every five."
    ),
]
Seconds = Annotated[float, typer.Option(min=5, max=7200, help="How long to measure, warm-up not counted.")]
Viewer = Annotated[bool, typer.Option("--viewer/--no-viewer", help="Watch in Chromium meanwhile.")]
ResultsFolder = Annotated[Path, typer.Option("--out", help="Folder of the results; the run is added to it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures and details as JSON.")]


def _stream(scenario: str, load: str, seconds: float, viewer: bool, out: Path) -> Run:
    """Run a scenario's stream once, and keep the record."""

    def run(chosen: Scenario, options: Options) -> tuple[Figures, Details]:
        watch = watch_in_browser if viewer else wait_only
        done = with_load(chosen, load, seconds, watch=watch, tell=options.tell)
        return figures_of(done), details_of(done)

    suite = SUITES["stream"]
    overhead_s = suite.overhead_s + (SEARCH_S if load in ("80", "120") else 0)
    return measure_once(
        replace(suite, measure=run, overhead_s=overhead_s), find_scenario(scenario), Store(out), seconds
    )


def _print(lines: list[str], run: Run, as_json: bool) -> None:
    typer.echo(run.line() if as_json else "\n".join(lines), nl=not as_json)


@app.command()
def drops(
    scenario: ScenarioName = "after",
    load: Load = "idle",
    seconds: Seconds = 60,
    viewer: Viewer = True,
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Count where frames are lost between source and eyes; exit code 1 where the ledger does not close."""
    run = _stream(scenario, load, seconds, viewer, out)
    _print(drops_part.lines(run.details), run, as_json)


@app.command()
def cpu(
    scenario: ScenarioName = "after",
    load: Load = "idle",
    seconds: Seconds = 60,
    viewer: Viewer = True,
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Measure what a stream costs: by process, by part of the pipeline, and for each frame."""
    run = _stream(scenario, load, seconds, viewer, out)
    _print(cpu_part.lines(run.figures, run.details), run, as_json)


@app.command()
def latency(
    scenario: ScenarioName = "after",
    load: Load = "idle",
    seconds: Seconds = 60,
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Measure the time from the picture's capture to the viewer's screen, and where it goes."""
    run = _stream(scenario, load, seconds, True, out)
    _print(latency_part.lines(run.figures, run.details), run, as_json)


@app.command()
def build(
    scenario: ScenarioName = "after",
    only: Annotated[
        Literal["both", "cold", "warm"], typer.Option(help="cold: from nothing; warm: again, with a line changed.")
    ] = "both",
    cold_limit: Annotated[float, typer.Option(min=1, max=86400, help="Seconds after which a cold build is ended.")] = (
        build_part.LIMIT_S
    ),
    warm_limit: Annotated[float, typer.Option(min=1, max=86400, help="Seconds after which a warm build is ended.")] = (
        build_part.LIMIT_S
    ),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the image, as streamkit-bench-<scenario>.")] = False,
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Build a scenario's image from nothing, and again with a line of the panel changed: minutes; before, half an hour."""

    def build_once(chosen: Scenario, options: Options) -> tuple[Figures, Details]:
        return build_part.run(chosen, options.folder, only, cold_limit, warm_limit, keep, options.tell)

    run = measure_once(replace(SUITES["build"], measure=build_once), find_scenario(scenario), Store(out), None)
    _print(build_part.lines(run.figures, run.details), run, as_json)


@app.command()
def image(scenario: ScenarioName = "after", out: ResultsFolder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Measure how large a scenario's image is; the record holds its layers and what is in it."""
    typer.echo(show_run("image", scenario, out, None, as_json), nl=False)


@app.command()
def startup(scenario: ScenarioName = "after", out: ResultsFolder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Measure how long a container takes until it is healthy, and until its first frame is sent."""
    typer.echo(show_run("startup", scenario, out, None, as_json), nl=False)


@app.command()
def security(scenario: ScenarioName = "after", out: ResultsFolder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """State what a scenario's container may do, as exact facts."""
    typer.echo(show_run("security", scenario, out, None, as_json), nl=False)


@app.command()
def viewers(
    scenario: ScenarioName = "after",
    seconds: Annotated[float, typer.Option(min=5, max=600, help="How long to measure each number of viewers.")] = (
        viewers_part.SECONDS
    ),
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Add viewers until the delay's p99 has doubled: what one more costs, and how many are too many (four minutes)."""
    steps = replace(SUITES["viewers"], overhead_s=SUITES["viewers"].overhead_s + viewers_part.LIKELY_STEPS * seconds)
    run = measure_once(steps, find_scenario(scenario), Store(out), seconds)
    _print(viewers_part.lines(run.figures, run.details), run, as_json)


@app.command()
def quality(
    scenario: ScenarioName = "after",
    seconds: Annotated[float, typer.Option(min=10, max=600, help="How long to watch; pictures are kept all along.")] = (
        quality_part.SECONDS
    ),
    out: ResultsFolder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Measure how near the viewer's picture is to the one that was encoded (PSNR), and at which bitrate: a minute."""
    run = measure_once(SUITES["quality"], find_scenario(scenario), Store(out), seconds)
    _print(quality_part.lines(run.figures, run.details), run, as_json)
