"""What ``gst-inspect-1.0 ELEMENT`` prints: its factory's class is there, its factory's name only in passing."""

from __future__ import annotations

import itertools
import re

_MAX_ELEMENTS = 2000
_KLASS = re.compile(
    r"^[ \t|]{0,60}[^\s/|:]{2,20}[ \t:|]{1,60}((?:[A-Z][\w-]{1,30}/){1,6}[A-Z][\w-]{1,30})[ \t|]{0,80}$", re.MULTILINE
)
_COMMAND = re.compile(
    r"gst-inspect(?:-[01]\.\d{1,2})?(?:\.exe)?(?:[ \t]{1,8}-{1,2}[\w-]{1,40}(?:=\S{1,100})?){0,6}[ \t]{1,8}"
    r"(?:\S{0,200}/(?:lib)?gst)?([a-z0-9][\w-]{0,100})"
)
_PAGE = re.compile(r"#([a-z0-9][\w-]{0,100}?)-page\b")
_DEFAULT_NAME = re.compile(
    r"^[ \t]{0,20}name[ \t]{0,60}:[^\n]{0,200}(?:\n[^\n]{0,200}){1,4}?\"([a-z][\w-]{0,100}?)0\"", re.M
)
_TYPE = re.compile(r"\+-{1,8}Gst([A-Z]\w{0,60}?)Enc[ \t]{0,80}$", re.MULTILINE)
_VAAPI_TYPE = re.compile(r"\+-{1,8}GstVaapiEncode(H26[45]|VP[89]|Mpeg2|Jpeg)[ \t]{0,80}$", re.MULTILINE)
# Families whose elements share types, so that a type does not name the element.
_SHARED_TYPES = ("Cuda", "AutoGpu", "D3D", "Device", "Video", "Vpu", "FFMpeg", "Omx", "OMX", "Msdk", "V4l2")


def inspected(text: str) -> list[str]:
    """Return what the commands in ``text`` asked gst-inspect for."""
    found = [match[1] for match in itertools.islice(_COMMAND.finditer(text), _MAX_ELEMENTS)]
    return [name for name in found if name != "grep"]


def element_encoders(text: str) -> list[str]:
    """Return the names of the elements of class ``…/Encoder/…`` that ``text`` details, where it gives them.

    In order of trust: the command, the documentation's address, the default of the property ``name`` (the factory's
    name and a number, ``gst_object_set_name_default``), the type where types are named after elements.
    """
    names = []
    klasses = list(itertools.islice(_KLASS.finditer(text), _MAX_ELEMENTS))
    for index, klass in enumerate(klasses):
        if "Encoder" not in klass[1].split("/"):
            continue
        before = text[klasses[index - 1].end() if index else 0 : klass.start()][-1500:]
        end = klasses[index + 1].start() if index + 1 < len(klasses) else len(text)
        name = _name(before, text[klass.end() : min(end, klass.end() + 60_000)])
        if name:
            names.append(name)
    return names


def _name(before: str, after: str) -> str | None:
    for found in (inspected(before)[-1:], _PAGE.findall(after[:1500]), _DEFAULT_NAME.findall(after)):
        if found:
            return str(found[0])
    if vaapi := _VAAPI_TYPE.search(after):
        return f"vaapi{vaapi[1].lower()}enc"
    own = _TYPE.search(after)
    if own and not any(part in own[1] for part in _SHARED_TYPES):
        return f"{own[1].lower()}enc"
    return None
