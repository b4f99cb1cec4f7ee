"""Load an image file once it is known to be what was sent, and see that the right image came out of it.

Usage: receive.py FILE SHA256 REFERENCE ID...  The ids are those a daemon may show for the image.  A failure is one
sentence on standard error.  Standard library only: runs on the host.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path


def docker(*words: str) -> str:
    """Ask the daemon; its complaint ends the program."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = " ".join(done.stderr.split()) or "no reason given"
        cure = "free some space" if "no space left" in complaint else "see what Docker's log says"
        sys.exit(f"The image could not be loaded: {complaint}; {cure}, then run the same command again.")
    return done.stdout


def main(words: list[str]) -> None:
    """Check, load, compare, and name the image."""
    file, sha256, reference, ids = Path(words[0]), words[1], words[2], words[3:]
    with file.open("rb") as stream:
        got = hashlib.file_digest(stream, "sha256").hexdigest()
    if got != sha256:
        sys.exit(f"The image file arrived damaged: its SHA-256 is {got}, not {sha256}; run the same command again.")
    # Prints "Loaded image: NAME:TAG", or "Loaded image ID: sha256:..." where the file gives it no name.
    names = [line.split(": ", 1)[1] for line in docker("load", "--input", str(file)).splitlines() if ": " in line]
    loaded = {name: docker("image", "inspect", "--format", "{{.Id}}", name).strip() for name in names}
    right = [name for name, mark in loaded.items() if mark in ids]
    if not right:
        shown = ", ".join(f"{name} is {mark}" for name, mark in loaded.items()) or "nothing was loaded"
        sys.exit(
            f"Docker loaded another image than the file holds ({shown}, expected {ids[0]}); run the same command again."
        )
    if reference not in right:
        # The tag says what is in it; the name is this host's own.
        docker("tag", right[0], reference)
        docker("image", "rm", right[0])


if __name__ == "__main__":
    main(sys.argv[1:])
