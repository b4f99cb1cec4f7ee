"""The measuring harness: it may import ``streamkit``, never the reverse.  No measurement has landed yet."""
