"""What six tools print, read as facts: text in, one JSON object out.

Pure and standard library only.  Parse what is said, never guess: where a text does not say, the answer is ``None`` or
``"unknown"`` with the reason.  No text makes a parser raise.
"""

from __future__ import annotations

import importlib
from typing import Any

TOOLS = {
    "vainfo": "vainfo",
    "nvidia-smi": "nvidia_smi",
    "v4l2-ctl": "v4l2_ctl",
    "lspci": "lspci",
    "arecord": "arecord",
    "gst-inspect-1.0": "gst_inspect",
}
"""Tool to the module of this package that reads its text."""


def parse(tool: str, text: str) -> dict[str, Any]:
    """Return the facts in what ``tool`` (a key of TOOLS) printed.  Raises KeyError for another tool."""
    module = importlib.import_module(f"{__name__}.{TOOLS[tool]}")
    facts: dict[str, Any] = module.parse(text)
    return facts
