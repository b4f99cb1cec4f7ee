"""Commands that look: at this host, at what a tool printed, at settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

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
    read_settings,
)
from streamkit.config import SETTINGS, check_together, defaults, parse_inventory
from streamkit.detect.dumps import from_dumps
from streamkit.detect.hardware import detect as detect_hardware
from streamkit.detect.state import state as look_at_state
from streamkit.doctor import describe, examine
from streamkit.documents import dump_document, read_document
from streamkit.errors import BadInputError, ExitCode
from streamkit.install.cache import cached_path
from streamkit.install.image import image_tag
from streamkit.install.stream_key import check_stream_key
from streamkit.parse import TOOLS
from streamkit.parse import parse as parse_text
from streamkit.plan.check import problems
from streamkit.plan.choose import make_plan
from streamkit.plan.variant import choose_variant


@app.command()
def detect(
    as_json: JsonFlag = False,
    out: OutFile = None,
    dumps: Annotated[
        Path | None,
        typer.Option(
            help="Folder with vainfo.txt, nvidia-smi.txt, v4l2-ctl.txt, lspci.txt, arecord.txt of another host."
        ),
    ] = None,
) -> None:
    """Describe this host, or the one whose tools' output lies in a folder. Changes nothing."""
    hardware = from_dumps(dumps) if dumps else detect_hardware()
    emit(hardware, describe_hardware(hardware), as_json, out)


def describe_hardware(hardware: dict[str, Any]) -> list[str]:
    """Return a host description as lines for a person."""
    cpu, memory_mb = hardware["cpu"], hardware["memory_mb"]
    lines = [
        f"{hardware['os']['name'] or 'Unknown system'}, {cpu['cpus'] or '?'} CPUs ({cpu['model'] or 'unknown model'}), "
        f"{memory_mb if memory_mb is not None else '?'} MiB"
    ]
    lines += [_gpu_line(gpu) for gpu in hardware["gpus"]] or ["GPU: none"]
    lines += [
        f"Capture: {device['card']} at {device['node']}, signal {device['signal']}, {len(device['modes'])} modes"
        + (f", USB at {device['usb_speed_mbps']} Mbit/s" if device.get("usb_speed_mbps") else "")
        for device in hardware["video_devices"]
    ] or ["Capture: no card"]
    lines += [f"Sound: {card['name']} as {card['alsa']}" for card in hardware["audio_devices"]] or [
        "Sound: no card that records"
    ]
    return lines + [f"Could not ask {entry['what']}: {entry['reason']}" for entry in hardware["unknown"]]


def _gpu_line(gpu: dict[str, Any]) -> str:
    parts = [f"GPU: {gpu['vendor']} {gpu.get('name') or gpu['pci_id'] or ''}".strip()]
    parts.append(f"at {gpu['render_node']}" if gpu["render_node"] else str(gpu.get("state", "no render node")))
    nvenc, va = gpu.get("nvenc"), gpu.get("va")
    if nvenc:
        parts.append("NVENC: " + ("unknown" if nvenc["codecs"] is None else ", ".join(nvenc["codecs"]) or "none"))
    if va:
        parts.append(
            "VA-API: " + (", ".join(va["encode"]) or "no encoder") if va["usable"] else f"VA-API: {va['error']}"
        )
    return ", ".join(parts)


@app.command()
def parse(
    tool: Annotated[str, typer.Argument(help="One of: " + ", ".join(TOOLS) + ".")],
    file: Annotated[Path | None, typer.Argument(help="What the tool printed; default: standard input.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON (the only form; accepted for scripts).")] = True,
) -> None:
    """Read what a tool printed, as one JSON object. Says null or "unknown" where the text does not say."""
    if tool not in TOOLS:
        raise BadInputError(f"{tool!r} is no tool whose text is known; use one of: {', '.join(TOOLS)}.")
    try:
        raw = file.read_bytes() if file and str(file) != "-" else sys.stdin.buffer.read()
    except OSError as problem:
        raise BadInputError(f"{file} cannot be read: {problem.strerror}.") from None
    print(dump_document(parse_text(tool, raw.decode("utf-8", "replace"))), end="")


@app.command()
def doctor(
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    probes: ProbesFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what is wrong with this host and the command that mends it. Exit code 1 when something is broken."""
    facts, values = read_hardware(hardware), read_settings(settings_file)[0]
    # Of another host only its description is here: what changes from minute to minute is not known.
    state = None if hardware else look_at_state(Path("/"), values)
    try:
        plan = make_plan(facts, values, read_document(probes) if probes else None)
    except BadInputError:
        plan = None
    findings = examine(facts, state, values, plan)
    emit({"findings": [finding.as_document() for finding in findings]}, describe(findings), as_json)
    if any(finding.level == "broken" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


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
    emit({"settings": values, "given": given}, lines, as_json)


@app.command("stream-key")
def stream_key(
    file: Annotated[str, typer.Option(help="File that holds the key; empty: none.")] = "",
) -> None:
    """Check the stream key on standard input, or in a file; exit code 2 with a sentence that does not show it."""
    check_stream_key(sys.stdin.read().strip(), file)


@app.command()
def check(
    hardware: Annotated[Path, typer.Option(help="hardware.json of the host.")],
    state: Annotated[Path, typer.Option(help="The host's state, from streamkit.pyz.")],
    settings_file: Annotated[Path, typer.Option("--settings", help="Settings document.")],
    shipped: Annotated[bool, typer.Option(help="The image comes from another host.")] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder where images are kept as files.")] = None,
) -> None:
    """Say what stops a deployment: one sentence each, exit code 2; nothing when all is well."""
    values, _ = read_settings(settings_file)
    facts = read_document(hardware)
    tag = image_tag(choose_variant(facts, values)[0])
    kept = cache is not None and cached_path(cache, tag).exists()
    found = problems(facts, read_document(state), values, tag, builds=not (shipped or kept))
    if found:
        raise BadInputError("\n".join(found))
