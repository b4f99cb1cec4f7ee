"""The stream key as it is handed in: by an inventory variable (from an Ansible Vault) or by a file, never both.

No sentence here shows any part of it.
"""

from __future__ import annotations

from pathlib import Path

from streamkit.allowed import STREAM_KEY
from streamkit.errors import BadInputError

VARIABLE, FILE = "streamkit_stream_key", "streamkit_stream_key_file"


def check_stream_key(variable: str, file: str) -> None:
    """Check what was handed in; empty means not given.  Raises BadInputError, without the key."""
    if variable and file:
        raise BadInputError(f"{VARIABLE} and {FILE} are both set; leave one of them empty.")
    if not variable and not file:
        return
    name, value = VARIABLE, variable
    if file:
        name = f"{FILE} is '{file}', which"
        try:
            value = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise BadInputError(f"{name} cannot be read as text on the machine that runs Ansible.") from None
    if not STREAM_KEY.fullmatch(value.strip()):
        raise BadInputError(
            f"{name} does not hold a stream key (which is not shown here): give one word of 1 to 512 letters, digits "
            "and signs, without spaces, as the server shows it."
        )
