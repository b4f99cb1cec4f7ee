"""Commands that make: trial encodes, plan, scripts, image context, zipapp."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from streamkit.cli.common import (
    HardwareFile,
    JsonFlag,
    OutFile,
    ProbesFile,
    SettingsFile,
    app,
    emit,
    read_hardware,
    read_probes,
    read_settings,
)
from streamkit.documents import SCHEMA_VERSION, Document, dump_document, parse_document, read_document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.image import DRIVERS, image_tag, write_context
from streamkit.install.zipapp import write_zipapp
from streamkit.plan.choose import make_plan
from streamkit.plan.describe import probe_table, summary
from streamkit.plan.variant import choose_variant
from streamkit.probe.compare import changes
from streamkit.render.job import docker_words, make_job, still_valid, usable
from streamkit.render.release import release_files, release_hash, write_files
from streamkit.render.templates import render_scripts
from streamkit.resolve import resolve


@app.command()
def probe(
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    image_name: Annotated[
        str | None, typer.Option("--image", help="Image to try in; default: this checkout's, on this machine's Docker.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option("--before", help="Earlier probes.json: say what changed since.")
    ] = None,
    job_only: Annotated[
        bool, typer.Option("--job", help="Print the job and the docker words that would run it, and stop.")
    ] = False,
    as_json: JsonFlag = False,
    out: OutFile = None,
) -> None:
    """Try every encoder this host could use, each in a process of its own in the image: rate, delay, CPU (a minute)."""
    facts, (values, given) = read_hardware(hardware), read_settings(settings_file)
    image = image_name or f"{values['image_name']}:{image_tag(choose_variant(facts, values)[0])}"
    job, words = make_job(facts, given), docker_words(facts, values, image)
    earlier = read_probes(before)
    if job_only:
        emit({"needed": not still_valid(earlier, job), "words": words, "job": job}, [" ".join(words)], as_json, out)
        return
    probes = _run_probe(words, job)
    lines = [*probe_table(probes), *changes(earlier, probes)]
    emit(probes, lines, as_json, out)
    if out:
        print("\n".join(lines))


def _run_probe(words: list[str], job: Document) -> Document:
    bar = {"STREAMKIT_PROGRESS": "bar"} if sys.stderr.isatty() else {}
    try:
        done = subprocess.run(
            words, input=dump_document(job), stdout=subprocess.PIPE, text=True, check=False, env={**os.environ, **bar}
        )
    except OSError as problem:
        raise UnavailableError(
            f"docker cannot be run here ({problem.strerror}): install it, or run ./install.sh."
        ) from None
    if done.returncode:
        raise UnavailableError(
            f"The trials did not run: docker ended with {done.returncode}, and said why above; the image is {words[-4]}."
        )
    return parse_document(done.stdout, "the trial's output")


@app.command()
def changed(
    before: Annotated[Path, typer.Argument(help="Earlier probes.json; may be missing.")],
    after: Annotated[Path, typer.Argument(help="Later probes.json.")],
) -> None:
    """Say what changed between two rounds of trial encodes, with the table of the later one."""
    probes = read_document(after)
    print("\n".join([*probe_table(probes), *changes(read_probes(before), probes)]))


@app.command()
def plan(
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    probes: ProbesFile = None,
    as_json: JsonFlag = False,
    out: OutFile = None,
) -> None:
    """Decide what a host streams, with the reason for each choice."""
    facts, (values, given) = read_hardware(hardware), read_settings(settings_file)
    measured = read_probes(probes)
    if measured is not None and not usable(measured, make_job(facts, given)):
        # Measured with another image or on other hardware: figures that answer another question.
        measured = None
    made = make_plan(facts, values, measured)
    lines = [*summary(made), made["encoder_reason"]]
    lines += [f"  not {entry['encoder']}: {entry['reason']}" for entry in made["rejected"]]
    emit(made, lines, as_json, out)
    if out:
        print("\n".join(summary(made)))


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Directory to write to.")],
    every: Annotated[bool, typer.Option("--all", help="Every script (always so; accepted for clarity).")] = True,
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    probes: ProbesFile = None,
    plan_file: Annotated[Path | None, typer.Option("--plan", help="plan.json; default: planned now.")] = None,
    tag: Annotated[str | None, typer.Option("--image-tag", help="Write a whole release that runs this image.")] = None,
    reached_as: Annotated[str, typer.Option(help="The name by which the host is reached, for its panel.")] = "",
) -> None:
    """Write every script and queue-config.sh; with --image-tag the whole release a host receives."""
    facts = read_hardware(hardware)
    values, given = read_settings(settings_file)
    measured = read_probes(probes)
    made = read_document(plan_file) if plan_file else make_plan(facts, values, measured)
    if tag:
        files = release_files(facts, made, given, tag, measured, reached_as)
    else:
        scripts = render_scripts(resolve(made["settings"], given, {}))
        files = {f"scripts/{name}": text for name, text in scripts.items()}
    changed = write_files(out, files)
    print(
        json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "release": release_hash(files),
                "files": sorted(files),
                "changed": changed,
            }
        )
    )


@app.command()
def image(
    out: Annotated[Path | None, typer.Option(help="Write the build context to this directory.")] = None,
    variant: Annotated[str, typer.Option(help="Whose GPU drivers are in it: " + ", ".join(DRIVERS) + ".")] = "cpu",
    as_json: JsonFlag = False,
) -> None:
    """Name the image this checkout builds, and write its build context."""
    if variant not in DRIVERS:
        raise BadInputError(f"--variant is {variant!r}, which is no variant of the image; use {', '.join(DRIVERS)}.")
    tag = write_context(out, variant) if out else image_tag(variant)
    emit({"tag": tag, "context": str(out) if out else None, "variant": variant}, [tag], as_json)


@app.command()
def zipapp(
    out: Annotated[Path, typer.Option(help="File to write.")],
    nodes: Annotated[bool, typer.Option("--nodes", help="The small one that keeps device nodes, for udev.")] = False,
) -> None:
    """Write streamkit.pyz, the part that runs on a host with nothing but python3."""
    write_zipapp(out, nodes)
