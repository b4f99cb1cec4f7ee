#!/usr/bin/env python3
"""Write the image's bill of materials: what is in the tree, as SPDX 2.3 JSON.

Debian packages are those that packages.txt names, crates those that ``cargo tree`` says are linked into the plugins,
wheels those whose metadata pip left in the tree. The same tree gives the same document: nothing in it is the time or
the place of the build. Standard library only, run where the packages are installed. https://spdx.github.io/spdx-spec/v2.3/
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import time
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

UNKNOWN = "NOASSERTION"
SITE = "usr/local/lib/streamkit"

# Debian's short names (copyright-format 1.0) that SPDX spells otherwise; those of the GNU family follow a rule.
SHORT_NAMES = {
    "Apache-2": "Apache-2.0",
    "BSD-2-clause": "BSD-2-Clause",
    "BSD-3-clause": "BSD-3-Clause",
    "BSD-4-clause": "BSD-4-Clause",
    "Expat": "MIT",
    "zlib": "Zlib",
}
AS_WRITTEN = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "FTL", "ISC", "MIT", "MPL-1.1"),
    *("MPL-2.0", "PSF-2.0", "Unicode-3.0", "Zlib", "ZPL-2.1", "curl"),
}
GNU = re.compile(r"(GPL|LGPL|AGPL)-(\d)(?:\.(\d))?(\+?)")
FREE_TEXT = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": UNKNOWN,
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Zope Public License": "ZPL-2.1",
}


class Licences:
    """Licence expressions, and the names in them that SPDX does not know."""

    def __init__(self) -> None:
        """Start with no name of our own."""
        self.own: dict[str, str] = {}

    def term(self, name: str) -> str:
        """Return the SPDX identifier of one of Debian's short names, or a reference of our own."""
        if match := GNU.fullmatch(name):
            family, major, minor, later = match.groups()
            return f"{family}-{major}.{minor or 0}-{'or-later' if later else 'only'}"
        if name in SHORT_NAMES or name in AS_WRITTEN:
            return SHORT_NAMES.get(name, name)
        reference = "LicenseRef-Debian-" + re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
        self.own.setdefault(reference, name)
        return reference

    def debian(self, copyright_file: str) -> str:
        """Return the licence of all files of a source package, by its copyright file in Debian's format."""
        if not copyright_file.startswith("Format:"):
            return UNKNOWN
        found = set()
        for paragraph in re.split(r"\n\s*\n", copyright_file):
            files = re.search(r"^Files:", paragraph, re.MULTILINE)
            licence = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE)
            if files and licence:
                words = re.split(r"\s+(and/or|and|or)\s+", licence.group(1).replace(",", "").strip())
                joined = [self.term(one.strip()) if i % 2 == 0 else one.upper() for i, one in enumerate(words)]
                text = " ".join("OR" if one == "AND/OR" else one for one in joined)
                found.add(f"({text})" if " OR " in text else text)
        return " AND ".join(sorted(found)) or UNKNOWN

    def definitions(self) -> list[dict[str, str]]:
        """Return what SPDX asks for of every reference of our own."""
        return [
            {
                "licenseId": reference,
                "name": name,
                "extractedText": f"Called {name!r} in Debian's copyright files, which hold its text "
                "(https://metadata.ftp-master.debian.org/changelogs/).",
            }
            for reference, name in sorted(self.own.items())
        ]


def package(kind: str, name: str, version: str, licence: str, purl: str, **more: str) -> dict[str, object]:
    """Return one entry of the document; ``kind`` is deb, cargo, pypi or generic."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", f"{kind}-{name}-{version}")
    return {
        "SPDXID": f"SPDXRef-{plain}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": licence,
        "copyrightText": UNKNOWN,
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl},
        ],
        **more,
    }


def debian_packages(listed: str, release: str, licences: Licences) -> list[dict[str, object]]:
    """Return an entry for each line ``name version`` of packages.txt; ``release`` as in os-release's VERSION_ID."""
    names = [line.split()[0] for line in listed.splitlines()]
    fields = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n"
    shown = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={fields}", *names], capture_output=True, text=True, check=True
    )
    entries = []
    for line in shown.stdout.splitlines():
        name, version, architecture, source, source_version = line.split("\t")
        legal = Path("/usr/share/doc") / name / "copyright"
        licence = licences.debian(legal.read_text(encoding="utf-8", errors="replace")) if legal.exists() else UNKNOWN
        purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}&distro=debian-{release}"
        entries.append(
            package(
                *("deb", name, version, licence, purl),
                supplier="Organization: Debian",
                sourceInfo=f"built from the source package {source} {source_version}; the licence is that of all its files",
            )
        )
    return entries


