"""What SPDX 2.3 asks of a document, as far as ours uses it.  https://spdx.github.io/spdx-spec/v2.3/"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

IDENTIFIER = re.compile(r"SPDXRef-[A-Za-z0-9.\-]+")
PURL = re.compile(r"pkg:(deb/debian|cargo|pypi|generic)/[a-z0-9A-Z.%+_\-]+@[A-Za-z0-9.%~_\-]+(\?[a-z0-9=&.\-]+)?")
CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NEEDED = {"SPDXID", "name", "downloadLocation", "filesAnalyzed", "licenseConcluded", "licenseDeclared", "copyrightText"}
TERM = r"\(*(?:LicenseRef-)?[A-Za-z0-9][A-Za-z0-9.\-]*\+?\)*"
EXPRESSION = re.compile(rf"{TERM}(?: (?:AND|OR|WITH) {TERM})*")


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a document, one sentence each."""
    found = []
    heads = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT"}
    found += [f"{name} is {document.get(name)!r}" for name, value in heads.items() if document.get(name) != value]
    if not re.fullmatch(r"https://\S+[^#]", str(document.get("documentNamespace"))):
        found.append("documentNamespace is no address")
    information = document["creationInfo"]
    if not CREATED.fullmatch(str(information.get("created"))):
        found.append("creationInfo has no created in UTC")
    if not all(re.match(r"(Tool|Person|Organization): \S", who) for who in information["creators"]):
        found.append("creators are not as SPDX writes them")
    names = [one["SPDXID"] for one in document["packages"]]
    found += [f"{name} is there twice" for name in {name for name in names if names.count(name) > 1}]
    own = {one["licenseId"] for one in document["hasExtractedLicensingInfos"] if one["extractedText"]}
    for one in document["packages"]:
        found += [f"{one.get('SPDXID')}: no {name}" for name in NEEDED - set(one)]
        found += _package(one, own)
    known = {*names, "SPDXRef-DOCUMENT"}
    for relation in document["relationships"]:
        ends = {relation["spdxElementId"], relation["relatedSpdxElement"]}
        found += [f"a relationship names {name}, which is not there" for name in ends - known]
    contained = {one["relatedSpdxElement"] for one in document["relationships"]}
    return found + [f"{name} belongs to nothing" for name in set(names) - contained]


def _package(one: Mapping[str, Any], own: set[str]) -> list[str]:
    found = []
    if not IDENTIFIER.fullmatch(one["SPDXID"]):
        found.append(f"{one['SPDXID']!r} is no identifier")
    declared = one["licenseDeclared"]
    if not EXPRESSION.fullmatch(declared) or declared.count("(") != declared.count(")"):
        found.append(f"{one['SPDXID']}: {declared!r} is no licence expression")
    for term in re.findall(r"LicenseRef-[A-Za-z0-9.\-]+", declared):
        if term not in own:
            found.append(f"{term} is not defined")
    for reference in one.get("externalRefs", []):
        if reference["referenceType"] == "purl" and not PURL.fullmatch(reference["referenceLocator"]):
            found.append(f"{reference['referenceLocator']!r} is no package URL")
    return found
