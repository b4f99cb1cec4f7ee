"""``streamkit.pyz``: the standard-library-only part of the toolkit, for a host that has nothing but python3."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
MODULES = (
    "__init__.py",
    "allowed.py",
    "config.py",
    "docker_command.py",
    "doctor.py",
    "documents.py",
    "encoders.py",
    "errors.py",
    "host.py",
    "install/__init__.py",
    "install/releases.py",
    "install/settle.py",
    "nvenc.py",
    "resolve.py",
    "v4l2_abi.py",
    "video.py",
)
PACKAGES = ("detect", "facts", "parse", "plan")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold: equal sources give an equal file."""


NODES = (
    "__init__.py",
    "detect/__init__.py",
    "detect/identity.py",
    "detect/outside.py",
    "detect/usb.py",
    "detect/v4l2.py",
    "detect/v4l2_modes.py",
    "errors.py",
    "install/__init__.py",
    "install/nodes.py",
    "v4l2_abi.py",
    "video.py",
)
"""What stays on a host, as ``streamkit-nodes.pyz``: few modules, because udev waits for it and it seldom changes."""


def zipapp_bytes() -> bytes:
    """Return the archive; ``python3 streamkit.pyz detect`` runs it."""
    sources = {f"streamkit/{name}": PACKAGE / name for name in MODULES}
    sources |= {f"streamkit/{name}/{path.name}": path for name in PACKAGES for path in (PACKAGE / name).glob("*.py")}
    return packed(sources, "streamkit.host")


def nodes_zipapp_bytes() -> bytes:
    """Return the archive that keeps device nodes; ``python3 streamkit-nodes.pyz --plan FILE`` runs it."""
    return packed({f"streamkit/{name}": PACKAGE / name for name in NODES}, "streamkit.install.nodes")


def packed(sources: Mapping[str, Path], module: str) -> bytes:
    """Return an archive of text files, by their names in it, that runs ``main`` of a module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        main = f"import sys\nfrom {module} import main\nsys.exit(main())\n"
        contents = {"__main__.py": main, **{name: path.read_text(encoding="utf-8") for name, path in sources.items()}}
        for name in sorted(contents):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), contents[name], zipfile.ZIP_DEFLATED)
    return b"#!/usr/bin/env python3\n" + buffer.getvalue()


def write_zipapp(out: Path, nodes: bool = False) -> None:
    """Write the archive to ``out`` where it differs from what is there; ``nodes``: the one that keeps device nodes."""
    content = nodes_zipapp_bytes() if nodes else zipapp_bytes()
    if not out.exists() or out.read_bytes() != content:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    out.chmod(0o755)