def crates(listed: str) -> list[dict[str, object]]:
    """Return an entry for each line ``name vVERSION[ (place)]|LICENCE`` of what cargo tree printed."""
    entries = {}
    # An empty line stands between the trees of two plugins.
    for line in filter(None, listed.splitlines()):
        described, _, licence = line.partition("|")
        name, version = described.split()[:2]
        # Older crates write MIT/Apache-2.0.
        expression = re.sub(r"\s*/\s*", " OR ", licence.removesuffix("(*)").strip()) or UNKNOWN
        number = version.removeprefix("v")
        kind = "generic" if name == "rust-std" else "cargo"
        purl = f"pkg:{kind}/{name}@{quote(number, safe='')}"
        entries[name, number] = package(
            kind, name, number, expression, purl, sourceInfo="linked into a GStreamer plugin"
        )
    return [entries[key] for key in sorted(entries)]


def wheels(site: Path) -> list[dict[str, object]]:
    """Return an entry for each wheel that pip unpacked in ``site``."""
    entries = []
    for metadata in sorted(site.glob("*.dist-info/METADATA")):
        said = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name, version = str(said["Name"]), str(said["Version"])
        purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{quote(version, safe='')}"
        classified = [str(one).rpartition(" :: ")[2] for one in said.get_all("Classifier", []) if "License ::" in one]
        entries.append(
            package(
                "pypi", name, version, wheel_licence(said["License-Expression"], [said["License"], *classified]), purl
            )
        )
    return entries


def wheel_licence(expression: str | None, said: list[str | None]) -> str:
    """Return a wheel's licence: its expression, else the first of its free texts that names one SPDX knows."""
    known = (FREE_TEXT.get(text, text if text in AS_WRITTEN else UNKNOWN) for text in said if text)
    return expression or next((one for one in known if one != UNKNOWN), UNKNOWN)


def document(packages: list[dict[str, object]], licences: Licences, created_s: float) -> dict[str, object]:
    """Return the whole document; ``created_s`` (seconds since 1970) dates it."""
    image = "SPDXRef-image"
    content = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    whole = {
        "SPDXID": image,
        "name": "streamkit-image",
        "downloadLocation": UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": UNKNOWN,
        "licenseDeclared": UNKNOWN,
        "copyrightText": UNKNOWN,
        "primaryPackagePurpose": "CONTAINER",
    }
    related = [("SPDXRef-DOCUMENT", "DESCRIBES", image), *((image, "CONTAINS", one["SPDXID"]) for one in packages)]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "streamkit-image",
        "documentNamespace": f"https://spdx.org/spdxdocs/streamkit-image-{content}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created_s)),
            "creators": ["Tool: streamkit-sbom"],
        },
        "packages": [whole, *packages],
        "hasExtractedLicensingInfos": licences.definitions(),
        "relationships": [
            {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other} for one, how, other in related
        ],
    }


def newest(listed: str) -> float:
    """Return when the newest of the Debian packages was made, in seconds since 1970: a date no build changes."""
    legal = [Path("/usr/share/doc") / line.split()[0] / "copyright" for line in listed.splitlines()]
    return max(path.stat().st_mtime for path in legal if path.exists())


def main() -> None:
    """Write usr/share/streamkit/sbom.spdx.json into the tree named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--crates", type=Path, required=True, help="what cargo tree printed of the plugins")
    parser.add_argument("tree", type=Path, help="the gathered tree")
    arguments = parser.parse_args()
    share = arguments.tree / "usr/share/streamkit"
    listed = (share / "packages.txt").read_text(encoding="utf-8")
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE))
    licences = Licences()
    packages = debian_packages(listed, system["VERSION_ID"], licences)
    packages += crates(arguments.crates.read_text(encoding="utf-8")) + wheels(arguments.tree / SITE)
    text = json.dumps(document(packages, licences, newest(listed)), indent=1)
    (share / "sbom.spdx.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
