"""The image's build context: the container's files plus those modules of the toolkit that run inside it."""

from __future__ import annotations

from pathlib import Path

from streamkit.install.content import content_hash

PACKAGE = Path(__file__).resolve().parents[1]
CONTAINER = PACKAGE.parent / "templates" / "container"

IN_IMAGE = (
    "__init__.py",
    "allowed.py",
    "config.py",
    "container.py",
    "documents.py",
    "encoders.py",
    "errors.py",
    "poll.py",
    "resolve.py",
    "v4l2_abi.py",
    "video.py",
    "launch",
    "panel",
    "probe",
    "run",
)
"""Modules and packages the image needs; a change of any other part of the toolkit does not touch the image."""


def context_files() -> dict[str, bytes]:
    """Return {path in the build context: content}.  The same checkout gives the same bytes everywhere."""
    files = {}
    for path in CONTAINER.rglob("*"):
        if path.is_file() and "target" not in path.relative_to(CONTAINER).parts:
            files[str(path.relative_to(CONTAINER))] = path.read_bytes()
    for name in IN_IMAGE:
        part = PACKAGE / name
        for path in [part] if part.is_file() else part.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"streamkit/{path.relative_to(PACKAGE)}"] = path.read_bytes()
    return files


def image_tag() -> str:
    """Return the tag of the image this checkout builds."""
    return content_hash(context_files())


def write_context(out: Path) -> str:
    """Write the build context to ``out`` (created, or replaced file by file) and return the image's tag."""
    files = context_files()
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        if str(path.relative_to(out)) not in files:
            path.unlink()
    for name, content in files.items():
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
        # Modes are part of what a layer is made of; a checkout's umask must not be.
        target.chmod(0o755 if name.endswith(".sh") else 0o644)
    return content_hash(files)
