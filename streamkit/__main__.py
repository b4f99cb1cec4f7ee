"""``python3 -m streamkit`` is the command ``streamkit``."""

from streamkit.cli import main

main()
