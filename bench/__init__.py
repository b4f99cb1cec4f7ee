"""The harness that judges and measures what runs.  It may import ``streamkit``, never the reverse."""
