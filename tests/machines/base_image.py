"""The image a fresh test machine starts from: Debian as its installer leaves it, and nothing of ours.

No image registry is needed. The tree comes from ``debootstrap`` out of the package mirror this host itself uses, and
what a site would have set up on its machines (mirror, proxy, private certificate authorities) is taken from this
host, so that the machine reaches whatever the host reaches. Images are kept and reused until their recipe changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from .apt import host_mirror
from .errors import MachineError, run_tool

REPOSITORY = "streamkit-test-debian"
LABEL = "streamkit.test"
RECIPE_LABEL = "streamkit.test.recipe"
SUITES = {12: "bookworm", 13: "trixie"}
HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
DEBIAN_CERTIFICATES = "usr/share/ca-certificates"
SITE_OPTIONS = re.compile(r"Acquire::(Check-|https?::(Proxy|Timeout)|Retries)", re.IGNORECASE)

# Debian's own start script for Docker asks for more open files than a container without CAP_SYS_RESOURCE may have,
# and stops there; every start script reads this folder first. On a real machine the request simply succeeds.
LIMITS_HOOK = Path("lib/lsb/init-functions.d/50-container-limits")
LIMITS = """\
# Hard limits are the container's here: a request for more is not an error.
ulimit() { command ulimit "$@" 2>/dev/null || return 0; }
"""


class HasContainer(Protocol):
    """Anything that lives in a container of the host's Docker daemon."""

    @property
    def container(self) -> str:
        """The container's name."""


def docker_binary() -> str:
    """Debian's own Docker client where there is one: another first on PATH may be a stand-in."""
    chosen = os.environ.get("STREAMKIT_TEST_DOCKER") or next(
        (path for path in ("/usr/bin/docker", shutil.which("docker")) if path and Path(path).exists()), None
    )
    if chosen is None:
        raise MachineError("no docker client found: install Debian's docker.io (on Debian 13 also docker-cli)")
    return chosen


def docker(*words: str | Path, timeout_s: float = 600) -> str:
    """Ask the host's Docker daemon."""
    return run_tool([docker_binary(), *map(str, words)], timeout=timeout_s).stdout


@dataclass(frozen=True)
class Site:
    """What the host's administrator set up for every machine here."""

    mirror: str
    security: str | None
    updates: bool
    options: tuple[str, ...]

    def sources(self, suite: str) -> str:
        """The text of sources.list, in the form that both releases read."""
        lines = [f"deb {self.mirror} {suite} main"]
        if self.updates:
            lines.append(f"deb {self.mirror} {suite}-updates main")
        if self.security:
            lines.append(f"deb {self.security} {suite}-security main")
        return "\n".join(lines) + "\n"


def site() -> Site:
    """Read the site's settings off this host: its mirror must carry both releases, as Debian's own do."""
    listed = run_tool(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)", "Created-By: Packages"])
    archives = [line.partition("|")[::2] for line in listed.stdout.splitlines()]
    options = run_tool(["apt-config", "dump"]).stdout.splitlines()
    return Site(
        mirror=host_mirror(),
        security=next((uri for uri, release in archives if release.endswith("-security")), None),
        updates=any(release.endswith("-updates") for _, release in archives),
        options=tuple(line for line in options if SITE_OPTIONS.match(line)),
    )


def certificates(bundle: Path) -> dict[str, str]:
    """The certificates of a PEM file by fingerprint; none where there is no such file."""
    if not bundle.is_file():
        return {}
    text = bundle.read_text(errors="replace")
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", text, re.DOTALL)
    return {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem + "\n" for pem in pems}


def private_certificates(bundle: Path = HOST_BUNDLE, shipped: Path = Path("/") / DEBIAN_CERTIFICATES) -> dict[str, str]:
    """Authorities the host trusts beyond those of its ca-certificates package."""
    known = {mark for file in shipped.rglob("*.crt") for mark in certificates(file)}
    return {mark: pem for mark, pem in certificates(bundle).items() if mark not in known}


