"""The image's build context: the container's files, those modules of the toolkit that run inside it, and the variant."""

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
    "detect/__init__.py",
    "detect/identity.py",
    "detect/outside.py",
    "detect/usb.py",
    "detect/v4l2.py",
    "detect/v4l2_modes.py",
    "documents.py",
    "encoders.py",
    "errors.py",
    "plan/__init__.py",
    "plan/bitrate.py",
    "plan/capture.py",
    "plan/choosable.py",
    "plan/late.py",
    "plan/network.py",
    "plan/target.py",
    "plan/wished.py",
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

DRIVERS: dict[str, tuple[str, ...]] = {
    "cpu": (),
    # iHD for Broadwell and later, i965 for what came before.
    "intel": ("intel-media-va-driver", "i965-va-driver"),
    "amd": ("mesa-va-drivers",),
}
"""Debian packages with the VA drivers of each variant; all are in the section main.  NVIDIA's driver is the host's."""
_VARIANT_LINE = b"ARG VARIANT=cpu\n"


def context_files(variant: str = "cpu") -> dict[str, bytes]:
    """Return {path in the build context: content}.  The same checkout gives the same bytes everywhere.

    ``variant`` is a key of DRIVERS; its packages are ``drivers.txt``, one a line, so that the tag contains them.
    """
    files = {"drivers.txt": "".join(f"{name}\n" for name in DRIVERS[variant]).encode()}
    for path in CONTAINER.rglob("*"):
        if path.is_file() and "target" not in path.relative_to(CONTAINER).parts:
            files[str(path.relative_to(CONTAINER))] = path.read_bytes()
    for name in IN_IMAGE:
        part = PACKAGE / name
        for path in [part] if part.is_file() else part.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"streamkit/{path.relative_to(PACKAGE)}"] = path.read_bytes()
    # The label's default: who builds this context by hand needs to name the variant nowhere.
    files["Dockerfile"] = files["Dockerfile"].replace(_VARIANT_LINE, f"ARG VARIANT={variant}\n".encode())
    return files


def image_tag(variant: str = "cpu") -> str:
    """Return the tag of the image this checkout builds; ``variant`` is a key of DRIVERS."""
    return content_hash(context_files(variant))


def write_context(out: Path, variant: str = "cpu") -> str:
    """Write the build context to ``out`` (created, or replaced file by file) and return the image's tag."""
    files = context_files(variant)
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
