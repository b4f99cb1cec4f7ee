"""The bill of materials: licences and entries from what Debian, cargo and pip say."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY
from tests.image.spdx import problems


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", REPOSITORY / "templates/container/sbom.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: {}

License: Expat
 Permission is hereby granted.
"""


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-2+ and Expat", "GPL-2.0-or-later AND MIT"),
        ("GPL-2+, or LGPL-3", "(GPL-2.0-or-later OR LGPL-3.0-only)"),
        ("Artistic and/or GPL-1+", "(LicenseRef-Debian-Artistic OR GPL-1.0-or-later)"),
        ("GPL-3+ with GCC exception", "LicenseRef-Debian-GPL-3-with-GCC-exception"),
        ("public-domain", "LicenseRef-Debian-public-domain"),
    ],
)
def test_debian_short_names_become_expressions(sbom: ModuleType, written: str, expression: str) -> None:
    licences = sbom.Licences()
    assert licences.debian(COPYRIGHT.format(written)) == expression
    assert {one["licenseId"] for one in licences.definitions()} == {
        word.strip("()") for word in expression.split() if "LicenseRef" in word
    }


def test_several_paragraphs_are_all_said_and_free_text_is_not_guessed(sbom: ModuleType) -> None:
    two = COPYRIGHT.format("GPL-2+ or Expat") + "\nFiles: debian/*\nCopyright: x\nLicense: zlib\n"
    assert sbom.Licences().debian(two) == "(GPL-2.0-or-later OR MIT) AND Zlib"
    assert sbom.Licences().debian("This package was debianized by hand; see GPL-2.\n") == "NOASSERTION"


def test_crates_are_read_once_each(sbom: ModuleType) -> None:
    listed = (
        "gst-plugin-rtp v0.15.4|MPL-2.0\nlibc v0.2.191|MIT/Apache-2.0\nlibc v0.2.191|MIT/Apache-2.0 (*)\n\n"
        "odd v1.0.0+spec-1.1.0|\nrust-std v1.96.0|MIT OR Apache-2.0\n"
    )
    found = {one["name"]: one for one in sbom.crates(listed)}
    assert list(found) == ["gst-plugin-rtp", "libc", "odd", "rust-std"]
    assert found["libc"]["licenseDeclared"] == "MIT OR Apache-2.0"
    assert found["odd"]["licenseDeclared"] == "NOASSERTION"
    purls = [one["externalRefs"][0]["referenceLocator"] for one in found.values()]
    assert purls == [
        *("pkg:cargo/gst-plugin-rtp@0.15.4", "pkg:cargo/libc@0.2.191", "pkg:cargo/odd@1.0.0%2Bspec-1.1.0"),
        "pkg:generic/rust-std@1.96.0",
    ]


def test_wheels_say_their_licence_in_one_of_three_ways(sbom: ModuleType, tmp_path: Path) -> None:
    said = {
        "new-1.0": "License-Expression: BSD-3-Clause",
        "old-2.0": "License: MIT",
        "older-3.0": "License: see the file\nClassifier: License :: OSI Approved :: Apache Software License",
        "Silent_One-4.0": "Summary: nothing",
    }
    for folder, line in said.items():
        name, _, version = folder.partition("-")
        (tmp_path / f"{folder}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{line}\n\nLicense: of the description\n"
        (tmp_path / f"{folder}.dist-info/METADATA").write_text(text)
    found = {one["name"]: one for one in sbom.wheels(tmp_path)}
    declared = {name: one["licenseDeclared"] for name, one in found.items()}
    assert declared == {"new": "BSD-3-Clause", "old": "MIT", "older": "Apache-2.0", "Silent_One": "NOASSERTION"}
    assert found["Silent_One"]["externalRefs"][0]["referenceLocator"] == "pkg:pypi/silent-one@4.0"


def test_document_is_valid_and_depends_on_nothing_but_its_packages(sbom: ModuleType) -> None:
    licences = sbom.Licences()
    packages = [
        sbom.package(
            "deb",
            "libstdc++6",
            "14.2.0-19",
            licences.debian(COPYRIGHT.format("GPL-3+ with GCC exception")),
            "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64",
        ),
        *sbom.crates("libc v0.2.191|MIT/Apache-2.0\n"),
    ]
    made = sbom.document(packages, licences, 0.0)
    assert problems(json.loads(json.dumps(made))) == []
    assert made == sbom.document(packages, licences, 0.0)
    assert made["creationInfo"]["created"] == "1970-01-01T00:00:00Z"
    assert made["documentNamespace"] != sbom.document(packages[:1], licences, 0.0)["documentNamespace"]


def test_the_validator_finds_what_is_wrong(sbom: ModuleType) -> None:
    good = sbom.document(sbom.crates("libc v0.2.191|MIT\n"), sbom.Licences(), 0.0)
    wrong = json.loads(json.dumps(good))
    wrong["packages"][1]["licenseDeclared"] = "MIT or so"
    wrong["packages"][1]["externalRefs"][0]["referenceLocator"] = "libc"
    wrong["relationships"][1]["relatedSpdxElement"] = "SPDXRef-other"
    del wrong["creationInfo"]["created"]
    found = " ".join(problems(wrong))
    for words in ("MIT or so", "'libc' is no package URL", "SPDXRef-other", "created"):
        assert words in found
