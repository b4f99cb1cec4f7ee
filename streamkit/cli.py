"""The command line on the controller: each command reads, decides by a pure function, and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from streamkit import __version__
from streamkit.config import SETTINGS, check_together, defaults, parse_inventory
from streamkit.detect.hardware import detect as detect_hardware
from streamkit.documents import SCHEMA_VERSION, Document, dump_document, read_document, write_atomically
from streamkit.errors import BadInputError, ExitCode, StreamkitError
from streamkit.install import report as reporting
from streamkit.install.image import image_tag, write_context
from streamkit.install.zipapp import write_zipapp
from streamkit.plan.check import problems
from streamkit.plan.choose import make_plan
from streamkit.plan.describe import summary
from streamkit.render.release import release_files, release_hash, write_files
from streamkit.render.templates import render_scripts
from streamkit.resolve import resolve

app = typer.Typer(
    name="streamkit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Detect a host, plan what it streams, render what it runs. Exit codes: 0 done, 1 failed, 2 bad input, 3 unavailable.",
)
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
OutFile = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of printing.")]
HardwareFile = Annotated[
    Path | None, typer.Option("--hardware", help="hardware.json of the host to plan for; default: this host.")
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings document; default: the schema's defaults.")
]


def _settings(path: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (every setting's value, only those given) from a settings document."""
    given = read_document(path).get("given", {}) if path else {}
    given = {name: SETTINGS[name].parse(value) for name, value in given.items() if name in SETTINGS}
    return {**defaults(), **given}, given


def _hardware(path: Path | None) -> Document:
    return read_document(path) if path else detect_hardware()


def _emit(document: Mapping[str, Any], lines: list[str], as_json: bool, out: Path | None = None) -> None:
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, dump_document(dict(document)))
    elif as_json:
        print(dump_document(dict(document)), end="")
    else:
        print("\n".join(lines))


@app.command()
def detect(as_json: JsonFlag = False, out: OutFile = None) -> None:
    """Describe this host: cards, sound, GPUs, processor. Changes nothing."""
    hardware = detect_hardware()
    lines = [
        f"{hardware['os']['name']}, {hardware['cpu']['cpus']} CPUs ({hardware['cpu']['model']}), {hardware['memory_mb']} MiB"
    ]
    lines += [f"GPU: {gpu['vendor']} {gpu['pci_id']} at {gpu['render_node']}" for gpu in hardware["gpus"]] or [
        "GPU: none"
    ]
    lines += [
        f"Capture: {device['card']} at {device['node']}, signal {device['signal']}, {len(device['modes'])} modes"
        for device in hardware["video_devices"]
    ] or ["Capture: no card"]
    lines += [f"Sound: {card['name']} as {card['alsa']}" for card in hardware["audio_devices"]] or [
        "Sound: no card that records"
    ]
    lines += [f"Could not ask {entry['what']}: {entry['reason']}" for entry in hardware["unknown"]]
    _emit(hardware, lines, as_json, out)


@app.command()
def settings(
    as_json: JsonFlag = False,
    source: Annotated[
        str | None,
        typer.Option("--from", help="JSON object of streamkit_* variables: a file, or - for standard input."),
    ] = None,
) -> None:
    """List every setting, or check those of an inventory and fill in the defaults."""
    given = {}
    if source:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        try:
            variables = json.loads(text)
        except ValueError as problem:
            raise BadInputError(f"{source} is not valid JSON ({problem}).") from None
        if not isinstance(variables, dict):
            raise BadInputError(
                f"{source} holds a {type(variables).__name__}; expected an object of streamkit_* variables."
            )
        given = parse_inventory(variables)
    values = {**defaults(), **given}
    check_together(values)
    lines = [
        f"{setting.variable} = {values[name]!r}\n    {setting.help} Allowed: {setting.allowed}."
        for name, setting in SETTINGS.items()
    ]
    _emit({"settings": values, "given": given}, lines, as_json)


@app.command()
def check(
    hardware: Annotated[Path, typer.Option(help="hardware.json of the host.")],
    state: Annotated[Path, typer.Option(help="The host's state, from streamkit.pyz.")],
    settings_file: Annotated[Path, typer.Option("--settings", help="Settings document.")],
) -> None:
    """Say what stops a deployment: one sentence each, exit code 2; nothing when all is well."""
    values, _ = _settings(settings_file)
    found = problems(read_document(hardware), read_document(state), values, image_tag())
    if found:
        raise BadInputError("\n".join(found))


@app.command()
def plan(
    hardware: HardwareFile = None, settings_file: SettingsFile = None, as_json: JsonFlag = False, out: OutFile = None
) -> None:
    """Decide what a host streams, with the reason for each choice."""
    made = make_plan(_hardware(hardware), _settings(settings_file)[0])
    lines = [*summary(made), made["encoder_reason"]]
    lines += [f"  not {entry['encoder']}: {entry['reason']}" for entry in made["rejected"]]
    _emit(made, lines, as_json, out)
    if out:
        print("\n".join(summary(made)))


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Directory to write to.")],
    every: Annotated[bool, typer.Option("--all", help="Every script (always so; accepted for clarity).")] = True,
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    plan_file: Annotated[Path | None, typer.Option("--plan", help="plan.json; default: planned now.")] = None,
    tag: Annotated[str | None, typer.Option("--image-tag", help="Write a whole release that runs this image.")] = None,
) -> None:
    """Write every script and queue-config.sh; with --image-tag the whole release a host receives."""
    facts = _hardware(hardware)
    values, given = _settings(settings_file)
    made = read_document(plan_file) if plan_file else make_plan(facts, values)
    if tag:
        files = release_files(facts, made, given, tag)
    else:
        scripts = render_scripts(resolve(made["settings"], given, {}).values)
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
    as_json: JsonFlag = False,
) -> None:
    """Name the image this checkout builds, and write its build context."""
    tag = write_context(out) if out else image_tag()
    _emit({"tag": tag, "context": str(out) if out else None}, [tag], as_json)


@app.command()
def zipapp(out: Annotated[Path, typer.Option(help="File to write.")]) -> None:
    """Write streamkit.pyz, the part that runs on a host with nothing but python3."""
    write_zipapp(out)


@app.command()
def report(
    known: Annotated[Path, typer.Argument(help="What a deployment left of a host, such as build/localhost.")],
) -> None:
    """Say where this machine's panel is and what it streams, as the panel itself tells."""
    values = read_document(known / "settings.json")["settings"]
    addresses = reporting.panel_addresses(values["panel_bind"], values["panel_port"], reporting.outward_address())
    status = reporting.panel_status(addresses[0], Path(values["secrets_dir"]) / "panel_token")
    print(reporting.report(addresses, status))


@app.command()
def panel(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port.")] = 8081,
) -> None:
    """Run the panel alone; the token is read from the file in STREAMKIT_PANEL_TOKEN_FILE."""
    # Imported here: gevent patches the standard library, which no other command wants.
    from streamkit.panel.server import main as run_panel

    raise typer.Exit(run_panel(["--host", host, "--port", str(port)]))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line; a failure prints its sentence and leaves with its exit code."""
    try:
        app()
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.exit(ExitCode.OK)
