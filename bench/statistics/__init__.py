"""What paired runs say about two scenarios: difference, interval, p, verdict.  Pure, and the same every time.

Standard library only: saved records give equal answers on every machine.
"""

from __future__ import annotations

from bench.statistics.comparison import ALPHA, Comparison, Verdict, compare_pairs

__all__ = ["ALPHA", "Comparison", "Verdict", "compare_pairs"]