def recipe(debian: int, settings: Site, extra: dict[str, str]) -> str:
    """A short hash of everything that decides the content of the image, packages' versions excepted."""
    sources = settings.sources(SUITES[debian])
    parts = [sources, *settings.options, *sorted(extra), str(LIMITS_HOOK), LIMITS]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def build(debian: int, *, refresh: bool = False) -> str:
    """Return the name of the image of a fresh Debian, making it first when its recipe is new (about half a minute)."""
    if debian not in SUITES:
        raise MachineError(f"Debian {debian} is not one of {sorted(SUITES)}")
    settings, extra = site(), private_certificates()
    reference, mark = f"{REPOSITORY}:{debian}", recipe(debian, settings, extra)
    found = docker("image", "ls", "--quiet", "--filter", f"label={RECIPE_LABEL}={mark}", reference).split()
    if found and not refresh:
        return reference
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise MachineError("making the image of a fresh machine needs root and Debian's debootstrap")
    with tempfile.TemporaryDirectory(prefix="streamkit-debian-") as folder:
        tree = Path(folder) / "tree"
        words = ["--variant=minbase", "--include=ca-certificates", SUITES[debian]]
        run_tool(["debootstrap", *words, str(tree), settings.mirror], timeout=900)
        furnish(tree, debian, settings, extra)
        older = docker("image", "ls", "--quiet", reference).split()
        load_tree(tree, reference, {LABEL: "1", RECIPE_LABEL: mark})
        if older:  # stays where a machine still runs from it
            run_tool([docker_binary(), "image", "rm", *older], check=False)
    return reference


def furnish(tree: Path, debian: int, settings: Site, extra: dict[str, str]) -> None:
    """Set the tree up as this site's administrator would: sources, apt options, authorities."""
    files = {
        tree / "etc/apt/sources.list": settings.sources(SUITES[debian]),
        tree / "etc/apt/apt.conf.d/90site": "".join(f"{line}\n" for line in settings.options),
        tree / LIMITS_HOOK: LIMITS,
    }
    files |= {tree / f"usr/local/share/ca-certificates/site-{mark[:12]}.crt": pem for mark, pem in extra.items()}
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    run_tool(["chroot", str(tree), "update-ca-certificates"])
    for leftover in (tree / "var/cache/apt/archives").glob("*.deb"):
        leftover.unlink()
    for name in ("etc/resolv.conf", "etc/hostname"):
        (tree / name).unlink(missing_ok=True)


def load_tree(tree: Path, reference: str, labels: dict[str, str]) -> None:
    """Import a root file system into the host's daemon."""
    changes = [word for name, value in labels.items() for word in ("--change", f"LABEL {name}={json.dumps(value)}")]
    left_out = [f"--exclude=./{name}/*" for name in ("dev", "proc", "sys", "run", "tmp")]
    pack = ["tar", "-C", str(tree), "--numeric-owner", *left_out, "-c", "."]
    with _piped(pack) as stream:
        _feed([docker_binary(), "import", *changes, "-", reference], stream)


def client(machine: HasContainer | None) -> list[str]:
    """The words that start the Docker client of a machine, or of the host for ``None``."""
    return [docker_binary(), "exec", "-i", machine.container, "docker"] if machine else [docker_binary()]


def export_image(machine: HasContainer | None, reference: str, path: Path) -> None:
    """Write an image of a machine's daemon (of the host's for ``None``) to an archive on this host."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _piped([*client(machine), "save", reference]) as stream, path.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)


def import_image(machine: HasContainer | None, path: Path) -> None:
    """Load an archive made by :func:`export_image` into a machine's daemon (into the host's for ``None``)."""
    with path.open("rb") as stream:
        _feed([*client(machine), "load", "--quiet"], stream)


def copy_image(source: HasContainer | None, target: HasContainer | None, reference: str) -> None:
    """Move an image from one daemon to another without keeping an archive."""
    with _piped([*client(source), "save", reference]) as stream:
        _feed([*client(target), "load", "--quiet"], stream)


def _feed(argv: Sequence[str], stream: IO[bytes]) -> None:
    """Run a command that reads the stream; its failure carries the end of what it said."""
    done = subprocess.run(argv, stdin=stream, capture_output=True)
    if done.returncode != 0:
        raise _failure(argv, done.returncode, done.stderr)


@contextmanager
def _piped(argv: Sequence[str]) -> Iterator[IO[bytes]]:
    """The standard output of a command while it runs; its failure and its reader's are raised at the end."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=complaints)
        assert process.stdout is not None
        reader: MachineError | None = None
        try:
            yield process.stdout
        except MachineError as error:
            reader = error
        finally:
            process.stdout.close()
            code = process.wait()
        complaints.seek(0)
        if code != 0:
            failure = _failure(argv, code, complaints.read())
            raise MachineError(f"{failure}; its reader: {reader}") if reader else failure
        if reader:
            raise reader


def _failure(argv: Sequence[str], code: int, said: bytes) -> MachineError:
    return MachineError(f"{' '.join(argv[:6])} failed ({code}): {said.decode(errors='replace').strip()[-2000:]}")
